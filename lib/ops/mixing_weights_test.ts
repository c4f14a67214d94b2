import assert from "node:assert/strict";
import { assertClose } from "../testing/assert_close.ts";
import { finiteDifferences } from "../testing/finite_differences.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { wave } from "../testing/wave.ts";
import * as tf from "../tf.ts";
import { straightThrough, sumToOne } from "./mixing_weights.ts";

function byLoops(x: ArrayLike<number>, S: number): number[] {
  return Array.from(x, (value, i) => {
    const row = Array.from(x).slice(i - i % S, i - i % S + S);
    return value / (row.reduce((sum, each) => sum + each, 0) + 1e-12);
  });
}

onEachBackend("sumToOne() divides by the sum and 1e-12, values and gradients", async (on) => {
  const shape: [number, number, number] = [2, 3, 4];
  const values = wave(24, 0.3).map((x) => 0.6 + 0.4 * x);
  const slopes = wave(24, 1.1);
  const x = tf.tensor3d(values, shape);
  const weights = sumToOne(x);
  await assertClose(weights, { shape, data: byLoops(values, 4) }, on.tolerance);
  const dy = tf.tensor3d(slopes, shape);
  const gradient = tf.grad((x: tf.Tensor) => sumToOne(x))(x, dy);
  const expected = finiteDifferences(
    (at) => byLoops(at, 4).reduce((sum, w, i) => sum + w * slopes[i]!, 0),
    values,
  );
  await assertClose(gradient, { shape, data: expected }, on.tolerance);
  tf.dispose([x, weights, dy, gradient]);
});

onEachBackend(
  "sumToOne() fades where amounts are as small as 1e-12",
  async ({ tolerance }) => {
    // PEFT 0.21 on logits of −30 in a row of two: 0.0788 each.
    const small = 1 / (1 + Math.exp(30));
    const x = tf.tensor2d([small, small, 0, 0], [2, 2]);
    const weights = sumToOne(x);
    const each = small / (2 * small + 1e-12);
    await assertClose(weights, { shape: [2, 2], data: [each, each, 0, 0] }, tolerance);
    tf.dispose([x, weights]);
  },
);

onEachBackend("straightThrough() rounds as torch.round() and passes gradients on", async () => {
  const x = tf.tensor2d([0, 0.49, 0.5, 0.51, 0.75, 1], [3, 2]);
  const dy = tf.tensor2d([1, -2, 3, 4, -5, 6], [3, 2]);
  const rounded = straightThrough(x);
  const gradient = tf.grad((x: tf.Tensor) => straightThrough(x))(x, dy);
  assert.deepEqual([...await rounded.data()], [0, 0, 0, 1, 1, 1]);
  assert.deepEqual([...await gradient.data()], [1, -2, 3, 4, -5, 6]);
  tf.dispose([x, dy, rounded, gradient]);
});
