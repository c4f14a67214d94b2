/** Gauss–Legendre quadrature: integrals of smooth functions, to nearly the last digit. */

/** A point of a quadrature, and how much the function's value there counts. */
export interface Node {
  readonly at: number;
  readonly weight: number;
}

const rules = new Map<number, readonly Node[]>();

/**
 * The nodes that integrate over an interval: exact for polynomials of degree 2 `count` − 1.
 *
 * Source: the zeros of Legendre's polynomial by Newton's method from cos(π(i − ¼)/(n + ½)); see W. H.
 * Press et al., "Numerical recipes", 3rd edition, 2007, section 4.6
 *
 * @param low one end; `high` the other, both finite
 * @param count how many nodes, at least 1
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const area = nodes(0, Math.PI, 20).reduce((sum, { at, weight }) => sum + weight * Math.sin(at), 0);
 * assert.ok(Math.abs(area - 2) < 1e-14);
 * ```
 */
export function nodes(low: number, high: number, count: number): Node[] {
  let rule = rules.get(count);
  if (rule === undefined) rules.set(count, rule = standardRule(count));
  const [middle, half] = [(low + high) / 2, (high - low) / 2];
  return rule.map(({ at, weight }) => ({ at: middle + half * at, weight: half * weight }));
}

/** Nodes over panels of at most `width` each, for functions that are narrow in a wide interval. */
export function panels(low: number, high: number, width: number): Node[] {
  const count = Math.max(0, Math.ceil((high - low) / width));
  const edge = (i: number) => low + (high - low) * i / count;
  return Array.from({ length: count }, (_, i) => nodes(edge(i), edge(i + 1), 16)).flat();
}

/** The nodes of [−1, 1]. */
function standardRule(count: number): Node[] {
  return Array.from({ length: count }, (_, i) => {
    let at = Math.cos(Math.PI * (i + 0.75) / (count + 0.5));
    let slope = 0;
    for (let step = 0; step < 20; step++) {
      let [previous, value] = [1, at];
      for (let degree = 2; degree <= count; degree++) {
        [previous, value] = [
          value,
          ((2 * degree - 1) * at * value - (degree - 1) * previous) / degree,
        ];
      }
      slope = count * (at * value - previous) / (at * at - 1);
      const move = value / slope;
      at -= move;
      if (Math.abs(move) < 1e-15) break;
    }
    return { at, weight: 2 / ((1 - at * at) * slope * slope) };
  });
}
