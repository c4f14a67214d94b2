import { z } from "zod";
import { parseRunConfig, RUN_CONFIG, RUN_CONFIG_KEYS, type RunConfig } from "../run/config.ts";
import { ArgumentError, type Arguments } from "./arguments.ts";

/** Arguments of `deno task sweep`. */
export interface SweepArguments {
  /** The sweep's file. */
  readonly file: string;
  /** Settings that win over the file's, each as `key=value`. */
  readonly settings: readonly string[];
  /** The folder of results; null for the default. */
  readonly out: string | null;
  /** Runs at once; null for one per core. */
  readonly jobs: number | null;
  readonly dryRun: boolean;
  /** How often a failed run is tried again. */
  readonly retry: number;
  /** The number of failed runs at which the sweep stops; null for none. */
  readonly maxFailures: number | null;
  readonly onlyFailed: boolean;
  readonly extend: boolean;
  /** Do every run anew, whatever is there of it and its stages. */
  readonly fresh: boolean;
  /** Go on although the code has changed since runs were done. */
  readonly mixedCode: boolean;
  /** Keep the trained adapter of every run. */
  readonly keepAdapter: boolean;
  readonly quiet: boolean;
}

/** The sweep that runs when none is named. */
export const DEFAULT_SWEEP = "experiments/quick.yaml";

/** The options of `deno task sweep`. */
export const SWEEP_OPTIONS = {
  "dry-run": { type: "boolean", default: false },
  jobs: { type: "string", short: "j" },
  retry: { type: "string" },
  "max-failures": { type: "string" },
  "fail-fast": { type: "boolean", default: false },
  only: { type: "string" },
  extend: { type: "boolean", default: false },
  fresh: { type: "boolean", default: false },
  "mixed-code": { type: "boolean", default: false },
  adapters: { type: "boolean", default: false },
  out: { type: "string", short: "o" },
  quiet: { type: "boolean", short: "q", default: false },
} as const;

/**
 * What the arguments of `deno task sweep` ask for.
 *
 * @throws {ArgumentError} when an option has a wrong value, or there are several files
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readArguments } from "./arguments.ts";
 *
 * const given = readArguments(["a.yaml", "n_skills=2,4", "--jobs", "3"], SWEEP_OPTIONS);
 * const { file, settings, jobs } = sweepArguments(given);
 * assert.deepEqual([file, settings, jobs], ["a.yaml", ["n_skills=2,4"], 3]);
 * ```
 */
export function sweepArguments(
  { values, positionals }: Arguments<typeof SWEEP_OPTIONS>,
): SweepArguments {
  const isSetting = (word: string) =>
    word.includes("=") && (!/\.ya?ml$/.test(word) || isKey(word.split("=", 1)[0]!));
  const files = positionals.filter((word) => !isSetting(word));
  if (files.includes("")) {
    throw new ArgumentError("Cannot run a sweep whose file has an empty name");
  }
  if (files.length > 1) {
    throw new ArgumentError(
      `Cannot run several sweeps at once: ${files.join(", ")}; name one file, and write settings ` +
        `as key=value`,
    );
  }
  if (values.only !== undefined && values.only !== "failed") {
    throw new ArgumentError(
      `Cannot read --only ${values.only} as only failed runs can be selected: write --only failed`,
    );
  }
  if (values.fresh && values.only !== undefined) {
    throw new ArgumentError(
      `Cannot read --fresh beside --only failed as a failed run has kept nothing: leave out one`,
    );
  }
  const most = values["max-failures"];
  if (most !== undefined && values["fail-fast"]) {
    throw new ArgumentError(
      `Cannot use --fail-fast with --max-failures ${most} as it means --max-failures 1: write one ` +
        `of them`,
    );
  }
  return {
    file: files[0] ?? DEFAULT_SWEEP,
    settings: positionals.filter(isSetting),
    out: values.out ?? null,
    jobs: values.jobs === undefined ? null : readCount("--jobs", values.jobs, 1),
    dryRun: values["dry-run"],
    retry: values.retry === undefined ? 0 : readCount("--retry", values.retry, 0),
    maxFailures: values["fail-fast"]
      ? 1
      : most === undefined
      ? null
      : readCount("--max-failures", most, 1),
    onlyFailed: values.only === "failed",
    extend: values.extend,
    fresh: values.fresh,
    mixedCode: values["mixed-code"],
    keepAdapter: values.adapters,
    quiet: values.quiet,
  };
}

/** Whether a word names a setting; the name of a file may have a "=" in it, too. */
function isKey(word: string): boolean {
  return word === "metric" || (RUN_CONFIG_KEYS as readonly string[]).includes(word);
}

function readCount(option: string, text: string, least: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= least) return value;
  throw new ArgumentError(
    `Cannot read ${option} ${text} as it must be an integer of at least ${least}`,
  );
}

/** The text of `deno task sweep --help`. */
export function sweepHelp(): string {
  const defaults = parseRunConfig({});
  const settings = RUN_CONFIG_KEYS.map((key) => {
    const about = RUN_CONFIG.shape[key].description ?? "";
    const words = wordsOf(key);
    const choice = words.length > 0 ? `: ${words.join(", ")}` : "";
    return `  ${key.padEnd(32)}${about}${choice} [${JSON.stringify(defaults[key])}]`;
  });
  return `${USAGE}\nSettings [default]:\n${settings.join("\n")}\n`;
}

/** The words that a setting takes; none where it takes others. */
function wordsOf(key: keyof RunConfig): readonly unknown[] {
  const schema = z.toJSONSchema(RUN_CONFIG.shape[key], { io: "input" });
  return schema.enum ?? [];
}

const USAGE = `\
Runs every setting of a sweep with every seed, and prints a table of means and intervals, best first.
Run the same command again to go on where it was stopped.

  deno task sweep [FILE.yaml] [key=value ...] [options]

  FILE.yaml           the sweep [${DEFAULT_SWEEP}]
  key=value           a setting in place of the file's; n_skills=2,4,8 and seed=0..4 make axes; a list
                      is written [q,v], and text with commas in quotes: "data_file='a,b.jsonl'"
  metric=COLUMN       the column that orders tables

  --dry-run           print what would run, and write nothing
  -j, --jobs N        runs at once [one per core]
  --retry N           try a run that fails up to N more times [0]
  --max-failures N    stop when N runs have failed
  --fail-fast         stop at the first run that fails: --max-failures 1
  --only failed       run only what failed before
  --extend            keep runs whose settings the sweep no longer has, in one table with the new ones;
                      new seeds and settings are added in any case
  --fresh             do every run anew, and remove what is there of it and of its stages
  --mixed-code        go on although the code has changed; tables tell the runs of each code apart
  --adapters          keep the adapter of every run, as PEFT loads it: runs/<run>/adapter
  -o, --out DIR       folder of results [results/<name of the sweep>]
  -q, --quiet         show no progress
  -h, --help          this text

A file has: question; metric; baseline, settings that others are compared with; set, settings of every
run; grid, axes of which every combination runs; zip, axes that move together; include and exclude, lists
of settings to add and to leave out; seeds. The command line wins in every run. Its paths start in the
folder you call it from, those of a file in the project's folder.

  deno task sweep experiments/quick.yaml n_skills=2,4 learning_rate=1e-3,1e-2 seed=0..4 --dry-run

A sweep whose first runs, three or as many as run at once, all fail with the same error stops in any
case.

Exit codes: 0 all runs are done, 1 some failed, 2 the sweep cannot be run, 130 interrupted.
`;
