import assert from "node:assert/strict";
import { dot, mean } from "./vectors.ts";

Deno.test("mean() passes on what is not finite, and has none of nothing", () => {
  assert.equal(mean([1, 2, 6]), 3);
  assert.deepEqual([mean([1, NaN]), mean([1, Infinity]), mean([])], [NaN, Infinity, NaN]);
});

Deno.test("dot() is the inner product, also of typed arrays", () => {
  assert.equal(dot([1, 2], Float32Array.from([3, 4])), 11);
});
