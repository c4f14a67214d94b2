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

onEachBackend("clipGradients() takes as many tensors as a model has", async ({ tolerance }) => {
  const names = Array.from({ length: 60 }, (_, i) => `p${i}`);
  const gradients = new Map(names.map((name) => [name, tf.tensor([3, 4])]));
  const { gradients: clipped, norm } = clipGradients(gradients, 1);
  await assertClose(norm, { shape: [], data: [5 * Math.sqrt(60)] }, tolerance);
  const share = 1 / Math.sqrt(60);
  await assertClose(
    clipped.get("p59")!,
    { shape: [2], data: [0.6 * share, 0.8 * share] },
    tolerance,
  );
  tf.dispose([norm, ...clipped.values(), ...gradients.values()]);
});
