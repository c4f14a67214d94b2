import { assertClose } from "../testing/assert_close.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { wave } from "../testing/wave.ts";
import * as tf from "../tf.ts";
import { scatter } from "./scatter.ts";

onEachBackend(
  "scatter() puts values at their places, and takes their gradients there",
  async (on) => {
    const [S, K, N] = [3, 4, 11];
    const places = Int32Array.of(10, 0, 3, 7, 1, 2, 9, 4, 5, 8, 6, 0);
    const [given, coefficients] = [wave(S * K, 0.2), wave(S * N, 0.8)];
    const values = tf.tidy(() => tf.variable(tf.tensor2d(given, [S, K])));
    const rows = new Float32Array(S * N);
    const slopes = new Float32Array(S * K);
    for (const [i, place] of places.entries()) {
      const at = Math.floor(i / K) * N + place;
      rows[at] = given[i]!;
      slopes[i] = coefficients[at]!;
    }
    const found = scatter(values as unknown as tf.Tensor2D, places, N);
    await assertClose(found, { shape: [S, N], data: rows }, on.tolerance);
    const { value, grads } = tf.variableGrads(
      () =>
        tf.sum(
          tf.mul(
            scatter(values as unknown as tf.Tensor2D, places, N),
            tf.tensor2d(coefficients, [S, N]),
          ),
        ) as tf.Scalar,
      [values],
    );
    await assertClose(grads[values.name]!, { shape: [S, K], data: slopes }, on.tolerance);
    tf.dispose([values, found, value, ...Object.values(grads)]);
  },
);
