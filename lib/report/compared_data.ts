/** What the page of a study is made of when its baseline comes from another study. */
import type { RunConfig } from "../run/config.ts";
import { RUN_CONFIG_KEYS } from "../run/config.ts";
import { TASK_SETTINGS } from "../run/stages/facts.ts";
import { IDENTITY_COLUMNS } from "../tables/rows/identity_columns.ts";
import { hasSettings } from "../tables/rows/cell.ts";
import { valuesOf } from "../tables/groups.ts";
import type { Study } from "../tables/study.ts";
import { type Cell, type Row, rowsOf } from "../tables/table.ts";
import { counted } from "../util/words.ts";
import {
  type DataAnswers,
  type DataOther,
  dataTable,
  type PageData,
  rowsOfData,
} from "./page/data.ts";
import { pageData } from "./page_data.ts";

/** The column that says which study a run is of. */
const SWEEP = "sweep";

/** Settings that decide which tasks a seed makes. */
const OF_TASKS_OF_A_SEED: readonly (keyof RunConfig)[] = [
  ...TASK_SETTINGS,
  ...["task_seed", "data_dir", "data_file"] as const,
];

/** Facts of the provenance whose difference a reader must know. */
const FACTS = {
  code_sha256: "code",
  data_sha256: "data",
  base_model_sha256: "base model",
  deno_lock_sha256: "deno.lock",
  backend: "backend",
} as const;

/** The other side of a comparison. */
export interface OtherStudy {
  readonly study: Study;
  /** Its folder, as it was named. */
  readonly folder: string;
  /** Settings of its runs that are the baseline; when null, those of its own baseline, else all its runs. */
  readonly baseline: Readonly<Record<string, Cell>> | null;
}

/**
 * The data of a page that shows a study with the baseline of another one beside it: cells are compared in
 * pairs of the same seed, and of the same task where tasks are shared. Seeds whose tasks differ are left out.
 * Where the baseline is several cells, each cell is compared with the one of equal settings.
 *
 * @throws {RangeError} when no run of the other study has the baseline's settings or the metric, or no seed
 * has the same tasks in both
 * @throws what {@linkcode pageData} throws
 */
export async function comparedData(study: Study, other: OtherStudy): Promise<PageData> {
  const [a, b] = await Promise.all([pageData(study), pageData(other.study)]);
  const [here, there] = a.name === b.name ? ["first", "second"] : [a.name, b.name];
  const theirs = baselineRuns(other, study.metric);
  const { kept, dropped } = withSameTasks(study, other.study, theirs);
  const idOf = (id: Cell) => `${there}/${id}`;
  const ids = new Set(kept.map(({ id }) => String(id)));
  const ours = rowsOf(study.runs);
  const grouping = [
    SWEEP,
    ...RUN_CONFIG_KEYS.filter((key) =>
      key !== "seed" && (valuesOf(ours, key).length > 1 || valuesOf(kept, key).length > 1)
    ),
    ...IDENTITY_COLUMNS.filter((key) => ours.some((run) => key in run)),
  ];
  const metrics = [...new Set([...a.metrics, ...b.metrics])];
  const columns = ["id", "status", "seed", "method", ...grouping, ...metrics, "error"];
  const runs: Row[] = [
    ...ours.map((run) => ({ ...run, [SWEEP]: here! })),
    ...kept.map((run) => ({ ...run, [SWEEP]: there!, id: idOf(run.id!) })),
  ];
  const place = new Map(runs.map(({ id }, i) => [String(id), i]));
  const idsOfB = rowsOfData(b.runs).map(({ id }) => String(id));
  const tasks = [
    ...rowsOfData(a.tasks),
    ...rowsOfData(b.tasks).filter(({ run }) => ids.has(idsOfB[Number(run)]!))
      .map((row) => ({ ...row, run: place.get(idOf(idsOfB[Number(row.run)]!))! })),
  ];
  const facts = [
    ...rowsOfData(a.facts),
    ...rowsOfData(b.facts).filter((_, i) => ids.has(idsOfB[i]!)),
  ];
  return {
    ...a,
    grouping,
    metrics,
    axes: a.axes,
    baseline: { [SWEEP]: there! },
    primary: [],
    runs: dataTable(runs, columns),
    tasks: dataTable(tasks, [...a.tasks.columns, ...b.tasks.columns]),
    seeds_have_own_tasks: a.seeds_have_own_tasks || b.seeds_have_own_tasks,
    curves: a.curves.map((curve) => {
      const same = b.curves.find(({ phase, y }) => phase === curve.phase && y === curve.y);
      const added = Object.entries(same?.points ?? {}).filter(([id]) => ids.has(id))
        .map(([id, points]) => [idOf(id), points]);
      return { ...curve, points: { ...curve.points, ...Object.fromEntries(added) } };
    }),
    answers: joinedAnswers(a.answers, b.answers, (id) => ids.has(id) ? idOf(id) : null, there!),
    facts: dataTable(facts, [...a.facts.columns, ...b.facts.columns]),
    changes: [...a.changes, ...b.changes.map((line) => `${there}/${line}`)],
    other: aboutOther(study, other, there!, dropped),
    files: [],
  };
}

