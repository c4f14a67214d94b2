import { escaped, escapedValue } from "../files/escaped.ts";
import { z } from "zod";
import { duplicateKey } from "../files/duplicate_key.ts";
import { printableLine } from "../util/printable.ts";
import { RUN_CONFIG, type RunConfig } from "./config.ts";
import { configHash, hashOf, isNamedAfter } from "./id.ts";
import { RUN_FILES, WRITTEN_FILE, type WrittenFiles } from "./written_files.ts";

/** Measured numbers by name; null where a number was to be measured and there is none. */
export type Metrics = Readonly<Record<string, number | null>>;

/** Results of one task, as a training task or as a held-out task after adaptation. */
export interface TaskScore {
  /** The name of the task. */
  readonly task: string;
  /** Whether it was trained on, or held out. */
  readonly phase: "seen" | "heldout";
  /** The draw of the few examples that it was adapted with, from 0; 0 where there is none. */
  readonly split: number;
  /** Metrics on the task's test examples. */
  readonly metrics: Metrics;
}

/** Everything known of one run. Its metrics are the columns of tables. */
export interface RunResult {
  /** The name of its folder. */
  readonly id: string;
  /** All its settings. */
  readonly config: RunConfig;
  /**
   * `diverged` is a result: training met NaN or infinity. So is `stalled`: nothing that training did
   * could change the loss any more. So is `stopped_early`: its sweep trains only what is better to its end.
   * `failed` is none: something broke.
   */
  readonly status: "done" | "diverged" | "stalled" | "stopped_early" | "failed" | "planned";
  /** Measures of the run as a whole. */
  readonly metrics: Metrics;
  /** Results of each task; empty for a run that is planned or has failed. */
  readonly tasks: readonly TaskScore[];
  /** Provenance of the result: versions, machine, times. */
  readonly provenance: Readonly<Record<string, unknown>>;
  /** Why a run failed. */
  readonly error?: string;
  /** What the run has written beside its result; absent in results that say nothing of it. */
  readonly files?: WrittenFiles;
}

/** Whether a run has ended with a result, good or not, and so is not done again. */
export function isFinal<R extends Pick<RunResult, "status">>(
  run: R,
): run is R & { readonly status: FinalStatus } {
  return (FINAL_STATUSES as readonly string[]).includes(run.status);
}

/** Whether a run says what it is computed with: it has a result, or waits in the middle. */
export function hasBegun({ status, provenance }: RunResult): boolean {
  return status !== "failed" && Object.keys(provenance).length > 0;
}

/** How a run ends with a result. */
export const FINAL_STATUSES = ["done", "diverged", "stalled", "stopped_early"] as const;

/** One of {@linkcode FINAL_STATUSES}. */
export type FinalStatus = typeof FINAL_STATUSES[number];

/**
 * How many runs have each status.
 *
 * @param runs results, or rows of a table of runs
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(countByStatus([{ status: "done" }, { status: "failed" }, { status: "done" }]), {
 *   done: 2, diverged: 0, stalled: 0, stopped_early: 0, failed: 1, planned: 0,
 * });
 * ```
 */
export function countByStatus(
  runs: readonly { readonly status?: unknown }[],
): Record<RunResult["status"], number> {
  const count = (status: RunResult["status"]) => runs.filter((run) => run.status === status).length;
  return {
    done: count("done"),
    diverged: count("diverged"),
    stalled: count("stalled"),
    stopped_early: count("stopped_early"),
    failed: count("failed"),
    planned: count("planned"),
  };
}

/**
 * How many runs ended otherwise than done, or have not run, as `, 1 diverged, 2 failed`; empty when all
 * are done.
 *
 * @param counts of {@linkcode countByStatus}
 */
export function othersText(counts: Readonly<Record<RunResult["status"], number>>): string {
  const { done: _, planned, ...others } = counts;
  return Object.entries({ ...others, "not run yet": planned })
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `, ${count} ${what.replaceAll("_", " ")}`).join("");
}

