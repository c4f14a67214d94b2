import assert from "node:assert/strict";
import { onEachBackend } from "../testing/on_each_backend.ts";
import * as tf from "../tf.ts";
import { straightThrough } from "./straight_through.ts";

onEachBackend("straightThrough() rounds as torch.round() and passes gradients on", async () => {
  const x = tf.tensor2d([0, 0.49, 0.5, 0.51, 0.75, 1], [3, 2]);
  const dy = tf.tensor2d([1, -2, 3, 4, -5, 6], [3, 2]);
  const rounded = straightThrough(x);
  const gradient = tf.grad((x: tf.Tensor) => straightThrough(x))(x, dy);
  assert.deepEqual([...await rounded.data()], [0, 0, 0, 1, 1, 1]);
  assert.deepEqual([...await gradient.data()], [1, -2, 3, 4, -5, 6]);
  tf.dispose([x, dy, rounded, gradient]);
});
