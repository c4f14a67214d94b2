import assert from "node:assert/strict";
import { onEachBackend } from "../../testing/on_each_backend.ts";
import { tableModel } from "../../testing/models/table_model.ts";
import * as tf from "../../tf.ts";
import { type PromptInputs, readPrompt } from "./prompt.ts";

const OPTIONS = { vocabSize: 11, seed: 0 };
const decoder = () => tableModel({ ...OPTIONS, isEncoderDecoder: false });
const encoderDecoder = () => tableModel({ ...OPTIONS, isEncoderDecoder: true });

onEachBackend("readPrompt() brings ids and mask to the host", async () => {
  const inputIds = tf.tensor2d([[0, 4, 10], [1, 2, 3]], [2, 3], "int32");
  const attentionMask = tf.tensor2d([[0, 1, 1], [1, 1, 1]], [2, 3], "int32");
  const expected = {
    inputIds: [[0, 4, 10], [1, 2, 3]],
    attentionMask: [[0, 1, 1], [1, 1, 1]],
  };
  assert.deepEqual(await readPrompt(decoder(), { inputIds, attentionMask }), expected);
  assert.deepEqual(await readPrompt(decoder(), { inputIds }), expected);
  tf.dispose([inputIds, attentionMask]);
});

const REFUSED: readonly [string, unknown, RegExp | { name: string; message: RegExp }][] = [
  ["no rows", { inputIds: [] }, /at least one row and one position: got \[0, 0\]/],
  ["no tokens", { inputIds: [[], []] }, /at least one row and one position: got \[2, 0\]/],
  ["ragged rows", { inputIds: [[1, 2], [3]] }, /row 0 has 2, row 1 has 1/],
  ["no array", { inputIds: 5 }, { name: "TypeError", message: /inputIds/ }],
  ["no rows in it", { inputIds: [1, 2] }, { name: "TypeError", message: /inputIds/ }],
  ["an id too large", { inputIds: [[1, 11]] }, /\[0, 11\): found 11 in row 0, position 1/],
  ["a negative id", { inputIds: [[-1]] }, /found -1/],
  ["a broken id", { inputIds: [[1.5]] }, /found 1.5/],
  ["a mask of another shape", { inputIds: [[1, 2]], attentionMask: [[1], [1]] }, {
    name: "RangeError",
    message: /attentionMask has the shape of inputIds: got \[2,1\] for \[1,2\]/,
  }],
  ["a mask of other numbers", { inputIds: [[1, 2]], attentionMask: [[1, 2]] }, /found 2/],
  ["a row of padding", { inputIds: [[1, 2], [3, 4]], attentionMask: [[1, 1], [0, 0]] }, {
    name: "RangeError",
    message: /every row has a token that counts: row 1 is all padding/,
  }],
  ["a decoder's row that ends with padding", {
    inputIds: [[1, 2], [3, 4]],
    attentionMask: [[1, 1], [1, 0]],
  }, { name: "RangeError", message: /row 1 ends with padding, pad on the left/ }],
];

for (const [what, inputs, error] of REFUSED) {
  onEachBackend(`readPrompt() refuses ${what}`, async () => {
    await assert.rejects(readPrompt(decoder(), inputs as PromptInputs), error);
  }, { only: ["cpu"] });
}

onEachBackend("readPrompt() refuses tensors of the wrong kind, and leaves them", async () => {
  const floats = tf.tensor2d([[1, 2]]);
  const vector = tf.tensor1d([1, 2], "int32") as unknown as tf.Tensor2D;
  const large = tf.tensor2d([[1, 12]], [1, 2], "int32");
  await assert.rejects(readPrompt(decoder(), { inputIds: floats }), TypeError);
  await assert.rejects(readPrompt(decoder(), { inputIds: vector }), TypeError);
  await assert.rejects(readPrompt(decoder(), { inputIds: large }), /found 12/);
  tf.dispose([floats, vector, large]);
});

onEachBackend("readPrompt() takes an encoder's padding on either side", async () => {
  const prompt = { inputIds: [[1, 2], [3, 4]], attentionMask: [[1, 0], [0, 1]] };
  assert.deepEqual(await readPrompt(encoderDecoder(), prompt), prompt);
}, { only: ["cpu"] });
