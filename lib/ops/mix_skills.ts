/**
 * Mixes the skills of an inventory into low-rank factors: for each split, the sum of the skills by
 * their mixing weights.
 */
import * as tf from "../tf.ts";
import { differentiate, isFused, runKernel } from "./fused.ts";
import { type Run, runsOf } from "../util/runs.ts";

/**
 * Mixes the skills of each split by the mixing weights of each row, then joins the splits. Letters:
 * `B` rows, `H` splits, `S` skills, `X` and `Y` sizes of the matrix of one skill and split.
 *
 * Source: Multi-Head Adapter Routing, arXiv:2211.03831, section 3.1; tuners/poly/layer.py of PEFT,
 * `Linear.forward`
 *
 * @param weights shape `[B, H, S]`
 * @param skills shape `[H, S, X, Y]`
 * @param along whether the splits are joined along rows, as in A, or along columns, as in B
 * @returns shape `[B, H·X, Y]` along rows, `[B, X, H·Y]` along columns
 *
 * @example Two skills of two splits, each a single number
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const weights = tf.tensor3d([[[1, 0], [0.5, 0.5]]]);
 * const skills = tf.tensor4d([2, 4, 6, 8], [2, 2, 1, 1]);
 * assert.deepEqual(mixSkills(weights, skills, "rows").arraySync(), [[[2], [7]]]);
 * assert.deepEqual(mixSkills(weights, skills, "columns").arraySync(), [[[2, 7]]]);
 * ```
 */
export function mixSkills(
  weights: tf.Tensor3D,
  skills: tf.Tensor4D,
  along: "rows" | "columns",
): tf.Tensor3D {
  const [B] = weights.shape;
  const [H, S, X, Y] = skills.shape;
  return tf.tidy(() => {
    const bySplit = tf.transpose(weights, [1, 0, 2]); // [H, B, S]
    const mixed = tf.reshape(
      tf.matMul(bySplit, tf.reshape(skills, [H, S, X * Y])),
      [H, B, X, Y],
    );
    return along === "rows"
      ? tf.reshape(tf.transpose(mixed, [1, 0, 2, 3]), [B, H * X, Y])
      : tf.reshape(tf.transpose(mixed, [1, 2, 0, 3]), [B, X, H * Y]);
  });
}

/**
 * The two low-rank factors of each row: A and B are mixed each on its own, before their product.
 * Letters: `B` rows, `N` inventories of skills, `H` splits, `S` skills, `I` and `O` features in and out,
 * `R` rank.
 *
 * Source: tuners/poly/layer.py of PEFT, `Linear.forward`
 *
 * @param weights mixing weights, shape `[B, H, S]`
 * @param skillsA shape `[N·H, S, I/H, R]`, the inventories one behind another
 * @param skillsB shape `[N·H, S, R, O/H]`
 * @param inventories which inventory each row mixes, each in [0, N), those of the same inventory one
 * behind another; 0 for all when absent
 * @returns `factorA` of shape `[B, I, R]` and `factorB` of shape `[B, R, O]`, each by {@linkcode mixSkills}
 * @throws {RangeError} when rows of the same inventory are apart
 *
 * @example One split of two skills, each a single number
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const weights = tf.tensor3d([[[0.5, 0.25]]]);
 * const skills = tf.tensor4d([4, 8], [1, 2, 1, 1]);
 * const { factorA, factorB } = mixFactors(weights, skills, tf.neg(skills));
 * assert.deepEqual([factorA.arraySync(), factorB.arraySync()], [[[[4]]], [[[-4]]]]);
 * ```
 */
