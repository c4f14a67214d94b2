// AssemblyScript, built by build.ts into matmul_binary.ts.
//
// C = A · B in single precision on matrices in the imported memory. Addresses and row lengths
// ("...Row") are in bytes. An element of C is one chain of multiply-adds along k for each BLOCK_K
// of it, at every size, so that the bits of a row do not depend on the other rows.

/** Sizes of the blocks that are worked on at a time: B's block fits in a second-level cache. */
const BLOCK_K: i32 = 256;
const BLOCK_N: i32 = 512;
const BLOCK_M: i32 = 96;

/** Columns of a panel of B: two vectors. */
const PANEL: i32 = 8;
const PANEL_ROW: usize = 32;

/** Rows of a tile of C: with two vectors of columns each, it fills sixteen registers. */
const TILE: i32 = 6;

const PACKED_B: usize = 0;
const PACKED_A: usize = PACKED_B + (BLOCK_K * BLOCK_N << 2);
const EDGE: usize = PACKED_A + (BLOCK_M * BLOCK_K << 2);
const SCRATCH: usize = EDGE + TILE * PANEL_ROW;

@inline
function madd(x: v128, y: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(x, y, sum);
  return f32x4.add(f32x4.mul(x, y), sum);
}

@inline
function put(c: usize, x: v128, y: v128, add: i32): void {
  if (add) {
    x = f32x4.add(x, v128.load(c));
    y = f32x4.add(y, v128.load(c, 16));
  }
  v128.store(c, x);
  v128.store(c, y, 16);
}

/**
 * Writes (or adds) `rows` x 8 of C. Inlined with `rows` constant, so that each number has its own
 * code.
 */
