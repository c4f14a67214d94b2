import assert from "node:assert/strict";
import { relativePositionBuckets } from "./relative_position.ts";

/**
 * Where the bucket changes as key − query goes from −3000 to 3000: [from, bucket], printed by
 * `T5Attention._relative_position_bucket` of transformers 5.17.0 with torch 2.13.0.
 */
// deno-fmt-ignore
const EXPECTED: [boolean, number, number, [number, number][]][] = [
  [true, 32, 128, [
    [-3000, 15], [-90, 14], [-63, 13], [-45, 12], [-31, 11], [-22, 10], [-15, 9], [-11, 8], [-7, 7],
    [-6, 6], [-5, 5], [-4, 4], [-3, 3], [-2, 2], [-1, 1], [0, 0], [1, 17], [2, 18], [3, 19], [4, 20],
    [5, 21], [6, 22], [7, 23], [8, 24], [12, 25], [16, 26], [23, 27], [32, 28], [46, 29], [64, 30],
    [91, 31],
  ]],
  [false, 32, 128, [
    [-3000, 31], [-112, 30], [-98, 29], [-86, 28], [-76, 27], [-66, 26], [-58, 25], [-51, 24],
    [-45, 23], [-39, 22], [-34, 21], [-30, 20], [-26, 19], [-23, 18], [-20, 17], [-18, 16], [-15, 15],
    [-14, 14], [-13, 13], [-12, 12], [-11, 11], [-10, 10], [-9, 9], [-8, 8], [-7, 7], [-6, 6],
    [-5, 5], [-4, 4], [-3, 3], [-2, 2], [-1, 1], [0, 0],
  ]],
  [true, 9, 20, [[-3000, 3], [-6, 2], [-1, 1], [0, 0], [1, 5], [2, 6], [7, 7]]],
  [false, 9, 20, [
    [-3000, 8], [-14, 7], [-10, 6], [-7, 5], [-5, 4], [-3, 3], [-2, 2], [-1, 1], [0, 0],
  ]],
  [true, 4, 3, [[-3000, 1], [0, 0], [1, 3]]],
];

Deno.test("relativePositionBuckets() equals transformers' at every distance", () => {
  for (const [bidirectional, numBuckets, maxDistance, expected] of EXPECTED) {
    const options = { bidirectional, numBuckets, maxDistance, firstQuery: 3000 };
    const changes: [number, number][] = [];
    for (const [key, bucket] of relativePositionBuckets(1, 6001, options).entries()) {
      if (bucket !== changes.at(-1)?.[1]) changes.push([key - 3000, bucket]);
    }
    assert.deepEqual(changes, expected, `${bidirectional} ${numBuckets} ${maxDistance}`);
  }
});

Deno.test("relativePositionBuckets() gives later queries the rows they have among all", () => {
  const options = { bidirectional: true, numBuckets: 8, maxDistance: 16 };
  const all = relativePositionBuckets(7, 5, options);
  const last = relativePositionBuckets(2, 5, { ...options, firstQuery: 5 });
  assert.deepEqual([...last], [...all.slice(25)]);
});
