import assert from "node:assert/strict";
import { assertClose } from "../testing/assert_close.ts";
import { finiteDifferences } from "../testing/finite_differences.ts";
import { type BackendUnderTest, onEachBackend } from "../testing/on_each_backend.ts";
import { wave } from "../testing/wave.ts";
import * as tf from "../tf.ts";
import { crossEntropy } from "./cross_entropy.ts";

const [N, V] = [4, 5];
const LABELS = [2, -100, 0, 4];

function naive(logits: ArrayLike<number>, labels: readonly number[], smoothing: number): number {
  let [total, count] = [0, 0];
  for (const [n, label] of labels.entries()) {
    if (label === -100) continue;
    let sum = 0;
    for (let v = 0; v < V; v++) sum += Math.exp(logits[n * V + v]!);
    for (let v = 0; v < V; v++) {
      const share = smoothing / V + (v === label ? 1 - smoothing : 0);
      total -= share * (logits[n * V + v]! - Math.log(sum));
    }
    count++;
  }
  return total / count;
}

/** The loss, and its gradient after the loss was multiplied by 3. */
function lossAndGradient(
  logits: Float32Array,
  labels: readonly number[],
  smoothing?: number,
): [tf.Scalar, tf.Tensor] {
  return tf.tidy(() => {
    const classes = tf.tensor1d([...labels], "int32");
    const x = tf.tensor2d(logits, [labels.length, logits.length / labels.length]);
    const of = (x: tf.Tensor) => crossEntropy(x as tf.Tensor2D, classes, smoothing);
    return [of(x), tf.grad((x: tf.Tensor) => tf.mul(of(x), 3))(x)];
  });
}

for (const smoothing of [0, 0.3]) {
  onEachBackend(
    `crossEntropy() with smoothing ${smoothing} equals plain loops, and its gradient finite differences`,
    async ({ tolerance }: BackendUnderTest) => {
      const logits = wave(N * V, 0.7, 3);
      const [loss, gradient] = lossAndGradient(logits, LABELS, smoothing);
      await assertClose(loss, { shape: [], data: [naive(logits, LABELS, smoothing)] }, tolerance);
      await assertClose(
        gradient,
        {
          shape: [N, V],
          data: finiteDifferences((x) => 3 * naive(x, LABELS, smoothing), logits),
        },
        tolerance,
      );
      tf.dispose([loss, gradient]);
    },
  );
}

onEachBackend("crossEntropy() equals torch 2.13's F.cross_entropy", async ({ tolerance }) => {
  // logits[i][j] = 3 sin(1 + 5i + 2j); expected values printed by torch
  const logits = Float32Array.from(
    { length: N * V },
    (_, k) => 3 * Math.sin(1 + 5 * Math.floor(k / V) + 2 * (k % V)),
  );
  const [plain, g1] = lossAndGradient(logits, LABELS);
  const [smoothed, g2] = lossAndGradient(logits, LABELS, 0.3);
  await assertClose(plain, { shape: [], data: [5.713137149810791] }, tolerance);
  await assertClose(smoothed, { shape: [], data: [4.895108699798584] }, tolerance);
  tf.dispose([plain, g1, smoothed, g2]);
});

onEachBackend("crossEntropy() stays finite at logits of a thousand", async ({ tolerance }) => {
  const [loss, gradient] = lossAndGradient(new Float32Array([1000, 0, -1000, 998]), [1, 0]);
  // row [1000, 0] with label 1 costs 1000; row [−1000, 998] with label 0 costs 1998
  await assertClose(loss, { shape: [], data: [1499] }, tolerance);
  await assertClose(gradient, { shape: [2, 2], data: [1.5, -1.5, -1.5, 1.5] }, tolerance);
  tf.dispose([loss, gradient]);
});

onEachBackend(
  "crossEntropy() without a label is NaN with a gradient of zero, as torch's",
  async () => {
    const [loss, gradient] = lossAndGradient(wave(2 * V, 0.2), [-100, -100]);
    assert.ok(Number.isNaN((await loss.data())[0]));
    assert.deepEqual([...await gradient.data()].map(Math.abs), Array(2 * V).fill(0));
    tf.dispose([loss, gradient]);
  },
);
