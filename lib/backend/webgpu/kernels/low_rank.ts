import { eachRow, type Side } from "./product.ts";

/**
 * WGSL that adds to a tile what low-rank factors make of the narrow rows [M, R]: each row takes the
 * factor of its owner.
 *
 * @param place where in `factors` the number of `owner` for place `r` of the rank and column `n` lies
 */
export function lowRank(
  side: Side,
  place: string,
): { readonly before: string; readonly add: string } {
  const columns = Array.from({ length: side }, (_, c) => `factorAt(owner, r, n + ${c}u)`);
  return {
    before: `
fn factorAt(owner: u32, r: u32, n: u32) -> f32 {
  if (n >= params.N) { return 0.0; }
  return factors[${place}];
}
fn factorsAt(owner: u32, r: u32, n: u32) -> vec${side}<f32> {
  return vec${side}<f32>(${columns.join(", ")});
}`,
    add: `
  ${
      eachRow(side, (j) => `
  let row${j} = min(m0 + ${j}u, params.M - 1u);
  let owner${j} = u32(owners[row${j} / params.L]);`)
    }
  for (var r = 0u; r < params.R; r++) {
    ${
      eachRow(
        side,
        (j) => `acc${j} += narrow[row${j} * params.R + r] * factorsAt(owner${j}, r, n0);`,
      )
    }
  }`,
  };
}
