import assert from "node:assert/strict";
import { randomStream } from "../util/random.ts";
import { mean } from "../util/vectors.ts";
import { agreementAtLoss, agreementOf } from "./gradient_agreement.ts";

const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const productsOf = (halves: readonly number[][]) => halves.map((a) => halves.map((b) => dot(a, b)));
const near = (found: number | null, expected: number, tolerance = 1e-12) =>
  assert.ok(found !== null && Math.abs(found - expected) < tolerance, `${found}, not ${expected}`);

Deno.test("agreementOf() without noise is the mean cosine, whatever the gradients' lengths", () => {
  // Norms 1, 5 and 20; cosines 0.6, −0.6 and −1.
  const found = agreementOf(productsOf([[1, 0], [1, 0], [3, 4], [3, 4], [-12, -16], [-12, -16]]));
  near(found.weight_gradient_alignment, (0.6 - 0.6 - 1) / 3);
  assert.equal(found.weight_gradient_conflict, 2 / 3);
  near(found.weight_gradient_reliability, 1);
});

Deno.test("agreementOf() divides by the reliability of Spearman and Brown", () => {
  // Halves are a common part and noise of the same length in directions of their own.
  const found = agreementOf(productsOf([
    [1, 0, 1, 0, 0, 0],
    [1, 0, 0, 1, 0, 0],
    [0.6, 0.8, 0, 0, 1, 0],
    [0.6, 0.8, 0, 0, 0, 1],
  ]));
  const ofHalves = 1 / 2; // their cosine
  near(found.weight_gradient_reliability, 2 * ofHalves / (1 + ofHalves));
  near(found.weight_gradient_alignment, 0.6);
  assert.equal(found.weight_gradient_conflict, 0);
});

Deno.test("agreementOf() finds the cosines beneath noise, which the plain cosine misses", () => {
  const [dimensions, sd, repetitions] = [1000, 0.06, 60];
  const along = (...parts: readonly number[]) => [...parts, ...new Array(dimensions - 3).fill(0)];
  // Cosines 0.5, −0.6 and 0.1: their mean is 0.
  const third = Math.sqrt(1 - 0.36 - (0.4 / Math.sqrt(0.75)) ** 2);
  const truth = [
    along(1, 0, 0),
    along(0.5, Math.sqrt(0.75), 0),
    along(-0.6, 0.4 / Math.sqrt(0.75), third),
  ];
  for (const [tasks, expected] of [[truth.slice(0, 2), 0.5], [truth, 0]] as const) {
    const stream = randomStream(5, "noise");
    const [corrected, plain, reliability]: number[][] = [[], [], []];
    for (let i = 0; i < repetitions; i++) {
      const halves = tasks.flatMap((g, task) =>
        [0, 1].map(() => g.map((x) => x + sd * (1 + task / 10) * stream.normal()))
      );
      const found = agreementOf(productsOf(halves));
      corrected!.push(found.weight_gradient_alignment!);
      reliability!.push(found.weight_gradient_reliability!);
      const [a, b] = [0, 2].map((h) => halves[h]!.map((x, k) => x + halves[h + 1]![k]!));
      plain!.push(dot(a!, b!) / Math.sqrt(dot(a!, a!) * dot(b!, b!)));
    }
    near(mean(corrected!), expected, 0.04);
    assert.ok(mean(reliability!) < 0.45, `${mean(reliability!)}`);
    assert.ok(mean(plain!) < 0.25, `${mean(plain!)}`); // the cosine of the first two, 0.5, shrinks
  }
});

Deno.test("agreementOf() estimates nothing from noise, from one task or from none", () => {
  const opposed = agreementOf(productsOf([[1, 1], [1, -2], [1, 1], [1, -2]]));
  assert.equal(opposed.weight_gradient_alignment, null);
  assert.ok(opposed.weight_gradient_reliability! < 0);
  const still = agreementOf(productsOf([[0, 0], [0, 0], [1, 0], [1, 0]]));
  assert.deepEqual(still, {
    weight_gradient_alignment: 0,
    weight_gradient_conflict: null,
    weight_gradient_reliability: 1 / 2,
  });
  const none = { weight_gradient_alignment: null, weight_gradient_conflict: null };
  assert.deepEqual(agreementOf([[4, 4], [4, 4]]), { ...none, weight_gradient_reliability: 1 });
  assert.deepEqual(agreementOf([]), { ...none, weight_gradient_reliability: null });
  const broken = agreementOf([[NaN, 1], [1, 1]]);
  assert.ok(Number.isNaN(broken.weight_gradient_reliability));
});

Deno.test("agreementAtLoss() compares where the loss first comes down to the one asked for", () => {
  const at = (loss: number | null, alignment: number | null) => ({
    weight_gradient_alignment: alignment,
    weight_gradient_conflict: 0.5,
    weight_gradient_reliability: 0.25,
    weight_gradient_validation_loss: loss,
  });
  const course = [at(4, 0.8), at(2, 0.4), at(3, 0.25), at(1, 0)];
  assert.deepEqual(agreementAtLoss(course, 2.5), at(2.5, 0.4 + 0.4 / 4));
  assert.deepEqual(agreementAtLoss(course, 2), at(2, 0.4));
  assert.deepEqual(agreementAtLoss(course, 1.5), at(1.5, 0.0625));
  assert.equal(agreementAtLoss([at(4, 0.8), at(2, null)], 3).weight_gradient_alignment, null);
  const nothing = {
    weight_gradient_alignment: null,
    weight_gradient_conflict: null,
    weight_gradient_reliability: null,
    weight_gradient_validation_loss: null,
  };
  // Never reached; reached before the first measurement; no losses; no measurement.
  for (const [rows, loss] of [[course, 0.5], [course, 5], [[at(null, 1)], 1], [[], 1]] as const) {
    assert.deepEqual(agreementAtLoss(rows, loss), nothing);
  }
});