export function mixFactors(
  weights: tf.Tensor3D,
  skillsA: tf.Tensor4D,
  skillsB: tf.Tensor4D,
  inventories: readonly number[] = new Array<number>(weights.shape[0]).fill(0),
): { readonly factorA: tf.Tensor3D; readonly factorB: tf.Tensor3D } {
  const runs = runsOfInventories(inventories);
  if (isFused("MixFactors", weights, skillsA, skillsB)) {
    const inputs = { weights, skillsA, skillsB };
    const [factorA, factorB] = runKernel("MixFactors", inputs, { inventories });
    return { factorA, factorB };
  }
  const [, H, S] = weights.shape;
  const mixed = (skills: tf.Tensor4D, along: "rows" | "columns"): tf.Tensor3D =>
    skills.shape[0] === H
      ? mixSkills(weights, skills, along)
      : tf.tidy(() =>
        tf.concat(runs.map(({ value, first, count }) => {
          const own = tf.slice(skills, [value * H, 0, 0, 0], [H, -1, -1, -1]);
          return mixSkills(tf.slice(weights, [first, 0, 0], [count, H, S]), own, along);
        }))
      );
  return { factorA: mixed(skillsA, "rows"), factorB: mixed(skillsB, "columns") };
}

/**
 * The two low-rank factors of each row whose product is the weighted sum of the skills' products:
 * A·B / (S·R) = Σₛ w[s] · A[s]·B[s] / R. The ranks of all skills lie side by side, so the factors have
 * rank S·R; A holds the weights, times S, as an update is divided by its rank. Letters: `B` rows, `S`
 * skills, `I` and `O` features in and out, `R` rank.
 *
 * Of one split only: the product of two splits' blocks belongs to two routings, and no paper says what its
 * weight would be.
 *
 * Source: Ponti et al. 2022 (arXiv 2202.13914), equation 6, as it reads; mttl c66b20d6, models/adapters.py,
 * `SkilledLoRA_MergeLoraAfterOP`, which is of one split too
 *
 * @param weights mixing weights, shape `[B, 1, S]`
 * @param skillsA shape `[1, S, I, R]`
 * @param skillsB shape `[1, S, R, O]`
 * @returns `factorA` of shape `[B, I, S·R]` and `factorB` of shape `[B, S·R, O]`
 *
 * @example Two skills of rank 1, each a single number: (½·2·3 + ¼·4·5) · 2
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const [A, B] = [tf.tensor4d([2, 4], [1, 2, 1, 1]), tf.tensor4d([3, 5], [1, 2, 1, 1])];
 * const { factorA, factorB } = joinSkills(tf.tensor3d([[[0.5, 0.25]]]), A, B);
 * assert.deepEqual(tf.matMul(factorA, factorB).arraySync(), [[[(3 + 5) * 2]]]);
 * ```
 */
export function joinSkills(
  weights: tf.Tensor3D,
  skillsA: tf.Tensor4D,
  skillsB: tf.Tensor4D,
): { readonly factorA: tf.Tensor3D; readonly factorB: tf.Tensor3D } {
  const [U, , S] = weights.shape;
  const [, , I, R] = skillsA.shape;
  const O = skillsB.shape[3];
  return tf.tidy(() => {
    const weighted = tf.mul(tf.mul(tf.reshape(weights, [U, S, 1, 1]), S), skillsA); // [B, S, I, R]
    const factorA: tf.Tensor3D = tf.reshape(tf.transpose(weighted, [0, 2, 1, 3]), [U, I, S * R]);
    const factorB = tf.mul(tf.ones([U, 1, 1]), tf.reshape(skillsB, [1, S * R, O])) as tf.Tensor3D;
    return { factorA, factorB };
  });
}

/** The runs of rows of the same inventory. */
function runsOfInventories(inventories: readonly number[]): Run[] {
  const runs = runsOf(inventories);
  if (new Set(runs.map(({ value }) => value)).size !== runs.length) {
    throw new RangeError(
      `Cannot mix skills as rows of the same inventory must follow one another: ` +
        `got inventories ${inventories.join(", ")}`,
    );
  }
  return runs;
}

/** The skills of one layer. */
export interface Inventory {
  /** Shape `[N·H, S, I/H, R]`. */
  readonly skillsA: tf.Tensor4D;
  /** Shape `[N·H, S, R, O/H]`. */
  readonly skillsB: tf.Tensor4D;
}

