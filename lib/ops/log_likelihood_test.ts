import { assertClose } from "../testing/assert_close.ts";
import { finiteDifferences } from "../testing/finite_differences.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { wave } from "../testing/wave.ts";
import * as tf from "../tf.ts";
import { logLikelihoods } from "./log_likelihood.ts";

const [N, V] = [4, 3];
const LABELS = [2, 0, -100, 1];
const WEIGHTS = [1, -2, 7, 0.5];

/** The same by plain loops. */
function plain(logits: ArrayLike<number>): number[] {
  return LABELS.map((label, n) => {
    if (label < 0) return 0;
    const row = Array.from({ length: V }, (_, v) => logits[n * V + v]!);
    return row[label]! - Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0));
  });
}

onEachBackend("logLikelihoods() and their gradient equal plain loops", async ({ tolerance }) => {
  const values = wave(N * V, 0.4, 3);
  const logits = tf.tensor2d(values, [N, V]);
  const labels = tf.tensor1d(LABELS, "int32");
  const found = logLikelihoods(logits, labels);
  await assertClose(found, { shape: [N], data: plain(values) }, tolerance);
  const gradient = tf.grad((x) =>
    tf.sum(tf.mul(logLikelihoods(x as tf.Tensor2D, labels), tf.tensor1d(WEIGHTS)))
  )(logits);
  const weighted = (x: ArrayLike<number>) =>
    plain(x).reduce((sum, value, n) => sum + value * WEIGHTS[n]!, 0);
  const expected = finiteDifferences(weighted, values);
  await assertClose(gradient, { shape: [N, V], data: expected }, 10 * tolerance);
  // Far apart, where exp() would overflow.
  const far = tf.tidy(() =>
    logLikelihoods(tf.tensor2d([[1000, 0, -1000]]), tf.tensor1d([1], "int32"))
  );
  await assertClose(far, { shape: [1], data: [-1000] }, tolerance);
  tf.dispose([logits, labels, found, gradient, far]);
});
