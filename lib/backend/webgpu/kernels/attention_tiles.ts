import type { KernelTensor } from "../../../ops/kernels.ts";

/** Queries, keys or features of a tile; a workgroup has 16 by 16 invocations. */
export const TILE = 16;

/**
 * WGSL of what the programs of attention share: where an invocation and its workgroup are, and two tiles
 * of 16 lines by 16 terms, in vectors of four terms; a line is five vectors apart from the next, for the
 * banks of memory.
 */
export const TILES = `
var<private> head: u32;
var<private> queryStart: u32; // where the head's queries, or what has their shape, begin
var<private> keyStart: u32; // the same of keys and values
var<private> lineStep: u32; // from one query or key of a head to the next
var<private> firstLine: u32; // of the workgroup's 16 queries or keys
var<private> firstColumn: u32; // of the 16 keys or features at hand
var<workgroup> leftTile: array<vec4<f32>, 80>;
var<workgroup> rightTile: array<vec4<f32>, 80>;`;

/**
 * WGSL that sets what {@linkcode TILES} declares, first in the body of a program.
 *
 * What decides whether an invocation comes to a barrier is a variable of the function: browsers refuse a
 * shader that asks a variable of the module, which could differ within a workgroup for all they know.
 */
export const PLACE = `
  let tx = lane % ${TILE}u;
  let ty = lane / ${TILE}u;
  let headOfGroup = group.y + group.z * groups.y;
  if (headOfGroup >= params.heads) { return; }
  head = headOfGroup;
  firstLine = group.x * ${TILE}u;
  let ofRow = head / params.N * params.N; // the first head of its row of the batch
  let areSplit = params.areSplit == 1u; // [B, N, L, Dh], not [B, L, N · Dh]
  lineStep = select(params.N * params.Dh, params.Dh, areSplit);
  queryStart = select(ofRow * params.Lq + head - ofRow, head * params.Lq, areSplit) * params.Dh;
  keyStart = select(ofRow * params.Lk + head - ofRow, head * params.Lk, areSplit) * params.Dh;`;

/** The integers that {@linkcode PLACE} reads, with what they are for tensors of one layout or the other. */
export const SIZES = ["heads", "N", "Lq", "Lk", "Dh", "areSplit"];

/** The values of {@linkcode SIZES}. */
export function sizesOf(
  [B, N, Lq, Lk]: readonly [number, number, number, number],
  value: KernelTensor,
): number[] {
  const areSplit = value.shape.length === 4;
  const features = value.shape.at(-1)!;
  return [B * N, N, Lq, Lk, areSplit ? features : features / N, Number(areSplit)];
}

/** A matrix of which each line is multiplied, term by term, with a line of another. */
interface Side {
  /** WGSL of its number at `line` and `term`, both counted from the first of the matrix. */
  readonly at: string;
  /** How many lines and terms there are. */
  readonly lines: string;
  readonly terms: string;
  /** Whether neighbours in a line lie together, else neighbours across lines. */
  readonly alongTerms: boolean;
}

/** WGSL of a function and of what loads a tile by it, for 64 invocations from number `first` on. */
function loading(name: string, side: Side, firstLine: string, first: number) {
  const [line, four] = side.alongTerms
    ? [`(lane - ${first}u) / 4u`, `lane % 4u`]
    : [`lane % 16u`, `(lane - ${first}u) / 16u`];
  const terms = Array.from({ length: 4 }, (_, i) => `${name}(line, term + ${i}u)`);
  return {
    declare: `
fn ${name}(line: u32, term: u32) -> f32 {
  if (line >= ${side.lines} || term >= ${side.terms}) { return 0.0; }
  return ${side.at};
}`,
    load: (tile: string) => `
        let line = ${firstLine} + ${line};
        let term = t0 + ${four} * 4u;
        ${tile}[${line} * 5u + ${four}] = vec4<f32>(${terms.join(", ")});`,
  };
}

/**
 * WGSL that sums up the products of a line of the left matrix, `firstLine` + ty, and one of the right,
 * `firstColumn` + tx, over their terms in order.
 *
 * @param name of the sum, and of the functions that `before` declares
 */
export function productOfTiles(name: string, left: Side, right: Side) {
  const lefts = loading(`${name}Left`, left, "firstLine", 0);
  const rights = loading(`${name}Right`, right, "firstColumn", 64);
  return {
    before: lefts.declare + rights.declare,
    sum: `
    var ${name} = 0.0;
    for (var t0 = 0u; t0 < ${left.terms}; t0 += ${TILE}u) {
      if (lane < 64u) {${lefts.load("leftTile")}
      } else if (lane < 128u) {${rights.load("rightTile")}
      }
      workgroupBarrier();
      for (var four = 0u; four < 4u; four++) {
        ${name} += dot(leftTile[ty * 5u + four], rightTile[tx * 5u + four]);
      }
      workgroupBarrier();
    }`,
  };
}

/** WGSL of a function of `lane` and a number that combines those of one row of a tile, in order. */
export function rowCombine(name: string, operation: string): string {
  return `
var<workgroup> ${name}Part: array<f32, THREADS>;
fn ${name}(lane: u32, x: f32) -> f32 {
  ${name}Part[lane] = x;
  workgroupBarrier();
  let first = lane / ${TILE}u * ${TILE}u;
  var a = ${name}Part[first];
  for (var i = 1u; i < ${TILE}u; i++) {
    let b = ${name}Part[first + i];
    a = ${operation};
  }
  workgroupBarrier();
  return a;
}`;
}

/** The queries [Lq, Dh] of the head, or what has their shape, as lines; or as terms, one line a feature. */
export function ofQueries(name: string, as: "lines" | "terms"): Side {
  return as === "lines"
    ? side(`${name}[queryStart + line * lineStep + term]`, "Lq", "Dh", true)
    : side(`${name}[queryStart + term * lineStep + line]`, "Dh", "Lq", false);
}

/** The same of keys or values [Lk, Dh]. */
export function ofKeys(name: string, as: "lines" | "terms"): Side {
  return as === "lines"
    ? side(`${name}[keyStart + line * lineStep + term]`, "Lk", "Dh", true)
    : side(`${name}[keyStart + term * lineStep + line]`, "Dh", "Lk", false);
}

/** The same of the weights [Lq, Lk], with queries as lines or as terms. */
export function ofWeights(name: string, queries: "lines" | "terms"): Side {
  return queries === "lines"
    ? side(`${name}[(head * params.Lq + line) * params.Lk + term]`, "Lq", "Lk", true)
    : side(`${name}[(head * params.Lq + term) * params.Lk + line]`, "Lk", "Lq", false);
}

function side(at: string, lines: string, terms: string, alongTerms: boolean): Side {
  return { at, lines: `params.${lines}`, terms: `params.${terms}`, alongTerms };
}
