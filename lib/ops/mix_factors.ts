import * as tf from "../tf.ts";
import { differentiate, isFused, runKernel } from "./fused.ts";
import { mixSkills } from "./mix_skills.ts";

/**
 * The two low-rank factors of each row: A and B are averaged each on its own, before their product.
 * Letters: `B` rows, `H` splits, `S` skills, `I` and `O` features in and out, `R` rank.
 *
 * Source: tuners/poly/layer.py of PEFT, `Linear.forward`
 *
 * @param weights how much of each skill, shape `[B, H, S]`
 * @param skillsA shape `[H, S, I/H, R]`
 * @param skillsB shape `[H, S, R, O/H]`
 * @returns `A` of shape `[B, I, R]` and `B` of shape `[B, R, O]`, each by {@linkcode mixSkills}
 *
 * @example One split of two skills, all numbers
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const weights = tf.tensor3d([[[0.5, 0.25]]]);
 * const skills = tf.tensor4d([4, 8], [1, 2, 1, 1]);
 * const { A, B } = mixFactors(weights, skills, tf.neg(skills));
 * assert.deepEqual([A.arraySync(), B.arraySync()], [[[[4]]], [[[-4]]]]);
 * ```
 */
export function mixFactors(
  weights: tf.Tensor3D,
  skillsA: tf.Tensor4D,
  skillsB: tf.Tensor4D,
): { readonly A: tf.Tensor3D; readonly B: tf.Tensor3D } {
  if (isFused("MixFactors", weights, skillsA, skillsB)) {
    const [A, B] = runKernel("MixFactors", { weights, skillsA, skillsB }, {});
    return { A, B };
  }
  return {
    A: mixSkills(weights, skillsA, "rows"),
    B: mixSkills(weights, skillsB, "columns"),
  };
}

differentiate(
  "MixFactors",
  {
    by: ["MixFactorsGradSkills", "MixFactorsGradWeights"],
    save: ["weights", "skillsA", "skillsB"],
  },
  ({ dys: [dA, dB], saved: [weights, skillsA, skillsB] }) => {
    const toSkills = (dy: tf.Tensor3D, { shape }: tf.Tensor4D, columns: boolean) =>
      runKernel("MixFactorsGradSkills", { dy, weights }, { shape, columns })[0];
    return {
      weights: () => runKernel("MixFactorsGradWeights", { dA, dB, skillsA, skillsB }, {})[0],
      skillsA: () => toSkills(dA, skillsA, false),
      skillsB: () => toSkills(dB, skillsB, true),
    };
  },
);
