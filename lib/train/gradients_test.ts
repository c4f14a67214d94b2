import assert from "node:assert/strict";
import { assertClose } from "../testing/assert_close.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import * as tf from "../tf.ts";
import { disposeGradients, lossAndGradients } from "./gradients.ts";

onEachBackend(
  "lossAndGradients() differentiates by name and leaves out what the loss does not use",
  async ({ tolerance }) => {
    const [a, b, unused] = tf.tidy(() => [
      tf.variable(tf.tensor([[1, -2, 3]])),
      tf.variable(tf.tensor([[0.5], [4], [-1]])),
      tf.variable(tf.scalar(7)),
    ]) as [tf.Variable, tf.Variable, tf.Variable];
    const result = lossAndGradients(
      // (a·b)² at a·b = −10.5
      () => tf.sum(tf.square(tf.matMul(a as unknown as tf.Tensor2D, b as unknown as tf.Tensor2D))),
      new Map([["first", a], ["second", b], ["unused", unused]]),
    );
    assert.deepEqual([...result.gradients.keys()].sort(), ["first", "second"]);
    await assertClose(result.loss, { shape: [], data: [110.25] }, tolerance);
    await assertClose(
      result.gradients.get("first")!,
      { shape: [1, 3], data: [0.5, 4, -1].map((x) => -21 * x) },
      tolerance,
    );
    await assertClose(
      result.gradients.get("second")!,
      { shape: [3, 1], data: [1, -2, 3].map((x) => -21 * x) },
      tolerance,
    );
    disposeGradients(result);
    tf.dispose([a, b, unused]);
  },
);

Deno.test("lossAndGradients() refuses an empty set of parameters", () => {
  assert.throws(() => lossAndGradients(() => tf.scalar(1), new Map()), {
    name: "RangeError",
    message: /at least one parameter must be trainable/,
  });
});

onEachBackend(
  "lossAndGradients() leaves nothing behind when the loss or its gradient fails",
  () => {
    const w = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
    const parameters = new Map([["w", w]]);
    const failing = tf.customGrad((x) => ({
      value: tf.square(x as tf.Tensor),
      gradFunc: () => {
        throw new RangeError("backward");
      },
    }));
    const before = tf.memory().numTensors;
    const losses: [string, () => tf.Scalar][] = [
      ["forward", () => {
        tf.exp(tf.square(w));
        throw new RangeError("forward");
      }],
      ["backward", () => tf.sum(tf.exp(failing(tf.sigmoid(w)))) as tf.Scalar],
    ];
    for (const [message, loss] of losses) {
      assert.throws(() => lossAndGradients(loss, parameters), { name: "RangeError", message });
      assert.equal(tf.memory().numTensors, before, message);
    }
    disposeGradients(lossAndGradients(() => tf.sum(tf.exp(w)) as tf.Scalar, parameters));
    assert.equal(tf.memory().numTensors, before);
    w.dispose();
  },
);
