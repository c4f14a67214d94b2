import assert from "node:assert/strict";
import { learningRateFactor } from "./schedule.ts";

Deno.test("learningRateFactor() rises, then falls as asked, and never reaches 0", () => {
  const factors = (schedule: "linear" | "constant" | "cosine") =>
    Array.from(
      { length: 10 },
      (_, step) => learningRateFactor(step, { steps: 10, warmup: 0.2, schedule }),
    );
  assert.deepEqual(factors("linear"), [0.5, 1, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125]);
  assert.deepEqual(factors("constant"), [0.5, ...new Array(9).fill(1)]);
  const cosine = factors("cosine");
  assert.equal(cosine[2], 1);
  assert.ok(Math.abs(cosine[6]! - 0.5) < 1e-12, "half way down at half time");
  assert.ok(cosine.every((factor) => factor > 0));
});

Deno.test("learningRateFactor() starts at full rate without warm-up", () => {
  assert.equal(learningRateFactor(0, { steps: 3, warmup: 0, schedule: "linear" }), 1);
});