@inline
function tile(rows: i32, k: i32, a: usize, aRow: usize, b: usize, bRow: usize, c: usize, cRow: usize, add: i32): void {
  let a0 = a, a1 = a0 + aRow, a2 = a1 + aRow, a3 = a2 + aRow, a4 = a3 + aRow, a5 = a4 + aRow;
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
  let c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00;
  const end = a + (k << 2), end4 = a + ((k & ~3) << 2);
  while (a0 < end4) {
    let b0 = v128.load(b), b1 = v128.load(b, 16), x = v128.load32_splat(a0);
    c00 = madd(x, b0, c00), c01 = madd(x, b1, c01);
    if (rows > 1) x = v128.load32_splat(a1), c10 = madd(x, b0, c10), c11 = madd(x, b1, c11);
    if (rows > 2) x = v128.load32_splat(a2), c20 = madd(x, b0, c20), c21 = madd(x, b1, c21);
    if (rows > 3) x = v128.load32_splat(a3), c30 = madd(x, b0, c30), c31 = madd(x, b1, c31);
    if (rows > 4) x = v128.load32_splat(a4), c40 = madd(x, b0, c40), c41 = madd(x, b1, c41);
    if (rows > 5) x = v128.load32_splat(a5), c50 = madd(x, b0, c50), c51 = madd(x, b1, c51);
    b += bRow;
    b0 = v128.load(b), b1 = v128.load(b, 16), x = v128.load32_splat(a0, 4);
    c00 = madd(x, b0, c00), c01 = madd(x, b1, c01);
    if (rows > 1) x = v128.load32_splat(a1, 4), c10 = madd(x, b0, c10), c11 = madd(x, b1, c11);
    if (rows > 2) x = v128.load32_splat(a2, 4), c20 = madd(x, b0, c20), c21 = madd(x, b1, c21);
    if (rows > 3) x = v128.load32_splat(a3, 4), c30 = madd(x, b0, c30), c31 = madd(x, b1, c31);
    if (rows > 4) x = v128.load32_splat(a4, 4), c40 = madd(x, b0, c40), c41 = madd(x, b1, c41);
    if (rows > 5) x = v128.load32_splat(a5, 4), c50 = madd(x, b0, c50), c51 = madd(x, b1, c51);
    b += bRow;
    b0 = v128.load(b), b1 = v128.load(b, 16), x = v128.load32_splat(a0, 8);
    c00 = madd(x, b0, c00), c01 = madd(x, b1, c01);
    if (rows > 1) x = v128.load32_splat(a1, 8), c10 = madd(x, b0, c10), c11 = madd(x, b1, c11);
    if (rows > 2) x = v128.load32_splat(a2, 8), c20 = madd(x, b0, c20), c21 = madd(x, b1, c21);
    if (rows > 3) x = v128.load32_splat(a3, 8), c30 = madd(x, b0, c30), c31 = madd(x, b1, c31);
    if (rows > 4) x = v128.load32_splat(a4, 8), c40 = madd(x, b0, c40), c41 = madd(x, b1, c41);
    if (rows > 5) x = v128.load32_splat(a5, 8), c50 = madd(x, b0, c50), c51 = madd(x, b1, c51);
    b += bRow;
    b0 = v128.load(b), b1 = v128.load(b, 16), x = v128.load32_splat(a0, 12);
    c00 = madd(x, b0, c00), c01 = madd(x, b1, c01);
    if (rows > 1) x = v128.load32_splat(a1, 12), c10 = madd(x, b0, c10), c11 = madd(x, b1, c11);
    if (rows > 2) x = v128.load32_splat(a2, 12), c20 = madd(x, b0, c20), c21 = madd(x, b1, c21);
    if (rows > 3) x = v128.load32_splat(a3, 12), c30 = madd(x, b0, c30), c31 = madd(x, b1, c31);
    if (rows > 4) x = v128.load32_splat(a4, 12), c40 = madd(x, b0, c40), c41 = madd(x, b1, c41);
    if (rows > 5) x = v128.load32_splat(a5, 12), c50 = madd(x, b0, c50), c51 = madd(x, b1, c51);
    b += bRow;
    a0 += 16, a1 += 16, a2 += 16, a3 += 16, a4 += 16, a5 += 16;
  }
  while (a0 < end) {
    let b0 = v128.load(b), b1 = v128.load(b, 16), x = v128.load32_splat(a0);
    c00 = madd(x, b0, c00), c01 = madd(x, b1, c01);
    if (rows > 1) x = v128.load32_splat(a1), c10 = madd(x, b0, c10), c11 = madd(x, b1, c11);
    if (rows > 2) x = v128.load32_splat(a2), c20 = madd(x, b0, c20), c21 = madd(x, b1, c21);
    if (rows > 3) x = v128.load32_splat(a3), c30 = madd(x, b0, c30), c31 = madd(x, b1, c31);
    if (rows > 4) x = v128.load32_splat(a4), c40 = madd(x, b0, c40), c41 = madd(x, b1, c41);
    if (rows > 5) x = v128.load32_splat(a5), c50 = madd(x, b0, c50), c51 = madd(x, b1, c51);
    b += bRow;
    a0 += 4, a1 += 4, a2 += 4, a3 += 4, a4 += 4, a5 += 4;
  }
  put(c, c00, c01, add);
  if (rows > 1) put(c += cRow, c10, c11, add);
  if (rows > 2) put(c += cRow, c20, c21, add);
  if (rows > 3) put(c += cRow, c30, c31, add);
  if (rows > 4) put(c += cRow, c40, c41, add);
  if (rows > 5) put(c += cRow, c50, c51, add);
}

function tile1(k: i32, a: usize, aRow: usize, b: usize, bRow: usize, c: usize, cRow: usize, add: i32): void {
  tile(1, k, a, aRow, b, bRow, c, cRow, add);
}
function tile2(k: i32, a: usize, aRow: usize, b: usize, bRow: usize, c: usize, cRow: usize, add: i32): void {
  tile(2, k, a, aRow, b, bRow, c, cRow, add);
}
function tile3(k: i32, a: usize, aRow: usize, b: usize, bRow: usize, c: usize, cRow: usize, add: i32): void {
  tile(3, k, a, aRow, b, bRow, c, cRow, add);
}
function tile4(k: i32, a: usize, aRow: usize, b: usize, bRow: usize, c: usize, cRow: usize, add: i32): void {
  tile(4, k, a, aRow, b, bRow, c, cRow, add);
}
function tile5(k: i32, a: usize, aRow: usize, b: usize, bRow: usize, c: usize, cRow: usize, add: i32): void {
  tile(5, k, a, aRow, b, bRow, c, cRow, add);
}
function tile6(k: i32, a: usize, aRow: usize, b: usize, bRow: usize, c: usize, cRow: usize, add: i32): void {
  tile(6, k, a, aRow, b, bRow, c, cRow, add);
}

