import assert from "node:assert/strict";
import { assertClose } from "../testing/assert_close.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import * as tf from "../tf.ts";
import { AdamW } from "./adamw.ts";

// Parameters after each of four steps, from torch.optim.AdamW 2.13 with the same gradients; the second
// parameter has no gradient in the second step.
const FROM_TORCH = [
  [[0.3850000202655792, -1.3550000190734863, 1.940000057220459], [[0.27000001072883606]]],
  [[0.2769318222999573, -1.2143499851226807, 1.8818000555038452], [[0.27000001072883606]]],
  [[0.17282378673553467, -1.0779194831848145, 1.8253461122512817], [[0.27800437808036804]]],
  [[0.07159804552793503, -0.9455819129943848, 1.7705857753753662], [[0.2736935317516327]]],
];

onEachBackend(
  "AdamW.step() equals torch, group by group, gradient or none",
  async ({ tolerance }) => {
    const [p, q] = [parameter([0.5, -1.5, 2]), parameter([[0.25]])];
    const optimizer = new AdamW([
      { parameters: new Map([["p", p]]), learningRate: 0.1, weightDecay: 0.3 },
      { parameters: new Map([["q", q]]), learningRate: 0.02 },
    ]);
    const initial = tf.memory().numTensors;
    for (const [t, [expectedP, expectedQ]] of FROM_TORCH.entries()) {
      const gradients = new Map<string, tf.Tensor>([["p", tf.tensor([0.1 * (t + 1), -2, 0])]]);
      if (t !== 1) gradients.set("q", tf.tensor([[t - 1.5]]));
      optimizer.step(gradients);
      for (const gradient of gradients.values()) gradient.dispose();
      await assertClose(
        p,
        { shape: [3], data: expectedP as number[] },
        tolerance,
        `p at step ${t}`,
      );
      await assertClose(q, { shape: [1, 1], data: expectedQ!.flat() }, tolerance, `q at step ${t}`);
    }
    assert.equal(
      tf.memory().numTensors,
      initial + 4,
      "two moments for each parameter, nothing else",
    );
    optimizer.dispose();
    tf.dispose([p, q]);
  },
);

function parameter(values: number[] | number[][]): tf.Variable {
  return tf.tidy(() => tf.variable(tf.tensor(values)));
}

Deno.test("AdamW refuses settings out of range and a parameter in two groups", () => {
  const parameters = new Map<string, tf.Variable>([["w", null as unknown as tf.Variable]]);
  assert.throws(() => new AdamW([], { beta1: 1 }), { name: "RangeError", message: /beta1.*got 1/ });
  assert.throws(() => new AdamW([], { beta2: -0.1 }), { name: "RangeError", message: /beta2/ });
  assert.throws(() => new AdamW([], { epsilon: NaN }), { name: "RangeError", message: /epsilon/ });
  assert.throws(() => new AdamW([{ parameters, learningRate: -1 }]), { message: /got -1 and 0/ });
  assert.throws(
    () => new AdamW([{ parameters, learningRate: 1 }, { parameters, learningRate: 1 }]),
    { name: "RangeError", message: /"w" must be in one group only/ },
  );
});
