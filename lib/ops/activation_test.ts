import assert from "node:assert/strict";
import { assertClose } from "../testing/assert_close.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import * as tf from "../tf.ts";
import { activation } from "./activation.ts";

const POINTS = [-3, -1.25, -0.5, 0, 0.3, 1, 2.75];

/** Values and derivatives at {@linkcode POINTS}, printed by ACT2FN of transformers 5.17.0. */
// deno-fmt-ignore
const EXPECTED: Record<string, readonly [number[], number[]]> = {
  relu: [
    [0, 0, 0, 0, 0.30000001, 1, 2.75],
    [0, 0, 0, 0, 1, 1, 1],
  ],
  gelu: [
    [-0.00405023, -0.13206221, -0.15426877, 0, 0.18537344, 0.84134471, 2.74180579],
    [-0.01194561, -0.12266147, 0.13250491, 0.5, 0.73232776, 1.08331537, 1.02202749],
  ],
  gelu_new: [
    [-0.00363743, -0.1322858, -0.154286, 0, 0.18537094, 0.84119201, 2.74227667],
    [-0.0115843, -0.12249263, 0.13263009, 0.5, 0.73229551, 1.08296406, 1.02194893],
  ],
  silu: [
    [-0.14227761, -0.27837518, -0.18877034, 0, 0.17233276, 0.7310586, 2.58476162],
    [-0.08810411, 0.00631915, 0.26003882, 0.5, 0.64778006, 0.92767054, 1.09522307],
  ],
  quick_gelu: [
    [-0.01807131, -0.1330657, -0.14961156, 0, 0.18748415, 0.84579575, 2.72473001],
    [-0.02454833, -0.09591611, 0.12077808, 0.5, 0.74462575, 1.06777966, 1.03342533],
  ],
};
EXPECTED.gelu_pytorch_tanh = EXPECTED.gelu_new!;
EXPECTED.swish = EXPECTED.silu!;

onEachBackend("activation() equals transformers' ACT2FN in value and derivative", async (on) => {
  for (const [name, [values, derivatives]] of Object.entries(EXPECTED)) {
    const x = tf.tensor1d(POINTS);
    const y = activation(name)(x);
    const dy = tf.grad((x: tf.Tensor) => activation(name)(x))(x);
    await assertClose(y, { shape: [7], data: values }, on.tolerance, name);
    await assertClose(dy, { shape: [7], data: derivatives }, on.tolerance, `derivative of ${name}`);
    tf.dispose([x, y, dy]);
  }
});

Deno.test("activation() refuses an unknown name and names the known ones", () => {
  for (const name of ["glue", "", "toString", "__proto__"]) {
    assert.throws(() => activation(name), {
      name: "RangeError",
      message: new RegExp(`"${name}": known are relu, gelu, gelu_new, .*silu`),
    });
  }
});
