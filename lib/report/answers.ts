import type { PredictionPhase } from "../run/predictions/file.ts";
import { answerPlan, shownExamples } from "../tables/shown_answers.ts";
import type { Study } from "../tables/study.ts";
import { printable } from "../util/printable.ts";
import type { DataAnswers } from "./page/data.ts";

/** The most characters of an input and of another text; from the middle of a longer one some are left out. */
const [LONGEST_INPUT, LONGEST_TEXT] = [400, 120];
/** The most right answers to one example. */
const MOST_REFERENCES = 3;

/** Whose answers these are. */
const WHOSE: Readonly<Record<PredictionPhase, string>> = {
  base: "the base model, without an adapter, at the tasks held out",
  seen: "the trained models at the tasks they were trained on",
  start: "the models before their adaptation at the tasks held out",
  heldout: "the adapted models at the tasks held out",
};

/**
 * What models answered to test examples, for the page to show, filter and compare.
 *
 * @returns null where no run has kept answers
 * @throws what {@linkcode answerPlan} and {@linkcode shownExamples} throw
 */
export async function dataAnswers(study: Study): Promise<DataAnswers | null> {
  const plan = answerPlan(study);
  const examples = await shownExamples(study, plan);
  if (examples.length === 0) return null;
  const isCut = examples.some(({ input, answers }) =>
    input.length > LONGEST_INPUT ||
    answers.some((answer) => (answer?.text.length ?? 0) > LONGEST_TEXT)
  );
  return {
    whose: WHOSE[plan.phase],
    left_out: [...plan.leftOut, ...isCut ? ["of long texts both ends"] : []].join(", "),
    cells: plan.cells.map(printable),
    runs: plan.runs.map(({ cell, seed, id }) => ({ cell, seed, id })),
    rows: examples.map(({ task, seed, split, example, input, references, answers }) => [
      ...[printable(task), seed, split, example, shortened(input, LONGEST_INPUT)] as const,
      [
        ...references.slice(0, MOST_REFERENCES).map((text) => shortened(text, LONGEST_TEXT)),
        ...references.length > MOST_REFERENCES
          ? [`(${references.length - MOST_REFERENCES} more)`]
          : [],
      ],
      answers.map((answer) =>
        answer === null
          ? null
          : [shortened(answer.text, LONGEST_TEXT), Number(answer.isRight)] as const
      ),
    ]),
  };
}

/** A text without its middle where it is long: the question may stand at either end. */
function shortened(text: string, longest: number): string {
  if (text.length <= longest) return printable(text);
  const half = longest / 2;
  return printable(`${text.slice(0, half)} […] ${text.slice(-half)}`);
}
