import type { PredictionPhase } from "../run/predictions/file.ts";
import {
  type AnswerPlan,
  answerPlan,
  type ShownExample,
  shownExamples,
} from "../tables/shown_answers.ts";
import type { Study } from "../tables/study.ts";
import { escapeXml } from "../util/escape_xml.ts";
import { printable } from "../util/printable.ts";

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
 * The section of the report with what models answered to test examples: the examples as data, for the
 * report's script to show, filter and compare.
 *
 * @returns null where no run has kept answers
 * @throws what {@linkcode answerPlan} and {@linkcode shownExamples} throw
 */
export async function answersSection(study: Study): Promise<string | null> {
  const plan = answerPlan(study);
  const examples = await shownExamples(study, plan);
  if (examples.length === 0) return null;
  const isCut = examples.some(({ input, answers }) =>
    input.length > LONGEST_INPUT ||
    answers.some((answer) => (answer?.text.length ?? 0) > LONGEST_TEXT)
  );
  const shown = [...plan.leftOut, ...isCut ? ["of long texts both ends"] : []];
  const left = shown.length === 0
    ? ""
    : ` Shown here: ${shown.join(", ")}. <code>deno task predictions</code> shows all.`;
  return `<p>What ${
    escapeXml(WHOSE[plan.phase])
  } wrote to test examples. An answer is right where it is ` +
    `one of the right answers, letter for letter; two cells are compared on the same examples of the ` +
    `same seed.${left}</p>
<noscript><p>A script shows them here; without it, <code>deno task predictions</code> does.</p></noscript>
<script type="application/json" id="answers-data">${dataOf(plan, examples)}</script>
<div class="answers" hidden>
<div class="filter">
<label>Answers of A <select name="a"></select></label>
<label>against B <select name="b"></select></label>
<label>Task <select name="task"></select></label>
<label>Show <select name="show"></select></label>
</div>
<div class="counts"></div>
<p><output aria-live="polite"></output></p>
<div class="scroll" role="region" aria-label="answers" tabindex="0">
<table role="table"><thead role="rowgroup"></thead><tbody role="rowgroup"></tbody></table></div>
<p><button type="button" name="more" hidden></button></p>
</div>`;
}

/** The examples as JSON in which no text can end the element that it stands in. */
function dataOf({ cells, phase }: AnswerPlan, examples: readonly ShownExample[]): string {
  const rows = examples.map(({ task, seed, split, example, input, references, answers }) => [
    ...[printable(task), seed, split, example, shortened(input, LONGEST_INPUT)],
    [
      ...references.slice(0, MOST_REFERENCES).map((text) => shortened(text, LONGEST_TEXT)),
      ...references.length > MOST_REFERENCES
        ? [`(${references.length - MOST_REFERENCES} more)`]
        : [],
    ],
    answers.map((answer) =>
      answer === null ? null : [shortened(answer.text, LONGEST_TEXT), Number(answer.isRight)]
    ),
  ]);
  return JSON.stringify({ phase, cells: cells.map(printable), rows }).replaceAll("<", "\\u003c");
}

/** A text without its middle where it is long: the question may stand at either end. */
function shortened(text: string, longest: number): string {
  if (text.length <= longest) return printable(text);
  const half = longest / 2;
  return printable(`${text.slice(0, half)} […] ${text.slice(-half)}`);
}
