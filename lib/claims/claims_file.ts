/** A file of claims: what papers say, how each is asked of runs, and everything decided before the runs. */
import { z } from "zod";
import { isJsonObject } from "../files/json_object.ts";
import { metricNamed } from "../run/metrics/metric.ts";
import { RUN_CONFIG, RUN_CONFIG_KEYS, type RunConfig, type RunConfigInput } from "../run/config.ts";
import { SweepError } from "../sweep/plan/sweep_error.ts";
import { readYaml } from "../sweep/plan/yaml_text.ts";

/** What a claim says of its effect: that it is above 0, or not much below, or close to 0. */
export type Asks = "superiority" | "non_inferiority" | "equivalence";

/** One setting that is chosen on tuning seeds, before the seeds that confirm are run. */
export interface TunedSetting {
  /** The setting. */
  readonly setting: keyof RunConfig;
  /** Its values; the first wins a tie. */
  readonly values: readonly unknown[];
  /** The metric of a run whose mean over the tuning seeds decides. */
  readonly by: string;
}

/** A family of tasks on which claims are asked, with its own tuning. */
export interface ClaimSuite {
  /** What a reader should know of the suite, in a sentence. */
  readonly says: string;
  /** Settings of every run. */
  readonly set: RunConfigInput;
  /** The metric that decides. */
  readonly metric: string;
  /** The smallest effect of interest, on the scale of the metric; logarithmic for losses. */
  readonly margin: number;
  /** Seeds of tuning. */
  readonly tuning_seeds: readonly number[];
  /** What each side has chosen for itself, one setting after the other. */
  readonly tune: readonly TunedSetting[];
}

/** One way of training and adapting whose metric enters a claim's effect with a weight. */
export interface ClaimSide {
  /** Its name in tables. */
  readonly name: string;
  /** What its metric, turned so that more is better, is multiplied by. */
  readonly weight: number;
  /** Settings beside those of the suite. */
  readonly set: RunConfigInput;
  /** A metric of its own, in place of the claim's. */
  readonly metric?: string | undefined;
}

/** What a run is measured by, where that is no metric of its result. */
export type ClaimMeasure =
  | { readonly kind: "metric" }
  /**
   * The training step at which the validation loss first falls to a threshold, on a logarithmic scale. With
   * `of_base` the threshold is a share of the base model's loss on held-out tasks, which all sides share.
   */
  | { readonly kind: "steps_to_loss"; readonly threshold: number; readonly of_base: boolean }
  /** The standard deviation of a held-out task's metric over draws of examples, on a logarithmic scale. */
  | { readonly kind: "spread_over_draws" };

/** What differs when a claim is asked of one suite. */
export interface ClaimOnSuite {
  readonly set: RunConfigInput;
  readonly metric?: string | undefined;
  readonly margin?: number | undefined;
  readonly measure?: ClaimMeasure | undefined;
}

/** A claim of a paper and the contrast of runs that asks it. */
export interface Claim {
  /** Its name, such as `C1`. */
  readonly id: string;
  /** What is claimed, in our words. */
  readonly says: string;
  /** Where the paper says so. */
  readonly source: string;
  /** What the paper has shown: direction, size, and its own uncertainty. */
  readonly paper: string;
  /** Whether the claim is of the few that are corrected for each other, or stands outside. */
  readonly tier: "primary" | "exploratory";
  readonly asks: Asks;
  readonly measure: ClaimMeasure;
  /** The effect is the sum of the sides, each with its weight; the weights add up to 0. */
  readonly sides: readonly ClaimSide[];
  /** The suites it is asked of. */
  readonly on: Readonly<Record<string, ClaimOnSuite>>;
}

/** A claim that no suite here can decide, and why. */
export interface ClaimOutside {
  readonly id: string;
  readonly says: string;
  readonly source: string;
  readonly why: string;
}

/** How much is run: suites, with the numbers of seeds after which a claim may be decided. */
export interface ClaimMode {
  readonly says: string;
  /** Numbers of confirming seeds, growing, of each suite. */
  readonly looks: Readonly<Record<string, readonly number[]>>;
  /** The claims asked of a suite, by its name; all where a suite is absent. */
  readonly claims: Readonly<Record<string, readonly string[]>>;
}

/** The contents of a file of claims. */
export interface ClaimsFile {
  /** Probability of a false verdict among the primary claims of a suite, two-sided. */
  readonly alpha: number;
  /** Power that planned numbers of seeds aim at. */
  readonly power: number;
  /** The first seed of those that confirm; tuning seeds lie below. */
  readonly first_seed: number;
  readonly suites: Readonly<Record<string, ClaimSuite>>;
  readonly modes: Readonly<Record<string, ClaimMode>>;
  readonly claims: readonly Claim[];
  readonly outside: readonly ClaimOutside[];
}

/** The claims that a mode asks of a suite, those named in `only` where there is such a list. */
export function claimsAsked(
  { claims, modes }: ClaimsFile,
  mode: string,
  suite: string,
  only: readonly string[] | null = null,
): readonly Claim[] {
  const ofMode = modes[mode]!.claims[suite];
  return claims.filter(({ id, on }) =>
    suite in on && (ofMode?.includes(id) ?? true) && (only?.includes(id) ?? true)
  );
}

/** The suites that a mode runs, with their names, in the order of the file. */
export function suitesAsked({ suites, modes }: ClaimsFile, mode: string): [string, ClaimSuite][] {
  return Object.entries(suites).filter(([name]) => name in modes[mode]!.looks);
}

