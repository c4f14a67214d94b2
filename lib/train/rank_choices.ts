import * as tf from "../tf.ts";
import type { Example } from "../tasks/task.ts";
import { labelLikelihoods, lengthsOf, targetLogits } from "./answer_likelihood.ts";
import type { EvaluationTask } from "./evaluate.ts";
import type { MultiTaskModel } from "./multi_task_model.ts";
import { encodeExamples, encodeTarget, type Encoding, type TaskExample } from "./task_batch.ts";

/**
 * How likely a model finds each of an example's choices: the mean log-likelihood of the tokens of the
 * choice, its end token among them, in nats. Long choices are so on a level with short ones.
 *
 * Source: rank classification of T0 (Sanh et al. 2022, arXiv 2110.08207), with the length normalisation
 * of T-Few (Liu et al. 2022, arXiv 2205.05638), which the second paper's T0 results use.
 *
 * @param batchSize number of choices in a batch; positive
 * @returns one list for each example, of one number for each of its choices
 * @throws {RangeError} when an example has no choices, or two of them are the same once they are cut to
 * the encoding's largest number of target tokens
 */
export async function choiceLikelihoods(
  model: Pick<MultiTaskModel, "forward">,
  { name, taskId, examples }: EvaluationTask,
  encoding: Encoding,
  batchSize: number,
): Promise<number[][]> {
  const rows: TaskExample[] = [];
  for (const example of examples) {
    const { choices = [] } = example;
    checkChoices(name, choices, encoding);
    for (const choice of choices) rows.push({ taskId, example: { ...example, targets: [choice] } });
  }
  const found: number[] = [];
  for (let start = 0; start < rows.length; start += batchSize) {
    const batch = encodeExamples(rows.slice(start, start + batchSize), encoding);
    const sums = tf.tidy(() => {
      const { logits } = model.forward(batch);
      const target = targetLogits(logits, batch.labels, encoding.isEncoderDecoder);
      return tf.sum(labelLikelihoods(target), 1);
    });
    const lengths = lengthsOf(batch.labels);
    found.push(...[...await sums.data()].map((sum, i) => sum / lengths[i]!));
    sums.dispose();
  }
  let taken = 0;
  return examples.map(({ choices }) => found.slice(taken, taken += choices!.length));
}

/**
 * The choice of the largest likelihood; the first of equals.
 *
 * @param likelihoods one for each choice of the example
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const example = { input: "Is it so?", targets: ["yes"], choices: ["no", "yes", "maybe"] };
 * assert.equal(likeliest(example, [-2, -1, -1]), "yes");
 * ```
 */
export function likeliest({ choices }: Example, likelihoods: readonly number[]): string {
  return choices![likelihoods.indexOf(Math.max(...likelihoods))]!;
}

function checkChoices(name: string, choices: readonly string[], encoding: Encoding): void {
  if (choices.length === 0) {
    throw new RangeError(
      `Cannot rank answers to task "${name}" as each of its examples must have choices: one has none`,
    );
  }
  const cut = choices.map((choice) => `${encodeTarget(choice, encoding)}`);
  const twice = cut.findIndex((ids, i) => cut.indexOf(ids) !== i);
  if (twice >= 0) {
    throw new RangeError(
      `Cannot rank answers to task "${name}" as choices must differ in their first ` +
        `${encoding.maxTargetTokens} tokens: ${
          JSON.stringify(choices[twice])
        } does not; raise max_target_tokens`,
    );
  }
}
