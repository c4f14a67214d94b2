import * as tf from "../tf.ts";
import { type Adapter, routersOf } from "./adapter.ts";

/**
 * How unlikely the routing of an adapter is under the prior of an Indian buffet process: −log p(Z), up to
 * constants, summed over routers and splits. It favours few skills that many tasks use.
 *
 * Z is rounded to the skills that a task takes, σ(z) > ½, and the gradient passes the rounding straight
 * through to σ(z). With T tasks, m tasks that use a skill, and K skills of the same history (the same
 * column of Z), a split of a router adds Σ log K! over histories, less Σ [log (T − m)! + log (m − 1)!] over
 * the skills that are used.
 *
 * Equation 4 of the paper has three terms more: −S log α, α Σ 1/t over T tasks, and S log T!, where S
 * counts the skills that are used. They are dropped, as in the papers' code: all are constant wherever the
 * gradient is defined. So the concentration α has no influence on training, and is no setting. Log K! has
 * no gradient either, and stands in the value alone. A skill that no task uses gets no gradient.
 *
 * Source: Ponti et al. 2022 (arXiv 2202.13914), equation 4; McGill-NLP/polytropon d567ea8,
 * src/polytropon/polytropon.py, `neg_log_IBP`. Differs: histories are compared as whole numbers, where the
 * code compares sums that rounding can make unequal; splits, which that code does not have, are
 * allocations of their own.
 *
 * @returns a scalar, differentiable by the routing logits
 *
 * @example A skill that both tasks use, and one that none uses: −log 0! 1! = 0
 * ```ts
 * import assert from "node:assert/strict";
 * import { Mlp } from "../models/mlp/model.ts";
 * import * as tf from "../tf.ts";
 * import { PolyConfig } from "./config.ts";
 * import { makeAdapter } from "./make_adapter.ts";
 *
 * await tf.setBackend("cpu");
 * const sizes = { in_features: 4, hidden_features: [], out_features: 2 };
 * const base = Mlp.fromConfig({ model_type: "mlp", ...sizes }, { seed: 0 });
 * const config = new PolyConfig({ target_modules: ["0"], n_tasks: 2, n_skills: 2 });
 * const { adapter } = makeAdapter(base, "a", config, 0);
 * adapter.layers.get("layers.0")!.router.moduleLogits.assign(tf.tensor2d([[3, -3], [3, -3]]));
 * assert.equal(ibpPenalty(adapter).arraySync(), 0);
 * ```
 */
export function ibpPenalty(adapter: Adapter): tf.Scalar {
  return tf.tidy(() => {
    const terms = [...routersOf(adapter)].map(({ moduleLogits, nSplits }) =>
      penaltyOf(moduleLogits as unknown as tf.Tensor2D, nSplits)
    );
    return terms.reduce((sum, term) => tf.add(sum, term));
  });
}

/** The penalty of one router: of logits `[T, H·S]`, split-major. */
function penaltyOf(logits: tf.Tensor2D, H: number): tf.Scalar {
  const [T, columns] = logits.shape;
  const S = columns / H;
  const { use, slope, same } = tables(T, S);
  const inSplit = Array.from(
    { length: columns },
    (_, i) =>
      Array.from({ length: columns }, (_, j) => Math.floor(i / S) === Math.floor(j / S) ? 1 : 0),
  );
  const operation = tf.customGrad((logits, save) => {
    const p = tf.sigmoid(logits as tf.Tensor2D);
    const Z = tf.cast(tf.greater(p, 0.5), "float32"); // [T, H·S]
    const users = tf.sum(Z, 0); // m, [H·S]
    // Two skills have the same history when as many tasks use both as use either.
    const both = tf.matMul(Z, Z, true); // [H·S, H·S]
    const alike = tf.logicalAnd(
      tf.equal(both, tf.reshape(users, [columns, 1])),
      tf.equal(both, tf.reshape(users, [1, columns])),
    );
    const K = tf.sum(tf.mul(tf.cast(alike, "float32"), tf.tensor2d(inSplit)), 1); // [H·S]
    (save as tf.GradSaveFunc)([p, users]);
    return {
      value: tf.sub(tf.sum(looked(same, K)), tf.sum(looked(use, users))),
      gradFunc(dy: tf.Tensor, saved: tf.Tensor[]) {
        const [p, users] = saved as [tf.Tensor2D, tf.Tensor1D];
        return tf.mul(dy, tf.mul(tf.mul(p, tf.sub(1, p)), looked(slope, users)));
      },
    };
  });
  return operation(logits) as tf.Scalar;
}

/**
 * What a skill adds by its number of users m, in [0, T]: log (T − m)! + log (m − 1)!, and the slope of the
 * negative of it, ψ(T − m + 1) − ψ(m), both 0 for m = 0; and log K! / K by the number K of skills of its
 * history, in [0, S], so that its K skills add up to log K!.
 */
function tables(T: number, S: number) {
  const most = Math.max(T, S);
  const [logFactorial, harmonic] = [[0], [0]];
  for (let n = 1; n <= most; n++) {
    logFactorial.push(logFactorial[n - 1]! + Math.log(n));
    harmonic.push(harmonic[n - 1]! + 1 / n);
  }
  const byUsers = (of: (m: number) => number) =>
    Array.from({ length: T + 1 }, (_, m) => m === 0 ? 0 : of(m));
  return {
    use: byUsers((m) => logFactorial[T - m]! + logFactorial[m - 1]!),
    slope: byUsers((m) => harmonic[T - m]! - harmonic[m - 1]!),
    same: Array.from({ length: S + 1 }, (_, K) => K === 0 ? 0 : logFactorial[K]! / K),
  };
}

/** The entries of a table that whole numbers name. */
function looked(table: readonly number[], at: tf.Tensor): tf.Tensor {
  return tf.gather(tf.tensor1d([...table]), tf.cast(at, "int32"));
}
