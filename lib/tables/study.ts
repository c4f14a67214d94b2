/**
 * A study: the results of a sweep as tables of runs, tasks and provenance, with logs and routing
 * read when they are asked for.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { readRouting, type RunRouting } from "../routing/file.ts";
import { GENERATED_SUITES, RUN_CONFIG_KEYS, type RunConfig } from "../run/config.ts";
import { type MetricsRow, parseMetrics } from "../run/metrics_log.ts";
import { runLabel } from "../run/id.ts";
import type { Metrics, RunResult } from "../run/result.ts";
import { changedFiles, type WrittenFiles, writtenFiles } from "../run/written_files.ts";
import type { Manifest, SweepSource } from "../sweep/manifest.ts";
import { SweepStore } from "../sweep/store.ts";
import { StoreError, whenReading } from "../sweep/store_error.ts";
import { environmentVariable } from "../util/environment.ts";
import { bestGroupsFirst } from "./direction.ts";
import { measureGroups } from "./groups.ts";
import { identityOf } from "./identity.ts";
import { cell } from "./rows/cell.ts";
import { IDENTITY_COLUMNS, identityColumns } from "./rows/identity_columns.ts";
import { PARAMETER_COLUMNS } from "./rows/ranked_rows.ts";
import { type Cell, type ColumnTable, type Row, rowsOf, tableOf } from "./table.ts";
import { otherSettings } from "./varying.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Opens a study: the runs of a sweep as tables.
 *
 * @param name name of a sweep, searched in `results/` and then in `results/reference/` of this
 * project; or path of its folder, from the working directory or from the project's root. The
 * environment variable `SWEEP`, a name or a path, overrides it. Where `POLY_REFERENCE_ONLY` is set, a
 * name is searched in `results/reference/` alone: so `deno task notebooks` keeps a person's own results
 * out of the notebooks of this project.
 * @throws {StoreError} when no such study exists, or its manifest or a result is damaged
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const study = await openStudy("n_splits");
 * assert.equal(study.metric, "heldout_exact_match");
 * assert.equal(study.runs.filter("d => d.status === 'done'").numRows(), 20);
 * ```
 */
export async function openStudy(name: string): Promise<Study> {
  const asked = environmentVariable("SWEEP") ?? name;
  const places = studyPlaces(asked, environmentVariable("POLY_REFERENCE_ONLY") !== undefined);
  const dir = places.find((place) => existsSync(join(place, "manifest.json")));
  if (dir === undefined) {
    throw new StoreError(
      `Cannot open study "${asked}" as there is no manifest.json in ${places.join(" or in ")}: ` +
        `run deno task sweep first, or name a folder with results`,
    );
  }
  return await Study.read(dir);
}

/**
 * The folders in which {@linkcode openStudy} looks, in order.
 *
 * @param keptOnly whether a name stands for the results that are kept with the project alone
 */
export function studyPlaces(asked: string, keptOnly: boolean): string[] {
  if (/[\\/]/.test(asked)) return [resolve(asked), resolve(ROOT, asked)];
  const kept = join(ROOT, "results", "reference", asked);
  return keptOnly ? [kept] : [join(ROOT, "results", asked), kept];
}

/** The question of a sweep and the measurements of its runs, as tables. */
export class Study {
  /** Folder of the results. */
  readonly dir: string;
  /** Name of the sweep. */
  readonly name: string;
  /** Question of the sweep; empty when it has none. */
  readonly question: string;
  /** Column of {@linkcode Study.runs} by which the sweep compares. */
  readonly metric: string;
  /** Settings of the baseline; null when the sweep has none. */
  readonly baseline: Partial<RunConfig> | null;
  /** Settings whose comparison with the baseline was declared primary; empty where none was. */
  readonly primary: readonly Partial<RunConfig>[];
  /** The smallest difference of interest; null where none was declared. */
  readonly margin: number | null;
  /** What the person asked for, by file and command; empty where it was not kept. */
  readonly sources: readonly SweepSource[];
  /** Settings that differ between runs. */
  readonly varying: readonly (keyof RunConfig)[];
  /**
   * One row per planned run: id, status, every setting, every metric, and the error if it failed; and
   * where runs differ in their data, base model, code or machine, a column for that.
   */
  readonly runs: ColumnTable;
  /** In what runs differ beside their settings, or may differ, as sentences. */
  readonly identityNotes: readonly string[];
  /** Sentences that belong above the numbers: those of `identityNotes`, and whether runs were stopped early. */
  readonly notes: readonly string[];
  /** One row per run, task and draw of examples, with every metric of the task. */
  readonly tasks: ColumnTable;
  /**
   * One row per run: its id and the provenance of its result, such as versions, machine and times.
   */
  readonly provenance: ColumnTable;
  readonly #logs = new Map<Cell, readonly MetricsRow[]>();
  readonly #written: ReadonlyMap<string, WrittenFiles>;

