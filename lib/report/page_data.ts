/** Reads what a page is made of from a study, and from a second one that it is compared with. */
import { axesOf, CURVES } from "../figures/sweep_figures.ts";
import { shownLayers } from "../figures/routing_figures.ts";
import { taskSimilarity } from "../routing/measures.ts";
import { parseRunConfig, RUN_CONFIG, RUN_CONFIG_KEYS, type RunConfig } from "../run/config.ts";
import { metricNamed } from "../run/metrics/metric.ts";
import { curvePoints, stepsPerPoint } from "../tables/curve_points.ts";
import { valuesOf } from "../tables/groups.ts";
import { cell } from "../tables/rows/cell.ts";
import { IDENTITY_COLUMNS } from "../tables/rows/identity_columns.ts";
import { PARAMETER_COLUMNS } from "../tables/rows/ranked_rows.ts";
import { settingsRow, type Study } from "../tables/study.ts";
import { type Cell, type ColumnTable, type Row, rowsOf } from "../tables/table.ts";
import { otherSettings } from "../tables/varying.ts";
import { withoutModel } from "../tables/without_model.ts";
import { dataAnswers } from "./answers.ts";
import {
  type DataCurve,
  type DataRouting,
  type DataSetting,
  type DataTable,
  dataTable,
  type PageData,
} from "./page/data.ts";

/** The most points of all curves of one column together: a page of many runs has fewer of each. */
const MOST_POINTS = 40_000;

/**
 * What the page of a study is made of.
 *
 * @param files names of the files in `figures/` beside the page
 * @throws {SyntaxError} when a run's log, routing or answers are damaged
 * @throws {RangeError} when runs are done and none has the study's metric
 */
export async function pageData(
  study: Study,
  files: PageData["files"] = [],
): Promise<PageData> {
  const { name, question, metric, baseline, primary, margin, sources } = study;
  const runs = rowsOf(study.runs);
  const grouping = otherSettings(study.runs, []);
  const metrics = metricsIn(study.runs);
  const hasDone = runs.some(({ status }) => status === "done");
  return {
    format: 1,
    ...{ name, question, metric, margin, grouping },
    metrics: metrics.includes(metric) ? metrics : [metric, ...metrics],
    axes: axesOf(study.runs).filter((axis) => grouping.includes(axis)),
    baseline: baseline === null ? null : settingsOf(baseline),
    primary: primary.map(settingsOf),
    runs: dataTable(runs, [
      ...["id", "status", "seed", "method", ...grouping],
      ...metrics.includes(metric) ? metrics : [metric, ...metrics],
      "error",
    ]),
    tasks: tasksOf(study, runs),
    seeds_have_own_tasks: study.seedsHaveOwnTasks,
    curves: CURVES.flatMap((curve) => curveOf(study, curve)),
    routing: await routingOf(study),
    answers: await dataAnswers(study),
    settings: settingsIn(study),
    sources: [...sources],
    facts: dataTable(
      rowsOf(study.provenance),
      study.provenance.columnNames().filter((name) => name !== "id"),
    ),
    notes: [...study.notes],
    beside: hasDone ? withoutModel(study) : [],
    changes: await study.changes(),
    other: null,
    files: [...files],
  };
}

/** Columns that hold numbers of runs and are declared as metrics or known to no setting. */
function metricsIn(runs: ColumnTable): string[] {
  const others = new Set<string>([
    "id",
    "status",
    "error",
    ...RUN_CONFIG_KEYS,
    ...IDENTITY_COLUMNS,
  ]);
  const found = runs.columnNames().filter((name) =>
    !others.has(name) && valuesOf(runs, name).some((value) => typeof value === "number")
  );
  // Those that are declared to have a better end are what people compare by.
  const isScore = (name: string) =>
    metricNamed(name)?.better != null && !PARAMETER_COLUMNS.includes(name);
  return [...found.filter(isScore), ...found.filter((name) => !isScore(name))];
}

function settingsOf(settings: Partial<RunConfig>): Record<string, Cell> {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [key, cell(value)]),
  );
}

function tasksOf({ tasks }: Study, runs: readonly Row[]): DataTable {
  const place = new Map(runs.map(({ id }, i) => [id, i]));
  const scores = metricsIn(tasks).filter((name) =>
    !["shot_split"].includes(name) && !runs.some((run) => name in run)
  );
  return dataTable(
    rowsOf(tasks).map((row) => ({ ...row, run: place.get(row.id!)! })),
    ["run", "task", "phase", "shot_split", ...scores],
  );
}

function curveOf(
  study: Study,
  { phase, y, reference }: typeof CURVES[number],
): DataCurve[] {
  const rows = rowsOf(study.log(phase)).filter((row) => typeof row[y] === "number");
  const steps = new Set(rows.map(({ step }) => step));
  // A single evaluation, at the end, is not a curve.
  if (steps.size < 2) return [];
  const runs = Map.groupBy(rows, ({ id }) => String(id));
  const kept = rows.reduce((most, { mean_of }) => Math.max(most, Number(mean_of ?? 1)), 1);
  const isThinned = kept > 1;
  const room = Math.max(20, Math.floor(MOST_POINTS / runs.size));
  const width = isThinned ? 1 : Math.max(stepsPerPoint(rows, "step"), Math.ceil(steps.size / room));
  const points = [...runs].map(([id, rows]) => {
    const curve = curvePoints(rows, "step", y, width);
    return [id, { x: curve.map(({ x }) => x), y: curve.map(({ y }) => short(y)) }] as const;
  });
  return [{
    ...{ phase, y, mean_of: Math.max(kept, width), reference: reference ?? null },
    points: Object.fromEntries(points),
  }];
}

/** A number with five digits, which is more than a line shows. */
function short(value: number): number {
  return Number(value.toPrecision(5));
}

async function routingOf(study: Study): Promise<DataRouting | null> {
  const shown = await study.routing();
  if (shown === null) return null;
  const { id, routing: { tasks, routers, truth } } = shown;
  const { layers, n_layers } = shownLayers(routers, tasks.length);
  const rounded = (rows: readonly (readonly number[])[]) => rows.map((row) => row.map(short));
  return {
    ...{ id, n_layers },
    tasks: [...tasks],
    layers: layers.map(({ name, weights }) => ({ name, weights: rounded(weights) })),
    truth: truth?.length === 1 ? rounded(truth[0]!) : null,
    similarity: tasks.length > 1 ? taskSimilarity(routers).map((row) => row.map(short)) : [],
  };
}

function settingsIn({ varying, runs }: Study): DataSetting[] {
  const [first] = rowsOf(runs);
  const defaults = settingsRow(parseRunConfig({}));
  const kindOf = (key: keyof RunConfig) =>
    varying.includes(key) ? "varied" : first?.[key] !== defaults[key] ? "fixed" : "default";
  return [...varying, ...RUN_CONFIG_KEYS.filter((key) => !varying.includes(key))].map((key) => ({
    key,
    value: valuesOf(runs, key).map((value) => String(value ?? "—")).join(", "),
    meaning: RUN_CONFIG.shape[key].description ?? "",
    kind: kindOf(key),
  }));
}
