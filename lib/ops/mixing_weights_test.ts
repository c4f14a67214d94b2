import { assertClose } from "../testing/assert_close.ts";
import { finiteDifferences } from "../testing/finite_differences.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { wave } from "../testing/wave.ts";
import * as tf from "../tf.ts";
import { mixingWeights } from "./mixing_weights.ts";

function byLoops(x: ArrayLike<number>, S: number): number[] {
  return Array.from(x, (value, i) => {
    const row = Array.from(x).slice(i - i % S, i - i % S + S);
    return value / (row.reduce((sum, each) => sum + each, 0) + 1e-12);
  });
}

onEachBackend("mixingWeights() divides by the sum and 1e-12, values and gradients", async (on) => {
  const shape: [number, number, number] = [2, 3, 4];
  const values = wave(24, 0.3).map((x) => 0.6 + 0.4 * x);
  const slopes = wave(24, 1.1);
  const x = tf.tensor3d(values, shape);
  const weights = mixingWeights(x);
  await assertClose(weights, { shape, data: byLoops(values, 4) }, on.tolerance);
  const dy = tf.tensor3d(slopes, shape);
  const gradient = tf.grad((x: tf.Tensor) => mixingWeights(x))(x, dy);
  const expected = finiteDifferences(
    (at) => byLoops(at, 4).reduce((sum, w, i) => sum + w * slopes[i]!, 0),
    values,
  );
  await assertClose(gradient, { shape, data: expected }, on.tolerance);
  tf.dispose([x, weights, dy, gradient]);
});

onEachBackend(
  "mixingWeights() fades where amounts are as small as 1e-12",
  async ({ tolerance }) => {
    // PEFT 0.21 on logits of −30 in a row of two: 0.0788 each.
    const small = 1 / (1 + Math.exp(30));
    const x = tf.tensor2d([small, small, 0, 0], [2, 2]);
    const weights = mixingWeights(x);
    const each = small / (2 * small + 1e-12);
    await assertClose(weights, { shape: [2, 2], data: [each, each, 0, 0] }, tolerance);
    tf.dispose([x, weights]);
  },
);
