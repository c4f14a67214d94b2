/** Queries, keys or features of a tile; a workgroup has 16 by 16 invocations. */
export const TILE = 16;

/** WGSL of what the programs of attention share: two tiles in rows of 17, for the banks of memory. */
export const TILES = `
var<workgroup> leftTile: array<f32, 272>;
var<workgroup> rightTile: array<f32, 272>;`;

/** WGSL that finds the place of an invocation in its tile, and the head of its workgroup. */
export const HEAD_OF_GROUP = `
  let tx = lane % ${TILE}u;
  let ty = lane / ${TILE}u;
  let head = group.y + group.z * groups.y;
  if (head >= params.heads) { return; }`;

/** Where a number of a tile lies, and when there is one; else it is 0. */
type Source = readonly [when: string, where: string];

/**
 * WGSL that sums up products of a row of the left matrix, for `ty`, and a column of the right one, for
 * `tx`. The numbers of a left tile are at row ty and term `at` = t0 + tx; those of the right one at term
 * t0 + ty and column tx, or turned, at column ty and term `at`.
 *
 * @param name of the sum
 */
export function productOfTiles(
  name: string,
  { terms, left, right, turned = false }: {
    readonly terms: string;
    readonly left: Source;
    readonly right: Source;
    readonly turned?: boolean;
  },
): string {
  return `
    var ${name} = 0.0;
    for (var t0 = 0u; t0 < ${terms}; t0 += ${TILE}u) {
      let at = t0 + tx;
      var one = 0.0;
      var other = 0.0;
      if (${left[0]}) { one = ${left[1]}; }
      if (${right[0]}) { other = ${right[1]}; }
      leftTile[ty * 17u + tx] = one;
      rightTile[ty * 17u + tx] = other;
      workgroupBarrier();
      for (var t = 0u; t < ${TILE}u; t++) {
        ${name} += leftTile[ty * 17u + t] * rightTile[${turned ? "tx * 17u + t" : "t * 17u + tx"}];
      }
      workgroupBarrier();
    }`;
}

/** WGSL of a function of `lane` and a number that combines those of one row of a tile, in order. */
export function rowCombine(name: string, operation: string): string {
  return `
var<workgroup> ${name}Part: array<f32, THREADS>;
fn ${name}(lane: u32, x: f32) -> f32 {
  ${name}Part[lane] = x;
  workgroupBarrier();
  for (var step = ${TILE / 2}u; step > 0u; step /= 2u) {
    if (lane % ${TILE}u < step) {
      let a = ${name}Part[lane];
      let b = ${name}Part[lane + step];
      ${name}Part[lane] = ${operation};
    }
    workgroupBarrier();
  }
  let all = ${name}Part[lane / ${TILE}u * ${TILE}u];
  workgroupBarrier();
  return all;
}`;
}
