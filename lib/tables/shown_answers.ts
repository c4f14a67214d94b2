/** Which of a study's answers its page shows: enough to look into, and never more than a page can carry. */
import type { KeptPrediction, PredictionPhase } from "../run/predictions/file.ts";
import { bestGroupsFirst, directionOf } from "./direction.ts";
import { measureGroups, settingsLabel } from "./groups.ts";
import { answersOf, comparedPhase, isRight } from "./predictions.ts";
import type { Study } from "./study.ts";
import type { Row } from "./table.ts";
import { otherSettings } from "./varying.ts";

/** The most answers of a page, and the most cells whose answers it has. */
const [MOST_ANSWERS, MOST_CELLS] = [5000, 24];

/** A run whose answers are shown. */
export interface ShownRun {
  readonly id: string;
  /** The place of its cell among those that are shown. */
  readonly cell: number;
  readonly seed: number;
}

/** Which answers are shown; the same study gives the same. */
export interface AnswerPlan {
  /** The model that has answered. */
  readonly phase: PredictionPhase;
  /** Labels of the cells, best first where the metric has a direction. */
  readonly cells: readonly string[];
  readonly runs: readonly ShownRun[];
  /** How many of the test examples of each task. */
  readonly examples: number;
  /** What is left out, as sentences. */
  readonly leftOut: readonly string[];
}

/** One test example, with what each cell answered. */
export interface ShownExample {
  readonly task: string;
  readonly seed: number;
  readonly split: number;
  readonly example: number;
  readonly input: string;
  readonly references: readonly string[];
  /** By cell; null where it has none. */
  readonly answers: readonly (ShownAnswer | null)[];
}

/** The answer of one cell. */
export interface ShownAnswer {
  readonly text: string;
  readonly isRight: boolean;
}

/**
 * Chooses what is shown: the cells that are best by the study's metric, or the first where it has no
 * direction, of each as many seeds as there is
 * room for, and of the first seed as many examples of each task.
 *
 * @throws {RangeError} when runs are done and lack the metric
 */
export function answerPlan(study: Study): AnswerPlan {
  const phase = comparedPhase(study);
  const groups = bestGroupsFirst(
    measureGroups(study.runs, study.metric, otherSettings(study.runs, [])),
    study.metric,
  );
  const done = groups.flatMap(({ points }) => points.map(({ row }) => row));
  const most = (of: (run: Row) => number) => Math.max(1, ...done.map(of));
  const tasks = most((run) => tasksOf(run, phase));
  const nTest = most(({ n_test }) => Number(n_test));
  const nCells = Math.min(groups.length, MOST_CELLS, Math.max(1, Math.floor(MOST_ANSWERS / tasks)));
  const shown = groups.slice(0, nCells);
  const seeds = [
    ...new Set(shown.flatMap(({ points }) => points.map(({ row }) => Number(row.seed)))),
  ]
    .sort((a, b) => a - b);
  const room = Math.floor(MOST_ANSWERS / (nCells * tasks));
  const nSeeds = Math.max(1, Math.floor(room / nTest));
  const examples = nSeeds > 1 ? nTest : Math.max(1, Math.min(nTest, room));
  const isShown = new Set(seeds.slice(0, nSeeds));
  const which = directionOf(study.metric) === null ? "first" : "best";
  return {
    phase,
    cells: shown.map(({ settings }) => settingsLabel(settings) || "the one cell"),
    runs: shown.flatMap(({ points }, cell) =>
      points.map(({ row }) => ({ id: String(row.id), cell, seed: Number(row.seed) }))
        .filter(({ seed }) => isShown.has(seed))
    ),
    examples,
    leftOut: [
      ...nCells < groups.length ? [`the ${which} ${nCells} of ${groups.length} cells`] : [],
      ...nSeeds < seeds.length ? [`${nSeeds} of ${seeds.length} seeds`] : [],
      ...examples < nTest ? [`the first ${examples} of ${nTest} examples of each task`] : [],
    ],
  };
}

/** How many tasks a run answers in a phase, each with its draws of examples. */
function tasksOf({ n_tasks, n_heldout_tasks, shot_splits }: Row, phase: PredictionPhase): number {
  if (phase === "seen") return Number(n_tasks);
  return Number(n_heldout_tasks) * (phase === "base" ? 1 : Number(shot_splits));
}

/** The answers of one run that are shown, in the order of its file. */
export async function* shownAnswersOf(
  study: Pick<Study, "dir">,
  { phase, examples }: AnswerPlan,
  id: string,
): AsyncGenerator<KeptPrediction> {
  let count = 0;
  for await (const kept of answersOf(study, { id, status: "done" }, { phase })) {
    if (kept.example >= examples) continue;
    if (++count > MOST_ANSWERS) return;
    yield kept;
  }
}

/**
 * The examples of a plan with the answers of every cell, by task, seed, draw and place; none where no
 * run has kept answers.
 *
 * @throws {SyntaxError} when a file of answers is damaged
 * @throws {StoreError} when one cannot be read
 */
export async function shownExamples(study: Study, plan: AnswerPlan): Promise<ShownExample[]> {
  const found = new Map<string, ShownExample & { answers: (ShownAnswer | null)[] }>();
  for (const { id, cell, seed } of plan.runs) {
    for await (const kept of shownAnswersOf(study, plan, id)) {
      const { task, split, example, input, references } = kept;
      // Texts too: cells whose tasks differ have no example in common.
      const key = JSON.stringify([seed, task, split, example, input, references]);
      const shown = found.get(key) ?? {
        ...{ task, seed, split, example, input, references },
        answers: plan.cells.map(() => null),
      };
      shown.answers[cell] = { text: kept.answer, isRight: isRight(kept) };
      found.set(key, shown);
    }
  }
  return [...found.values()].sort((a, b) =>
    (a.task < b.task ? -1 : a.task > b.task ? 1 : 0) ||
    a.seed - b.seed || a.split - b.split || a.example - b.example
  );
}
