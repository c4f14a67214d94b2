/** Reads what the models of a study answered to test examples, from the files that its runs have kept. */
import { join } from "node:path";
import {
  type KeptPrediction,
  type PredictionPhase,
  readPredictions,
} from "../run/predictions/file.ts";
import { RUNS } from "../sweep/run_folder.ts";
import { whenReading } from "../sweep/store_error.ts";
import type { Study } from "./study.ts";
import { type ColumnTable, type Row, rowsOf, tableOf } from "./table.ts";

/** Which answers of a run are read. */
export interface AnswerFilter {
  /** The model that has answered; null for all. */
  readonly phase: PredictionPhase | null;
  /** Names of tasks; none for all. */
  readonly tasks?: readonly string[];
}

/**
 * The answers of one run, in the order of its file; nothing where it has kept none. A run without a result,
 * which is done again, has none either, whatever a kill has left of it.
 *
 * @param run its row in the table of runs
 * @throws {SyntaxError} when the file is damaged
 * @throws {StoreError} when it cannot be read
 */
export async function* answersOf(
  study: Pick<Study, "dir">,
  { id, status }: Row,
  { phase, tasks = [] }: AnswerFilter,
): AsyncGenerator<KeptPrediction> {
  if (status !== "done" && status !== "diverged") return;
  const dir = join(study.dir, RUNS, String(id));
  try {
    for await (const kept of readPredictions(dir)) {
      const isWanted = (phase === null || kept.phase === phase) &&
        (tasks.length === 0 || tasks.includes(kept.task));
      if (isWanted) yield kept;
    }
  } catch (error) {
    throw whenReading(dir, error);
  }
}

/** Whether an answer is one of the right ones, letter for letter. */
export function isRight({ scores }: Pick<KeptPrediction, "scores">): boolean {
  return scores.exact_match === 1;
}

/**
 * The model whose answers a study compares, by the name of its metric: that of tasks held out, unless
 * the metric says otherwise or no task is held out.
 */
export function comparedPhase({ metric, runs }: Study): PredictionPhase {
  const [, said] = /^(base|start|seen|heldout)_/.exec(metric) ?? [];
  if (said !== undefined) return said as PredictionPhase;
  const holdsOut = rowsOf(runs).some((run) =>
    run.n_heldout_tasks !== 0 && (run.adaptation !== "none" || Number(run.average_steps) > 0)
  );
  return holdsOut ? "heldout" : "seen";
}

/** Settings of {@linkcode predictionsOf}. */
export interface PredictionsOptions {
  /**
   * The model that has answered: `seen`, `base`, `start` or `heldout`; when absent, the one that the
   * study's metric is of.
   */
  readonly phase?: "base" | "seen" | "start" | "heldout";
  /** Name of the one task to read; when absent, all are. */
  readonly task?: string;
  /** Rows of the study's table of runs, such as a filter leaves; when absent, all runs. */
  readonly runs?: ColumnTable;
}

/** The most rows of a table of answers, whose texts are all in memory. */
const MOST_ROWS = 1_000_000;

/**
 * What models answered to test examples: one row per answer, with id, status and varying settings of its
 * run, `task`, `phase`, `shot_split`, `example`, `input`, the right answers as a JSON list in
 * `references`, `answer`, and its scores, such as `exact_match`. Runs of earlier versions and tasks
 * without texts have no rows.
 *
 * @throws {SyntaxError} when a file of answers is damaged
 * @throws {StoreError} when one cannot be read
 * @throws {RangeError} when there are more than a million answers
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { openStudy } from "./study.ts";
 *
 * const study = await openStudy("n_splits"); // it was run before answers were kept
 * const answers = await predictionsOf(study, { phase: "heldout" });
 * assert.equal(answers.filter("d => d.exact_match === 0").numRows(), 0);
 * ```
 */
export async function predictionsOf(
  study: Study,
  { phase = comparedPhase(study), task, runs = study.runs }: PredictionsOptions = {},
): Promise<ColumnTable> {
  const columns = ["id", "status", ...study.varying];
  const filter = { phase, tasks: task === undefined ? [] : [task] };
  const rows: Row[] = [];
  for (const run of rowsOf(runs)) {
    const settings = Object.fromEntries(columns.map((name) => [name, run[name] ?? null]));
    for await (const kept of answersOf(study, run, filter)) {
      if (rows.length === MOST_ROWS) {
        throw new RangeError(
          `Cannot make a table of more than ${MOST_ROWS.toLocaleString("en-US")} answers: pass ` +
            `{ task }, or fewer { runs }`,
        );
      }
      const { split, example, input, references, answer, scores } = kept;
      rows.push({
        ...scores,
        // After the scores: one that is called as another column does not stand for it.
        ...settings,
        ...{ task: kept.task, phase: kept.phase, shot_split: split, example },
        ...{ input, references: JSON.stringify(references), answer },
      });
    }
  }
  const first = [
    ...columns,
    "task",
    "phase",
    "shot_split",
    "example",
    "input",
    "references",
    "answer",
  ];
  return tableOf(rows, [...first, "exact_match"]);
}
