import assert from "node:assert/strict";
import { randomStream } from "../util/random.ts";
import { crossingOf } from "./crossing.ts";

const PLACES = [2, 4, 8, 16];
/** Effects that fall by 1 with each doubling from `start`, with noise that runs share over places. */
function runs(start: number, sd: number, count: number, seed = 0): number[][] {
  const stream = randomStream(seed, "runs");
  return Array.from({ length: count }, () => {
    const own = sd * stream.normal();
    return PLACES.map((_, i) => start - i + own);
  });
}
const options = () => ({ stream: randomStream(0, "crossing"), resamples: 400 });

Deno.test("crossingOf() interpolates over the logarithm of the axis", () => {
  const { at, n } = crossingOf(PLACES, runs(1.5, 0, 5), options());
  assert.ok(Math.abs(at - 2 * 2 ** 1.5) < 1e-9);
  assert.equal(n, 5);
});

Deno.test("crossingOf() says when the effect stays above 0, or is below it from the start", () => {
  assert.deepEqual(crossingOf(PLACES, runs(9, 0, 3), options()), {
    at: Infinity,
    low: Infinity,
    high: Infinity,
    n: 3,
  });
  assert.deepEqual(crossingOf(PLACES, runs(-1, 0, 3), options()), { at: 0, low: 0, high: 0, n: 3 });
});

Deno.test("crossingOf() takes the last change where there are several", () => {
  const { at } = crossingOf(PLACES, [[1, -1, 1, -1], [1, -1, 1, -1], [1, -1, 1, -1]], options());
  assert.ok(Math.abs(at - Math.sqrt(8 * 16)) < 1e-9);
});

Deno.test("crossingOf() has an interval that holds the true crossing about as often as it says", () => {
  let held = 0;
  const trials = 120;
  for (let trial = 0; trial < trials; trial++) {
    const { low, high } = crossingOf(PLACES, runs(1.5, 0.6, 16, trial), {
      stream: randomStream(trial, "crossing"),
      resamples: 200,
    });
    const truth = 2 * 2 ** 1.5;
    if (low <= truth && truth <= high) held++;
  }
  assert.ok(held / trials > 0.86 && held / trials < 0.99, `${held} of ${trials}`);
});

Deno.test("crossingOf() refuses what has no crossing to be found", () => {
  assert.throws(
    () => crossingOf([4, 2], runs(1, 0, 3), options()),
    /positive and growing: got 4,2/,
  );
  assert.throws(() => crossingOf(PLACES, runs(1, 0, 2), options()), /three runs are needed: got 2/);
  assert.throws(
    () => crossingOf(PLACES, [[1], [1], [1]], options()),
    /run 0 must have 4 effects: got 1/,
  );
});
