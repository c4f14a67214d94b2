import assert from "node:assert/strict";
import { cosine, dot, mean } from "./vectors.ts";

Deno.test("mean() passes on what is not finite, and has none of nothing", () => {
  assert.equal(mean([1, 2, 6]), 3);
  assert.deepEqual([mean([1, NaN]), mean([1, Infinity]), mean([])], [NaN, Infinity, NaN]);
});

Deno.test("cosine() is that of the angle, and 0 where there is none", () => {
  assert.equal(dot([1, 2], Float32Array.from([3, 4])), 11);
  assert.ok(Math.abs(cosine([1, 0], [1, 1]) - Math.SQRT1_2) <= 1e-15);
  assert.deepEqual([cosine([2, 1], [-2, -1]), cosine([2, 1], [0, 0])], [-1, 0]);
});