function tileOf(rows: i32, k: i32, a: usize, aRow: usize, b: usize, bRow: usize, c: usize, cRow: usize, add: i32): void {
  switch (rows) {
    case 1: return tile1(k, a, aRow, b, bRow, c, cRow, add);
    case 2: return tile2(k, a, aRow, b, bRow, c, cRow, add);
    case 3: return tile3(k, a, aRow, b, bRow, c, cRow, add);
    case 4: return tile4(k, a, aRow, b, bRow, c, cRow, add);
    case 5: return tile5(k, a, aRow, b, bRow, c, cRow, add);
    default: return tile6(k, a, aRow, b, bRow, c, cRow, add);
  }
}

/**
 * Writes (or adds) one row of C in four panels at a time: with one panel, each sum would wait for
 * the one before.
 */
function wide(k: i32, a: usize, b: usize, bRow: usize, nextPanel: usize, c: usize, add: i32): void {
  let p0 = b, p1 = p0 + nextPanel, p2 = p1 + nextPanel, p3 = p2 + nextPanel;
  let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
  for (const end = a + (k << 2); a < end; a += 4) {
    const x = v128.load32_splat(a);
    c0 = madd(x, v128.load(p0), c0), c1 = madd(x, v128.load(p0, 16), c1);
    c2 = madd(x, v128.load(p1), c2), c3 = madd(x, v128.load(p1, 16), c3);
    c4 = madd(x, v128.load(p2), c4), c5 = madd(x, v128.load(p2, 16), c5);
    c6 = madd(x, v128.load(p3), c6), c7 = madd(x, v128.load(p3, 16), c7);
    p0 += bRow, p1 += bRow, p2 += bRow, p3 += bRow;
  }
  put(c, c0, c1, add);
  put(c + PANEL_ROW, c2, c3, add);
  put(c + 2 * PANEL_ROW, c4, c5, add);
  put(c + 3 * PANEL_ROW, c6, c7, add);
}

/** to[j][i] = from[i][j] for four by four. */
@inline
function turn(from: usize, fromRow: usize, to: usize, toRow: usize): void {
  const r0 = v128.load(from), r1 = v128.load(from + fromRow);
  const r2 = v128.load(from + 2 * fromRow), r3 = v128.load(from + 3 * fromRow);
  const p0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), p1 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const q0 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5), q1 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(p0, q0, 0, 1, 4, 5));
  v128.store(to + toRow, v128.shuffle<f32>(p0, q0, 2, 3, 6, 7));
  v128.store(to + 2 * toRow, v128.shuffle<f32>(p1, q1, 0, 1, 4, 5));
  v128.store(to + 3 * toRow, v128.shuffle<f32>(p1, q1, 2, 3, 6, 7));
}

/** to[j][i] = from[i][j] for i < rows, j < columns. */
function transpose(rows: i32, columns: i32, from: usize, fromRow: usize, to: usize, toRow: usize): void {
  const rows4 = rows & ~3, columns4 = columns & ~3;
  for (let i = 0; i < rows4; i += 4) {
    for (let j = 0; j < columns4; j += 4) turn(from + i * fromRow + (j << 2), fromRow, to + j * toRow + (i << 2), toRow);
  }
  for (let i = 0; i < rows; i++) {
    for (let j = i < rows4 ? columns4 : 0; j < columns; j++) {
      store<f32>(to + j * toRow + (i << 2), load<f32>(from + i * fromRow + (j << 2)));
    }
  }
}

