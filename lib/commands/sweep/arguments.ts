import { RUN_CONFIG_KEYS } from "../../run/config.ts";
import { SLURM_PREFIX } from "../../slurm/settings.ts";
import { suggest } from "../../util/words.ts";
import { ArgumentError, type Arguments } from "../arguments.ts";

/** Arguments of `deno task sweep`. */
export interface SweepArguments {
  /** The sweep's file. */
  readonly file: string;
  /** Settings that win over the file's, each as `key=value`. */
  readonly settings: readonly string[];
  /** The folder of results; null for the default. */
  readonly out: string | null;
  /** Settings of Slurm that win over the file's, each as `slurm.key=value`. */
  readonly slurm: readonly string[];
  /** What does the runs: this machine, or the jobs of a cluster. */
  readonly launcher: (typeof LAUNCHERS)[number];
  /** Wait until Slurm is through. */
  readonly wait: boolean;
  /** Say where the jobs of Slurm stand, and do nothing else. */
  readonly status: boolean;
  /** Cancel the jobs of Slurm, and do nothing else. */
  readonly cancel: boolean;
  /** Runs at once; null for as many as there are cores for. */
  readonly jobs: number | null;
  /** Threads of each run's BLAS; null for one. */
  readonly threads: number | null;
  /** Runs that are trained in the same batches, at most; 1 for none, auto for what suits the device. */
  readonly batchRuns: number | "auto";
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
  /** Serve the live page while the sweep is at work. */
  readonly watch: boolean;
  readonly quiet: boolean;
}

/** What can do the runs of a sweep. */
const LAUNCHERS = ["local", "slurm"] as const;

/** The sweep that runs when none is named. */
export const DEFAULT_SWEEP = "experiments/quick.yaml";

/** The options of `deno task sweep`. */
export const SWEEP_OPTIONS = {
  "dry-run": { type: "boolean", default: false },
  jobs: { type: "string", short: "j" },
  retry: { type: "string" },
  "max-failures": { type: "string" },
  threads: { type: "string" },
  "batch-runs": { type: "string", default: "auto" },
  launcher: { type: "string" },
  wait: { type: "boolean", default: false },
  status: { type: "boolean", default: false },
  cancel: { type: "boolean", default: false },
  "fail-fast": { type: "boolean", default: false },
  only: { type: "string" },
  extend: { type: "boolean", default: false },
  fresh: { type: "boolean", default: false },
  "mixed-code": { type: "boolean", default: false },
  adapters: { type: "boolean", default: false },
  out: { type: "string", short: "o" },
  watch: { type: "boolean", short: "w", default: false },
  quiet: { type: "boolean", short: "q", default: false },
  schema: { type: "boolean", default: false },
} as const;

/**
 * What the arguments of `deno task sweep` ask for.
 *
 * @throws {ArgumentError} when an option has a wrong value, or there are several files
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readArguments } from "../arguments.ts";
 *
 * const given = readArguments(["a.yaml", "n_skills=2,4", "--jobs", "3"], SWEEP_OPTIONS);
 * const { file, settings, jobs } = sweepArguments(given);
 * assert.deepEqual([file, settings, jobs], ["a.yaml", ["n_skills=2,4"], 3]);
 *
 * const batchRuns = (...words: string[]) => sweepArguments(readArguments(words, SWEEP_OPTIONS)).batchRuns;
 * assert.deepEqual([batchRuns(), batchRuns("--batch-runs", "off")], ["auto", 1]);
 * assert.throws(() => batchRuns("--batch-runs", "0"), /--batch-runs 0 as it must be an integer of at /);
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
  const isOfSlurm = (word: string) => word.startsWith(SLURM_PREFIX);
  const [slurm, launcher] = [positionals.filter(isOfSlurm), readLauncher(values.launcher)];
  if (values.status && values.cancel) {
    throw new ArgumentError("Cannot say the status and cancel at once: write --status or --cancel");
  }
  const needsSlurm = [...slurm, ...values.wait ? ["--wait"] : []];
  if (launcher === "local" && needsSlurm.length > 0 && !values.status && !values.cancel) {
    throw new ArgumentError(
      `Cannot use ${needsSlurm[0]} as the runs are done on this machine: add --launcher slurm`,
    );
  }
  if (launcher === "slurm" && (values["fail-fast"] || values["max-failures"] !== undefined)) {
    throw new ArgumentError(
      "Cannot stop at a number of failures as no element of a job array sees the others: leave out " +
        "--fail-fast and --max-failures, and cancel by --cancel",
    );
  }
  const batchRuns = readBatchRuns(values["batch-runs"]);
  if (launcher === "slurm" && batchRuns !== "auto") {
    throw new ArgumentError(
      `Cannot use --batch-runs ${
        values["batch-runs"]
      } as elements of a job array do each run alone: ` +
        `leave it out`,
    );
  }
  if (launcher === "slurm" && values.watch && !values.wait) {
    throw new ArgumentError(
      "Cannot serve the page of a sweep whose jobs run without this command: add --wait, or call deno " +
        "task watch for its folder",
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
    settings: positionals.filter((word) => isSetting(word) && !isOfSlurm(word)),
    slurm,
    launcher,
    wait: values.wait,
    status: values.status,
    cancel: values.cancel,
    out: values.out ?? null,
    jobs: values.jobs === undefined ? null : readCount("--jobs", values.jobs, 1),
    threads: values.threads === undefined ? null : readCount("--threads", values.threads, 1),
    batchRuns,
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
    watch: values.watch,
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

function readBatchRuns(text: string): SweepArguments["batchRuns"] {
  if (text === "auto") return text;
  return text === "off" ? 1 : readCount("--batch-runs", text, 1);
}

function readLauncher(text: string = "local"): SweepArguments["launcher"] {
  const launcher = LAUNCHERS.find((name) => name === text);
  if (launcher !== undefined) return launcher;
  throw new ArgumentError(`Cannot read --launcher ${text}${suggest(text, LAUNCHERS)}`);
}
