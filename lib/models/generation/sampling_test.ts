import assert from "node:assert/strict";
import { tableCall, tableModel } from "../../testing/models/table_model.ts";
import { onEachBackend } from "../../testing/on_each_backend.ts";
import { randomStream } from "../../util/random.ts";
import { Decoding } from "./decoding.ts";
import { bestToken, randomToken, sample } from "./sampling.ts";

Deno.test("bestToken() takes the first of equal scores", () => {
  assert.equal(bestToken(new Float32Array([-Infinity, 2, 3, 3])), 2);
  assert.equal(bestToken(new Float32Array([-5, -Infinity])), 0);
});

Deno.test("randomToken() draws tokens as often as their probabilities say", () => {
  const scores = new Float32Array([1, -Infinity, 2.5, 0, 3, -1]);
  const weights = [...scores].map(Math.exp);
  const total = weights.reduce((a, b) => a + b);
  const draws = 20_000;
  const counts = new Array<number>(scores.length).fill(0);
  const choose = randomToken(randomStream(11, "sampling"));
  for (let i = 0; i < draws; i++) counts[choose(scores)]!++;
  assert.equal(counts[1], 0);
  const chiSquare = counts.reduce((sum, count, token) => {
    const expected = draws * weights[token]! / total;
    return expected === 0 ? sum : sum + (count - expected) ** 2 / expected;
  }, 0);
  assert.ok(chiSquare < 18.47, `χ² of 4 degrees of freedom is ${chiSquare}, 18.47 at 0.1 %`);
});

Deno.test("randomToken() inverts the cumulative probabilities", () => {
  const scores = Float32Array.from([0.2, 0.5, 0.3], Math.log);
  const drawn = (uniform: number) =>
    randomToken({ ...randomStream(0, "sampling"), uniform: () => uniform })(scores);
  assert.deepEqual([0, 0.19, 0.21, 0.69, 0.71, 1 - 2 ** -24].map(drawn), [0, 0, 1, 1, 2, 2]);
});

const TABLE = { isEncoderDecoder: false, vocabSize: 11, seed: 8, eosBias: 1 };

onEachBackend("sample() draws for ended rows too, so rows do not disturb each other", async () => {
  const generated = async (rows: number[][]) => {
    const prompt = { inputIds: rows, attentionMask: rows.map((row) => row.map(() => 1)) };
    const decoding = await Decoding.start(tableModel(TABLE), prompt, tableCall([0, 1]), {
      copies: 1,
    });
    const choose = randomToken(randomStream(1, "sampling"));
    const limits = { max_new_tokens: 12, eos: [1] };
    const sequences = await sample(decoding, choose, [], limits, () => 0);
    decoding.dispose();
    return sequences;
  };
  const [[early], late] = [await generated([[7, 2], [4, 6]]), await generated([[9, 9], [4, 6]])];
  assert.ok(early!.indexOf(1) < early!.length - 1, "the first row ends before the second");
  assert.deepEqual((await generated([[7, 2], [4, 6]]))[1], late[1]);
});
