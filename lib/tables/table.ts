import { type ColumnTable, table } from "arquero";
import type { Metrics, RunResult, TaskScore } from "../run/result.ts";
import { RUN_CONFIG_KEYS, type RunConfig } from "../run/config.ts";

export type { ColumnTable };

/** What stands in one place of a table; null is a gap. */
export type Cell = number | string | boolean | null;

/** One row of a table, by column. */
export type Row = Readonly<Record<string, Cell>>;

/** Run metrics that say how large a method is; they stand in every table. */
export const PARAMETER_COLUMNS: readonly string[] = [
  "parameters_multitask",
  "parameters_adaptation",
];

/**
 * A table with the columns of all rows, in the order met; a row without one has a gap there.
 *
 * @param columns names that come first, also where no row has them
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const rows = rowsOf(tableOf([{ a: 1 }, { a: 2, b: "x" }]));
 * assert.deepEqual(rows, [{ a: 1, b: null }, { a: 2, b: "x" }]);
 * ```
 */
export function tableOf(rows: readonly Row[], columns: readonly string[] = []): ColumnTable {
  // arquero itself takes its columns from the first row alone.
  const names = [...new Set([...columns, ...rows.flatMap(Object.keys)])];
  return table(names.map((name) => [name, rows.map((row) => row[name] ?? null)]), names);
}

/** The rows of a table, in its order and as filtered. */
export function rowsOf(table: ColumnTable): Row[] {
  return table.objects() as Row[];
}

/**
 * One row per run: id and status, every setting, every metric, and why it failed.
 *
 * A list is written as JSON. What a run has not measured is a gap, and so is a number that is not
 * finite in a run that diverged.
 *
 * @throws {RangeError} when a metric has the name of another column, or is not finite in a run that
 * did not diverge
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "../run/config.ts";
 *
 * const run = { tasks: [], provenance: {} };
 * const [first, second] = rowsOf(runsTable([
 *   { ...run, id: "a", config: parseRunConfig({ n_skills: 2 }), status: "planned", metrics: {} },
 *   { ...run, id: "b", config: parseRunConfig({}), status: "done", metrics: { seen_loss: 0.5 } },
 * ]));
 * assert.deepEqual([first!.n_skills, first!.seen_loss, second!.seen_loss], [2, null, 0.5]);
 * ```
 */
export function runsTable(results: readonly RunResult[]): ColumnTable {
  const rows = results.map((result) => ({
    id: result.id,
    status: result.status,
    ...settingsOf(result.config),
    ...metricsOf(result, result.metrics, ["id", "status", "error"], ""),
  }));
  const withErrors = results.map(({ error }, i) => ({ ...rows[i]!, error: error ?? null }));
  const metrics = rows.flatMap(Object.keys);
  return tableOf(withErrors, ["id", "status", ...RUN_CONFIG_KEYS, ...metrics, "error"]);
}

/**
 * One row per run, task and draw of examples: id and status of the run, its settings and parameters,
 * `task`, `phase`, `shot_split`, and every metric of the task. Runs without scores have no row.
 *
 * @param phase tasks trained on or held out; both when absent
 * @throws {RangeError} as {@linkcode runsTable}
 */
export function taskTable(
  results: readonly RunResult[],
  phase?: TaskScore["phase"],
): ColumnTable {
  const taken = [...PARAMETER_COLUMNS, "id", "status", "task", "phase", "shot_split"];
  const rows = results.flatMap((result) =>
    result.tasks.filter((score) => phase === undefined || score.phase === phase).map((score) => ({
      id: result.id,
      status: result.status,
      ...settingsOf(result.config),
      ...Object.fromEntries(PARAMETER_COLUMNS.map((name) => [name, result.metrics[name] ?? null])),
      task: score.task,
      phase: score.phase,
      shot_split: score.split,
      ...metricsOf(result, score.metrics, taken, ` of ${score.phase} task "${score.task}"`),
    }))
  );
  return tableOf(rows, ["id", "status", ...RUN_CONFIG_KEYS, ...PARAMETER_COLUMNS, "task", "phase"]);
}

/** A setting as it stands in a table: a list is written as JSON. */
export function settingCell(value: RunConfig[keyof RunConfig]): Cell {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : value;
}

/** The table as comma-separated values with a line of names; gaps are empty, numbers in full. */
export function toCSV(table: ColumnTable): string {
  return table.toCSV();
}

/** The table as a file of Apache Arrow, for notebooks, Python and DuckDB. */
export function toArrow(table: ColumnTable): Uint8Array {
  return table.toArrowIPC({ format: "file" });
}

function settingsOf(config: RunConfig): Row {
  return Object.fromEntries(RUN_CONFIG_KEYS.map((key) => [key, settingCell(config[key])]));
}

function metricsOf(
  { id, status }: RunResult,
  metrics: Metrics,
  taken: readonly string[],
  place: string,
): Row {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, value]) => {
      if (taken.includes(name) || (RUN_CONFIG_KEYS as readonly string[]).includes(name)) {
        throw new RangeError(
          `Cannot make a table as metric "${name}"${place} of run "${id}" has the name of another column`,
        );
      }
      if (value === null || Number.isFinite(value)) return [name, value];
      if (status === "diverged") return [name, null];
      throw new RangeError(
        `Cannot make a table as metrics must be finite: ${name}${place} of run "${id}" is ${value}`,
      );
    }),
  );
}
