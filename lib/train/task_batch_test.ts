import assert from "node:assert/strict";
import { ByteTokenizer } from "../models/tokenizers/byte_tokenizer.ts";
import { smallLlama, smallT5 } from "../testing/models/small_models.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import * as tf from "../tf.ts";
import {
  encodeExamples,
  encodePrompts,
  type Encoding,
  padAlike,
  type TaskExample,
} from "./task_batch.ts";

const ENCODING: Encoding = {
  tokenizer: new ByteTokenizer(),
  isEncoderDecoder: true,
  maxInputTokens: 4,
  maxTargetTokens: 3,
};
// A byte's id is its code + 3; 1 ends a text, 0 fills up.
const EXAMPLES: TaskExample[] = [
  { taskId: 2, example: { input: "ab", targets: ["x", "unused"] } },
  { taskId: 0, example: { input: "abcdef", targets: ["wxyz"] } },
];

Deno.test("encodeExamples() pads and cuts for an encoder-decoder, the end token kept", () => {
  assert.deepEqual(encodeExamples(EXAMPLES, ENCODING), {
    inputIds: [[100, 101, 1, 0], [100, 101, 102, 1]],
    attentionMask: [[1, 1, 1, 0], [1, 1, 1, 1]],
    labels: [[123, 1, -100], [122, 123, 1]],
    taskIds: [2, 0],
  });
});

Deno.test("encodeExamples() puts prompt and target into one row of a decoder and learns the target", () => {
  const decoder = { ...ENCODING, isEncoderDecoder: false };
  assert.deepEqual(encodeExamples(EXAMPLES, decoder), {
    inputIds: [[0, 0, 100, 101, 123, 1], [100, 101, 102, 122, 123, 1]],
    attentionMask: [[0, 0, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1]],
    labels: [[-100, -100, -100, -100, 123, 1], [-100, -100, -100, 122, 123, 1]],
    taskIds: [2, 0],
  });
});

Deno.test("encodePrompts() gives a decoder its prompt at the end of the row", () => {
  assert.deepEqual(encodePrompts(EXAMPLES, { ...ENCODING, isEncoderDecoder: false }), {
    inputIds: [[0, 100, 101], [100, 101, 102]],
    attentionMask: [[0, 1, 1], [1, 1, 1]],
    taskIds: [2, 0],
  });
});

Deno.test("encodeExamples() refuses an empty batch", () => {
  assert.throws(() => encodeExamples([], ENCODING), {
    name: "RangeError",
    message: /at least one example/,
  });
});

onEachBackend("padAlike() makes sizes equal and leaves losses what they were", () => {
  const taskIds = [0, 0];
  const short = {
    inputIds: [[5, 6, 1], [7, 1, 0]],
    attentionMask: [[1, 1, 1], [1, 1, 0]],
    taskIds,
  };
  const long = { inputIds: [[4, 8, 9, 2, 1], [3, 3, 3, 3, 1]], taskIds };
  const attentionMask = long.inputIds.map((row) => row.map(() => 1));
  for (const isEncoderDecoder of [true, false]) {
    const base = isEncoderDecoder ? smallT5() : smallLlama();
    const batches = [
      {
        ...short,
        labels: isEncoderDecoder ? [[9, 1], [8, -100]] : [[-100, 6, 1], [-100, 1, -100]],
      },
      { ...long, attentionMask, labels: long.inputIds },
    ];
    const padded = padAlike(batches, isEncoderDecoder);
    assert.deepEqual(padded.map(({ inputIds }) => inputIds.map(({ length }) => length)), [
      [5, 5],
      [5, 5],
    ]);
    for (const [i, batch] of batches.entries()) {
      const [before, after] = [batch, padded[i]!].map((inputs) =>
        tf.tidy(() => base.forward(inputs).loss.arraySync())
      );
      assert.ok(Math.abs(after! - before!) < 1e-5, `${after} and ${before}`);
    }
    base.dispose();
  }
}, { only: ["wasm"] });