  /**
   * Makes the tables of results that are already read; {@linkcode openStudy} reads them from a
   * folder.
   *
   * @param dir folder of the results; logs and routing are read from it when needed
   * @throws {RangeError} when a metric has the name of another column, or is not finite in a run
   * that did not diverge
   */
  constructor(dir: string, manifest: Manifest, results: readonly RunResult[]) {
    this.dir = dir;
    this.name = manifest.name;
    this.question = manifest.question;
    this.metric = manifest.metric;
    this.baseline = manifest.baseline;
    this.primary = manifest.primary ?? [];
    this.margin = manifest.margin ?? null;
    this.varying = manifest.varying;
    this.sources = manifest.sources ?? [];
    this.#written = new Map(
      results.flatMap(({ id, files }) => files === undefined ? [] : [[id, files]]),
    );
    const identity = identityOf(results);
    this.identityNotes = identity.notes;
    this.notes = [...identity.notes, ...tuningNotes(results)];
    this.runs = runsTable(results, identity.rows);
    this.tasks = taskTable(results, identity.rows);
    this.provenance = tableOf(
      results.map(({ id, provenance }) => ({
        ...Object.fromEntries(Object.entries(provenance).map(([key, value]) => [key, cell(value)])),
        id,
      })),
      ["id"],
    );
  }

  /**
   * Reads the study in a folder of results, regardless of the environment.
   * @throws {StoreError} when there is no readable manifest, or a result is damaged
   */
  static async read(dir: string): Promise<Study> {
    const store = await SweepStore.read(dir);
    return new Study(dir, store.manifest, await store.results());
  }

  /**
   * The rows that all runs have logged in one phase, such as `multitask` or `validation`, with id,
   * status and varying settings of their run. A run without such rows has one row of missing
   * values. The draw of examples, `split` in a log, is called `shot_split`, as in {@linkcode
   * Study.tasks}.
   *
   * @throws {SyntaxError} when a log is damaged
   * @throws {StoreError} when one cannot be read
   */
  log(phase: string): ColumnTable {
    const columns = ["id", "status", ...this.varying, ...identityColumns(this.runs.columnNames())];
    const rows = rowsOf(this.runs.select(columns)).flatMap((run): Row[] => {
      const points = this.logOf(run.id!).filter((row) => row.phase === phase).map(
        ({ phase: _, split, ...values }) => ({
          ...(split === undefined ? {} : { shot_split: split }),
          ...values,
          ...run, // last: what a log calls by the name of a setting does not stand for it
        }),
      );
      return points.length === 0 ? [run] : points;
    });
    return tableOf(rows, columns);
  }

  /**
   * The routing of a typical run, and the run's id. Among settings with learned routing over
   * several skills it takes those with the best mean of the study's metric, the first where the metric
   * has no direction, and of their runs the one nearest to that mean.
   *
   * @returns null when no such run is done, or it has no routing file
   * @throws {SyntaxError} when the file is damaged
   * @throws {RangeError} when such runs are done and lack the metric
   */
  async routing(): Promise<{ readonly id: string; readonly routing: RunRouting } | null> {
    const id = typicalRun(this.runs, this.metric);
    const routing = id === null ? null : await readRouting(join(this.dir, "runs", id));
    return routing === null ? null : { id: id!, routing };
  }

  /**
   * Which runs' logs, routing and answers are no longer what the runs have written, one line each:
   * figures are drawn from what is there. Runs of earlier results do not say what they have written.
   *
   * @throws {StoreError} when a file cannot be read
   */
  async changes(): Promise<string[]> {
    const lines: string[] = [];
    for (const [id, left] of this.#written) {
      const dir = join(this.dir, "runs", id);
      const found = await writtenFiles(dir).catch((error) => {
        throw whenReading(dir, error);
      });
      const changes = changedFiles(left, found);
      if (changes.length > 0) lines.push(`${runLabel(id)}: ${changes.join(", ")}`);
    }
    return lines;
  }

  /**
   * Whether every seed has generated tasks of its own, so that tasks of one name are different in runs
   * of different seeds. The setting `task_seed` gives all seeds the same; tasks from files are what
   * their name says.
   */
  get seedsHaveOwnTasks(): boolean {
    const generated = this.runs.filter(
      `d => (${GENERATED_SUITES.map((suite) => `d.suite === "${suite}"`).join(" || ")}) && ` +
        "d.task_seed === null",
    );
    return new Set(generated.array("seed")).size > 1;
  }

  /**
   * The log of a run, by its id, read once; empty for a run that has not started.
   *
   * @throws {SyntaxError} when it is damaged
   * @throws {StoreError} when it cannot be read
   */
  logOf(id: Cell): readonly MetricsRow[] {
    const path = join(this.dir, "runs", String(id), "metrics.jsonl");
    const rows = this.#logs.get(id) ?? parseMetrics(readIfThere(path) ?? "", path);
    this.#logs.set(id, rows);
    return rows;
  }
}

