/**
 * Measures whether the gradients of tasks agree, which is how Multi-Head Routing is said to help.
 * The measure by merged factors compares methods fairly.
 */
import type { Task } from "../tasks/task.ts";
import * as tf from "../tf.ts";
import { cosine, dot, mean } from "../util/vectors.ts";
import { disposeGradients, lossAndGradients } from "./gradients.ts";
import type { Trainable } from "./multi_task_model.ts";
import type { TaskExample } from "./task_batch.ts";

/** Agreement of vectors, one for each task. */
export interface Agreement {
  /** Mean cosine over pairs of tasks, in [−1, 1]. */
  readonly gradient_alignment: number;
  /** Share of pairs whose cosine is negative, in [0, 1]. */
  readonly gradient_conflict: number;
  /** Norm of the mean gradient over the mean norm, in [0, 1]. */
  readonly gradient_coherence: number;
}

/** Agreement of the gradients of tasks at one point of training, with respect to the skills. */
export interface GradientAlignment extends Agreement {
  /**
   * Alignment with respect to each task's merged factors A and B, in [−1, 1]. All methods have
   * these factors, no matter how many skills they share: compare methods by this one.
   */
  readonly merged_gradient_alignment: number;
  /**
   * Mean cosine between two halves of one task's examples, with respect to its merged factors, in
   * [−1, 1]: noise reduces even perfect alignment to this value. Null when no task has two
   * examples.
   */
  readonly gradient_reliability: number | null;
}

/**
 * Compares the gradients of each task's mean loss with respect to the skills of all layers, on the
 * same number of examples per task and without routing noise.
 *
 * A method whose tasks share no parameter, such as `private`, has alignment 0 by construction, and
 * the alignment of the others depends on how much the routing makes tasks share. Therefore the
 * alignment is also computed with respect to the merged factors: their gradient is the sum of the
 * skills' gradients, as a task's mixing weights sum to one. A task's gradient is the mean of the
 * gradients of two halves of its examples.
 *
 * Source: the claim is that of Caccia et al. 2023 (arXiv 2211.03831), whose formula is not published;
 * this is the mean pairwise cosine of gᵢ = ∇ Lᵢ, as their description reads.
 *
 * @param tasks at least two; a task's index is its id
 * @param encode turns examples into a batch
 * @param examples number of examples per task, at least 1; tasks with fewer use all of them
 */
export async function gradientAlignment<E, Batch extends object>(
  model: Trainable<Batch>,
  tasks: readonly Pick<Task<E>, "train">[],
  encode: (examples: readonly TaskExample<E>[]) => Batch,
  examples: number,
): Promise<GradientAlignment> {
  const skills = model.trainableParameters("skills");
  const whole: Float32Array[] = [];
  const merged: Float32Array[] = [];
  const reliabilities: number[] = [];
  for (const [taskId, task] of tasks.entries()) {
    const shown = task.train.slice(0, examples).map((example) => ({ taskId, example }));
    const middle = Math.ceil(shown.length / 2);
    const halves: Gradient[] = [];
    for (const half of [shown.slice(0, middle), shown.slice(middle)]) {
      if (half.length > 0) halves.push(await gradientOf(model, encode(half), skills));
    }
    whole.push(meanOf(halves.map(({ skills }) => skills)));
    merged.push(meanOf(halves.map(({ merged }) => merged)));
    if (halves.length === 2) reliabilities.push(cosine(halves[0]!.merged, halves[1]!.merged));
  }
  return {
    ...alignmentOf(whole),
    merged_gradient_alignment: alignmentOf(merged).gradient_alignment,
    gradient_reliability: reliabilities.length === 0 ? null : mean(reliabilities),
  };
}

/** The gradient of one batch's loss as a vector, with the parameters in sequence. */
interface Gradient {
  readonly skills: Float32Array;
  /** The gradient with respect to the factors that skills are merged into. */
  readonly merged: Float32Array;
}

async function gradientOf<Batch extends object>(
  model: Trainable<Batch>,
  batch: Batch,
  parameters: ReadonlyMap<string, tf.Variable>,
): Promise<Gradient> {
  const result = lossAndGradients(() => model.forward(batch).loss, parameters);
  const [skills, merged]: [Float32Array[], Float32Array[]] = [[], []];
  for (const name of parameters.keys()) {
    const gradient = result.gradients.get(name)!;
    skills.push(Float32Array.from(await gradient.data()));
    // Inventories of skills have four axes, [H, S, …].
    const overSkills = tf.tidy(() =>
      gradient.rank === 4 ? tf.sum(gradient, 1) : tf.clone(gradient)
    );
    merged.push(Float32Array.from(await overSkills.data()));
    overSkills.dispose();
  }
  disposeGradients(result);
  return { skills: concatenate(skills), merged: concatenate(merged) };
}

/**
 * Computes alignment, conflict and coherence of vectors.
 *
 * @param gradients at least two, equally long; a vector of zeros has cosine 0 with every other
 *
 * @example Two opposite pairs among orthogonal ones
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const vectors = [[1, 0], [0, 1], [-1, 0]].map((vector) => Float32Array.from(vector));
 * const { gradient_alignment, gradient_conflict } = alignmentOf(vectors);
 * assert.equal(gradient_alignment, -1 / 3);
 * assert.equal(gradient_conflict, 1 / 3);
 * ```
 */
export function alignmentOf(gradients: readonly Float32Array[]): Agreement {
  const norms = gradients.map((gradient) => Math.sqrt(dot(gradient, gradient)));
  let [sum, conflicts, pairs] = [0, 0, 0];
  for (let i = 0; i < gradients.length; i++) {
    for (let j = 0; j < i; j++) {
      const scale = norms[i]! * norms[j]!;
      const agreement = scale === 0 ? 0 : dot(gradients[i]!, gradients[j]!) / scale;
      sum += agreement;
      conflicts += agreement < 0 ? 1 : 0;
      pairs++;
    }
  }
  const center = meanOf(gradients);
  const meanNorm = mean(norms);
  return {
    gradient_alignment: sum / pairs,
    gradient_conflict: conflicts / pairs,
    gradient_coherence: meanNorm === 0 ? 0 : Math.sqrt(dot(center, center)) / meanNorm,
  };
}

/** The mean of at least one vector. */
function meanOf(vectors: readonly Float32Array[]): Float32Array {
  return Float32Array.from(
    vectors[0]!,
    (_, i) => vectors.reduce((sum, vector) => sum + vector[i]!, 0) / vectors.length,
  );
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
