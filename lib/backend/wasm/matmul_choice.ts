/** The kinds of matrix products that a way is chosen for, each by its own measurement. */
export const PRODUCT_KINDS = ["large", "narrow", "batched"] as const;

/**
 * One of {@linkcode PRODUCT_KINDS}: `large` is one product, as of a layer; `narrow` the two thin ones of a
 * low-rank update; `batched` many small ones in succession, as of attention heads.
 */
export type ProductKind = typeof PRODUCT_KINDS[number];

/** The ways to a product that are chosen between: the system's BLAS, and the project's own kernel. */
export type ProductWay = "blas" | "wasm";

/** Which way is taken for each kind of product. */
export type MatMulChoice = Readonly<Record<ProductKind, ProductWay>>;

/** How long each way took for the same products of a kind; any unit, one number a round. */
export type ProductTimes = Readonly<
  Record<ProductKind, Readonly<Record<ProductWay, readonly number[]>>>
>;

/** How many times as long BLAS must take before the own kernel is chosen, so that noise chooses BLAS. */
const CLEARLY = 1.1;

/** The same way for every kind of product. */
export function alwaysBy(way: ProductWay): MatMulChoice {
  return { large: way, narrow: way, batched: way };
}

/**
 * Chooses the own kernel for the kinds of products at which it was clearly faster, and else BLAS.
 *
 * The shortest times are compared: what else a machine does makes a round longer, and never shorter.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const choice = chooseWays({
 *   large: { blas: [9, 7], wasm: [4, 5] },
 *   narrow: { blas: [4.5, 4.2], wasm: [4, 4] },
 *   batched: { blas: [1, 1], wasm: [4, 4] },
 * });
 * assert.equal(formatChoice(choice), "large=wasm,narrow=blas,batched=blas");
 * ```
 */
export function chooseWays(times: ProductTimes): MatMulChoice {
  const of = (kind: ProductKind): ProductWay =>
    Math.min(...times[kind].blas) > CLEARLY * Math.min(...times[kind].wasm) ? "wasm" : "blas";
  return { large: of("large"), narrow: of("narrow"), batched: of("batched") };
}

/** A choice as a value of `POLY_MATMUL`: one word where all kinds of products go one way. */
export function formatChoice(choice: MatMulChoice): string {
  const ways = new Set(PRODUCT_KINDS.map((kind) => choice[kind]));
  return ways.size === 1
    ? choice.large
    : PRODUCT_KINDS.map((kind) => `${kind}=${choice[kind]}`).join(",");
}

/**
 * Reads what {@linkcode formatChoice} wrote.
 *
 * @returns the choice, or `null` when the text is none
 */
export function parseChoice(text: string): MatMulChoice | null {
  if (text === "blas" || text === "wasm") return alwaysBy(text);
  const [large, narrow, batched] =
    /^large=(\w+),narrow=(\w+),batched=(\w+)$/.exec(text)?.slice(1) ??
      [];
  const isWay = (way: string | undefined): way is ProductWay => way === "blas" || way === "wasm";
  return isWay(large) && isWay(narrow) && isWay(batched) ? { large, narrow, batched } : null;
}
