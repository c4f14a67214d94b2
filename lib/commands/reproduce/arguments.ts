import { ArgumentError, type Arguments } from "../arguments.ts";
import type { Help } from "../help.ts";

/** Arguments of `deno task reproduce`. */
export interface ReproduceArguments {
  /** The file of claims. */
  readonly file: string;
  /** How much is run: a mode of the file. */
  readonly mode: string;
  /** The folder of results. */
  readonly out: string | null;
  /** Claims by name; null for all of the mode. */
  readonly only: readonly string[] | null;
  /** Runs at once; null for as many as there are cores. */
  readonly jobs: number | null;
  readonly dryRun: boolean;
  /** Go on although the code has changed since runs were done. */
  readonly mixedCode: boolean;
  readonly quiet: boolean;
}

/** The claims that are judged when no file is named. */
export const DEFAULT_CLAIMS = "experiments/claims.yaml";

/** The options of `deno task reproduce`. */
export const REPRODUCE_OPTIONS = {
  quick: { type: "boolean", default: false },
  full: { type: "boolean", default: false },
  mode: { type: "string" },
  only: { type: "string" },
  out: { type: "string", short: "o" },
  jobs: { type: "string", short: "j" },
  "dry-run": { type: "boolean", default: false },
  "mixed-code": { type: "boolean", default: false },
  quiet: { type: "boolean", short: "q", default: false },
} as const;

/**
 * What the arguments of `deno task reproduce` ask for.
 *
 * @throws {ArgumentError} when an option has a wrong value, or two contradict each other
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readArguments } from "../arguments.ts";
 *
 * const given = readArguments(["--quick", "--only", "C1,C5"], REPRODUCE_OPTIONS);
 * const { file, mode, only } = reproduceArguments(given);
 * assert.deepEqual([file, mode, only], ["experiments/claims.yaml", "quick", ["C1", "C5"]]);
 * ```
 */
export function reproduceArguments(
  { values, positionals }: Arguments<typeof REPRODUCE_OPTIONS>,
): ReproduceArguments {
  if (positionals.length > 1) {
    throw new ArgumentError(
      `Cannot judge several files of claims at once: ${positionals.join(", ")}; name one`,
    );
  }
  const modes = [
    ...values.quick ? ["quick"] : [],
    ...values.full ? ["full"] : [],
    ...values.mode === undefined ? [] : [values.mode],
  ];
  if (modes.length > 1) {
    throw new ArgumentError(
      "Cannot run several modes at once: write one of --quick, --full and --mode",
    );
  }
  const jobs = values.jobs === undefined ? null : Number(values.jobs);
  if (jobs !== null && !(Number.isInteger(jobs) && jobs >= 1)) {
    throw new ArgumentError(
      `Cannot read --jobs as it must be a positive integer: got ${values.jobs}`,
    );
  }
  return {
    file: positionals[0] ?? DEFAULT_CLAIMS,
    mode: modes[0] ?? "default",
    out: values.out ?? null,
    only: values.only === undefined ? null : values.only.split(",").map((id) => id.trim()),
    jobs,
    dryRun: values["dry-run"],
    mixedCode: values["mixed-code"],
    quiet: values.quiet,
  };
}

/** The text of `deno task reproduce --help`. */
export const REPRODUCE_HELP: Help = {
  about: [
    "Asks the claims of two papers of runs, and says of each on which tasks it is reproduced, " +
    "contradicted or undecided. What decides is written in the file before any run: metric, smallest " +
    "effect of interest, number of seeds, correction for many claims and for looking more than once.",
    "First each way of training has its rates chosen on tuning seeds; then it runs on seeds that " +
    "nothing was chosen by, and a claim that is clear ends early. It goes on where it was left, by the " +
    "same command.",
  ],
  usage: "[FILE.yaml] [options]",
  rows: [
    ["FILE.yaml", `a file of claims [${DEFAULT_CLAIMS}]`],
    ["--quick", "the mode quick of the file: minutes on two cores"],
    ["--full", "the mode full of the file: hours"],
    [
      "--mode NAME",
      "another mode of the file; default takes about an hour on two cores [default]",
    ],
    ["--only IDS", "claims by name, as C1,C5"],
    ["-o, --out DIR", "folder of results, for all modes [results/reproduce]"],
    ["-j, --jobs N", "runs at once [the number of cores]"],
    ["--dry-run", "say what would be run, and stop"],
    ["--mixed-code", "go on although the code has changed since runs were done"],
    ["-q, --quiet", "show no progress"],
  ],
  examples: ["deno task reproduce --quick --dry-run"],
  exitCodes: [
    "0 all is run, whatever the verdicts",
    "1 runs failed",
    "2 it cannot be run",
    "130 interrupted",
  ],
};
