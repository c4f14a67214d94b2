import assert from "node:assert/strict";
import { runsOf } from "./runs.ts";

Deno.test("runsOf() splits a list where its value changes", () => {
  assert.deepEqual(runsOf([]), []);
  const runs = [2, 2, 0, 2].map((value, i) => ({ value, first: i, count: 1 }));
  assert.deepEqual(runsOf([2, 2, 0, 2]), [{ ...runs[0], count: 2 }, runs[2], runs[3]]);
});
