/** Contrasts of cells: interactions and trends, one value of each run. */
import { dot, mean } from "../util/vectors.ts";
import { checkFinite } from "./check_values.ts";
import type { Estimate } from "./estimate.ts";
import { estimateMean } from "./mean.ts";

/**
 * The mean over runs of a weighted sum of cells: with weights 1, −1, −1, 1 an interaction
 * (a − b) − (c − d), with those of {@linkcode trendWeights} a slope.
 *
 * @param cells runs × cells: `cells[run][cell]`, complete
 * @param weights one per cell; they sum to 0
 * @param level the interval's confidence, in (0, 1)
 * @throws {RangeError} when weights do not sum to 0, a run lacks a cell, or a value is not finite
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const cells = [[5, 3, 2, 1], [6, 4, 2, 2], [5, 2, 1, 1]];
 * assert.equal(contrast(cells, [1, -1, -1, 1]).estimate, 2);
 * ```
 */
export function contrast(
  cells: readonly (readonly number[])[],
  weights: readonly number[],
  level = 0.95,
): Estimate {
  return estimateMean(contrastValues(cells, weights), level);
}

/**
 * The weighted sum of the cells of each run; see {@linkcode contrast}. With the cells of one task each, a
 * table of them is what `estimateCrossed` takes.
 *
 * @throws {RangeError} when weights do not sum to 0, a run lacks a cell, or a value is not finite
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(contrastValues([[5, 3, 2, 1], [6, 4, 2, 2]], [1, -1, -1, 1]), [1, 2]);
 * ```
 */
export function contrastValues(
  cells: readonly (readonly number[])[],
  weights: readonly number[],
): number[] {
  checkFinite("Cannot take a contrast", weights);
  const size = Math.max(...weights.map(Math.abs));
  const sum = weights.reduce((sum, weight) => sum + weight, 0);
  if (!(size > 0) || Math.abs(sum) > 1e-9 * size) {
    throw new RangeError(
      `Cannot take a contrast as its weights must sum to 0 and not all be 0: got ${
        weights.join(", ")
      }`,
    );
  }
  return cells.map((row, run) => {
    if (row.length !== weights.length) {
      throw new RangeError(
        `Cannot take a contrast as run ${run} must have ${weights.length} cells: got ${row.length}; ` +
          `leave out runs that are incomplete`,
      );
    }
    checkFinite(`Cannot take a contrast of run ${run}`, row);
    return dot(row, weights);
  });
}

/**
 * Weights whose contrast is the leading coefficient of the polynomial fitted to the cells by least
 * squares: of degree 1 the slope, of degree 2 how much it bends.
 *
 * @param levels where the cells lie, such as 1, 2, 3 or the logarithms of 2, 4, 8; all different
 * @param degree of the polynomial, at least 1 and below the number of levels
 * @throws {RangeError} when levels repeat, or are too few for the degree
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(trendWeights([1, 2, 3]), [-0.5, 0, 0.5]);
 * assert.deepEqual(trendWeights([-1, 0, 1, 2], 2), [0.25, -0.25, -0.25, 0.25]);
 * ```
 */
export function trendWeights(levels: readonly number[], degree = 1): number[] {
  checkFinite("Cannot weigh a trend", levels);
  if (new Set(levels).size < levels.length) {
    throw new RangeError(`Cannot weigh a trend as levels must differ: got ${levels.join(", ")}`);
  }
  if (!Number.isSafeInteger(degree) || degree < 1 || degree >= levels.length) {
    throw new RangeError(
      `Cannot weigh a trend as its degree must be at least 1 and below the ${levels.length} levels: ` +
        `got ${degree}`,
    );
  }
  // Polynomials made orthogonal over the levels: each is the one before times the level, less its parts
  // along all before it.
  const center = mean(levels);
  const powers = [levels.map(() => 1)];
  for (let power = 1; power <= degree; power++) {
    let next = powers.at(-1)!.map((value, i) => value * (levels[i]! - center));
    for (const before of powers) {
      const part = dot(next, before) / dot(before, before);
      next = next.map((value, i) => value - part * before[i]!);
    }
    powers.push(next);
  }
  const last = powers.at(-1)!;
  return last.map((value) => value / dot(last, last));
}
