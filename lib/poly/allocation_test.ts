import assert from "node:assert/strict";
import fc from "fast-check";
import { allocationLogits } from "./allocation.ts";

const f = Math.fround;

/** PEFT's evaluation in float32: sigmoid, divided by the sum plus 1e-12. */
function peftWeights(logits: readonly number[]): number[] {
  const sigmoids = logits.map((z) => f(1 / f(1 + f(Math.exp(-z)))));
  const sum = f(sigmoids.reduce((total, p) => f(total + p), 0) + 1e-12);
  return sigmoids.map((p) => f(p / sum));
}

Deno.test("allocationLogits() gives PEFT the same weights within rounding", () => {
  const amount = fc.oneof(
    fc.constant(0),
    fc.constant(1),
    fc.double({ min: 1e-30, max: 1e30, noNaN: true }),
  );
  const row = fc.array(amount, { minLength: 1, maxLength: 9 }).filter((r) => r.some((a) => a > 0));
  fc.assert(fc.property(row, (amounts) => {
    const total = amounts.reduce((sum, a) => sum + a, 0);
    const weights = peftWeights([...allocationLogits([amounts], 1)]);
    for (const [skill, weight] of weights.entries()) {
      assert.ok(Math.abs(weight - amounts[skill]! / total) < 4e-7, `${amounts} gives ${weights}`);
    }
  }));
});

Deno.test("allocationLogits() is exact for one skill, for equal ones, and for skills not used", () => {
  assert.deepEqual(peftWeights([...allocationLogits([[0, 3, 0]], 1)]), [0, 1, 0]);
  assert.deepEqual(peftWeights([...allocationLogits([[0.3, 0.3]], 1)]), [0.5, 0.5]);
  assert.deepEqual(peftWeights([...allocationLogits([[2, 0, 2, 2, 2]], 1)]), [
    0.25,
    0,
    0.25,
    0.25,
    0.25,
  ]);
});

Deno.test("allocationLogits() repeats a row for every split, tasks apart", () => {
  const z = [...allocationLogits([[1, 0], [0, 1], [1, 3]], 3)];
  const third = f(Math.log(1 / 6 / (5 / 6)));
  const rows = [[0, -200], [-200, 0], [third, 0]];
  assert.deepEqual(z, rows.flatMap((row) => [row, row, row].flat()));
});
