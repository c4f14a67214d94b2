/** Settings of the buckets of relative positions. */
export interface RelativePositionOptions {
  /** Whether keys after the query have buckets of their own, as in an encoder. */
  readonly bidirectional: boolean;
  readonly numBuckets: number;
  /** The distance from which on all positions share a bucket. */
  readonly maxDistance: number;
  /** The position of the first query; keys start at 0. */
  readonly firstQuery?: number;
}

/**
 * The bucket of each pair of query and key: one for each small distance, then wider and wider ones.
 *
 * Source: transformers models/t5/modeling_t5.py, `T5Attention._relative_position_bucket`; rounded to
 * float32 where it is there, so that distances at the edge of a bucket fall on the same side.
 *
 * @returns `queries` × `keys` numbers in [0, numBuckets), the keys running fastest
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const options = { bidirectional: false, numBuckets: 8, maxDistance: 16 };
 * assert.deepEqual([...relativePositionBuckets(1, 4, { ...options, firstQuery: 3 })], [3, 2, 1, 0]);
 * ```
 */
export function relativePositionBuckets(
  queries: number,
  keys: number,
  { bidirectional, numBuckets, maxDistance, firstQuery = 0 }: RelativePositionOptions,
): Int32Array {
  const perSide = bidirectional ? Math.floor(numBuckets / 2) : numBuckets;
  const buckets = new Int32Array(queries * keys);
  for (let query = 0; query < queries; query++) {
    for (let key = 0; key < keys; key++) {
      const relative = key - (firstQuery + query);
      const distance = bidirectional ? Math.abs(relative) : Math.max(0, -relative);
      buckets[query * keys + key] = bucketOf(distance, perSide, maxDistance) +
        (bidirectional && relative > 0 ? perSide : 0);
    }
  }
  return buckets;
}

function bucketOf(distance: number, numBuckets: number, maxDistance: number): number {
  const exact = Math.floor(numBuckets / 2);
  if (distance < exact) return distance;
  const { fround, log } = Math;
  const octaves = fround(log(fround(distance / exact)));
  const share = fround(octaves / fround(log(maxDistance / exact)));
  const wide = exact + Math.trunc(fround(share * (numBuckets - exact)));
  return Math.min(wide, numBuckets - 1);
}
