import assert from "node:assert/strict";
import * as tf from "../tf.ts";
import { checkTensors } from "./check_tensors.ts";

Deno.test("checkTensors() accepts what fits and lists all that does not", async () => {
  await tf.setBackend("cpu");
  const shapes = new Map([["a", [2, 3]], ["b", [4]], ["c", [5]]]);
  const good = { a: tf.zeros([2, 3]), b: tf.zeros([4]), c: tf.zeros([5]) };
  checkTensors("Mlp", shapes, new Map(Object.entries(good)));
  const bad = { a: tf.zeros([3, 2]), b: tf.zeros([4, 1]), d: tf.zeros([1]), e: tf.zeros([1]) };
  assert.throws(() => checkTensors("Mlp", shapes, new Map(Object.entries(bad))), {
    name: "RangeError",
    message: "Cannot make a Mlp of these tensors: missing are c; unexpected are d, e; " +
      "a is [3,2] and must be [2,3]; b is [4,1] and must be [4]",
  });
  const whole = tf.zeros([5], "int32");
  assert.throws(() => checkTensors("Mlp", shapes, new Map(Object.entries({ ...good, c: whole }))), {
    name: "TypeError",
    message: "Cannot make a Mlp of these tensors as weights must be float32: c is int32",
  });
  tf.dispose([good, bad, whole]);
});
