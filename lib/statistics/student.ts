/** Student's t distribution, central and noncentral, in double precision. */
import { normalCdf, normalQuantile, symmetricQuantile } from "./normal.ts";
import { type Node, panels } from "./quadrature.ts";

/**
 * The chance of a t value of at most `t`, that is of (Z + `noncentrality`) / S where Z is standard normal
 * and S² an independent χ² over its degrees of freedom. Its error is below 1e-13.
 *
 * It is the mean over S of a normal chance, as that one integral serves both distributions. The common
 * package for them, jstat 1.9.6, is off by 4e-8 in the chance and by 6e-8 in quantiles.
 *
 * @param df degrees of freedom, above 0, whole or not
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.ok(Math.abs(studentCdf(1, 1) - 0.75) < 1e-13);
 * ```
 */
export function studentCdf(t: number, df: number, noncentrality = 0): number {
  return sumOver(spreads(df), (spread) => normalCdf(t * spread - noncentrality));
}

/**
 * The value that a share `p` of Student's distribution lies below.
 *
 * @param p in (0, 1)
 * @param df degrees of freedom, above 0
 * @throws {RangeError} when p is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.ok(Math.abs(studentQuantile(0.975, 2) - 4.302652729749464) < 1e-11);
 * ```
 */
export function studentQuantile(p: number, df: number): number {
  const key = `${p} ${df}`;
  const known = quantiles.get(key);
  if (known !== undefined) return known;
  const all = spreads(df);
  const densityAt0 = sumOver(all, (spread) => spread) / Math.sqrt(2 * Math.PI);
  const quantile = symmetricQuantile(p, normalQuantile(p), (t) => ({
    share: sumOver(all, (spread) => normalCdf(t * spread)),
    density: densityAt0 * (1 + t * t / df) ** (-(df + 1) / 2),
    logSlope: -(df + 1) * t / (df + t * t),
  }));
  if (quantiles.size >= MOST_QUANTILES) quantiles.clear();
  quantiles.set(key, quantile);
  return quantile;
}

/** Quantiles that were asked for: the rows of a table ask for the same few. */
const quantiles = new Map<string, number>();
const MOST_QUANTILES = 1000;

/**
 * The mean over S of a function that is 0 above a spread, where S² is χ² over its degrees of freedom: S is
 * the standard deviation of a sample as a multiple of the true one.
 *
 * @param df degrees of freedom, above 0
 */
export function meanOverSpread(df: number, highest: number, f: (spread: number) => number): number {
  return sumOver(spreads(df, highest), f);
}

function sumOver(nodes: readonly Node[], f: (at: number) => number): number {
  let sum = 0;
  for (const { at, weight } of nodes) sum += weight * f(at);
  return sum;
}

/** Values of S up to the highest, with what each counts in a mean over S. */
function spreads(df: number, highest = Infinity): Node[] {
  // Over u = ln S the density is exp(−df·e(u)) with e(u) = (exp(2u) − 1)/2 − u, but for a constant. It is
  // below exp(−45) of its greatest value outside these bounds, and smooth on panels this wide.
  const [low, high] = [Math.min(-Math.sqrt(45 / df), -45 / df - 0.5), Math.sqrt(45 / df)];
  const width = Math.min(1, 2.5 / Math.sqrt(df));
  const density = (u: number) => Math.exp(-df * (Math.expm1(2 * u) / 2 - u));
  const whole = sumOver(panels(low, high, width), density);
  return panels(low, Math.min(high, Math.log(highest)), width).map(({ at, weight }) => ({
    at: Math.exp(at),
    weight: weight * density(at) / whole,
  }));
}
