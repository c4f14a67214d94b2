/** How a sweep asks Slurm for its jobs: the words, their rules, and their reading from YAML and the command line. */
import { z } from "zod";
import { escaped } from "../files/escaped.ts";
import type { Room } from "../run/preflight/excess.ts";
import type { Place } from "../sweep/plan/setting.ts";
import { textOf } from "../sweep/plan/setting.ts";
import { writtenValues } from "../sweep/plan/setting_value.ts";
import { SweepError } from "../sweep/plan/sweep_error.ts";
import { readYaml, type YamlText } from "../sweep/plan/yaml_text.ts";
import { suggest } from "../util/words.ts";
import { minutesOf } from "./time_limit.ts";

/** What a sweep asks Slurm for. The words are those of `sbatch`; null leaves the choice to the cluster. */
export interface SlurmSettings {
  partition: string | null;
  account: string | null;
  qos: string | null;
  constraint: string | null;
  time: string | null;
  mem: string | null;
  gres: string | null;
  cpus_per_task: number;
  array_parallelism: number | null;
  target_minutes: number;
  runs_per_element: number | null;
  setup: string[];
  extra: string[];
}

const word = z.string("must be one word").regex(/^[^\s\p{Cc}-][^\s\p{Cc}]*$/u, "must be one word");
const count = z.int("must be an integer of at least 1").min(1, "must be an integer of at least 1");
const line = z.string("must be one line of text").regex(
  /^[^\p{Cc}]+$/u,
  "must be one line of text",
);
/** One entry stands for a list of one. */
const list = <T extends z.ZodType<string>>(entry: T) =>
  z.preprocess(
    (value) => typeof value === "string" ? [value] : value,
    z.array(entry, "must be a list"),
  );

/** Text that is perhaps written as a number, such as minutes. */
const numberOrText = (rule: string, isRight: (text: string) => boolean) =>
  z.union([z.number(), z.string()], rule).transform(String).refine(isRight, rule);
const TIME_RULE = "must be minutes, hours:minutes:seconds or days-hours, as sbatch takes it";
const MEMORY_RULE = "must be an integer with K, M, G or T, such as 4G";

/** Options of `sbatch` that the launcher itself gives. */
const OWN_OPTIONS =
  /^--(array|chdir|dependency|job-name|ntasks|open-mode|output|parsable|wait|wrap)(=|$)/;

/** The words of the section `slurm` of a sweep's file, with their rules and meanings. */
export const SLURM_SETTINGS: z.ZodObject<
  { [Key in keyof SlurmSettings]: z.ZodType<SlurmSettings[Key]> },
  z.core.$strict
> = z.strictObject({
  partition: word.nullable().default(null).describe("Partition of the jobs"),
  account: word.nullable().default(null).describe("Account that the jobs are charged to"),
  qos: word.nullable().default(null).describe("Quality of service"),
  constraint: word.nullable().default(null).describe("Features that a node must have"),
  time: numberOrText(TIME_RULE, (text) => minutesOf(text) !== null).nullable().default(null)
    .describe("Time limit of an element, as 30, 1:30:00 or 2-12"),
  mem: numberOrText(MEMORY_RULE, (text) => /^[1-9]\d*[KMGT]?$/.test(text)).nullable().default(null)
    .describe("Memory of an element, such as 4G"),
  gres: word.nullable().default(null).describe("Generic resources of an element, such as gpu:1"),
  cpus_per_task: count.default(1)
    .describe("Processor cores of an element, each for one run at a time"),
  array_parallelism: count.nullable().default(null)
    .describe("Most elements of an array at work at once"),
  target_minutes: z.number("must be positive").positive("must be positive").default(15)
    .describe("Minutes that an element shall take, judged by the runs that are done"),
  runs_per_element: count.nullable().default(null)
    .describe("Runs of an element, in place of target_minutes"),
  setup: list(line).default([])
    .describe('Shell lines before the runs, such as ["module load openblas"]'),
  extra: list(
    line.regex(/^--\w/, 'must be options of sbatch, such as ["--exclusive"]').refine(
      (option) => !OWN_OPTIONS.test(option),
      "must not be an option that the launcher gives itself",
    ),
  ).default([]).describe('More options of sbatch, such as ["--exclusive"]'),
});

/** The names of the settings, in the order of the help. */
export const SLURM_KEYS: readonly (keyof SlurmSettings)[] = Object.keys(
  SLURM_SETTINGS.shape,
) as (keyof SlurmSettings)[];

/** What other launchers call settings, where no letters lead to ours. */
const OTHER_NAMES: Readonly<Record<string, keyof SlurmSettings>> = {
  timeout_min: "time",
  time_limit: "time",
  walltime: "time",
  mem_gb: "mem",
  memory: "mem",
  gpus_per_node: "gres",
  gpus: "gres",
  cpus: "cpus_per_task",
  queue: "partition",
  additional_parameters: "extra",
};