/** Copies k x n of B into panels [k][8]; what is beside the last columns is never used. */
function packB(k: i32, n: i32, b: usize, bRow: usize, turned: i32, to: usize): void {
  for (let j = 0; j < n; j += PANEL) {
    const columns = min(PANEL, n - j);
    if (turned) {
      transpose(columns, k, b + j * bRow, bRow, to, PANEL_ROW);
    } else {
      let from = b + (j << 2);
      for (let p = to, end = to + k * PANEL_ROW; p < end; p += PANEL_ROW) {
        if (columns == PANEL) {
          v128.store(p, v128.load(from));
          v128.store(p, v128.load(from, 16), 16);
        } else {
          for (let q = 0; q < columns; q++) store<f32>(p + (q << 2), load<f32>(from + (q << 2)));
        }
        from += bRow;
      }
    }
    to += k * PANEL_ROW;
  }
}

/** Bytes of scratch that `product` needs. */
export function scratchBytes(): usize {
  return SCRATCH;
}

/**
 * c [m, n] = a [m, k] · b [k, n], row-major and dense; a "turned" side is stored transposed. With k of
 * zero c is left as it is.
 */
export function product(m: i32, n: i32, k: i32, a: usize, turnedA: i32, b: usize, turnedB: i32, c: usize, scratch: usize): void {
  if (n == 1 && m > 1) {
    // A row of C is as wide as a panel, a column is not: cᵀ = bᵀ · aᵀ, and a vector has the same
    // layout transposed.
    product(1, m, k, b, 0, a, turnedA ^ 1, c, scratch);
    return;
  }
  const aRow: usize = (turnedA ? m : k) << 2, bRow: usize = (turnedB ? k : n) << 2, cRow: usize = n << 2;
  const packedB = scratch + PACKED_B, packedA = scratch + PACKED_A, edge = scratch + EDGE;
  // For one or two rows of tiles a copy of B costs more than it saves: only the columns at the edge
  // need it.
  const inPlace = !turnedB && m <= 2 * TILE;
  for (let k0 = 0; k0 < k; k0 += BLOCK_K) {
    const kc = min(BLOCK_K, k - k0);
    for (let n0 = 0; n0 < n; n0 += BLOCK_N) {
      const nc = min(BLOCK_N, n - n0), whole = nc & ~(PANEL - 1);
      const block = turnedB ? b + n0 * bRow + (k0 << 2) : b + k0 * bRow + (n0 << 2);
      if (inPlace) packB(kc, nc - whole, block + (whole << 2), bRow, 0, packedB);
      else packB(kc, nc, block, bRow, turnedB, packedB);
      const panels = inPlace ? block : packedB;
      const panelRow = inPlace ? bRow : PANEL_ROW;
      const nextPanel = inPlace ? PANEL_ROW : kc * PANEL_ROW;
      for (let m0 = 0; m0 < m; m0 += BLOCK_M) {
        const mc = min(BLOCK_M, m - m0);
        let from = a + m0 * aRow + (k0 << 2), fromRow = aRow;
        if (turnedA) {
          from = packedA;
          fromRow = BLOCK_K << 2;
          transpose(kc, mc, a + k0 * aRow + (m0 << 2), aRow, from, fromRow);
        }
        for (let i = 0, rows = 0; i < mc; i += rows) {
          const left = mc - i, tiles = (left + TILE - 1) / TILE;
          rows = (left + tiles - 1) / tiles; // tiles of about equal height: short ones are slow
          const row = from + i * fromRow;
          let panel = panels, to = c + (m0 + i) * cRow + (n0 << 2), j = 0;
          if (rows == 1) {
            for (; j + 4 * PANEL <= whole; j += 4 * PANEL) {
              wide(kc, row, panel, panelRow, nextPanel, to, k0);
              to += 4 * PANEL_ROW;
              panel += 4 * nextPanel;
            }
          }
          for (; j < whole; j += PANEL) {
            tileOf(rows, kc, row, fromRow, panel, panelRow, to, cRow, k0);
            to += PANEL_ROW;
            panel += nextPanel;
          }
          if (whole == nc) continue;
          tileOf(rows, kc, row, fromRow, inPlace ? packedB : panel, PANEL_ROW, edge, PANEL_ROW, 0);
          for (let p = 0; p < rows; p++) {
            for (let q = 0; q < nc - whole; q++) {
              const at = to + p * cRow + (q << 2);
              const x = load<f32>(edge + p * PANEL_ROW + (q << 2));
              store<f32>(at, k0 ? load<f32>(at) + x : x);
            }
          }
        }
      }
    }
  }
}
