import { assertClose } from "../testing/assert_close.ts";
import { finiteDifferences } from "../testing/finite_differences.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { wave } from "../testing/wave.ts";
import * as tf from "../tf.ts";
import { rmsNorm } from "./rms_norm.ts";

const [B, L, D] = [2, 3, 5];
const EPSILON = 0.01; // large, so that leaving it out shows

function naive(x: ArrayLike<number>, weight: ArrayLike<number>): Float64Array {
  const y = new Float64Array(B * L * D);
  for (let position = 0; position < B * L; position++) {
    let square = 0;
    for (let d = 0; d < D; d++) square += x[position * D + d]! ** 2;
    const scale = 1 / Math.sqrt(square / D + EPSILON);
    for (let d = 0; d < D; d++) y[position * D + d] = x[position * D + d]! * scale * weight[d]!;
  }
  return y;
}

onEachBackend("rmsNorm() equals plain loops, and its gradients finite differences", async (on) => {
  const [x, weight, factors] = [wave(B * L * D, 0.3), wave(D, 1.1, 2), wave(B * L * D, 2.2)];
  const loss = (y: Float64Array) => y.reduce((sum, value, i) => sum + value * factors[i]!, 0);
  const tensors = [tf.tensor3d(x, [B, L, D]), tf.tensor1d(weight), tf.tensor3d(factors, [B, L, D])];
  const normed = rmsNorm(tensors[0] as tf.Tensor3D, tensors[1] as tf.Tensor1D, EPSILON);
  const [dx, dw] = tf.grads((x, weight) =>
    tf.sum(tf.mul(rmsNorm(x as tf.Tensor3D, weight as tf.Tensor1D, EPSILON), tensors[2]!))
  )(tensors.slice(0, 2));
  await assertClose(normed, { shape: [B, L, D], data: naive(x, weight) }, on.tolerance);
  await assertClose(
    dx!,
    { shape: [B, L, D], data: finiteDifferences((x) => loss(naive(x, weight)), x) },
    on.tolerance,
    "gradient of x",
  );
  await assertClose(
    dw!,
    { shape: [D], data: finiteDifferences((weight) => loss(naive(x, weight)), weight) },
    on.tolerance,
    "gradient of the weight",
  );
  tf.dispose([...tensors, normed, dx!, dw!]);
});

onEachBackend("rmsNorm() of zeros is zero", async (on) => {
  const normed = tf.tidy(() => rmsNorm(tf.zeros([1, 1, 3]), tf.ones([3]), 1e-6));
  await assertClose(normed, { shape: [1, 1, 3], data: [0, 0, 0] }, on.tolerance);
  normed.dispose();
});
