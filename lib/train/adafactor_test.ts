import assert from "node:assert/strict";
import { assertClose } from "../testing/assert_close.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import * as tf from "../tf.ts";
import { Adafactor } from "./adafactor.ts";

// A matrix and a vector after each of three steps, from transformers 5.17 with the same gradients; the
// vector has no gradient in the second step.
const FROM_TRANSFORMERS = [
  [
    [0.4789220690727234, -1.2725608348846436, 1.940000057220459],
    [0.8545353412628174, 0.24250000715255737, -0.6119711995124817],
    [0.27000001072883606, -3.0199999809265137],
  ],
  [
    [0.45235559344291687, -1.0543286800384521, 1.8818000555038452],
    [0.7136027812957764, 0.20686191320419312, -0.47814133763313293],
    [0.27000001072883606, -3.0199999809265137],
  ],
  [
    [0.42034751176834106, -0.848339855670929, 1.8253461122512817],
    [0.5776365399360657, 0.14648838341236115, -0.3489002287387848],
    [0.26047101616859436, -3.0399999618530273],
  ],
];

onEachBackend("Adafactor.step() equals transformers, factored and not", async ({ tolerance }) => {
  const [matrix, vector] = tf.tidy(() => [
    tf.variable(tf.tensor([[0.5, -1.5, 2], [1, 0.25, -0.75]])),
    tf.variable(tf.tensor([0.25, -3])),
  ]) as [tf.Variable, tf.Variable];
  const optimizer = new Adafactor([
    { parameters: new Map([["matrix", matrix]]), learningRate: 0.1, weightDecay: 0.3 },
    { parameters: new Map([["vector", vector]]), learningRate: 0.02 },
  ]);
  for (const [t, [row0, row1, expected]] of FROM_TRANSFORMERS.entries()) {
    const gradients = new Map<string, tf.Tensor>([
      ["matrix", tf.tensor([[0.1 * (t + 1), -2, 0], [3, 0.5 * t, -1]])],
    ]);
    if (t !== 1) gradients.set("vector", tf.tensor([t - 1.5, 4]));
    optimizer.step(gradients);
    tf.dispose([...gradients.values()]);
    await assertClose(
      matrix,
      { shape: [2, 3], data: [...row0!, ...row1!] },
      tolerance,
      `step ${t}`,
    );
    await assertClose(vector, { shape: [2], data: expected! }, tolerance, `step ${t}`);
  }
  optimizer.dispose();
  tf.dispose([matrix, vector]);
});

Deno.test("Adafactor refuses settings out of range", () => {
  assert.throws(() => new Adafactor([], { epsilon: 0 }), {
    name: "RangeError",
    message: /got 0, 1/,
  });
  assert.throws(() => new Adafactor([], { decayRate: 0.8 }), { message: /decayRate.*and 0.8/ });
  assert.throws(() => new Adafactor([{ parameters: new Map(), learningRate: NaN }]), {
    message: /Cannot make Adafactor as learning rate/,
  });
});