const METRICS = z.record(z.string(), z.number().nullable());

const RESULT = z.strictObject({
  schema: z.literal(1),
  id: z.string(),
  status: z.enum([...FINAL_STATUSES, "failed", "planned"]),
  error: z.string().optional(),
  files: z.partialRecord(z.enum(RUN_FILES), WRITTEN_FILE.nullable()).optional(),
  config: RUN_CONFIG,
  metrics: METRICS,
  tasks: z.array(z.strictObject({
    task: z.string(),
    phase: z.enum(["seen", "heldout"]),
    split: z.int().min(0),
    metrics: METRICS,
  })),
  provenance: z.record(z.string(), z.unknown()),
});

/**
 * A result as JSON. In a run that diverged, numbers that are not finite become null.
 *
 * @throws {RangeError} when a number of any other run is not finite, naming it
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "./config.ts";
 *
 * const result: RunResult = {
 *   id: "seed=0",
 *   config: parseRunConfig({}),
 *   status: "diverged",
 *   metrics: { seen_loss: NaN },
 *   tasks: [],
 *   provenance: {},
 * };
 * assert.equal(parseResult(resultToJson(result), "result.json").metrics.seen_loss, null);
 * assert.throws(() => resultToJson({ ...result, status: "done" }), /seen_loss is NaN/);
 * ```
 */
export function resultToJson(result: RunResult): string {
  const { id, status, error, config, metrics, tasks, provenance, files } = result;
  const checked = (values: Metrics, place: string): Metrics =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => {
        if (value === null || Number.isFinite(value)) return [name, value];
        if (status === "diverged") return [name, null];
        throw new RangeError(
          `Cannot write the result of "${id}" as metrics must be finite: ${name}${place} is ` +
            `${value}; end such a run as diverged`,
        );
      }),
    );
  const written = {
    schema: 1,
    id,
    status,
    ...(error === undefined ? {} : { error }),
    config,
    metrics: checked(metrics, ""),
    tasks: tasks.map((score) => ({
      task: score.task,
      phase: score.phase,
      split: score.split,
      metrics: checked(score.metrics, ` of ${score.phase} task "${score.task}"`),
    })),
    provenance,
    ...(files === undefined ? {} : { files }),
  };
  return JSON.stringify(written, null, 1) + "\n";
}

/** What is wrong with a value, each with its place; the first faults and the number of the others. */
export function faultsOf({ issues }: z.ZodError): string {
  const faults = issues.slice(0, FAULTS_TOLD).map(({ path, message }) =>
    escaped(path.length === 0 ? message : `${path.join(".")}: ${message}`)
  );
  const others = issues.length - faults.length;
  return faults.join("; ") + (others > 0 ? `; and ${others} more` : "");
}

const FAULTS_TOLD = 3;

/**
 * Reads what {@linkcode resultToJson} wrote.
 *
 * @param path path of the file, for messages
 * @throws {SyntaxError} when the text is damaged: no JSON, a key twice, missing, unknown or with a
 * wrong value, or settings that are not those the run is named after
 */
export function parseResult(text: string, path: string): RunResult {
  const damaged = (why: string) =>
    new SyntaxError(`Cannot read ${path} as it is damaged: ${printableLine(why)}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged((error as Error).message);
  }
  const twice = duplicateKey(text);
  if (twice !== null) throw damaged(`key ${escapedValue(twice)} is there twice`);
  const parsed = RESULT.safeParse(value);
  if (!parsed.success) throw damaged(faultsOf(parsed.error));
  const { schema: _, error, files, ...result } = parsed.data;
  if (hashOf(result.id) !== null && !isNamedAfter(result.id, result.config)) {
    throw damaged(
      `its settings have hash ${configHash(result.config)}, and its id is "${escaped(result.id)}"`,
    );
  }
  return {
    ...result,
    ...(error === undefined ? {} : { error }),
    ...(files === undefined ? {} : { files }),
  };
}
