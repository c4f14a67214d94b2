/**
 * Measures whether the gradients of tasks agree, which is how Multi-Head Routing is said to help, in a
 * space that all methods have in common: that of the weights beneath the adapters.
 */
import type { Task } from "../tasks/task.ts";
import type * as tf from "../tf.ts";
import { dot } from "../util/vectors.ts";
import { agreementOf, type GradientAgreement } from "./gradient_agreement.ts";
import { disposeGradients, lossAndGradients } from "./gradients.ts";
import type { Trainable } from "./multi_task_model.ts";
import type { TaskExample } from "./task_batch.ts";

/** The most values of gradients that are held at once; 256 MiB. */
const MOST_VALUES = 2 ** 26;

/**
 * Compares the gradients of each task's mean loss with respect to the weights that adapters stand on, on
 * the same number of examples per task and without routing noise.
 *
 * A layer with an adapter computes x·(W + ΔWᵢ)ᵀ for task i. So the gradient with respect to the frozen
 * weight W is the gradient with respect to the effective weight W + ΔWᵢ, however the method makes ΔWᵢ: it
 * says where a task wants the layer to go. Gradients with respect to the factors of ΔWᵢ do not compare, as
 * their basis may be another one for each task and method. The gradients are of two halves of a task's
 * examples each; {@linkcode agreementOf} corrects their cosine for noise.
 *
 * Source: the claim is that of Caccia et al. 2023 (arXiv 2211.03831), whose formula is not published;
 * this is the mean pairwise cosine of gᵢ = ∇ Lᵢ, as their description reads.
 *
 * @param weights the frozen weights of the adapted layers by name; at least one. A weight that serves
 * elsewhere too, as tied embeddings do, has the gradient of all its uses
 * @param tasks a task's index is its id; one with fewer than two examples does not count
 * @param encode turns examples into a batch
 * @param examples number of examples per task; an odd one out is left aside
 * @param mostValues the most values of gradients that are held at once; where there are more, the passes
 * are repeated for some of the weights at a time
 */
export async function gradientAlignment<E, Batch extends object>(
  model: Pick<Trainable<Batch>, "forward">,
  weights: ReadonlyMap<string, tf.Variable>,
  tasks: readonly Pick<Task<E>, "train">[],
  encode: (examples: readonly TaskExample<E>[]) => Batch,
  examples: number,
  mostValues: number = MOST_VALUES,
): Promise<GradientAgreement> {
  const batches = tasks.flatMap(({ train }, taskId) => {
    const shown = train.slice(0, examples).map((example) => ({ taskId, example }));
    const middle = Math.floor(shown.length / 2);
    if (middle === 0) return [];
    return [encode(shown.slice(0, middle)), encode(shown.slice(middle, 2 * middle))];
  });
  const products = batches.map(() => batches.map(() => 0));
  for (const some of inParts(weights, mostValues / batches.length)) {
    const gradients: Float32Array[][] = [];
    for (const batch of batches) gradients.push(await gradientOf(model, batch, some));
    for (const [a, row] of products.entries()) {
      for (const b of row.keys()) {
        row[b]! += b > a
          ? 0
          : gradients[a]!.reduce((sum, part, i) => sum + dot(part, gradients[b]![i]!), 0);
      }
    }
  }
  return agreementOf(
    products.map((row, a) => row.map((_, b) => products[Math.max(a, b)]![Math.min(a, b)]!)),
  );
}

/** Divides variables into parts of at most so many values each, and at least one variable. */
function inParts(
  variables: ReadonlyMap<string, tf.Variable>,
  most: number,
): Map<string, tf.Variable>[] {
  const parts: Map<string, tf.Variable>[] = [];
  let values = Infinity;
  for (const [name, variable] of variables) {
    if (values + variable.size > most) {
      parts.push(new Map());
      values = 0;
    }
    parts.at(-1)!.set(name, variable);
    values += variable.size;
  }
  return parts;
}

/** The gradient of one batch's loss with respect to each variable, in their order. */
async function gradientOf<Batch extends object>(
  model: Pick<Trainable<Batch>, "forward">,
  batch: Batch,
  variables: ReadonlyMap<string, tf.Variable>,
): Promise<Float32Array[]> {
  const result = lossAndGradients(() => model.forward(batch).loss, variables);
  const gradients: Float32Array[] = [];
  for (const [name, { size }] of variables) {
    const gradient = result.gradients.get(name);
    gradients.push(
      gradient === undefined ? new Float32Array(size) : Float32Array.from(await gradient.data()),
    );
  }
  disposeGradients(result);
  return gradients;
}
