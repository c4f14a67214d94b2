/**
 * What the page of a study is made of: one value that can be written as JSON. The page's file holds it, and
 * the page's script draws from it, so the page with a server behind it and the page from disk are the same.
 */
import type { Cell, Row } from "../../tables/table.ts";

/** A table by columns, which is shorter as JSON than rows that repeat the names. */
export interface DataTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** The course of one column of the logs: for each run its points, thinned. */
export interface DataCurve {
  /** Phase of the log, such as `multitask`. */
  readonly phase: string;
  /** Column on the vertical axis, such as `loss`. */
  readonly y: string;
  /** How many steps each point is the mean of. */
  readonly mean_of: number;
  /** Value to compare with; null for none. */
  readonly reference: number | null;
  /** For each run that has points, by its id, steps and values of equal number. */
  readonly points: Readonly<Record<string, { readonly x: number[]; readonly y: number[] }>>;
}

/** The routing of one run, as the allocation figure and the tree of tasks need it. */
export interface DataRouting {
  /** Id of the run. */
  readonly id: string;
  readonly tasks: readonly string[];
  /** Layers and splits that are drawn; weights of shape `[T, S]`. */
  readonly layers: readonly { readonly name: string; readonly weights: number[][] }[];
  /** How many layers and splits the run has. */
  readonly n_layers: number;
  /** The true skills of each task; shape `[T, P]`. Null where they are not known. */
  readonly truth: number[][] | null;
  /** Cosines between tasks over all layers; shape `[T, T]`. */
  readonly similarity: number[][];
}

/** What models answered to test examples, as the page shows it. */
export interface DataAnswers {
  /** A sentence on whose answers these are. */
  readonly whose: string;
  /** What is left out, as the end of a sentence; empty for nothing. */
  readonly left_out: string;
  /** Labels of the cells. */
  readonly cells: readonly string[];
  /** Which run of a seed gives the answers of each cell, by its id. */
  readonly runs: readonly { readonly cell: number; readonly seed: Cell; readonly id: string }[];
  /**
   * One row for each example: task, seed, draw, number, input, right answers, and for each cell the answer
   * and 1 where it is right; null where the cell has none.
   */
  readonly rows: readonly (readonly [
    task: string,
    seed: number,
    draw: number,
    example: number,
    input: string,
    references: readonly string[],
    answers: readonly (readonly [text: string, isRight: number] | null)[],
  ])[];
}

/** A setting of the study. */
export interface DataSetting {
  readonly key: string;
  readonly value: string;
  readonly meaning: string;
  /** Whether runs differ in it, the sweep has fixed it, or it is at its default. */
  readonly kind: "varied" | "fixed" | "default";
}

/** A baseline from another study. */
export interface DataOther {
  /** Name of the other study. */
  readonly name: string;
  /** Its folder, as it was named. */
  readonly folder: string;
  /** Settings in which the two studies differ, with the values of both. */
  readonly settings: readonly {
    readonly key: string;
    readonly ours: string;
    readonly theirs: string;
  }[];
  /** What a reader must know before the numbers are compared, as sentences. */
  readonly notes: readonly string[];
}

/** The data of a page. Missing numbers are null. */
export interface PageData {
  /** Version of this format. */
  readonly format: 1;
  readonly name: string;
  /** Question of the sweep; empty when it has none. */
  readonly question: string;
  /** The metric that the study compares by. */
  readonly metric: string;
  /** Metrics that the runs have numbers of, in the order of columns. */
  readonly metrics: readonly string[];
  /** Columns that tell cells apart: settings that vary, without the seed, and what else differs. */
  readonly grouping: readonly string[];
  /** Settings that a metric is drawn against, the best axis first. */
  readonly axes: readonly string[];
  /** Settings of the baseline; null where there is none. */
  readonly baseline: Readonly<Record<string, Cell>> | null;
  /** Settings whose comparison was declared primary; empty where none was. */
  readonly primary: readonly Readonly<Record<string, Cell>>[];
  /** The smallest difference of interest; null where none was declared. */
  readonly margin: number | null;
  /**
   * One row for each planned run: `id`, `status` (`done`, `diverged`, `stalled`, `stopped_early`, `failed` or
   * `planned`, and `running` while a sweep is at work), `seed`, the columns of {@linkcode PageData.grouping}, `method`,
   * every metric, and `error`.
   */
  readonly runs: DataTable;
  /**
   * One row for each run, task and draw of examples: `run` is the row in {@linkcode PageData.runs}, then
   * `task`, `phase`, `shot_split` and the scores.
   */
  readonly tasks: DataTable;
  /** Whether tasks of one name are different tasks in runs of different seeds. */
  readonly seeds_have_own_tasks: boolean;
  readonly curves: readonly DataCurve[];
  readonly routing: DataRouting | null;
  readonly answers: DataAnswers | null;
  readonly settings: readonly DataSetting[];
  /** What the person asked for. */
  readonly sources: readonly { readonly command: string; readonly yaml: string }[];
  /** The provenance of each run, in the order of {@linkcode PageData.runs}. */
  readonly facts: DataTable;
  /** Sentences that belong above the numbers, such as in what runs differ beside their settings. */
  readonly notes: readonly string[];
  /** Sentences that belong beside the table of cells, such as scores without a model. */
  readonly beside: readonly string[];
  /** Files that are no longer what their runs have written, one line each. */
  readonly changes: readonly string[];
  /** The study that the baseline comes from; null where it is of this one. */
  readonly other: DataOther | null;
  /** Names of the files in `figures/` beside the page; none for a page without files. */
  readonly files: readonly string[];
}

/** Rows as the page keeps them, with some columns, each once; what a row lacks is null. */
export function dataTable(rows: readonly Row[], names: readonly string[]): DataTable {
  const columns = [...new Set(names)];
  return { columns, rows: rows.map((row) => columns.map((name) => row[name] ?? null)) };
}

/** The rows of a table by columns. */
export function rowsOfData({ columns, rows }: DataTable): Record<string, Cell>[] {
  return rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i] ?? null])));
}