/** The runs of the other study that are the baseline. */
function baselineRuns({ study, baseline, folder }: OtherStudy, metric: string): Row[] {
  const runs = rowsOf(study.runs);
  const wanted = baseline ?? study.baseline;
  const found = wanted === null ? runs : runs.filter((run) => hasSettings(run, wanted));
  if (found.length === 0) {
    throw new RangeError(
      `Cannot compare with ${folder} as none of its runs has ${
        JSON.stringify(wanted)
      }: name settings ` +
        `that some have with --baseline`,
    );
  }
  if (!found.some((run) => run.status === "done" && typeof run[metric] === "number")) {
    throw new RangeError(
      `Cannot compare with ${folder} as none of the runs that are its baseline is done with a value of ` +
        `"${metric}"`,
    );
  }
  return found;
}

/** Those runs whose seed has the same tasks in both studies, by name; and the seeds that have not. */
function withSameTasks(
  study: Study,
  other: Study,
  theirs: readonly Row[],
): { kept: Row[]; dropped: Cell[] } {
  if (!study.seedsHaveOwnTasks && !other.seedsHaveOwnTasks) {
    return { kept: [...theirs], dropped: [] };
  }
  const [here, there] = [tasksBySeed(study), tasksBySeed(other)];
  const isOther = (seed: Cell) => here.has(seed) && here.get(seed) !== there.get(seed);
  const kept = theirs.filter(({ seed }) => !isOther(seed!));
  if (!kept.some(({ seed }) => here.has(seed!))) {
    throw new RangeError(
      `Cannot compare ${study.name} with ${other.name} as no seed has the same tasks in both: compare ` +
        `sweeps with the same seeds and settings of tasks, such as n_tasks`,
    );
  }
  return { kept, dropped: [...new Set(theirs.map(({ seed }) => seed!).filter(isOther))] };
}

/** The names of a seed's tasks, as one text: those of its first run that has scores. */
function tasksBySeed({ tasks }: Study): Map<Cell, string> {
  const found = new Map<Cell, { id: Cell; names: Set<string> }>();
  for (const { seed, id, phase, task } of rowsOf(tasks)) {
    const of = found.get(seed!) ?? { id: id!, names: new Set<string>() };
    found.set(seed!, of);
    if (of.id === id) of.names.add(`${phase} ${task}`);
  }
  return new Map([...found].map(([seed, { names }]) => [seed, [...names].sort().join("\n")]));
}

function aboutOther(
  study: Study,
  { study: other, folder }: OtherStudy,
  name: string,
  dropped: readonly Cell[],
): DataOther {
  const [ours, theirs] = [rowsOf(study.runs), rowsOf(other.runs)];
  const text = (rows: readonly Row[], key: string) =>
    valuesOf(rows, key).map((value) => String(value ?? "—")).join(", ");
  const settings = RUN_CONFIG_KEYS.map((key) => ({
    ...{ key, ours: text(ours, key), theirs: text(theirs, key) },
  })).filter(({ ours, theirs }) => ours !== theirs);
  const tasks = settings.filter(({ key }) => OF_TASKS_OF_A_SEED.includes(key as keyof RunConfig));
  return {
    ...{ name, folder, settings },
    notes: [
      ...tasks.length === 0 ? [] : [
        `The two sweeps make or choose their tasks with other settings (${
          tasks.map(({ key, ours, theirs }) => `${key} ${ours} here and ${theirs} there`).join("; ")
        }): runs of one seed need not have the same tasks.`,
      ],
      ...dropped.length === 0 ? [] : [
        `${counted(dropped.length, "seed")} of ${name} ${
          dropped.length === 1 ? "is" : "are"
        } left out, as the tasks are others: ${dropped.join(", ")}.`,
      ],
      ...differentFacts(study, other),
    ],
  };
}

/** What both studies know of themselves and do not share. */
function differentFacts(study: Study, other: Study): string[] {
  return Object.entries(FACTS).flatMap(([key, name]) => {
    const [a, b] = [study, other].map(({ provenance }) =>
      valuesOf(provenance, key).filter((value) => value !== null).map((value) =>
        String(value).slice(0, 8)
      )
    ) as [string[], string[]];
    const isSame = a.length === 0 || b.length === 0 || b.some((value) => a.includes(value));
    return isSame
      ? []
      : [`The two sweeps differ in their ${name}: ${a.join(", ")} here and ${b.join(", ")} there.`];
  });
}

/** The answers of both studies to the same examples: those of one task, seed, draw, place and text. */
function joinedAnswers(
  a: DataAnswers | null,
  b: DataAnswers | null,
  idOf: (id: string) => string | null,
  name: string,
): DataAnswers | null {
  if (a === null || b === null) return a;
  const runs = b.runs.flatMap(({ id, cell, seed }) => {
    const known = idOf(id);
    return known === null ? [] : [{ id: known, cell, seed }];
  });
  const cells = [...new Set(runs.map(({ cell }) => cell))].sort((x, y) => x - y);
  const keyOf = (row: DataAnswers["rows"][number]) => JSON.stringify(row.slice(0, 6));
  const theirs = new Map(b.rows.map((row) => [keyOf(row), row[6]]));
  return {
    ...a,
    cells: [...a.cells, ...cells.map((cell) => `${name}: ${b.cells[cell]}`)],
    runs: [
      ...a.runs,
      ...runs.map(({ cell, ...run }) => ({ ...run, cell: a.cells.length + cells.indexOf(cell) })),
    ],
    rows: a.rows.map((row) => {
      const found = theirs.get(keyOf(row));
      const [task, seed, draw, example, input, references, answers] = row;
      const added = cells.map((cell) => found?.[cell] ?? null);
      return [task, seed, draw, example, input, references, [...answers, ...added]] as const;
    }),
  };
}
