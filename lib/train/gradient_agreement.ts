/**
 * How far the gradients of tasks agree, from their inner products alone: corrected for the noise of few
 * examples, and taken at a loss that methods have in common.
 */
import { mean } from "../util/vectors.ts";

/** Agreement of the gradients of tasks at one point of training. */
export interface GradientAgreement {
  /**
   * Mean cosine over pairs of tasks, corrected for noise: 1 where all point the same way, 0 where they
   * are orthogonal, −1 where they are opposed. An estimate, and so it may leave [−1, 1] a little. Null
   * when the reliability is not positive, or when fewer than two tasks have two halves.
   */
  readonly weight_gradient_alignment: number | null;
  /**
   * Share of negative cosines, in [0, 1], among the pairs of tasks whose cosine has the same sign in
   * both halves of the examples; null when there is none. In noise alone it is one half.
   */
  readonly weight_gradient_conflict: number | null;
  /**
   * Mean reliability of a task's gradient, at most 1: the part of its squared length that two halves of
   * the examples have in common. 1 is free of noise, 0 is nothing but noise. Null when no task has two
   * halves.
   */
  readonly weight_gradient_reliability: number | null;
}

/**
 * The agreement of tasks, of each of which there are two gradients from different examples.
 *
 * Noise shrinks a cosine: with the gradient ḡᵢ of all a task's examples and those of its halves, aᵢ and
 * bᵢ, the reliability is rᵢ = aᵢ·bᵢ / |ḡᵢ|², and the expected cosine of ḡᵢ and ḡⱼ is about √(rᵢ rⱼ) times the
 * true one. So the mean cosine is divided by the mean reliability. Where tasks differ much in reliability
 * this corrects a little too little, as the mean of √(rᵢ rⱼ) is smaller; but that mean cannot be estimated
 * from few examples without exaggerating the correction.
 *
 * The length of the mean gradient over the mean length, called coherence, is not computed: between
 * gradients of one length it is a function of the alignment, and otherwise it tells how unequal they are.
 *
 * Source: Spearman 1904 (correction for attenuation) with the reliability of a test of two halves, which
 * is 2r / (1 + r) of Spearman and Brown where the halves are equally long.
 *
 * @param products inner products of the gradients of halves, a symmetric matrix of 2T rows: rows 2i and
 * 2i + 1 are the halves of task i
 *
 * @example Two tasks at right angles, whose halves differ by noise
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const halves = [[1, 0, 1, 0], [1, 0, -1, 0], [0, 1, 0, 1], [0, 1, 0, -1]];
 * const products = halves.map((a) => halves.map((b) => a.reduce((sum, x, i) => sum + x * b[i]!, 0)));
 * const found = agreementOf(products);
 * assert.equal(found.weight_gradient_reliability, 0);
 * assert.equal(found.weight_gradient_alignment, null);
 * ```
 */
export function agreementOf(products: readonly (readonly number[])[]): GradientAgreement {
  const tasks = Array.from({ length: products.length / 2 }, (_, i) => i);
  const half = (i: number, h: 0 | 1, j: number, k: 0 | 1) => products[2 * i + h]![2 * j + k]!;
  const whole = (i: number, j: number) =>
    (half(i, 0, j, 0) + half(i, 0, j, 1) + half(i, 1, j, 0) + half(i, 1, j, 1)) / 4;
  const share = (part: number, of: number) => of === 0 ? 0 : part / of;
  const reliabilities = tasks.map((i) => share(half(i, 0, i, 1), whole(i, i)));
  const reliability = tasks.length === 0 ? null : mean(reliabilities);
  let [cosines, pairs, same, negative] = [0, 0, 0, 0];
  for (const i of tasks) {
    for (const j of tasks.slice(0, i)) {
      cosines += share(whole(i, j), Math.sqrt(whole(i, i) * whole(j, j)));
      pairs++;
      const [first, second] = [half(i, 0, j, 0), half(i, 1, j, 1)];
      if (first * second <= 0) continue;
      same++;
      if (first < 0) negative++;
    }
  }
  return {
    weight_gradient_alignment: pairs > 0 && reliability! > 0
      ? cosines / pairs / reliability!
      : null,
    weight_gradient_conflict: same === 0 ? null : negative / same,
    weight_gradient_reliability: reliability,
  };
}

/** Agreement at one step of training, beside the validation loss there; null when there is none. */
export type AgreementAt = GradientAgreement & {
  readonly weight_gradient_validation_loss: number | null;
};

/**
 * The agreement where the validation loss first comes down to a given one, so that methods that learn at
 * different speeds are compared when they have learned equally much. Between two measurements the course
 * is taken for a straight line in the loss.
 *
 * @param course what was measured, in the order of steps
 * @returns all null when no two measurements in a row have the loss between them
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const at = (loss: number, alignment: number) => ({
 *   weight_gradient_alignment: alignment,
 *   weight_gradient_conflict: null,
 *   weight_gradient_reliability: 1,
 *   weight_gradient_validation_loss: loss,
 * });
 * const found = agreementAtLoss([at(3, 0.5), at(2, 0.25), at(1, 0)], 1.5);
 * assert.equal(found.weight_gradient_alignment, 0.125);
 * assert.equal(found.weight_gradient_conflict, null);
 * ```
 */
export function agreementAtLoss(course: readonly AgreementAt[], loss: number): AgreementAt {
  const lossOf = (at: AgreementAt | undefined) => at?.weight_gradient_validation_loss ?? Infinity;
  const reached = course.findIndex((at) => lossOf(at) <= loss);
  const [before, after] = [course[reached - 1], course[reached]];
  // From above to below, a share of the way; nothing is known of a way whose beginning was not seen.
  const way = (lossOf(before) - loss) / (lossOf(before) - lossOf(after));
  const between = (key: keyof AgreementAt) => {
    const [from, to] = [before?.[key] ?? null, after?.[key] ?? null];
    return from === null || to === null ? null : from + way * (to - from);
  };
  return {
    weight_gradient_alignment: between("weight_gradient_alignment"),
    weight_gradient_conflict: between("weight_gradient_conflict"),
    weight_gradient_reliability: between("weight_gradient_reliability"),
    weight_gradient_validation_loss: before === undefined || after === undefined ? null : loss,
  };
}
