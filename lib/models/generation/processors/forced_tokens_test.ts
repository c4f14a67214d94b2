import assert from "node:assert/strict";
import { exponentialDecay, forceTokens, minLength, suppressTokens } from "./forced_tokens.ts";
import type { LogitsProcessor } from "./processor.ts";

/** What becomes of four scores after so many ids. */
const after = (length: number, processor: LogitsProcessor) => {
  const scores = new Float32Array([1, -2, 3, 4]);
  processor(scores, { ids: new Array(length).fill(0), row: 0 });
  return [...scores];
};

Deno.test("minLength() forbids every end until there are enough ids, and then none", () => {
  const processor = minLength(5, [0, 3]);
  assert.deepEqual(after(3, processor), [-Infinity, -2, 3, -Infinity]);
  assert.deepEqual(after(4, processor), [-Infinity, -2, 3, -Infinity]);
  assert.deepEqual(after(5, processor), [1, -2, 3, 4]);
});

Deno.test("suppressTokens() passes over what is not in the vocabulary, or not at its place", () => {
  assert.deepEqual(after(1, suppressTokens([2, 9])), [1, -2, -Infinity, 4]);
  assert.deepEqual(after(2, suppressTokens([0], 2)), [-Infinity, -2, 3, 4]);
  assert.deepEqual(after(3, suppressTokens([0], 2)), [1, -2, 3, 4]);
});

Deno.test("forceTokens() leaves the forced ones alone, at one length", () => {
  assert.deepEqual(after(1, forceTokens([1, 2], 1)), [-Infinity, 0, 0, -Infinity]);
  assert.deepEqual(after(2, forceTokens([1], 1)), [1, -2, 3, 4]);
});

Deno.test("exponentialDecay() raises the ends by their size, after its start", () => {
  assert.deepEqual(after(3, exponentialDecay(3, 2, [1, 3])), [1, -2, 3, 4]);
  assert.deepEqual(after(5, exponentialDecay(3, 2, [1, 3])), [1, 4, 3, 16]);
});