/** The mixing of many layers of one adapter. Letters as in {@linkcode mixFactors}; `M` layers. */
export interface MixingOfLayers {
  /** Mixing weights of each layer, shape `[M, B, H, S]`. */
  readonly weights: tf.Tensor4D;
  /** The skills of each layer, of any features and ranks. */
  readonly layers: readonly Inventory[];
  /** Which inventory each row mixes. */
  readonly inventories: readonly number[];
}

/**
 * The low-rank factors of many layers: what {@linkcode mixFactors} gives for each, the rows of several
 * adapters one behind another.
 *
 * @param adapters of the same layers, features and ranks; rows, splits and skills are each one's own
 * @returns factors of each layer, in their order
 * @throws {RangeError} when rows of the same inventory are apart
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const weights = tf.tensor4d([0.5, 0.25, 1, 0], [2, 1, 1, 2]);
 * const [skillsA, skillsB] = [tf.tensor4d([4, 8], [1, 2, 1, 1]), tf.tensor4d([2, 4], [1, 2, 1, 1])];
 * const layers = [{ skillsA, skillsB }, { skillsA, skillsB }];
 * const factors = mixFactorsOfAll([{ weights, layers, inventories: [0] }]);
 * assert.deepEqual(factors.map(({ factorA }) => factorA.arraySync()), [[[[4]]], [[[4]]]]);
 * assert.deepEqual(factors.map(({ factorB }) => factorB.arraySync()), [[[[2]]], [[[2]]]]);
 * ```
 */
export function mixFactorsOfAll(
  adapters: readonly MixingOfLayers[],
): { readonly factorA: tf.Tensor3D; readonly factorB: tf.Tensor3D }[] {
  for (const { inventories } of adapters) runsOfInventories(inventories);
  const count = adapters[0]!.layers.length;
  const inputs = adapters.flatMap(({ weights, layers }) => [
    weights,
    ...layers.flatMap(({ skillsA, skillsB }) => [skillsA, skillsB]),
  ]);
  if (isFused("MixAll", ...inputs)) {
    const attrs = { inventories: adapters.map(({ inventories }) => inventories) };
    const made = runKernel("MixAll", { ...inputs }, attrs) as tf.Tensor3D[];
    return Array.from(
      { length: count },
      (_, i) => ({ factorA: made[2 * i]!, factorB: made[2 * i + 1]! }),
    );
  }
  return Array.from({ length: count }, (_, i) =>
    tf.tidy(() => {
      const own = adapters.map(({ weights, layers, inventories }) => {
        const [, B, H, S] = weights.shape;
        const { skillsA, skillsB } = layers[i]!;
        const ofLayer: tf.Tensor3D = tf.reshape(
          tf.slice(weights, [i, 0, 0, 0], [1, B, H, S]),
          [B, H, S],
        );
        return mixFactors(ofLayer, skillsA, skillsB, inventories);
      });
      return own.length === 1 ? own[0]! : {
        factorA: tf.concat(own.map(({ factorA }) => factorA)),
        factorB: tf.concat(own.map(({ factorB }) => factorB)),
      };
    }));
}

differentiate(
  "MixAll",
  { by: ["MixAllGrad"], saveAll: true },
  ({ dys, all, attrs }) => {
    const gradients = runKernel("MixAllGrad", { ...[...all, ...dys] }, attrs);
    return Object.fromEntries(gradients.map((gradient, i) => [i, () => gradient]));
  },
);

differentiate(
  "MixFactors",
  {
    by: ["MixFactorsGradSkills", "MixFactorsGradWeights"],
    save: ["weights", "skillsA", "skillsB"],
  },
  ({ dys: [dA, dB], saved: [weights, skillsA, skillsB], attrs: { inventories } }) => {
    const toSkills = (dy: tf.Tensor3D, { shape }: tf.Tensor4D, columns: boolean) =>
      runKernel("MixFactorsGradSkills", { dy, weights }, { shape, columns, inventories })[0];
    const inputs = { dA, dB, skillsA, skillsB };
    return {
      weights: () => runKernel("MixFactorsGradWeights", inputs, { inventories })[0],
      skillsA: () => toSkills(dA, skillsA, false),
      skillsB: () => toSkills(dB, skillsB, true),
    };
  },
);
