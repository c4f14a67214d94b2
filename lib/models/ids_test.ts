import assert from "node:assert/strict";
import fc from "fast-check";
import { onEachBackend } from "../testing/on_each_backend.ts";
import * as tf from "../tf.ts";
import { idsTensor } from "./ids.ts";

onEachBackend(
  "idsTensor() makes the same tensor from arrays and from a tensor it leaves alone",
  async () => {
    const given = tf.tensor2d([[5, 0, -100], [2, 1, 4]], [2, 3], "int32");
    const options = { vocabSize: 6, allowIgnored: true };
    const fromTensor = idsTensor(given, "labels", options);
    const fromArrays = idsTensor([[5, 0, -100], [2, 1, 4]], "labels", options);
    for (const ids of [fromTensor, fromArrays, given]) {
      assert.equal(ids.dtype, "int32");
      assert.deepEqual(ids.shape, [2, 3]);
      assert.deepEqual([...await ids.data()], [5, 0, -100, 2, 1, 4]);
      ids.dispose();
    }
  },
);

onEachBackend("idsTensor() says which id is out of range and where", () => {
  const tensor = tf.tensor2d([[0, 1], [2, 6]], [2, 2], "int32");
  const error = {
    name: "RangeError",
    message: "Cannot read inputIds as each must be an integer in [0, 6): " +
      "found 6 in row 1, position 1",
  };
  assert.throws(() => idsTensor(tensor, "inputIds", { vocabSize: 6 }), error);
  assert.throws(() => idsTensor([[0, 1], [2, 6]], "inputIds", { vocabSize: 6 }), error);
  tensor.dispose();
}, { only: ["wasm", "cpu"] });

onEachBackend("idsTensor() refuses tensors of another type or rank", () => {
  for (
    const ids of [tf.tensor2d([[1, 2]]), tf.tensor1d([1, 2], "int32"), tf.zeros([1, 1, 1], "int32")]
  ) {
    assert.throws(() => idsTensor(ids as tf.Tensor2D, "inputIds", { vocabSize: 6 }), {
      name: "TypeError",
      message: /int32 of shape \[rows, positions\]: got/,
    });
    ids.dispose();
  }
});

onEachBackend("idsTensor() refuses arrays that are not ids", () => {
  const refused: [unknown, string, RegExp][] = [
    [[1, 2], "TypeError", /array of rows/],
    ["12", "TypeError", /array of rows/],
    [null, "TypeError", /array of rows/],
    [[], "RangeError", /at least one row/],
    [[[], []], "RangeError", /at least one row and one position: got \[2, 0\]/],
    [[[1, 2], [3]], "RangeError", /row 0 has 2, row 1 has 1/],
    [[[1.5]], "RangeError", /found 1.5/],
    [[[NaN]], "RangeError", /found NaN/],
    [[[-1]], "RangeError", /found -1/],
    [[[-100]], "RangeError", /found -100/],
    [[["1"]], "RangeError", /found 1 in row 0/],
    [[[null]], "RangeError", /found null/],
  ];
  for (const [ids, name, message] of refused) {
    assert.throws(() => idsTensor(ids as number[][], "inputIds", { vocabSize: 6 }), {
      name,
      message,
    });
  }
}, { only: ["cpu"] });

onEachBackend("idsTensor() takes exactly the rectangles of ids in range", () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.integer({ min: -2, max: 8 }), { maxLength: 4 })), (rows) => {
      const good = rows.length > 0 && rows[0]!.length > 0 &&
        rows.every((row) => row.length === rows[0]!.length && row.every((id) => id >= 0 && id < 7));
      if (good) {
        const ids = idsTensor(rows, "inputIds", { vocabSize: 7 });
        assert.deepEqual(ids.arraySync(), rows);
        ids.dispose();
      } else {
        assert.throws(() => idsTensor(rows, "inputIds", { vocabSize: 7 }), RangeError);
      }
    }),
  );
}, { only: ["cpu"] });
