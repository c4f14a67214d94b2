import type { Example } from "./task.ts";

/** Most answers of a task that are taken for a finite set. */
const MOST_CHOICES = 20;
/** Least examples for each answer, on average: what is answered anew each time is no choice. */
const EXAMPLES_PER_CHOICE = 5;
/** An option that an input lists on a line of its own, as in `(A) the cat`. */
const OPTION = /^\s*(\([A-Z]\))\s/gm;

/**
 * The examples of a task with the answers to choose from, where the task has a finite set of them.
 *
 * An example whose input lists lettered options, its answer among them, has those letters as choices.
 * Otherwise the choices are all answers of the task, sorted, when there are 2 to 20 of them and at least
 * five times as many examples. Where one example has neither, all are returned as they are; as are those
 * that have choices.
 *
 * @param examples all examples of one task
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const options = { input: "Which one?\nOptions:\n(A) this\n(B) that", targets: ["(B)"] };
 * assert.deepEqual(withChoices([options])[0]!.choices, ["(A)", "(B)"]);
 * const yesOrNo = Array.from({ length: 10 }, (_, i) => ({ input: `${i}`, targets: [i % 2 ? "yes" : "no"] }));
 * assert.deepEqual(withChoices(yesOrNo)[0]!.choices, ["no", "yes"]);
 * assert.deepEqual(withChoices(yesOrNo.slice(0, 3))[0]!, yesOrNo[0]);
 * ```
 */
export function withChoices(examples: readonly Example[]): Example[] {
  const answers = new Set<string>();
  for (const { targets } of examples) {
    for (const target of targets) if (answers.size <= MOST_CHOICES) answers.add(target);
  }
  const isFinite = answers.size >= 2 && answers.size <= MOST_CHOICES &&
    examples.length >= EXAMPLES_PER_CHOICE * answers.size;
  const all = isFinite ? [...answers].sort() : undefined;
  const chosen = examples.map((example) => example.choices ?? listedOptions(example) ?? all);
  if (chosen.includes(undefined)) return [...examples];
  return examples.map((example, i) => ({ ...example, choices: chosen[i]! }));
}

/** The lettered options that an input lists; undefined when the answers are not among them. */
function listedOptions({ input, targets }: Example): string[] | undefined {
  const options = [...new Set(Array.from(input.matchAll(OPTION), (match) => match[1]!))];
  const isOne = options.length >= 2 && targets.every((target) => options.includes(target));
  return isOne ? options : undefined;
}
