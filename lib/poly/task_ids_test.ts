import assert from "node:assert/strict";
import { onEachBackend } from "../testing/on_each_backend.ts";
import * as tf from "../tf.ts";
import { checkTaskIds, readTaskIds, type TaskIds } from "./task_ids.ts";

onEachBackend("readTaskIds() reads arrays and int32 tensors of every shape for rows", () => {
  const tensors = [
    tf.tensor1d([2, 0, 1], "int32"),
    tf.tensor2d([[2], [0], [1]], [3, 1], "int32"),
    tf.scalar(2, "int32"),
  ];
  assert.deepEqual(tensors.map(readTaskIds), [[2, 0, 1], [2, 0, 1], [2]]);
  assert.deepEqual(readTaskIds([5, 5]), [5, 5]);
  tf.dispose(tensors);
});

Deno.test("readTaskIds() refuses what is missing", () => {
  for (const missing of [undefined, null]) {
    assert.throws(() => readTaskIds(missing), {
      name: "TypeError",
      message: /^task_ids should not be None.*taskIds/,
    });
  }
});

Deno.test("readTaskIds() refuses rows that are not integers", async () => {
  await tf.setBackend("cpu");
  const tensors = [
    tf.tensor1d([0, 1]),
    tf.tensor1d([true, false], "bool"),
    tf.tensor2d([[0, 1]], [1, 2], "int32"),
    tf.tensor3d([0], [1, 1, 1], "int32"),
  ];
  const wrong = [...tensors, [0.5], ["0"], [[0], [1]], [NaN], [null], [true], 2, "0", {}];
  for (const ids of wrong) {
    assert.throws(() => readTaskIds(ids as TaskIds), TypeError, String(ids));
  }
  const none = tf.tensor1d([], "int32");
  for (const ids of [[], none]) {
    assert.throws(() => readTaskIds(ids), { name: "RangeError", message: /got none/ });
  }
  tf.dispose([...tensors, none]);
});

Deno.test("checkTaskIds() refuses ids beyond the tasks, and ids below 0 that PEFT wraps", () => {
  checkTaskIds([0, 2, 1], 3);
  assert.throws(() => checkTaskIds([0, 3, 7], 3), {
    name: "RangeError",
    message: "Only 3 tasks available. Found task id = 7",
  });
  assert.throws(() => checkTaskIds([0, -1], 3), {
    name: "RangeError",
    message: "Only 3 tasks available. Found task id = -1",
  });
});
