import assert from "node:assert/strict";
import fc from "fast-check";
import { randomStream } from "./random.ts";
import { estimateMean, estimatePaired, holm, standardDeviation } from "./statistics.ts";
import { dot, mean } from "./vectors.ts";

function near(actual: number | null, expected: number, tolerance = 1e-8): void {
  assert.ok(actual !== null && Math.abs(actual - expected) <= tolerance, `${actual}, ${expected}`);
}

Deno.test("estimateMean() has Student's quantiles as half widths", () => {
  // Quantiles of t at 0.975 and 0.95, from inverting a Gauss–Legendre quadrature of the density.
  const quantiles: [n: number, at95: number, at90: number][] = [
    [2, 12.7062047362, 6.3137515147],
    [3, 4.3026527297, 2.9199855804],
    [5, 2.7764451052, 2.1318467863],
    [10, 2.2621571628, 1.8331129327],
    [30, 2.0452296421, 1.6991270265],
    [100, 1.9842169516, 1.6603911560],
  ];
  for (const [n, at95, at90] of quantiles) {
    const values = Array.from({ length: n }, (_, i) => 3 + 5 * Math.sin(7 * i));
    const error = standardDeviation(values)! / Math.sqrt(n);
    const wide = estimateMean(values);
    near((wide.high! - wide.mean!) / error, at95, 1e-7);
    near((wide.mean! - wide.low!) / error, at95, 1e-7);
    near((estimateMean(values, 0.9).high! - wide.mean!) / error, at90, 1e-7);
    assert.equal(wide.n, n);
  }
});

Deno.test("estimateMean() covers the true mean as often as it says", () => {
  for (const [n, level] of [[3, 0.95], [5, 0.8]] as const) {
    let covered = 0;
    for (let study = 0; study < 1000; study++) {
      const stream = randomStream(study, `study of ${n}`);
      const values = Array.from({ length: n }, () => 1 + 3 * stream.normal());
      const { low, high } = estimateMean(values, level);
      if (low! <= 1 && 1 <= high!) covered++;
    }
    const error = Math.sqrt(level * (1 - level) / 1000);
    near(covered / 1000, level, 4 * error);
  }
});

Deno.test("standardDeviation() has n − 1 below it, and none for one value", () => {
  near(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9]), Math.sqrt(32 / 7));
  assert.equal(standardDeviation([3]), null);
  assert.equal(standardDeviation([]), null);
  assert.equal(standardDeviation([3, 3]), 0);
});

Deno.test("estimatePaired() tests against 0 and counts signs", () => {
  const differences = [0.5, -0.25, 1, 0, 0.75];
  const estimate = estimatePaired(differences);
  assert.deepEqual([estimate.n_above, estimate.n_equal, estimate.n_below], [3, 1, 1]);
  assert.equal(estimate.mean, 0.4);
  // t = 1.725324; its tails by quadrature of the density of t with 4 degrees of freedom.
  near(estimate.p, 0.1595528527, 1e-8);
  const [none, one] = [estimatePaired([]), estimatePaired([2])];
  assert.deepEqual([none.mean, none.p, none.n], [null, null, 0]);
  assert.deepEqual([one.mean, one.low, one.p, one.n_above], [2, null, null, 1]);
  assert.deepEqual([estimatePaired([0, 0]).p, estimatePaired([1, 1]).p], [1, null]);
  assert.equal(estimatePaired([0.3 - 0.2, 0.4 - 0.3]).p, null, "they differ by rounding");
});

Deno.test("estimatePaired() finds its p below 5 % when the interval leaves out 0", () => {
  const value = fc.double({ min: -10, max: 10, noNaN: true });
  fc.assert(fc.property(fc.array(value, { minLength: 2, maxLength: 9 }), (differences) => {
    const { low, high, p } = estimatePaired(differences);
    if (Math.min(Math.abs(low!), Math.abs(high!)) < 1e-6 * (high! - low!)) return; // at the border
    if (low === high) return assert.equal(p, low === 0 ? 1 : null);
    if (p === null) return assert.ok(high! - low! < 1e-10 * Math.abs(low!), `${low} ${high}`);
    assert.equal(p < 0.05, low! > 0 || high! < 0, `${low} ${high} ${p}`);
  }));
});

Deno.test("holm() multiplies the smallest by all tests, never falls, and ends at 1", () => {
  // Worked by hand: 4 · 0.005, 3 · 0.01, 2 · 0.03, 0.04 raised to what comes before.
  const corrected = holm([0.01, 0.04, 0.03, 0.005]);
  [0.03, 0.06, 0.06, 0.02].forEach((p, i) => near(corrected[i]!, p, 1e-15));
  assert.deepEqual(holm([0.6, 0.7]), [1, 1]);
  assert.deepEqual(holm([null, 0.5, null]), [null, 0.5, null]);
  assert.deepEqual(holm([]), []);
});

Deno.test("holm() keeps the chance of any false finding when nothing is there", () => {
  let found = 0;
  for (let study = 0; study < 2000; study++) {
    const stream = randomStream(study, "p");
    const pValues = Array.from({ length: 6 }, () => stream.uniform());
    if (holm(pValues).some((p) => p! < 0.05)) found++;
  }
  near(found / 2000, 0.05, 4 * Math.sqrt(0.05 * 0.95 / 2000));
});

Deno.test("mean() passes on what is not finite, and has none of nothing", () => {
  assert.equal(mean([1, 2, 6]), 3);
  assert.deepEqual([mean([1, NaN]), mean([1, Infinity]), mean([])], [NaN, Infinity, NaN]);
});

Deno.test("dot() is the inner product, also of typed arrays", () => {
  assert.equal(dot([1, 2], Float32Array.from([3, 4])), 11);
});

Deno.test("statistics refuse numbers that are not finite, by name", () => {
  const refused: [() => unknown, string][] = [
    [
      () => standardDeviation([Infinity]),
      "Cannot take a standard deviation as values must be finite: number 0 is Infinity",
    ],
    [() => estimateMean([NaN]), "Cannot estimate a mean as values must be finite: number 0 is NaN"],
    [
      () => estimatePaired([0, NaN]),
      "Cannot estimate a mean as values must be finite: number 1 is NaN",
    ],
    [
      () => estimateMean([1], 95),
      "Cannot make an interval as its level must lie in (0, 1): got 95",
    ],
    [() => holm([0.5, NaN]), "Cannot correct p-values as number 1 must lie in [0, 1]: got NaN"],
  ];
  for (const [run, message] of refused) assert.throws(run, { name: "RangeError", message });
});
