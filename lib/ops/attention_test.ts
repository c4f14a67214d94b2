import assert from "node:assert/strict";
import { assertClose } from "../testing/assert_close.ts";
import { finiteDifferences } from "../testing/finite_differences.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { wave } from "../testing/wave.ts";
import * as tf from "../tf.ts";
import { attention, maskedBias } from "./attention.ts";

const [B, N, LQ, LK, DH] = [2, 3, 4, 5, 2];
const SCALE = 0.6;

const QUERY = wave(B * N * LQ * DH, 0.1);
const KEY = wave(B * N * LK * DH, 0.5);
const VALUE = wave(B * N * LK * DH, 0.9);
const BIAS = wave(N * LQ * LK, 1.4); // [1, N, LQ, LK]
/** [B, 1, LQ, LK]; query 2 of row 0 sees nothing. */
const MASK = Float32Array.from({ length: B * LQ * LK }, (_, i) => {
  const [row, q, k] = [Math.floor(i / (LQ * LK)), Math.floor(i / LK) % LQ, i % LK];
  return row === 0 && q === 2 ? 0 : (row + 2 * q + k) % 3 === 0 ? 0 : 1;
});

/** The mask for which no query is blind: one that would be sees key 1. */
const OPEN_MASK = MASK.map((seen, i) => Math.floor(i / LK) === 2 && i % LK === 1 ? 1 : seen);

/** `whenBlind` says what a query takes that sees nothing: nothing, or the mean of all. */
function naive(
  query: ArrayLike<number>,
  key: ArrayLike<number>,
  value: ArrayLike<number>,
  bias: ArrayLike<number> | null,
  mask: ArrayLike<number> | null,
  whenBlind: "nothing" | "mean" = "nothing",
  cap = Infinity,
): Float64Array {
  const out = new Float64Array(B * N * LQ * DH);
  for (let bn = 0; bn < B * N; bn++) {
    const [b, n] = [Math.floor(bn / N), bn % N];
    for (let q = 0; q < LQ; q++) {
      const weights = Array.from({ length: LK }, (_, k) => {
        if (mask !== null && mask[(b * LQ + q) * LK + k] === 0) return 0;
        let score = 0;
        for (let d = 0; d < DH; d++) {
          score += SCALE * query[(bn * LQ + q) * DH + d]! * key[(bn * LK + k) * DH + d]!;
        }
        if (cap < Infinity) score = cap * Math.tanh(score / cap);
        if (bias !== null) score += bias[(n * LQ + q) * LK + k]!;
        return Math.exp(score);
      });
      let total = weights.reduce((sum, weight) => sum + weight, 0);
      if (total === 0) {
        if (whenBlind === "mean") weights.fill(1);
        total = LK;
      }
      for (let d = 0; d < DH; d++) {
        for (let k = 0; k < LK; k++) {
          out[(bn * LQ + q) * DH + d]! += weights[k]! / total * value[(bn * LK + k) * DH + d]!;
        }
      }
    }
  }
  return out;
}

function tensors(): [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D, tf.Tensor4D, tf.Tensor4D] {
  return [
    tf.tensor4d(QUERY, [B, N, LQ, DH]),
    tf.tensor4d(KEY, [B, N, LK, DH]),
    tf.tensor4d(VALUE, [B, N, LK, DH]),
    tf.tensor4d(BIAS, [1, N, LQ, LK]),
    tf.tensor4d(MASK, [B, 1, LQ, LK]),
  ];
}

const shape = [B, N, LQ, DH];

onEachBackend("attention() equals plain loops, with and without bias and mask", async (on) => {
  const inputs = tensors();
  const [query, key, value, bias, mask] = inputs;
  for (const [b, m] of [[false, false], [true, false], [false, true], [true, true]]) {
    const out = attention(query, key, value, {
      scale: SCALE,
      bias: b ? bias : undefined,
      mask: m ? mask : undefined,
    });
    const expected = naive(QUERY, KEY, VALUE, b ? BIAS : null, m ? MASK : null);
    await assertClose(out, { shape, data: expected }, on.tolerance, `bias ${b}, mask ${m}`);
    out.dispose();
  }
  tf.dispose(inputs);
});