/** What begins a word of the command line that is a setting of Slurm. */
export const SLURM_PREFIX = "slurm.";

/**
 * What a sweep's file and the command line, which wins, ask Slurm for.
 *
 * @param text the sweep's YAML, as text or as read together with what it extends; its section `slurm` counts
 * @param path of the file, for messages
 * @param words of the command line, each as `slurm.key=value`
 * @throws {SweepError} naming file, line, column and key, or the argument, with the nearest known key
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const text = "slurm: { partition: cpu, time: 1:30:00 }";
 * const { partition, time, cpus_per_task } = readSlurmSettings(text, "x.yaml", ["slurm.partition=gpu"]);
 * assert.deepEqual([partition, time, cpus_per_task], ["gpu", "1:30:00", 1]);
 * assert.throws(
 *   () => readSlurmSettings("slurm: { partitoin: cpu }", "x.yaml", []),
 *   /x\.yaml:1:10 slurm\.partitoin: unknown setting of Slurm, did you mean "partition"\?/,
 * );
 * ```
 */
export function readSlurmSettings(
  text: string | YamlText,
  path: string,
  words: readonly string[],
): SlurmSettings {
  const found: Record<string, unknown> = {};
  const { value, locate } = typeof text === "string" ? readYaml(text, path) : text;
  const section = (value as { slurm?: unknown } | null)?.slurm ?? {};
  if (typeof section !== "object" || Array.isArray(section)) {
    throw new SweepError(
      `Cannot read ${locate(["slurm"])} as it must map settings of Slurm to values`,
    );
  }
  for (const [key, given] of Object.entries(section)) {
    const place = () => locate(["slurm", key]);
    checkKey(key, place);
    found[key] = checked(key, given, place);
  }
  const places = new Map<string, Place>();
  for (const word of words) {
    const place = () => `argument "${escaped(word)}"`;
    const [, key, given] = /^slurm\.([^=]*)=(.*)$/s.exec(word) ?? [];
    if (key === undefined || given === undefined) {
      throw new SweepError(
        `Cannot read ${place()} as a setting of Slurm must be written slurm.key=value`,
      );
    }
    checkKey(key, place);
    const before = places.get(key);
    if (before !== undefined) {
      throw new SweepError(
        `Cannot read ${place()} as ${before()} already gives ${SLURM_PREFIX}${key}: write one of them`,
      );
    }
    places.set(key, place);
    found[key] = ofText(key, given.trim(), place);
  }
  return SLURM_SETTINGS.parse(found);
}

function checkKey(key: string, place: Place): asserts key is keyof SlurmSettings {
  if ((SLURM_KEYS as readonly string[]).includes(key)) return;
  const other = OTHER_NAMES[key.toLowerCase().replaceAll("-", "_")];
  const meant = other === undefined ? suggest(key, SLURM_KEYS) : `, did you mean "${other}"?`;
  throw new SweepError(`Cannot read ${place()}: unknown setting of Slurm${meant}`);
}

function checked(key: keyof SlurmSettings, value: unknown, place: Place): unknown {
  const result = SLURM_SETTINGS.shape[key].safeParse(value);
  if (result.success) return result.data;
  throw new SweepError(
    `Cannot read ${place()} as ${key} is ${textOf(value)}: ${result.error.issues[0]!.message}`,
  );
}

/** A value of the command line: what it looks like where the setting takes that, else its text. */
function ofText(key: keyof SlurmSettings, text: string, place: Place): unknown {
  if (text === "") throw new SweepError(`Cannot read ${place()} as a value is missing`);
  const takes = (value: unknown) => SLURM_SETTINGS.shape[key].safeParse(value).success;
  let written: unknown[];
  try {
    written = writtenValues(text).map(({ value }) => value);
  } catch {
    written = [text];
  }
  const value = written.length === 1 ? written[0] : text; // gres=gpu:1,shard:2 is one text
  return checked(key, !takes(value) && takes(text) ? text : value, place);
}

/**
 * What an element has for a run, as far as `mem` says.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const memoryOf = (mem: string | null) => roomOfElement({ mem }).memory;
 * assert.deepEqual([memoryOf("4G"), memoryOf("500"), memoryOf(null)], [4 * 2 ** 30, 500 * 2 ** 20, Infinity]);
 * ```
 */
export function roomOfElement({ mem }: Pick<SlurmSettings, "mem">): Room {
  const [, size, unit = "M"] = /^(\d+)([KMGT])?$/.exec(mem ?? "") ?? [];
  const memory = size === undefined ? Infinity : Number(size) * 1024 ** ("KMGT".indexOf(unit) + 1);
  return { memory, heap: memory };
}
