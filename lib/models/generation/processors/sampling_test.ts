import assert from "node:assert/strict";
import fc from "fast-check";
import cases from "../../../testing/cases/generate_cases.json" with { type: "json" };
import { tableLogits } from "../../../testing/models/table_model.ts";
import { samplingProcessors, topK, topP } from "./sampling.ts";

/** The prompt whose first row the cases were drawn for. */
const HISTORY = [4, 5, 6];

for (const { model, options, expected } of cases.draws) {
  Deno.test(`samplingProcessors() scores as transformers does: ${JSON.stringify(options)}`, () => {
    const scores = new Float32Array(tableLogits(
      {
        isEncoderDecoder: model.is_encoder_decoder,
        vocabSize: model.vocab_size,
        seed: model.seed,
        eosBias: model.eos_bias,
        eos: model.eos,
      },
      0,
      HISTORY,
    ));
    for (const processor of samplingProcessors(options)) processor(scores);
    const kept = [...scores.entries()].filter(([, score]) => score !== -Infinity);
    assert.deepEqual(kept, Object.entries(expected).map(([token, score]) => [+token, score]));
  });
}

Deno.test("topK() keeps everything when it may keep more than there is", () => {
  const scores = new Float32Array([3, -Infinity, 2]);
  topK(50)(scores);
  assert.deepEqual([...scores], [3, -Infinity, 2]);
});

Deno.test("topP() keeps the fewest best tokens that reach the mass", () => {
  const logits = fc.array(fc.integer({ min: -30, max: 30 }), { minLength: 1, maxLength: 12 });
  fc.assert(fc.property(logits, fc.double({ min: 0, max: 1, noNaN: true }), (integers, mass) => {
    const scores = new Float32Array(integers.map((integer) => integer / 8));
    const weights = [...scores].map(Math.exp);
    const total = weights.reduce((a, b) => a + b);
    topP(mass)(scores);
    const kept = [...scores.keys()].filter((token) => scores[token] !== -Infinity);
    const dropped = [...scores.keys()].filter((token) => scores[token] === -Infinity);
    const massOf = (tokens: number[]) => tokens.reduce((sum, t) => sum + weights[t]! / total, 0);
    const leastKept = Math.min(...kept.map((token) => integers[token]!));
    assert.ok(kept.length >= 1);
    assert.ok(
      dropped.every((token) => integers[token]! <= leastKept),
      "a better token was dropped",
    );
    assert.ok(massOf(kept) >= mass - 1e-6, "too little is kept");
    const least = kept.find((token) => integers[token] === leastKept)!;
    const fewer = massOf(kept.filter((token) => token !== least));
    assert.ok(kept.length === 1 || fewer < mass + 1e-6, "more is kept than needed");
  }));
});