onEachBackend(
  "attention() bounds scores before bias and mask, and its gradient too",
  async (on) => {
    const [query, key, value, bias, mask] = tensors();
    const cap = 0.3;
    const options = { scale: SCALE, cap, bias, mask };
    const seen = attention(query, key, value, options);
    const expected = naive(QUERY, KEY, VALUE, BIAS, MASK, "nothing", cap);
    await assertClose(seen, { shape, data: expected }, on.tolerance);
    const slope = tf.tidy(() =>
      tf.grad((q: tf.Tensor) =>
        tf.sum(tf.square(attention(q as tf.Tensor4D, key, value, options)))
      )(
        query,
      )
    );
    const data = finiteDifferences(
      (q) => naive(q, KEY, VALUE, BIAS, MASK, "nothing", cap).reduce((sum, y) => sum + y * y, 0),
      QUERY,
    );
    await assertClose(slope, { shape, data }, Math.max(1e-4, on.tolerance));
    tf.dispose([query, key, value, bias, mask, seen, slope]);
  },
);

onEachBackend("attention() gives exactly 0 to a query that its mask blinds", async () => {
  const inputs = tensors();
  const [query, key, value, , mask] = inputs;
  const out = attention(query, key, value, { scale: SCALE, mask });
  const seen = await out.data();
  for (let n = 0; n < N; n++) {
    const at = (n * LQ + 2) * DH;
    assert.deepEqual([...seen.slice(at, at + DH)].map(Math.abs), [0, 0]);
  }
  tf.dispose([...inputs, out]);
});

onEachBackend(
  "maskedBias() blinds as T5 does: such a query takes the mean of all keys",
  async (on) => {
    const inputs = tensors();
    const [query, key, value, bias, mask] = inputs;
    const masked = maskedBias(bias, mask);
    const out = attention(query, key, value, { scale: SCALE, bias: masked });
    const expected = naive(QUERY, KEY, VALUE, BIAS, MASK, "mean");
    await assertClose(out, { shape, data: expected }, on.tolerance);
    tf.dispose([...inputs, masked, out]);
  },
);

for (const form of ["mask", "maskedBias"] as const) {
  onEachBackend(
    `attention() with ${form} has the gradients of finite differences`,
    async (on) => {
      const inputs = tensors();
      const mask = tf.tensor4d(form === "mask" ? MASK : OPEN_MASK, [B, 1, LQ, LK]);
      const factors = tf.tensor4d(
        wave(B * N * LQ * DH, 2.3),
        shape as [number, number, number, number],
      );
      const gradients = tf.grads((query, key, value, bias) => {
        const options = form === "mask" ? { bias, mask } : { bias: maskedBias(bias!, mask) };
        const out = attention(
          query as tf.Tensor4D,
          key as tf.Tensor4D,
          value as tf.Tensor4D,
          { scale: SCALE, ...options } as Parameters<typeof attention>[3],
        );
        return tf.sum(tf.mul(out, factors));
      })(inputs.slice(0, 4));
      const weights = wave(B * N * LQ * DH, 2.3);
      const at = [QUERY, KEY, VALUE, BIAS] as const;
      for (const [i, name] of ["query", "key", "value", "bias"].entries()) {
        const expected = finiteDifferences((values) => {
          const [query, key, value, bias] = at.map((given, j) => i === j ? values : given);
          const out = naive(query!, key!, value!, bias!, form === "mask" ? MASK : OPEN_MASK);
          return out.reduce((sum, y, j) => sum + y * weights[j]!, 0);
        }, at[i]!);
        await assertClose(
          gradients[i]!,
          { shape: inputs[i]!.shape, data: expected },
          on.tolerance,
          `gradient of the ${name}`,
        );
      }
      tf.dispose([...inputs, mask, factors, ...gradients]);
    },
  );
}

onEachBackend("attention() applies dropout to the weights, after the softmax", async (on) => {
  const inputs = tensors();
  const [query, key, value] = inputs;
  let sums: Float32Array | Int32Array | Uint8Array = new Float32Array();
  const read: Promise<unknown>[] = [];
  const out = attention(query, key, value, {
    scale: SCALE,
    dropout(weights) {
      const total = tf.keep(tf.sum(weights, -1));
      read.push(total.data().then((data) => (sums = data, total.dispose())));
      return tf.mul(weights, 2);
    },
  });
  await Promise.all(read);
  await assertClose({ shape: [sums.length], data: sums }, {
    shape: [B * N * LQ],
    data: Array(B * N * LQ).fill(1),
  }, on.tolerance);
  const expected = naive(QUERY, KEY, VALUE, null, null).map((value) => 2 * value);
  await assertClose(out, { shape, data: expected }, on.tolerance);
  tf.dispose([...inputs, out]);
});