/** Says where the numbers of a study are those of cells that its sweep has kept for being good. */
function tuningNotes(results: readonly RunResult[]): string[] {
  const stopped = results.filter(({ status }) => status === "stopped_early").length;
  if (stopped === 0) return [];
  return [
    `${stopped} of ${results.length} runs were stopped early, as others were better. What is left was chosen ` +
    `on one seed: it is for tuning, and no mean with an interval.`,
  ];
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return null;
    throw whenReading(path, error);
  }
}

/**
 * The runs to use and the metric to compare by: the study's own, unless another metric is named.
 *
 * @throws {TypeError} when a table comes without a metric
 */
export function runsAndMetric(
  of: Study | ColumnTable,
  metric?: string,
): { readonly runs: ColumnTable; readonly metric: string } {
  if (of instanceof Study) return { runs: of.runs, metric: metric ?? of.metric };
  if (metric !== undefined) return { runs: of, metric };
  throw new TypeError("Cannot compare runs of a table as a metric must be named: pass { metric }");
}

/**
 * The id of the run whose routing {@linkcode Study.routing} returns.
 * @throws {RangeError} when such runs are done and lack the metric
 */
export function typicalRun(runs: ColumnTable, metric: string): string | null {
  const learned = runs.filter(
    "d => d.status === 'done' && d.method === 'poly' && d.n_skills > 1",
  );
  const [best] = bestGroupsFirst(
    measureGroups(learned, metric, otherSettings(learned, [])),
    metric,
  );
  if (best === undefined) return null;
  const distance = ({ value }: { value: number }) => Math.abs(value - best.estimate.estimate!);
  const [typical] = best.points.toSorted((a, b) => distance(a) - distance(b));
  return String(typical!.row.id);
}

/**
 * One row per run: id, status, every setting, every metric, and the error if it failed.
 *
 * A list is written as JSON. A metric that a run has not measured is a missing value, and so is a
 * number that is not finite in a run that diverged.
 *
 * @param identity for each result what tells it apart beside its settings, of {@linkcode identityOf}
 * @throws {RangeError} when a metric has the name of another column, or is not finite in a run that
 * did not diverge
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "../run/config.ts";
 * import { rowsOf } from "./table.ts";
 *
 * const run = { tasks: [], provenance: {} };
 * const [first, second] = rowsOf(runsTable([
 *   { ...run, id: "a", config: parseRunConfig({ n_skills: 2 }), status: "planned", metrics: {} },
 *   { ...run, id: "b", config: parseRunConfig({}), status: "done", metrics: { seen_loss: 0.5 } },
 * ]));
 * assert.deepEqual([first!.n_skills, first!.seen_loss, second!.seen_loss], [2, null, 0.5]);
 * ```
 */
export function runsTable(
  results: readonly RunResult[],
  identity: readonly Row[] = [],
): ColumnTable {
  const rows = results.map((result, i) => ({
    id: result.id,
    status: result.status,
    ...settingsRow(result.config),
    ...identity[i],
    ...metricsOf(result, result.metrics, ["id", "status", "error"], ""),
    error: result.error ?? null,
  }));
  const table = tableOf(rows, ["id", "status", ...RUN_CONFIG_KEYS, "error"]);
  return table.select(table.columnNames((name) => name !== "error"), "error");
}

/**
 * One row per run, task and draw of examples: id and status of the run, its settings and
 * parameters, `task`, `phase`, `shot_split`, and every metric of the task. A run without scores has
 * no row.
 *
 * @param identity as in {@linkcode runsTable}
 * @throws {RangeError} as {@linkcode runsTable}
 */
export function taskTable(
  results: readonly RunResult[],
  identity: readonly Row[] = [],
): ColumnTable {
  const taken = [...PARAMETER_COLUMNS, "id", "status", "task", "phase", "shot_split"];
  const rows = results.flatMap((result, i) =>
    result.tasks.map((score) => ({
      id: result.id,
      status: result.status,
      ...settingsRow(result.config),
      ...identity[i],
      ...Object.fromEntries(PARAMETER_COLUMNS.map((name) => [name, result.metrics[name] ?? null])),
      task: score.task,
      phase: score.phase,
      shot_split: score.split,
      ...metricsOf(result, score.metrics, taken, ` of ${score.phase} task "${score.task}"`),
    }))
  );
  return tableOf(rows, ["id", "status", ...RUN_CONFIG_KEYS, ...PARAMETER_COLUMNS, "task", "phase"]);
}

/** The settings of a run as cells of a table. */
export function settingsRow(config: RunConfig): Row {
  return Object.fromEntries(RUN_CONFIG_KEYS.map((key) => [key, cell(config[key])]));
}

function metricsOf(
  { id, status }: RunResult,
  metrics: Metrics,
  taken: readonly string[],
  place: string,
): Row {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, value]) => {
      if ([...taken, ...RUN_CONFIG_KEYS, ...IDENTITY_COLUMNS].includes(name)) {
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
