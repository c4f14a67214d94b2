import type { Task } from "../tasks/task.ts";
import { disposeGradients, lossAndGradients } from "../train/gradients.ts";
import type { Trainable } from "../train/multi_task_model.ts";
import type { TaskExample } from "../train/task_batch.ts";

/** How the gradients of tasks agree at one point of training. */
export interface GradientAlignment {
  /** Mean cosine over pairs of tasks, in [−1, 1]. */
  readonly gradient_alignment: number;
  /** Share of pairs whose cosine is negative, in [0, 1]. */
  readonly gradient_conflict: number;
  /** Norm of the mean gradient over the mean norm, in [0, 1]. */
  readonly gradient_coherence: number;
}

/**
 * Compares the gradients of each task's mean loss with respect to the skills of all layers, on the
 * same number of examples per task and without routing noise.
 *
 * A method whose tasks share no parameter, such as `private`, has alignment 0 by construction.
 *
 * Source: the claim is that of Caccia et al. 2023 (arXiv 2211.03831), whose formula is not published;
 * this is the mean pairwise cosine of gᵢ = ∇ Lᵢ, as their description reads.
 *
 * @param tasks at least two; a task's index is its id
 * @param encode makes a batch of examples
 * @param examples per task; tasks with fewer give all they have
 * @param isSkill which parameters are compared, by name
 */
export async function gradientAlignment<E, Batch extends object>(
  model: Trainable<Batch>,
  tasks: readonly Pick<Task<E>, "train">[],
  encode: (examples: readonly TaskExample<E>[]) => Batch,
  examples: number,
  isSkill: (name: string) => boolean,
): Promise<GradientAlignment> {
  const skills = new Map([...model.trainableParameters()].filter(([name]) => isSkill(name)));
  const gradients: Float32Array[] = [];
  for (const [taskId, task] of tasks.entries()) {
    const batch = encode(task.train.slice(0, examples).map((example) => ({ taskId, example })));
    const result = lossAndGradients(() => model.forward(batch).loss, skills);
    const parts: Float32Array[] = [];
    for (const name of skills.keys()) {
      parts.push(Float32Array.from(await result.gradients.get(name)!.data()));
    }
    gradients.push(concatenate(parts));
    disposeGradients(result);
  }
  return alignmentOf(gradients);
}

/**
 * The three numbers of vectors that are given.
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
export function alignmentOf(gradients: readonly Float32Array[]): GradientAlignment {
  const norms = gradients.map((gradient) => Math.sqrt(dot(gradient, gradient)));
  let [sum, conflicts, pairs] = [0, 0, 0];
  for (let i = 0; i < gradients.length; i++) {
    for (let j = 0; j < i; j++) {
      const scale = norms[i]! * norms[j]!;
      const cosine = scale === 0 ? 0 : dot(gradients[i]!, gradients[j]!) / scale;
      sum += cosine;
      conflicts += cosine < 0 ? 1 : 0;
      pairs++;
    }
  }
  const mean = new Float64Array(gradients[0]!.length);
  for (const gradient of gradients) {
    gradient.forEach((value, i) => mean[i]! += value / gradients.length);
  }
  const meanNorm = norms.reduce((total, norm) => total + norm, 0) / norms.length;
  return {
    gradient_alignment: sum / pairs,
    gradient_conflict: conflicts / pairs,
    gradient_coherence: meanNorm === 0 ? 0 : Math.sqrt(dot(mean, mean)) / meanNorm,
  };
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
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
