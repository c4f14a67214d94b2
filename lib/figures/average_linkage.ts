/** A cluster of items: one item, or two clusters that were joined. */
export interface Cluster {
  /** Items in the cluster, in the order of the tree. */
  readonly items: readonly number[];
  /** Distance at which its two parts were joined; 0 for a single item. */
  readonly height: number;
  readonly parts: readonly [Cluster, Cluster] | null;
}

/**
 * Joins the two nearest clusters repeatedly until one is left. The distance of two clusters is the
 * mean over all pairs of their items; among equal distances the first is taken.
 *
 * Source: R. R. Sokal and C. D. Michener, "A statistical method for evaluating systematic
 * relationships", 1958 (UPGMA)
 *
 * @param distances symmetric; shape `[n, n]` with n of at least 1
 * @throws {RangeError} when there is no item, or the matrix is not square or not finite
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const { height, parts } = averageLinkage([[0, 1, 5], [1, 0, 4], [5, 4, 0]]);
 * assert.equal(height, 4.5);
 * assert.deepEqual(parts!.map(({ items }) => items), [[0, 1], [2]]);
 * ```
 */
export function averageLinkage(distances: readonly (readonly number[])[]): Cluster {
  const n = distances.length;
  if (n === 0) throw new RangeError("Cannot make a tree as there must be at least one item");
  for (const [i, row] of distances.entries()) {
    if (row.length !== n || row.some((distance) => !Number.isFinite(distance))) {
      throw new RangeError(
        `Cannot make a tree as distances of ${n} items must be ${n} finite numbers each: ` +
          `row ${i} is [${row}]`,
      );
    }
  }
  let clusters: Cluster[] = distances.map((_, i) => ({ items: [i], height: 0, parts: null }));
  while (clusters.length > 1) {
    let nearest: { a: Cluster; b: Cluster; distance: number } | null = null;
    for (const [i, a] of clusters.entries()) {
      for (const b of clusters.slice(i + 1)) {
        const distance = meanDistance(distances, a, b);
        if (nearest === null || distance < nearest.distance) nearest = { a, b, distance };
      }
    }
    const { a, b, distance } = nearest!;
    const joined = { items: [...a.items, ...b.items], height: distance, parts: [a, b] as const };
    clusters = clusters.flatMap((cluster) =>
      cluster === a ? [joined] : cluster === b ? [] : [cluster]
    );
  }
  return clusters[0]!;
}

function meanDistance(distances: readonly (readonly number[])[], a: Cluster, b: Cluster): number {
  let sum = 0;
  for (const i of a.items) {
    for (const j of b.items) sum += distances[i]![j]!;
  }
  return sum / (a.items.length * b.items.length);
}
