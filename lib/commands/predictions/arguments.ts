import { PREDICTION_PHASES, type PredictionPhase } from "../../run/predictions/file.ts";
import { type Overrides, readOverrides } from "../../sweep/plan/overrides.ts";
import { SweepError } from "../../sweep/plan/sweep_error.ts";
import { suggest } from "../../util/words.ts";
import { ArgumentError, type Arguments } from "../arguments.ts";
import type { Help } from "../help.ts";
import { settingPath } from "../user_path.ts";

/** Settings that runs are chosen by: the values that each may have. */
export type ChosenSettings = Overrides["axes"];

/** Arguments of `deno task predictions`. */
export interface PredictionsArguments {
  /** The folder of results; null when none is named. */
  readonly dir: string | null;
  /** The runs that are shown. */
  readonly settings: ChosenSettings;
  /** What is different in the runs that they are compared with; null for no comparison. */
  readonly against: ChosenSettings | null;
  /** The model that has answered; `all` for every one, null for the one that the sweep compares. */
  readonly phase: PredictionPhase | "all" | null;
  /** Names of tasks; none for all. */
  readonly tasks: readonly string[];
  /** Whether right or wrong answers alone are shown; null for both. */
  readonly only: "right" | "wrong" | null;
  /** The most examples that a table shows. */
  readonly limit: number;
  /** Show texts in full. */
  readonly whole: boolean;
  readonly json: boolean;
}

/** The options of `deno task predictions`. */
export const PREDICTIONS_OPTIONS = {
  task: { type: "string", multiple: true, short: "t" },
  phase: { type: "string" },
  right: { type: "boolean", default: false },
  wrong: { type: "boolean", default: false },
  against: { type: "string", multiple: true },
  limit: { type: "string", short: "n" },
  whole: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

const DEFAULT_LIMIT = 20;

/**
 * What the arguments of `deno task predictions` ask for.
 *
 * @param note hears of values that are there twice
 * @throws {ArgumentError} when a word or an option has a wrong value, or two contradict each other
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readArguments } from "../arguments.ts";
 *
 * const words = ["results/a", "method=poly", "--against", "method=shared", "--limit", "5"];
 * const asked = predictionsArguments(readArguments(words, PREDICTIONS_OPTIONS), () => {});
 * assert.deepEqual([asked.dir, asked.limit, asked.only], ["results/a", 5, null]);
 * assert.equal(asked.against!.get("method")!.values[0]!.value, "shared");
 * ```
 */
export function predictionsArguments(
  { values, positionals }: Arguments<typeof PREDICTIONS_OPTIONS>,
  note: (sentence: string) => void,
): PredictionsArguments {
  // The first word is the folder, whose name may have a "=" in it, as of a copy "results/lr=1".
  const [first, ...rest] = positionals;
  const isFolder = first !== undefined &&
    (!first.includes("=") || /[\\/]/.test(first.split("=")[0]!));
  const words = isFolder ? rest : positionals;
  const other = words.find((word) => !word.includes("="));
  if (other !== undefined) {
    throw new ArgumentError(
      isFolder
        ? `Cannot read several folders at once: ${first}, ${other}; name one, and write settings as ` +
          `key=value`
        : `Cannot read "${other}" behind a setting as the folder comes first`,
    );
  }
  if (values.right && values.wrong) {
    throw new ArgumentError("Cannot show right answers alone and wrong ones alone: leave out one");
  }
  if (values.json && values.whole) {
    throw new ArgumentError("Cannot combine --json and --whole as JSON is whole: leave out one");
  }
  return {
    dir: isFolder ? first : null,
    settings: chosen(words, note),
    against: values.against === undefined ? null : chosen(values.against, note),
    phase: values.phase === undefined ? null : readPhase(values.phase),
    tasks: values.task ?? [],
    only: values.right ? "right" : values.wrong ? "wrong" : null,
    limit: values.limit === undefined
      ? values.json ? Infinity : DEFAULT_LIMIT
      : readLimit(values.limit),
    whole: values.whole,
    json: values.json,
  };
}

function chosen(words: readonly string[], note: (sentence: string) => void): ChosenSettings {
  try {
    const { axes, metric } = readOverrides(words, note, settingPath);
    if (metric === null) return axes;
    throw new ArgumentError(`Cannot read ${metric.place()} as runs are chosen by settings alone`);
  } catch (error) {
    throw error instanceof SweepError ? new ArgumentError(error.message) : error;
  }
}

function readPhase(text: string): PredictionPhase | "all" {
  const phases = [...PREDICTION_PHASES, "all"] as const;
  const phase = phases.find((name) => name === text);
  if (phase !== undefined) return phase;
  throw new ArgumentError(`Cannot read --phase ${text}: unknown phase${suggest(text, phases)}`);
}

function readLimit(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new ArgumentError(
    `Cannot read --limit ${text} as it must be an integer from 1 to 999999999`,
  );
}

/** The text of `deno task predictions --help`. */
export const PREDICTIONS_HELP: Help = {
  about: [
    "Shows what the runs of a sweep answered to test examples, each with the right answers. An answer " +
    "is right where it is one of these, letter for letter (exact_match 1).",
  ],
  usage: "results/<sweep> [key=value ...] [options]",
  rows: [
    [
      "key=value",
      "runs of these settings, as of deno task sweep: method=poly n_skills=2,4 seed=0..2",
    ],
    ["-t, --task NAME", "this task; may be there several times"],
    [
      "--phase PHASE",
      "which model has answered: seen, the trained one at the tasks it was trained on; at tasks held " +
      "out: base, the untouched base model; start, a model before its adaptation; heldout, the same " +
      "after it; or all [that of the sweep's metric]",
    ],
    ["--wrong", "wrong answers alone"],
    ["--right", "right answers alone"],
    [
      "--against key=value",
      "compare with the runs that have this setting, and else those of key=value: A with B, by task, " +
      "seed and example. Counts which is right, and shows the examples of which one alone is: with " +
      "--right those that A answers rightly, with --wrong those that B does. May be there several " +
      "times, for several settings",
    ],
    ["-n, --limit N", `examples that a table shows [${DEFAULT_LIMIT}]`],
    ["--whole", "texts in full, below each other"],
    ["--json", "a line of JSON for every answer, or pair of answers, with all of its texts"],
  ],
  examples: [
    "deno task predictions results/quick n_skills=8 --wrong --task t00",
    "deno task predictions results/baselines method=poly --against method=shared",
    "deno task predictions results/quick --phase all --json | gzip > answers.jsonl.gz",
  ],
  exitCodes: ["0 shown", "2 it cannot be"],
};
