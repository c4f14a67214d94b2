/** How many rows and columns of a product each invocation computes; a workgroup has 16 by 16 of them. */
export type Side = 2 | 4;

/** So many tiles, of four by four numbers for each invocation, keep a large device busy. */
const MANY_TILES = 256;

/** The invocations of a workgroup of {@linkcode tiledProduct}. */
export const PRODUCT_THREADS = 256;

/** Whether neighbours along the sum, or along the rows (of the left side; columns of the right), lie together. */
type Neighbours = "sum" | "rows";

/** The component names of a vector. */
const COMPONENTS = "xyzw";

/** WGSL of a vector of so many equal calls. */
function vector(side: Side, element: (offset: string) => string): string {
  return `vec${side}<f32>(${Array.from({ length: side }, (_, j) => element(`${j}u`)).join(", ")})`;
}

/**
 * WGSL for a tile of c [m, n] = Σ over k of left(m, k) · right(n, k), of 16 · `side` rows and columns.
 * The functions `left` and `right` are the caller's, and give 0 out of range. The sum runs in order.
 *
 * `before` declares what it needs; `sum` goes into the body and leaves in `acc0`, `acc1`, … the rows
 * `m(0)`, `m(1)`, … at the columns from `n0` on; see {@linkcode eachRow}.
 *
 * @param also WGSL that is run for each chunk of 16 terms where the tiles are loaded, and for each term
 */
export function tiledProduct(
  { side, left, right, also = { load: "", term: "" } }: {
    readonly side: Side;
    readonly left: Neighbours;
    readonly right: Neighbours;
    readonly also?: { readonly load: string; readonly term: string };
  },
): { readonly before: string; readonly sum: string; readonly term: string } {
  const load = (which: string, neighbours: Neighbours, first: string) => {
    const [k, at] = neighbours === "sum" ? ["tx", "ty"] : ["ty", "tx"];
    return `${which}s[${k} * 17u + ${at}] = ${
      vector(side, (offset) => `${which}(${first} + ${at} * SIDE + ${offset}, k0 + ${k})`)
    };`;
  };
  const term = `
      let a = lefts[k * 17u + ty];
      let b = rights[k * 17u + tx];
      ${eachRow(side, (j) => `acc${j} += a.${COMPONENTS[j]} * b;`)}`;
  return {
    before: `
const SIDE = ${side}u;
var<workgroup> lefts: array<vec${side}<f32>, 272>; // [k, m / SIDE], rows of 17 for the banks of memory
var<workgroup> rights: array<vec${side}<f32>, 272>;`,
    sum: `
  let tx = lane % 16u;
  let ty = lane / 16u;
  let firstRow = group.y * 16u * SIDE;
  let firstColumn = group.x * 16u * SIDE;
  let m0 = firstRow + ty * SIDE;
  let n0 = firstColumn + tx * SIDE;
  ${eachRow(side, (j) => `var acc${j} = vec${side}<f32>(0.0);`)}
  for (var k0 = 0u; k0 < params.K; k0 += 16u) {
    ${load("left", left, "firstRow")}
    ${load("right", right, "firstColumn")}
    ${also.load}
    workgroupBarrier();
    for (var k = 0u; k < 16u; k++) {${term}
      ${also.term}
    }
    workgroupBarrier();
  }`,
    term,
  };
}

/** WGSL for each of the rows that an invocation computes. */
export function eachRow(side: Side, row: (j: number) => string): string {
  return Array.from({ length: side }, (_, j) => row(j)).join("\n      ");
}

/** WGSL that stores what an invocation computed to `to` [M, N], from row `first` on. */
export function storeTile(side: Side, to: string, first = "0u"): string {
  const columns = (j: number) =>
    eachRow(
      side,
      (c) => `if (n0 + ${c}u < params.N) { ${to}[at + ${c}u] = acc${j}.${COMPONENTS[c]}; }`,
    );
  return eachRow(
    side,
    (j) => `
  if (m0 + ${j}u < params.M) {
      let at = (${first} + m0 + ${j}u) * params.N + n0;
      ${columns(j)}
  }`,
  );
}

/** The side that suits a product of so many rows and columns. */
export function sideFor(M: number, N: number): Side {
  return Math.ceil(M / 64) * Math.ceil(N / 64) >= MANY_TILES ? 4 : 2;
}

/** The workgroups along columns and rows. */
export function tilesOf(side: Side, M: number, N: number): [x: number, y: number] {
  return [Math.ceil(N / (16 * side)), Math.ceil(M / (16 * side))];
}
