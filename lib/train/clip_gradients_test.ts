import { assertClose } from "../testing/assert_close.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import * as tf from "../tf.ts";
import { clipGradients } from "./clip_gradients.ts";

onEachBackend(
  "clipGradients() bounds the joint norm and keeps the direction",
  async ({ tolerance }) => {
    // ‖(3, 4, 12)‖ = 13
    const gradients = new Map<string, tf.Tensor>([["a", tf.tensor([3, -4])], [
      "b",
      tf.tensor([[12]]),
    ]]);
    for (const [maxNorm, factor] of [[6.5, 0.5], [20, 1], [0, 1]] as const) {
      const { gradients: clipped, norm } = clipGradients(gradients, maxNorm);
      await assertClose(norm, { shape: [], data: [13] }, tolerance);
      await assertClose(
        clipped.get("a")!,
        { shape: [2], data: [3 * factor, -4 * factor] },
        tolerance,
      );
      await assertClose(clipped.get("b")!, { shape: [1, 1], data: [12 * factor] }, tolerance);
      tf.dispose([norm, ...clipped.values()]);
    }
    tf.dispose([...gradients.values()]);
  },
);
