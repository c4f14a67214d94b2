/**
 * Rotary position embeddings. Tables are computed on the host, with the reference's roundings, and
 * layers of a pass share them.
 */
import * as tf from "../tf.ts";
import { differentiate, isFused, runKernel } from "./fused.ts";

/**
 * Cosines and sines of every position's angles; each `[B, 1, L, Dh]`, or `[1, 1, L, Dh]` for all
 * rows.
 */
export interface RotaryTables {
  /** Cosines of the angles. */
  readonly cos: tf.Tensor4D;
  /** Sines of the angles. */
  readonly sin: tf.Tensor4D;
}

const f32 = Math.fround;

/**
 * Cosines and sines for the positions of each row, computed on the host in float32.
 *
 * @param positions `[B][L]`, or one row that all rows share
 * @param angles radians per position, from `inverseFrequencies`
 * @param scale factor of the cosines and sines
 * @returns tables whose second half of features repeats the first; the caller disposes them
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const { cos, sin } = rotaryTables([[0, 1]], Float32Array.of(Math.PI / 2));
 * assert.deepEqual([...sin.dataSync()], [0, 0, 1, 1]);
 * cos.dispose();
 * sin.dispose();
 * ```
 */
export function rotaryTables(
  positions: readonly (readonly number[])[],
  angles: Float32Array,
  scale = 1,
): RotaryTables {
  const [B, L, half] = [positions.length, positions[0]!.length, angles.length];
  const cos = new Float32Array(B * L * 2 * half);
  const sin = new Float32Array(cos.length);
  const factor = f32(scale);
  positions.flat().forEach((position, at) => {
    for (let i = 0; i < half; i++) {
      const turn = f32(position * angles[i]!);
      const first = at * 2 * half + i;
      cos[first] = cos[first + half] = f32(Math.cos(turn)) * factor;
      sin[first] = sin[first + half] = f32(Math.sin(turn)) * factor;
    }
  });
  const shape: [number, number, number, number] = [B, 1, L, 2 * half];
  return { cos: tf.tensor4d(cos, shape), sin: tf.tensor4d(sin, shape) };
}

/**
 * Turns queries or keys by their positions: x · cos + rotateHalf(x) · sin, where feature `i` pairs
 * with feature `i + Dh / 2`. The gradient turns back by the same angles.
 *
 * @param x shape `[B, N, L, Dh]`
 * @returns shape `[B, N, L, Dh]`
 * @throws {RangeError} when the tables have other positions or features than x
 *
 * Source: transformers models/llama/modeling_llama.py, `apply_rotary_pos_emb`.
 *
 * @example A quarter turn takes the pair (1, 2) to (−2, 1)
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const tables = rotaryTables([[1]], Float32Array.of(Math.PI / 2));
 * const turned = rotary(tf.tensor4d([[[[1, 2]]]]), tables).dataSync();
 * assert.deepEqual([...turned].map(Math.round), [-2, 1]);
 * ```
 */
export function rotary(x: tf.Tensor4D, { cos, sin }: RotaryTables): tf.Tensor4D {
  const [B, , L, Dh] = x.shape;
  const [rows, , positions, features] = cos.shape;
  if ((rows !== 1 && rows !== B) || positions !== L || features !== Dh) {
    throw new RangeError(
      `Cannot turn by position as tables must have the rows, positions and features of x: ` +
        `x is [${x.shape}], the tables are [${cos.shape}]`,
    );
  }
  if (isFused("Rotate", x)) {
    return runKernel("Rotate", { x, cos, sin }, { sign: 1 })[0];
  }
  return tf.customGrad((input, save) => {
    (save as tf.GradSaveFunc)([cos, sin]);
    return {
      value: turn(input as tf.Tensor4D, cos, sin),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        tf.tidy(() =>
          turn(dy as tf.Tensor4D, saved[0] as tf.Tensor4D, tf.neg(saved[1] as tf.Tensor4D))
        ),
    };
  })(x) as tf.Tensor4D;
}

differentiate(
  "Rotate",
  { by: ["Rotate"], save: ["cos", "sin"] },
  ({ dy, saved: [cos, sin], attrs: { sign } }) => ({
    x: () => runKernel("Rotate", { x: dy, cos, sin }, { sign: -sign })[0],
  }),
);

function turn(x: tf.Tensor4D, cos: tf.Tensor4D, sin: tf.Tensor4D): tf.Tensor4D {
  const [B, N, L, Dh] = x.shape;
  const half = Dh / 2;
  return tf.tidy(() => {
    const first = tf.slice(x, [0, 0, 0, 0], [B, N, L, half]);
    const second = tf.slice(x, [0, 0, 0, half], [B, N, L, half]);
    const rotated = tf.concat([tf.neg(second), first], 3); // [B, N, L, Dh]
    return tf.add(tf.mul(x, cos), tf.mul(rotated, sin));
  });
}