const sentence = z.string().min(1);
const metric = z.string().refine((name) => metricNamed(name) !== undefined, {
  error: ({ input }) => `there is no metric ${String(input)}`,
});
const positive = z.number().positive();
const settings = RUN_CONFIG.partial().transform((given): RunConfigInput =>
  // A partial schema still fills in defaults: keep what was written alone.
  given
);
/** Settings as they were written: checked by their schema, without the defaults of those that are absent. */
const set = z.record(z.string(), z.unknown()).transform((given, context): RunConfigInput => {
  const checked = settings.safeParse(given);
  if (!checked.success) {
    for (const issue of checked.error.issues) {
      context.addIssue({ code: "custom", message: issue.message, path: issue.path });
    }
    return z.NEVER;
  }
  const entries = Object.entries(checked.data).filter(([key]) => key in given);
  return Object.fromEntries(entries) as RunConfigInput;
});
const measure = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("metric") }),
  z.strictObject({
    kind: z.literal("steps_to_loss"),
    threshold: positive,
    of_base: z.boolean().default(false),
  }),
  z.strictObject({ kind: z.literal("spread_over_draws") }),
]);
const seeds = z.array(z.int().min(0)).min(1);

const CLAIMS_FILE = z.strictObject({
  alpha: z.number().positive().max(0.5),
  power: z.number().positive().lt(1),
  first_seed: z.int().min(1),
  suites: z.record(
    z.string(),
    z.strictObject({
      says: sentence,
      set,
      metric,
      margin: positive,
      tuning_seeds: seeds,
      tune: z.array(z.strictObject({
        setting: z.enum(RUN_CONFIG_KEYS as [keyof RunConfig]),
        values: z.array(z.unknown()).min(2),
        by: metric,
      })),
    }),
  ),
  modes: z.record(
    z.string(),
    z.strictObject({
      says: sentence,
      looks: z.record(z.string(), z.array(z.int().min(3)).min(1)),
      claims: z.record(z.string(), z.array(sentence)).default({}),
    }),
  ),
  claims: z.array(z.strictObject({
    id: sentence,
    says: sentence,
    source: sentence,
    paper: sentence,
    tier: z.enum(["primary", "exploratory"]),
    asks: z.enum(["superiority", "non_inferiority", "equivalence"]),
    measure: measure.default({ kind: "metric" }),
    sides: z.array(z.strictObject({
      name: sentence,
      weight: z.number(),
      set,
      metric: metric.optional(),
    })).min(2),
    on: z.record(
      z.string(),
      z.strictObject({
        set: set.default({}),
        metric: metric.optional(),
        margin: positive.optional(),
        measure: measure.optional(),
      }),
    ),
  })).min(1),
  outside: z.array(z.strictObject({
    id: sentence,
    says: sentence,
    source: sentence,
    why: sentence,
  })).default([]),
});

/**
 * Reads a file of claims.
 *
 * @param text the YAML
 * @param path of the file, for messages
 * @throws {SweepError} when the text is no YAML, an entry is unknown or wrong, weights of a claim do not add
 * up to 0, a suite is not there, or a tuning seed could be one that confirms, naming file, line, column and
 * key
 */
export function readClaims(text: string, path: string): ClaimsFile {
  const { value, locate } = readYaml(text, path);
  if (isJsonObject(value) && "early_stopping" in value) {
    throw new SweepError(
      `Cannot read ${
        locate(["early_stopping"])
      } as claims rest on intervals over seeds, and runs that are ` +
        `stopped early would be missing from them: leave it out`,
    );
  }
  const checked = CLAIMS_FILE.safeParse(value);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    const at = locate(issue!.path.map((part) => typeof part === "symbol" ? String(part) : part));
    throw new SweepError(`Cannot read ${at}: ${issue!.message}`);
  }
  const file: ClaimsFile = checked.data;
  const refuse = (at: readonly (string | number)[], why: string): never => {
    throw new SweepError(`Cannot read ${locate(at)} as ${why}`);
  };
  for (const [name, suite] of Object.entries(file.suites)) {
    const late = suite.tuning_seeds.find((seed) => seed >= file.first_seed);
    if (late !== undefined) {
      refuse(
        ["suites", name, "tuning_seeds"],
        `tuning seeds must lie below first_seed ${file.first_seed}: got ${late}`,
      );
    }
  }
  for (const [name, mode] of Object.entries(file.modes)) {
    for (const [suite, looks] of Object.entries(mode.looks)) {
      const at = ["modes", name, "looks", suite];
      if (!(suite in file.suites)) refuse(at, "there is no such suite");
      if (looks.some((look, i) => i > 0 && look <= looks[i - 1]!)) {
        refuse(at, "numbers of seeds must grow");
      }
    }
    for (const [suite, ids] of Object.entries(mode.claims)) {
      const at = ["modes", name, "claims", suite];
      if (!(suite in mode.looks)) refuse(at, `mode ${name} does not look at this suite`);
      const known = new Set(file.claims.filter(({ on }) => suite in on).map(({ id }) => id));
      const unknown = ids.find((id) => !known.has(id));
      if (unknown !== undefined) refuse(at, `no claim ${unknown} is asked of this suite`);
    }
  }
  const ids = new Set<string>();
  for (const [i, claim] of [...file.claims, ...file.outside].entries()) {
    const at = i < file.claims.length
      ? ["claims", i, "id"]
      : ["outside", i - file.claims.length, "id"];
    if (ids.has(claim.id)) refuse(at, `there are two claims ${claim.id}`);
    ids.add(claim.id);
  }
  for (const [i, { sides, on }] of file.claims.entries()) {
    const sum = sides.reduce((sum, { weight }) => sum + weight, 0);
    if (Math.abs(sum) > 1e-9) {
      refuse(["claims", i, "sides"], `the weights must add up to 0: got ${sum}`);
    }
    const unknown = Object.keys(on).find((suite) => !(suite in file.suites));
    if (unknown !== undefined) refuse(["claims", i, "on", unknown], "there is no such suite");
  }
  return file;
}
