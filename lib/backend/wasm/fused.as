// AssemblyScript, built by build.ts into fused_binary.ts.
//
// Whole operations in single precision on dense row-major tensors in the imported memory. Addresses
// are in bytes, sizes in elements. Every sum runs in one fixed order.

// --- Vectors ---------------------------------------------------------------------------------------

@inline
function splat(x: f32): v128 {
  return f32x4.splat(x);
}

/** Multiplication and addition; with relaxed SIMD, rounded only once. */
@inline
function madd(x: v128, y: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(x, y, sum);
  return f32x4.add(f32x4.mul(x, y), sum);
}

/** x·y + z, rounded twice. */
@inline
function mulAdd(x: v128, y: v128, z: v128): v128 {
  return f32x4.add(f32x4.mul(x, y), z);
}

/** The first `count` < 4 numbers at an address, then zeros. */
@inline // a call, even one not taken, makes the loop around it spill its registers
function loadSome(at: usize, count: i32): v128 {
  let x = v128.load32_zero(at);
  if (count > 1) x = v128.load_lane<f32>(at + 4, x, 1);
  if (count > 2) x = v128.load_lane<f32>(at + 8, x, 2);
  return x;
}

@inline
function storeSome(at: usize, x: v128, count: i32): void {
  v128.store_lane<f32>(at, x, 0);
  if (count > 1) v128.store_lane<f32>(at + 4, x, 1);
  if (count > 2) v128.store_lane<f32>(at + 8, x, 2);
}

@inline
function load4(at: usize, count: i32): v128 {
  return count >= 4 ? v128.load(at) : loadSome(at, count);
}

@inline
function store4(at: usize, x: v128, count: i32): void {
  if (count >= 4) v128.store(at, x);
  else storeSome(at, x, count);
}

@inline
function sumOf(x: v128): f32 {
  return f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3));
}

@inline
function largestOf(x: v128): f32 {
  return max(
    max(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1)),
    max(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)),
  );
}

// The constants of exp and log are in variables, which are loaded; an engine makes a vector literal
// anew each time it is used, at three times the cost of the arithmetic.
let one: v128 = splat(1), half: v128 = splat(0.5);
let lowest: v128 = splat(-87.33), highest: v128 = splat(89), log2OfE: v128 = splat(1.44269504), rounder: v128 = splat(12582912);
let minusLog2: v128 = splat(-0.693359375), log2Rest: v128 = splat(2.12194440e-4), exponentBias: v128 = i32x4.splat(127);
let e0: v128 = splat(1.9875691500e-4), e1: v128 = splat(1.3981999507e-3), e2: v128 = splat(8.3334519073e-3);
let e3: v128 = splat(4.1665795894e-2), e4: v128 = splat(1.6666665459e-1), e5: v128 = splat(5.0000001201e-1);
let mantissa: v128 = i32x4.splat(0x007fffff), logBias: v128 = i32x4.splat(126), rootOfHalf: v128 = splat(0.707106781);
let l0: v128 = splat(7.0376836292e-2), l1: v128 = splat(-1.1514610310e-1), l2: v128 = splat(1.1676998740e-1);
let l3: v128 = splat(-1.2420140846e-1), l4: v128 = splat(1.4249322787e-1), l5: v128 = splat(-1.6668057665e-1);
let l6: v128 = splat(2.0000714765e-1), l7: v128 = splat(-2.4999993993e-1), l8: v128 = splat(3.3333331174e-1);

/** e^x within two units in the last place; 0 below −87.33, infinite above 88.37. Cephes, `expf`. */
@inline
function exp(x: v128): v128 {
  const vanishes = f32x4.lt(x, lowest);
  x = f32x4.pmin(f32x4.pmax(x, lowest), highest);
  const rounded = madd(x, log2OfE, rounder); // its last bits are the power of two
  const n = f32x4.sub(rounded, rounder);
  x = madd(n, log2Rest, madd(n, minusLog2, x));
  const square = f32x4.mul(x, x);
  const p = madd(madd(madd(e0, x, e1), square, madd(e2, x, e3)), square, madd(e4, x, e5));
  const power = i32x4.shl(i32x4.add(rounded, exponentBias), 23);
  return v128.andnot(f32x4.mul(f32x4.add(madd(p, square, x), one), power), vanishes);
}

/**
 * Writes e^x and e^y to `to`, with each constant loaded once for both: loads cost as much as the
 * arithmetic.
 */
@inline
function exp2To(x: v128, y: v128, to: usize): void {
  const low = lowest, high = highest, log2 = log2OfE, r = rounder, ml = minusLog2, lr = log2Rest;
  const xVanishes = f32x4.lt(x, low), yVanishes = f32x4.lt(y, low);
  x = f32x4.pmin(f32x4.pmax(x, low), high), y = f32x4.pmin(f32x4.pmax(y, low), high);
  const xRounded = madd(x, log2, r), yRounded = madd(y, log2, r);
  const xn = f32x4.sub(xRounded, r), yn = f32x4.sub(yRounded, r);
  x = madd(xn, lr, madd(xn, ml, x)), y = madd(yn, lr, madd(yn, ml, y));
  const xx = f32x4.mul(x, x), yy = f32x4.mul(y, y);
  let c = e0, d = e1;
  let xp = madd(c, x, d), yp = madd(c, y, d);
  c = e2, d = e3;
  xp = madd(xp, xx, madd(c, x, d)), yp = madd(yp, yy, madd(c, y, d));
  c = e4, d = e5;
  xp = madd(xp, xx, madd(c, x, d)), yp = madd(yp, yy, madd(c, y, d));
  const o = one, bias = exponentBias;
  const xPower = i32x4.shl(i32x4.add(xRounded, bias), 23), yPower = i32x4.shl(i32x4.add(yRounded, bias), 23);
  v128.store(to, v128.andnot(f32x4.mul(f32x4.add(madd(xp, xx, x), o), xPower), xVanishes));
  v128.store(to, v128.andnot(f32x4.mul(f32x4.add(madd(yp, yy, y), o), yPower), yVanishes), 16);
}

/** Natural logarithm of normal numbers above 0. Cephes, `logf`. */
@inline
function log(x: v128): v128 {
  let e = f32x4.convert_i32x4_s(i32x4.sub(i32x4.shr_s(x, 23), logBias));
  let m = v128.or(v128.and(x, mantissa), half); // in [½, 1)
  const isSmall = f32x4.lt(m, rootOfHalf);
  e = f32x4.sub(e, v128.and(one, isSmall));
  m = f32x4.sub(f32x4.add(m, v128.and(m, isSmall)), one);
  const square = f32x4.mul(m, m);
  let p = madd(madd(madd(madd(l0, m, l1), m, l2), m, l3), m, l4);
  p = madd(madd(madd(madd(p, m, l5), m, l6), m, l7), m, l8);
  p = f32x4.sub(f32x4.mul(f32x4.mul(p, m), square), f32x4.mul(e, log2Rest));
  p = f32x4.sub(p, f32x4.mul(square, half));
  return f32x4.sub(f32x4.add(m, p), f32x4.mul(e, minusLog2));
}

/** log(1 − x) for x in (0, 1), corrected for the rounding of 1 − x. */
@inline
function logOfRest(x: v128): v128 {
  const rest = f32x4.sub(one, x);
  const taken = f32x4.sub(one, rest); // what was really subtracted
  const slope = f32x4.div(log(rest), taken);
  return v128.bitselect(f32x4.neg(x), f32x4.mul(slope, x), f32x4.eq(taken, f32x4.splat(0)));
}

/** 1 / (1 + e^−x), in this order of roundings. */
@inline
function logistic(x: v128): v128 {
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(x))));
}

// --- Small products --------------------------------------------------------------------------------

/** Number of terms of a sum that are added up before they are added to the earlier ones. */
const BLOCK_K: i32 = 256;

@inline
function put(c: usize, x: v128, scale: v128, add: i32): void {
  x = f32x4.mul(x, scale);
  v128.store(c, add ? f32x4.add(x, v128.load(c)) : x);
}

/** Four rows by eight columns. */
function tile4x8(k: i32, a: usize, aRow: usize, aCol: usize, b: usize, bRow: usize, c: usize, cRow: usize, scale: v128, add: i32): void {
  let a1 = a + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
  let c00 = splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  for (; k > 0; k--) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = madd(x, b0, c00), c01 = madd(x, b1, c01), x = v128.load32_splat(a1);
    c10 = madd(x, b0, c10), c11 = madd(x, b1, c11), x = v128.load32_splat(a2);
    c20 = madd(x, b0, c20), c21 = madd(x, b1, c21), x = v128.load32_splat(a3);
    c30 = madd(x, b0, c30), c31 = madd(x, b1, c31);
    a += aCol, a1 += aCol, a2 += aCol, a3 += aCol, b += bRow;
  }
  put(c, c00, scale, add), put(c + 16, c01, scale, add), c += cRow;
  put(c, c10, scale, add), put(c + 16, c11, scale, add), c += cRow;
  put(c, c20, scale, add), put(c + 16, c21, scale, add), c += cRow;
  put(c, c30, scale, add), put(c + 16, c31, scale, add);
}

/** Four rows by twelve columns. */
function tile4x12(k: i32, a: usize, aRow: usize, aCol: usize, b: usize, bRow: usize, c: usize, cRow: usize, scale: v128, add: i32): void {
  let a1 = a + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
  let c00 = splat(0), c01 = c00, c02 = c00, c10 = c00, c11 = c00, c12 = c00, c20 = c00, c21 = c00, c22 = c00, c30 = c00, c31 = c00, c32 = c00;
  for (; k > 0; k--) {
    const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32);
    let x = v128.load32_splat(a);
    c00 = madd(x, b0, c00), c01 = madd(x, b1, c01), c02 = madd(x, b2, c02), x = v128.load32_splat(a1);
    c10 = madd(x, b0, c10), c11 = madd(x, b1, c11), c12 = madd(x, b2, c12), x = v128.load32_splat(a2);
    c20 = madd(x, b0, c20), c21 = madd(x, b1, c21), c22 = madd(x, b2, c22), x = v128.load32_splat(a3);
    c30 = madd(x, b0, c30), c31 = madd(x, b1, c31), c32 = madd(x, b2, c32);
    a += aCol, a1 += aCol, a2 += aCol, a3 += aCol, b += bRow;
  }
  put(c, c00, scale, add), put(c + 16, c01, scale, add), put(c + 32, c02, scale, add), c += cRow;
  put(c, c10, scale, add), put(c + 16, c11, scale, add), put(c + 32, c12, scale, add), c += cRow;
  put(c, c20, scale, add), put(c + 16, c21, scale, add), put(c + 32, c22, scale, add), c += cRow;
  put(c, c30, scale, add), put(c + 16, c31, scale, add), put(c + 32, c32, scale, add);
}

/** Eight rows by four columns: with fewer, each sum would wait for its last addition. */
function tile8x4(k: i32, a: usize, aRow: usize, aCol: usize, b: usize, bRow: usize, c: usize, cRow: usize, scale: v128, add: i32): void {
  let a1 = a + aRow, a2 = a1 + aRow, a3 = a2 + aRow, a4 = a3 + aRow, a5 = a4 + aRow, a6 = a5 + aRow, a7 = a6 + aRow;
  let c0 = splat(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
  for (; k > 0; k--) {
    const y = v128.load(b);
    c0 = madd(v128.load32_splat(a), y, c0), c1 = madd(v128.load32_splat(a1), y, c1);
    c2 = madd(v128.load32_splat(a2), y, c2), c3 = madd(v128.load32_splat(a3), y, c3);
    c4 = madd(v128.load32_splat(a4), y, c4), c5 = madd(v128.load32_splat(a5), y, c5);
    c6 = madd(v128.load32_splat(a6), y, c6), c7 = madd(v128.load32_splat(a7), y, c7);
    a += aCol, a1 += aCol, a2 += aCol, a3 += aCol, a4 += aCol, a5 += aCol, a6 += aCol, a7 += aCol, b += bRow;
  }
  put(c, c0, scale, add), c += cRow, put(c, c1, scale, add), c += cRow;
  put(c, c2, scale, add), c += cRow, put(c, c3, scale, add), c += cRow;
  put(c, c4, scale, add), c += cRow, put(c, c5, scale, add), c += cRow;
  put(c, c6, scale, add), c += cRow, put(c, c7, scale, add);
}

/** Twelve rows by four columns. */
function tile12x4(k: i32, a: usize, aRow: usize, aCol: usize, b: usize, bRow: usize, c: usize, cRow: usize, scale: v128, add: i32): void {
  let a1 = a + aRow, a2 = a1 + aRow, a3 = a2 + aRow, a4 = a3 + aRow, a5 = a4 + aRow, a6 = a5 + aRow, a7 = a6 + aRow, a8 = a7 + aRow, a9 = a8 + aRow, a10 = a9 + aRow, a11 = a10 + aRow;
  let c0 = splat(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0, c8 = c0, c9 = c0, c10 = c0, c11 = c0;
  if (aCol == 4) { // four terms at a time: a quarter of the address arithmetic
    for (; k > 3; k -= 4) {
      let y = v128.load(b);
      c0 = madd(v128.load32_splat(a), y, c0), c1 = madd(v128.load32_splat(a1), y, c1), c2 = madd(v128.load32_splat(a2), y, c2), c3 = madd(v128.load32_splat(a3), y, c3);
      c4 = madd(v128.load32_splat(a4), y, c4), c5 = madd(v128.load32_splat(a5), y, c5), c6 = madd(v128.load32_splat(a6), y, c6), c7 = madd(v128.load32_splat(a7), y, c7);
      c8 = madd(v128.load32_splat(a8), y, c8), c9 = madd(v128.load32_splat(a9), y, c9), c10 = madd(v128.load32_splat(a10), y, c10), c11 = madd(v128.load32_splat(a11), y, c11);
      b += bRow, y = v128.load(b);
      c0 = madd(v128.load32_splat(a, 4), y, c0), c1 = madd(v128.load32_splat(a1, 4), y, c1), c2 = madd(v128.load32_splat(a2, 4), y, c2), c3 = madd(v128.load32_splat(a3, 4), y, c3);
      c4 = madd(v128.load32_splat(a4, 4), y, c4), c5 = madd(v128.load32_splat(a5, 4), y, c5), c6 = madd(v128.load32_splat(a6, 4), y, c6), c7 = madd(v128.load32_splat(a7, 4), y, c7);
      c8 = madd(v128.load32_splat(a8, 4), y, c8), c9 = madd(v128.load32_splat(a9, 4), y, c9), c10 = madd(v128.load32_splat(a10, 4), y, c10), c11 = madd(v128.load32_splat(a11, 4), y, c11);
      b += bRow, y = v128.load(b);
      c0 = madd(v128.load32_splat(a, 8), y, c0), c1 = madd(v128.load32_splat(a1, 8), y, c1), c2 = madd(v128.load32_splat(a2, 8), y, c2), c3 = madd(v128.load32_splat(a3, 8), y, c3);
      c4 = madd(v128.load32_splat(a4, 8), y, c4), c5 = madd(v128.load32_splat(a5, 8), y, c5), c6 = madd(v128.load32_splat(a6, 8), y, c6), c7 = madd(v128.load32_splat(a7, 8), y, c7);
      c8 = madd(v128.load32_splat(a8, 8), y, c8), c9 = madd(v128.load32_splat(a9, 8), y, c9), c10 = madd(v128.load32_splat(a10, 8), y, c10), c11 = madd(v128.load32_splat(a11, 8), y, c11);
      b += bRow, y = v128.load(b);
      c0 = madd(v128.load32_splat(a, 12), y, c0), c1 = madd(v128.load32_splat(a1, 12), y, c1), c2 = madd(v128.load32_splat(a2, 12), y, c2), c3 = madd(v128.load32_splat(a3, 12), y, c3);
      c4 = madd(v128.load32_splat(a4, 12), y, c4), c5 = madd(v128.load32_splat(a5, 12), y, c5), c6 = madd(v128.load32_splat(a6, 12), y, c6), c7 = madd(v128.load32_splat(a7, 12), y, c7);
      c8 = madd(v128.load32_splat(a8, 12), y, c8), c9 = madd(v128.load32_splat(a9, 12), y, c9), c10 = madd(v128.load32_splat(a10, 12), y, c10), c11 = madd(v128.load32_splat(a11, 12), y, c11);
      a += 16, a1 += 16, a2 += 16, a3 += 16, a4 += 16, a5 += 16, a6 += 16, a7 += 16, a8 += 16, a9 += 16, a10 += 16, a11 += 16, b += bRow;
    }
  }
  for (; k > 0; k--) {
    const y = v128.load(b);
    c0 = madd(v128.load32_splat(a), y, c0), c1 = madd(v128.load32_splat(a1), y, c1), c2 = madd(v128.load32_splat(a2), y, c2);
    c3 = madd(v128.load32_splat(a3), y, c3), c4 = madd(v128.load32_splat(a4), y, c4), c5 = madd(v128.load32_splat(a5), y, c5);
    c6 = madd(v128.load32_splat(a6), y, c6), c7 = madd(v128.load32_splat(a7), y, c7), c8 = madd(v128.load32_splat(a8), y, c8);
    c9 = madd(v128.load32_splat(a9), y, c9), c10 = madd(v128.load32_splat(a10), y, c10), c11 = madd(v128.load32_splat(a11), y, c11);
    a += aCol, a1 += aCol, a2 += aCol, a3 += aCol, a4 += aCol, a5 += aCol, a6 += aCol, a7 += aCol, a8 += aCol, a9 += aCol, a10 += aCol, a11 += aCol, b += bRow;
  }
  put(c, c0, scale, add), c += cRow, put(c, c1, scale, add), c += cRow, put(c, c2, scale, add), c += cRow, put(c, c3, scale, add), c += cRow, put(c, c4, scale, add), c += cRow, put(c, c5, scale, add), c += cRow, put(c, c6, scale, add), c += cRow, put(c, c7, scale, add), c += cRow, put(c, c8, scale, add), c += cRow, put(c, c9, scale, add), c += cRow, put(c, c10, scale, add), c += cRow, put(c, c11, scale, add);
}

/**
 * Four rows by four columns, with the even and odd terms of each sum apart: a single sum would wait
 * for its last addition.
 */
function tile4x4(k: i32, a: usize, aRow: usize, aCol: usize, b: usize, bRow: usize, c: usize, cRow: usize, scale: v128, add: i32): void {
  let a1 = a + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
  let c0 = splat(0), c1 = c0, c2 = c0, c3 = c0, d0 = c0, d1 = c0, d2 = c0, d3 = c0;
  for (; k > 1; k -= 2) {
    let y = v128.load(b);
    c0 = madd(v128.load32_splat(a), y, c0), c1 = madd(v128.load32_splat(a1), y, c1);
    c2 = madd(v128.load32_splat(a2), y, c2), c3 = madd(v128.load32_splat(a3), y, c3);
    a += aCol, a1 += aCol, a2 += aCol, a3 += aCol, b += bRow;
    y = v128.load(b);
    d0 = madd(v128.load32_splat(a), y, d0), d1 = madd(v128.load32_splat(a1), y, d1);
    d2 = madd(v128.load32_splat(a2), y, d2), d3 = madd(v128.load32_splat(a3), y, d3);
    a += aCol, a1 += aCol, a2 += aCol, a3 += aCol, b += bRow;
  }
  if (k > 0) {
    const y = v128.load(b);
    c0 = madd(v128.load32_splat(a), y, c0), c1 = madd(v128.load32_splat(a1), y, c1);
    c2 = madd(v128.load32_splat(a2), y, c2), c3 = madd(v128.load32_splat(a3), y, c3);
  }
  put(c, f32x4.add(c0, d0), scale, add), c += cRow, put(c, f32x4.add(c1, d1), scale, add), c += cRow;
  put(c, f32x4.add(c2, d2), scale, add), c += cRow, put(c, f32x4.add(c3, d3), scale, add);
}

/** Four rows by four columns, each sum in the order of its terms. */
function tile4x4InOrder(k: i32, a: usize, aRow: usize, aCol: usize, b: usize, bRow: usize, c: usize, cRow: usize, scale: v128, add: i32): void {
  let a1 = a + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
  let c0 = splat(0), c1 = c0, c2 = c0, c3 = c0;
  for (; k > 0; k--) {
    const y = v128.load(b);
    c0 = madd(v128.load32_splat(a), y, c0), c1 = madd(v128.load32_splat(a1), y, c1);
    c2 = madd(v128.load32_splat(a2), y, c2), c3 = madd(v128.load32_splat(a3), y, c3);
    a += aCol, a1 += aCol, a2 += aCol, a3 += aCol, b += bRow;
  }
  put(c, c0, scale, add), c += cRow, put(c, c1, scale, add), c += cRow;
  put(c, c2, scale, add), c += cRow, put(c, c3, scale, add);
}

/** One row by thirty-two columns. */
function tile1x32(k: i32, a: usize, aCol: usize, b: usize, bRow: usize, c: usize, scale: v128, add: i32): void {
  let c0 = splat(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
  for (; k > 0; k--) {
    const x = v128.load32_splat(a);
    c0 = madd(x, v128.load(b), c0), c1 = madd(x, v128.load(b, 16), c1);
    c2 = madd(x, v128.load(b, 32), c2), c3 = madd(x, v128.load(b, 48), c3);
    c4 = madd(x, v128.load(b, 64), c4), c5 = madd(x, v128.load(b, 80), c5);
    c6 = madd(x, v128.load(b, 96), c6), c7 = madd(x, v128.load(b, 112), c7);
    a += aCol, b += bRow;
  }
  put(c, c0, scale, add), put(c + 16, c1, scale, add), put(c + 32, c2, scale, add), put(c + 48, c3, scale, add);
  put(c + 64, c4, scale, add), put(c + 80, c5, scale, add), put(c + 96, c6, scale, add), put(c + 112, c7, scale, add);
}

/** One row by sixteen columns. */
function tile1x16(k: i32, a: usize, aCol: usize, b: usize, bRow: usize, c: usize, scale: v128, add: i32): void {
  let c0 = splat(0), c1 = c0, c2 = c0, c3 = c0;
  for (; k > 0; k--) {
    const x = v128.load32_splat(a);
    c0 = madd(x, v128.load(b), c0), c1 = madd(x, v128.load(b, 16), c1);
    c2 = madd(x, v128.load(b, 32), c2), c3 = madd(x, v128.load(b, 48), c3);
    a += aCol, b += bRow;
  }
  put(c, c0, scale, add), put(c + 16, c1, scale, add), put(c + 32, c2, scale, add), put(c + 48, c3, scale, add);
}

/** One row by eight columns. */
function tile1x8(k: i32, a: usize, aCol: usize, b: usize, bRow: usize, c: usize, scale: v128, add: i32): void {
  let c0 = splat(0), c1 = c0;
  for (; k > 0; k--) {
    const x = v128.load32_splat(a);
    c0 = madd(x, v128.load(b), c0), c1 = madd(x, v128.load(b, 16), c1);
    a += aCol, b += bRow;
  }
  put(c, c0, scale, add), put(c + 16, c1, scale, add);
}

/** One row by up to four columns. */
function tile1x4(k: i32, columns: i32, a: usize, aCol: usize, b: usize, bRow: usize, c: usize, scale: v128, add: i32): void {
  let sum = splat(0);
  for (; k > 0; k--) {
    sum = madd(v128.load32_splat(a), load4(b, columns), sum);
    a += aCol, b += bRow;
  }
  sum = f32x4.mul(sum, scale);
  store4(c, add ? f32x4.add(sum, load4(c, columns)) : sum, columns);
}

/**
 * Any number of rows by eight columns, four terms of each sum, which are added to c unless it is
 * new.
 */
function panel4x8(m: i32, a: usize, aRow: usize, aCol: usize, b: usize, bRow: usize, c: usize, cRow: usize, add: i32): void {
  const b00 = v128.load(b), b01 = v128.load(b, 16), b10 = v128.load(b + bRow), b11 = v128.load(b + bRow, 16);
  b += 2 * bRow;
  const b20 = v128.load(b), b21 = v128.load(b, 16), b30 = v128.load(b + bRow), b31 = v128.load(b + bRow, 16);
  const aCol2 = 2 * aCol, aCol3 = 3 * aCol, zero = splat(0);
  for (; m > 0; m--) {
    let c0 = zero, c1 = zero, x = v128.load32_splat(a);
    if (add) c0 = v128.load(c), c1 = v128.load(c, 16);
    c0 = madd(x, b00, c0), c1 = madd(x, b01, c1), x = v128.load32_splat(a + aCol);
    c0 = madd(x, b10, c0), c1 = madd(x, b11, c1), x = v128.load32_splat(a + aCol2);
    c0 = madd(x, b20, c0), c1 = madd(x, b21, c1), x = v128.load32_splat(a + aCol3);
    v128.store(c, madd(x, b30, c0)), v128.store(c, madd(x, b31, c1), 16);
    a += aRow, c += cRow;
  }
}

/**
 * c [m, n] = scale · a [m, k] · b [k, n], or that added to c. Steps are in bytes: from row to row, and
 * from column to column of `a`; columns of `b` and `c` are dense. For products too small for blocks.
 */
function product(m: i32, n: i32, k: i32, a: usize, aRow: usize, aCol: usize, b: usize, bRow: usize, c: usize, cRow: usize, scale: f32, add: i32, inOrder: bool = false): void {
  if ((k == 4 || k == 8) && m >= 4 && n >= 8 && scale == 1) {
    // When sums are as short as a rank, keeping the other side in registers costs less than tiles.
    const columns: usize = n & ~7;
    for (let j: usize = 0; j < columns << 2; j += 32) {
      panel4x8(m, a, aRow, aCol, b + j, bRow, c + j, cRow, add);
      if (k == 8) panel4x8(m, a + 4 * aCol, aRow, aCol, b + 4 * bRow + j, bRow, c + j, cRow, 1);
    }
    n -= <i32>columns;
    if (n > 0) tiles(m, n, k, a, aRow, aCol, b + (columns << 2), bRow, c + (columns << 2), cRow, scale, add, inOrder);
  } else {
    tiles(m, n, k, a, aRow, aCol, b, bRow, c, cRow, scale, add, inOrder);
  }
}

/**
 * The product by tiles; with `inOrder`, sums are in the order of their terms, independent of the
 * other rows.
 */
function tiles(m: i32, n: i32, k: i32, a: usize, aRow: usize, aCol: usize, b: usize, bRow: usize, c: usize, cRow: usize, scale: f32, add: i32, inOrder: bool): void {
  const factor = splat(scale);
  let i = 0, strip = 0; // the first row whose last four columns are not done
  for (; i + 4 <= m; i += 4) {
    let j = 0;
    for (; j + 8 <= n && !(inOrder && n - j == 12); j += 8) tile4x8(k, a, aRow, aCol, b + (j << 2), bRow, c + (j << 2), cRow, factor, add);
    if (inOrder && n - j == 12) { // the last four columns would be slower alone
      tile4x12(k, a, aRow, aCol, b + (j << 2), bRow, c + (j << 2), cRow, factor, add), j += 12;
    } else if (j + 4 <= n) {
      if (!inOrder) {
        tile4x4(k, a, aRow, aCol, b + (j << 2), bRow, c + (j << 2), cRow, factor, add);
      } else if (i == strip) { // otherwise it was done with the rows before
        const rest = m - i & ~3, at = b + (j << 2), to = c + (j << 2);
        if (rest == 12) tile12x4(k, a, aRow, aCol, at, bRow, to, cRow, factor, add), strip += 12;
        else if (rest >= 8) tile8x4(k, a, aRow, aCol, at, bRow, to, cRow, factor, add), strip += 8;
        else tile4x4InOrder(k, a, aRow, aCol, at, bRow, to, cRow, factor, add), strip += 4;
      }
      j += 4;
    }
    if (j < n) {
      for (let r = 0; r < 4; r++) tile1x4(k, n - j, a + r * aRow, aCol, b + (j << 2), bRow, c + r * cRow + (j << 2), factor, add);
    }
    a += 4 * aRow, c += 4 * cRow;
  }
  for (; i < m; i++) {
    let j = 0;
    for (; j + 32 <= n; j += 32) tile1x32(k, a, aCol, b + (j << 2), bRow, c + (j << 2), factor, add);
    if (j + 16 <= n) tile1x16(k, a, aCol, b + (j << 2), bRow, c + (j << 2), factor, add), j += 16;
    if (j + 8 <= n) tile1x8(k, a, aCol, b + (j << 2), bRow, c + (j << 2), factor, add), j += 8;
    for (; j < n; j += 4) tile1x4(k, n - j, a, aCol, b + (j << 2), bRow, c + (j << 2), factor, add);
    a += aRow, c += cRow;
  }
}

/** to [columns, rows] = from [rows, columns] transposed. */
function transpose(rows: i32, columns: i32, from: usize, fromRow: usize, to: usize): void {
  const toRow: usize = rows << 2;
  const rows4 = rows & ~3, columns4 = columns & ~3;
  for (let i = 0; i < rows4; i += 4) {
    let f = from + i * fromRow, t = to + (i << 2);
    for (let j = 0; j < columns4; j += 4) {
      const r0 = v128.load(f), r1 = v128.load(f + fromRow), r2 = v128.load(f + 2 * fromRow), r3 = v128.load(f + 3 * fromRow);
      const p0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), p1 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
      const q0 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5), q1 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
      v128.store(t, v128.shuffle<f32>(p0, q0, 0, 1, 4, 5));
      v128.store(t + toRow, v128.shuffle<f32>(p0, q0, 2, 3, 6, 7));
      v128.store(t + 2 * toRow, v128.shuffle<f32>(p1, q1, 0, 1, 4, 5));
      v128.store(t + 3 * toRow, v128.shuffle<f32>(p1, q1, 2, 3, 6, 7));
      f += 16, t += 4 * toRow;
    }
  }
  for (let i = 0; i < rows; i++) {
    for (let j = i < rows4 ? columns4 : 0; j < columns; j++) {
      store<f32>(to + j * toRow + (i << 2), load<f32>(from + i * fromRow + (j << 2)));
    }
  }
}

/** Four terms of four sums: x[i] += Σ over j of b[i, j] · a[j]. */
@inline
function dots4(a: usize, b: usize, row: usize, sum: v128): v128 {
  const r0 = v128.load(b), r1 = v128.load(b + row), r2 = v128.load(b + 2 * row), r3 = v128.load(b + 3 * row);
  const p0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), p1 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const q0 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5), q1 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  sum = madd(v128.load32_splat(a), v128.shuffle<f32>(p0, q0, 0, 1, 4, 5), sum);
  sum = madd(v128.load32_splat(a, 4), v128.shuffle<f32>(p0, q0, 2, 3, 6, 7), sum);
  sum = madd(v128.load32_splat(a, 8), v128.shuffle<f32>(p1, q1, 0, 1, 4, 5), sum);
  return madd(v128.load32_splat(a, 12), v128.shuffle<f32>(p1, q1, 2, 3, 6, 7), sum);
}

/** Adds one more term to four sums. */
@inline
function dots1(a: usize, b: usize, row: usize, sum: v128): v128 {
  let y = v128.load32_zero(b);
  y = v128.load_lane<f32>(b + row, y, 1), y = v128.load_lane<f32>(b + 2 * row, y, 2), y = v128.load_lane<f32>(b + 3 * row, y, 3);
  return madd(v128.load32_splat(a), y, sum);
}

/**
 * c [n] = b [n, k] · a [k], or that added to c, with rows of b that lie `row` bytes apart. They are
 * turned on the way, so that a sum has its terms in the order of every other product's.
 */
function dots(n: i32, k: i32, a: usize, b: usize, row: usize, c: usize, add: i32): void {
  const left = k & 3, whole: usize = k - left << 2, plain = splat(1);
  let j = 0;
  for (; j + 16 <= n; j += 16) {
    const b1 = b + 4 * row, b2 = b1 + 4 * row, b3 = b2 + 4 * row;
    let s0 = splat(0), s1 = s0, s2 = s0, s3 = s0, at: usize = 0;
    for (; at < whole; at += 16) {
      s0 = dots4(a + at, b + at, row, s0), s1 = dots4(a + at, b1 + at, row, s1);
      s2 = dots4(a + at, b2 + at, row, s2), s3 = dots4(a + at, b3 + at, row, s3);
    }
    for (; at < <usize>k << 2; at += 4) {
      s0 = dots1(a + at, b + at, row, s0), s1 = dots1(a + at, b1 + at, row, s1);
      s2 = dots1(a + at, b2 + at, row, s2), s3 = dots1(a + at, b3 + at, row, s3);
    }
    put(c, s0, plain, add), put(c + 16, s1, plain, add), put(c + 32, s2, plain, add), put(c + 48, s3, plain, add);
    b = b3 + 4 * row, c += 64;
  }
  for (; j + 4 <= n; j += 4) {
    let sum = splat(0), at: usize = 0;
    for (; at < whole; at += 16) sum = dots4(a + at, b + at, row, sum);
    for (; at < <usize>k << 2; at += 4) sum = dots1(a + at, b + at, row, sum);
    put(c, sum, plain, add);
    b += 4 * row, c += 16;
  }
  for (; j < n; j++) {
    let sum = splat(0);
    for (let at: usize = 0; at < <usize>k << 2; at += 4) sum = madd(v128.load32_splat(a + at), v128.load32_splat(b + at), sum);
    store<f32>(c, f32x4.extract_lane(sum, 0) + (add ? load<f32>(c) : 0));
    b += row, c += 4;
  }
}

/**
 * `count` products of dense matrices, each c [m, n] = a [m, k] · b [k, n]; a "turned" side is stored
 * transposed. The scratch holds k · n numbers when `b` is turned, unless m or n is 1. An element is one
 * chain of multiply-adds along k for each BLOCK_K of it, as by `matmul.as`.
 */
export function smallProducts(count: i32, m: i32, n: i32, k: i32, a: usize, turnedA: i32, b: usize, turnedB: i32, c: usize, scratch: usize): void {
  const aRow: usize = turnedA ? 4 : k << 2, aCol: usize = turnedA ? m << 2 : 4;
  for (let i = 0; i < count; i++) {
    let from = b;
    if (turnedB && m > 1 && n > 1) transpose(n, k, b, k << 2, scratch), from = scratch;
    for (let k0 = 0; k0 < k; k0 += BLOCK_K) {
      const kc = min(BLOCK_K, k - k0), along: usize = k0 << 2;
      // A vector has the same layout transposed: cᵀ = bᵀ · aᵀ.
      if (m == 1 && turnedB) dots(n, kc, a + along, b + along, k << 2, c, k0);
      else if (n == 1 && !turnedA) dots(m, kc, b + along, a + along, k << 2, c, k0);
      else if (n == 1) tiles(1, m, kc, b + along, 0, 4, a + along * m, m << 2, c, 0, 1, k0, true);
      else if (k0 == 0) product(m, n, kc, a, aRow, aCol, from, n << 2, c, n << 2, 1, 0, true);
      else tiles(m, n, kc, a + k0 * aCol, aRow, aCol, from + along * n, n << 2, c, n << 2, 1, 1, true);
    }
    a += m * k << 2, b += k * n << 2, c += m * n << 2;
  }
}

// --- Root mean square norm -------------------------------------------------------------------------

/** s = 1 / √(mean(x²) + ε) of one row. */
@inline
function rmsScale(D: i32, x: usize, epsilon: f32): f32 {
  let sum = splat(0), other = sum, j = 0;
  for (; j + 8 <= D; j += 8) { // two sums, as one would wait for its last addition
    const v = v128.load(x + (j << 2)), w = v128.load(x + (j << 2), 16);
    sum = madd(v, v, sum), other = madd(w, w, other);
  }
  for (sum = f32x4.add(sum, other); j < D; j += 4) {
    const v = load4(x + (j << 2), D - j);
    sum = madd(v, v, sum);
  }
  return 1 / sqrt<f32>(sumOf(sum) / f32(D) + epsilon);
}

/** y = x · s · w for each row. */
export function rmsNorm(rows: i32, D: i32, x: usize, w: usize, epsilon: f32, y: usize): void {
  const left = D & 3, whole: usize = D - left << 2;
  for (let row = 0; row < rows; row++) {
    const scale = splat(rmsScale(D, x, epsilon));
    for (let at: usize = 0; at < whole; at += 16) {
      v128.store(y + at, f32x4.mul(f32x4.mul(v128.load(x + at), scale), v128.load(w + at)));
    }
    if (left) storeSome(y + whole, f32x4.mul(f32x4.mul(loadSome(x + whole, left), scale), loadSome(w + whole, left)), left);
    x += D << 2, y += D << 2;
  }
}

/** With n = x · s and d = dy · w: dx = (d − n · mean(d · n)) · s. */
export function rmsNormGrad(rows: i32, D: i32, dy: usize, x: usize, w: usize, epsilon: f32, dx: usize): void {
  const left = D & 3, whole: usize = D - left << 2;
  for (let row = 0; row < rows; row++) {
    const scale = splat(rmsScale(D, x, epsilon));
    let sum = splat(0);
    for (let at: usize = 0; at < whole; at += 16) {
      sum = madd(f32x4.mul(v128.load(dy + at), v128.load(w + at)), f32x4.mul(v128.load(x + at), scale), sum);
    }
    if (left) sum = madd(f32x4.mul(loadSome(dy + whole, left), loadSome(w + whole, left)), f32x4.mul(loadSome(x + whole, left), scale), sum);
    const along = splat(sumOf(sum) / f32(D));
    for (let at: usize = 0; at < whole; at += 16) {
      const d = f32x4.mul(v128.load(dy + at), v128.load(w + at)), n = f32x4.mul(v128.load(x + at), scale);
      v128.store(dx + at, f32x4.mul(f32x4.sub(d, f32x4.mul(n, along)), scale));
    }
    if (left) {
      const d = f32x4.mul(loadSome(dy + whole, left), loadSome(w + whole, left)), n = f32x4.mul(loadSome(x + whole, left), scale);
      storeSome(dx + whole, f32x4.mul(f32x4.sub(d, f32x4.mul(n, along)), scale), left);
    }
    dy += D << 2, x += D << 2, dx += D << 2;
  }
}

/** dw = Σ over rows of dy · x · s. */
export function rmsNormGradWeight(rows: i32, D: i32, dy: usize, x: usize, epsilon: f32, dw: usize): void {
  memory.fill(dw, 0, D << 2);
  for (let row = 0; row < rows; row++) {
    const scale = splat(rmsScale(D, x, epsilon));
    for (let j = 0; j < D; j += 4) {
      const n = f32x4.mul(load4(x + (j << 2), D - j), scale);
      store4(dw + (j << 2), mulAdd(load4(dy + (j << 2), D - j), n, load4(dw + (j << 2), D - j)), D - j);
    }
    dy += D << 2, x += D << 2;
  }
}

// --- Gated activation ------------------------------------------------------------------------------

/** y = x · σ(linear · x + cubic · x³) · gate. */
export function gate(size: i32, x: usize, gateAt: usize, linear: f32, cubic: f32, y: usize): void {
  const l = splat(linear), c = splat(cubic), o = one;
  let i = 0;
  for (; i + 8 <= size; i += 8) {
    const v = v128.load(x), w = v128.load(x, 16);
    const p = f32x4.mul(v, mulAdd(f32x4.mul(v, v), c, l)), q = f32x4.mul(w, mulAdd(f32x4.mul(w, w), c, l));
    exp2To(f32x4.neg(p), f32x4.neg(q), y);
    const s = f32x4.div(o, f32x4.add(o, v128.load(y))), t = f32x4.div(o, f32x4.add(o, v128.load(y, 16)));
    v128.store(y, f32x4.mul(f32x4.mul(v, s), v128.load(gateAt)));
    v128.store(y, f32x4.mul(f32x4.mul(w, t), v128.load(gateAt, 16)), 16);
    x += 32, gateAt += 32, y += 32;
  }
  for (; i < size; i += 4) {
    const v = load4(x, size - i);
    const s = logistic(f32x4.mul(v, mulAdd(f32x4.mul(v, v), c, l)));
    store4(y, f32x4.mul(f32x4.mul(v, s), load4(gateAt, size - i)), size - i);
    x += 16, gateAt += 16, y += 16;
  }
}

/** With s the σ above: dx = dy · gate · s · (1 + x · (1 − s) · (linear + 3 cubic · x²)); dGate = dy · x · s. */
export function gateGrad(size: i32, dy: usize, x: usize, gateAt: usize, linear: f32, cubic: f32, dx: usize, dGate: usize): void {
  const l = splat(linear), c = splat(cubic), c3 = splat(3 * cubic), o = one;
  let i = 0;
  for (; i + 8 <= size; i += 8) {
    const v = v128.load(x), w = v128.load(x, 16);
    const p = f32x4.mul(v, mulAdd(f32x4.mul(v, v), c, l)), q = f32x4.mul(w, mulAdd(f32x4.mul(w, w), c, l));
    exp2To(f32x4.neg(p), f32x4.neg(q), dx);
    for (let at: usize = 0; at < 32; at += 16) {
      const v = v128.load(x + at), d = v128.load(dy + at);
      const s = f32x4.div(o, f32x4.add(o, v128.load(dx + at)));
      const steep = f32x4.mul(f32x4.mul(v, f32x4.sub(o, s)), mulAdd(f32x4.mul(v, v), c3, l));
      const slope = f32x4.mul(s, f32x4.add(o, steep));
      v128.store(dx + at, f32x4.mul(f32x4.mul(d, v128.load(gateAt + at)), slope));
      v128.store(dGate + at, f32x4.mul(d, f32x4.mul(v, s)));
    }
    dy += 32, x += 32, gateAt += 32, dx += 32, dGate += 32;
  }
  for (; i < size; i += 4) {
    const v = load4(x, size - i), d = load4(dy, size - i), square = f32x4.mul(v, v);
    const s = logistic(f32x4.mul(v, mulAdd(square, c, l)));
    const steep = f32x4.mul(f32x4.mul(v, f32x4.sub(one, s)), mulAdd(square, c3, l));
    const slope = f32x4.mul(s, f32x4.add(one, steep));
    store4(dx, f32x4.mul(f32x4.mul(d, load4(gateAt, size - i)), slope), size - i);
    store4(dGate, f32x4.mul(d, f32x4.mul(v, s)), size - i);
    dy += 16, x += 16, gateAt += 16, dx += 16, dGate += 16;
  }
}

// --- Attention -------------------------------------------------------------------------------------

/** scale · score + bias + forbidden · (1 − mask). Inlined with the flags constant. */
@inline
function shaped(x: v128, scale: v128, hasBias: bool, bias: v128, hasMask: bool, mask: v128, forbidden: v128): v128 {
  x = f32x4.mul(x, scale);
  if (hasBias) x = f32x4.add(x, bias);
  return hasMask ? f32x4.add(x, f32x4.mul(f32x4.sub(one, mask), forbidden)) : x;
}

/** Replaces the scores of one query by their softmax; 0 where the mask is 0 for all keys. */
@inline
function weightsRow(Lk: i32, row: usize, scale: v128, forbidden: v128, hasBias: bool, bias: usize, hasMask: bool, mask: usize): void {
  const nothing = splat(-Infinity), none = splat(0);
  let end = Lk;
  if (hasMask) {
    // Nothing needs to be computed after the last allowed key; with a causal mask that is half of
    // all.
    const odd = end & 3;
    if (odd && !v128.any_true(loadSome(mask + (end - odd << 2), odd))) {
      end -= odd;
      storeSome(row + (end << 2), none, odd);
    }
    if (!(end & 3)) {
      while (end > 0 && !v128.any_true(v128.load(mask + (end << 2) - 16))) {
        end -= 4;
        v128.store(row + (end << 2), none);
      }
    }
  }
  const left = end & 3, whole: usize = end - left << 2;
  let largest = nothing, allowed = none, sum = none;
  for (let at: usize = 0; at < whole; at += 16) {
    const m = hasMask ? v128.load(mask + at) : none;
    const x = shaped(v128.load(row + at), scale, hasBias, hasBias ? v128.load(bias + at) : none, hasMask, m, forbidden);
    if (hasMask) allowed = f32x4.pmax(allowed, m);
    v128.store(row + at, x);
    largest = f32x4.pmax(largest, x);
  }
  if (left) {
    const m = hasMask ? loadSome(mask + whole, left) : none;
    const x = shaped(loadSome(row + whole, left), scale, hasBias, hasBias ? loadSome(bias + whole, left) : none, hasMask, m, forbidden);
    if (hasMask) allowed = f32x4.pmax(allowed, m);
    storeSome(row + whole, x, left);
    largest = f32x4.pmax(largest, left == 1 ? v128.shuffle<f32>(x, nothing, 0, 4, 4, 4) : left == 2 ? v128.shuffle<f32>(x, nothing, 0, 1, 4, 4) : v128.shuffle<f32>(x, nothing, 0, 1, 2, 4));
  }
  const top = splat(largestOf(largest));
  let at: usize = 0;
  for (; at + 32 <= whole; at += 32) {
    exp2To(f32x4.sub(v128.load(row + at), top), f32x4.sub(v128.load(row + at, 16), top), row + at);
    sum = f32x4.add(f32x4.add(sum, v128.load(row + at)), v128.load(row + at, 16));
  }
  if (at < whole) {
    const e = exp(f32x4.sub(v128.load(row + at), top));
    v128.store(row + at, e);
    sum = f32x4.add(sum, e);
  }
  if (left) {
    const e = exp(f32x4.sub(loadSome(row + whole, left), top));
    storeSome(row + whole, e, left);
    sum = f32x4.add(sum, keep(e, left));
  }
  const share = splat((hasMask ? largestOf(allowed) : 1) / sumOf(sum));
  for (let at: usize = 0; at < whole; at += 16) v128.store(row + at, f32x4.mul(v128.load(row + at), share));
  if (left) storeSome(row + whole, f32x4.mul(loadSome(row + whole, left), share), left);
}

/**
 * In place, for each query of `count` heads of all B · N: softmax(scale · scores + bias + forbidden ·
 * (1 − mask)); 0 where the mask is 0 for all keys. Scores are of these heads alone. Steps of bias and
 * mask are in elements, 0 where they broadcast; an address of 0 stands for none.
 */
export function attentionWeights(first: i32, count: i32, N: i32, Lq: i32, Lk: i32, scores: usize, scale: f32, forbidden: f32, bias: usize, biasB: i32, biasN: i32, biasQ: i32, mask: usize, maskB: i32, maskN: i32, maskQ: i32): void {
  const factor = splat(scale), never = splat(forbidden);
  for (let i = first; i < first + count; i++) {
    const b = i / N, n = i % N;
    let biasRow = bias + (b * biasB + n * biasN << 2), maskRow = mask + (b * maskB + n * maskN << 2);
    for (let q = 0; q < Lq; q++) {
      if (bias) {
        if (mask) weightsRow(Lk, scores, factor, never, true, biasRow, true, maskRow);
        else weightsRow(Lk, scores, factor, never, true, biasRow, false, 0);
      } else if (mask) weightsRow(Lk, scores, factor, never, false, 0, true, maskRow);
      else weightsRow(Lk, scores, factor, never, false, 0, false, 0);
      scores += Lk << 2, biasRow += biasQ << 2, maskRow += maskQ << 2;
    }
  }
}

/** The first `count` < 4 numbers, then zeros. */
@inline
function keep(x: v128, count: i32): v128 {
  const none = splat(0);
  if (count == 1) return v128.shuffle<f32>(x, none, 0, 4, 4, 4);
  return count == 2 ? v128.shuffle<f32>(x, none, 0, 1, 4, 4) : v128.shuffle<f32>(x, none, 0, 1, 2, 4);
}

/**
 * Replaces the gradient of each query's weights by that of its scores, times a factor: w · (d − Σ w
 * · d).
 */
export function attentionWeightsGrad(rows: i32, Lk: i32, weights: usize, gradient: usize, factor: f32): void {
  const left = Lk & 3, whole: usize = Lk - left << 2, f = splat(factor);
  for (let row = 0; row < rows; row++) {
    let sum = splat(0);
    for (let at: usize = 0; at < whole; at += 16) sum = madd(v128.load(weights + at), v128.load(gradient + at), sum);
    if (left) sum = madd(loadSome(weights + whole, left), loadSome(gradient + whole, left), sum);
    const mean = splat(sumOf(sum));
    for (let at: usize = 0; at < whole; at += 16) {
      const d = f32x4.mul(v128.load(weights + at), f32x4.sub(v128.load(gradient + at), mean));
      v128.store(gradient + at, f32x4.mul(d, f));
    }
    if (left) {
      const d = f32x4.mul(loadSome(weights + whole, left), f32x4.sub(loadSome(gradient + whole, left), mean));
      storeSome(gradient + whole, f32x4.mul(d, f), left);
    }
    weights += Lk << 2, gradient += Lk << 2;
  }
}

/**
 * Adds the gradient of the scores of `count` heads of all B · N to that of their bias, which has
 * the given strides.
 */
export function attentionBiasGrad(first: i32, count: i32, N: i32, Lq: i32, Lk: i32, dScores: usize, biasB: i32, biasN: i32, biasQ: i32, dBias: usize): void {
  for (let i = first; i < first + count; i++) {
    let row = dBias + (i / N * biasB + i % N * biasN << 2);
    for (let q = 0; q < Lq; q++) {
      for (let j = 0; j < Lk; j += 4) {
        const at: usize = j << 2, left = Lk - j;
        store4(row + at, f32x4.add(load4(row + at, left), load4(dScores + at, left)), left);
      }
      dScores += Lk << 2, row += biasQ << 2;
    }
  }
}

/** to [B, N, L, D] = from [B, L, N, D]. */
export function swapMiddle(B: i32, L: i32, N: i32, D: i32, from: usize, to: usize): void {
  const fromRow: usize = N * D << 2;
  for (let b = 0; b < B; b++) {
    for (let n = 0; n < N; n++) {
      for (let l = 0; l < L; l++) {
        const at = from + l * fromRow + (n * D << 2);
        let j = 0;
        for (; j + 8 <= D; j += 8) {
          const x = v128.load(at + (j << 2)), y = v128.load(at + (j << 2), 16);
          v128.store(to + (j << 2), x), v128.store(to + (j << 2), y, 16);
        }
        for (; j < D; j += 4) store4(to + (j << 2), load4(at + (j << 2), D - j), D - j);
        to += D << 2;
      }
    }
    from += L * fromRow;
  }
}

/** y = x · cos + turned(x) · sin · sign, where turned(x) is (−second half, first half) of the features. */
export function rotate(B: i32, N: i32, L: i32, D: i32, x: usize, cos: usize, sin: usize, tablesB: i32, sign: f32, y: usize): void {
  const half = D >> 1, left = half & 3, side: usize = half << 2, whole: usize = half - left << 2, s = splat(sign);
  for (let b = 0; b < B; b++) {
    for (let n = 0; n < N; n++) {
      let c = cos + (b * tablesB << 2), t = sin + (b * tablesB << 2);
      for (let l = 0; l < L; l++) {
        let at: usize = 0;
        for (; at < whole; at += 16) {
          const x1 = v128.load(x + at), x2 = v128.load(x + side + at);
          const s1 = f32x4.mul(v128.load(t + at), s), s2 = f32x4.mul(v128.load(t + side + at), s);
          v128.store(y + at, f32x4.sub(f32x4.mul(x1, v128.load(c + at)), f32x4.mul(x2, s1)));
          v128.store(y + side + at, mulAdd(x2, v128.load(c + side + at), f32x4.mul(x1, s2)));
        }
        if (left) {
          const x1 = loadSome(x + at, left), x2 = loadSome(x + side + at, left);
          const s1 = f32x4.mul(loadSome(t + at, left), s), s2 = f32x4.mul(loadSome(t + side + at, left), s);
          storeSome(y + at, f32x4.sub(f32x4.mul(x1, loadSome(c + at, left)), f32x4.mul(x2, s1)), left);
          storeSome(y + side + at, mulAdd(x2, loadSome(c + side + at, left), f32x4.mul(x1, s2)), left);
        }
        x += D << 2, y += D << 2, c += D << 2, t += D << 2;
      }
    }
  }
}

// --- Cross-entropy ---------------------------------------------------------------------------------

/**
 * Mean over the rows whose label counts of log Σ e^logits − (1 − ε) · logits[label] − ε · mean(logits);
 * NaN where none counts. Keeps log Σ e^logits of each row.
 */
export function crossEntropy(N: i32, V: i32, logits: usize, labels: usize, ignored: i32, smoothing: f32, logSums: usize): f32 {
  let total: f64 = 0, counted = 0;
  for (let row = 0; row < N; row++) {
    let largest: f32 = -Infinity;
    let top = splat(-Infinity), j = 0;
    for (; j + 4 <= V; j += 4) top = f32x4.pmax(top, v128.load(logits + (j << 2)));
    largest = largestOf(top);
    for (; j < V; j++) largest = max(largest, load<f32>(logits + (j << 2)));
    const shift = splat(largest);
    let powers = splat(0), sums = splat(0);
    for (j = 0; j < V; j += 4) {
      const left = V - j, x = f32x4.sub(load4(logits + (j << 2), left), shift);
      const e = exp(x);
      powers = f32x4.add(powers, left >= 4 ? e : keep(e, left));
      sums = f32x4.add(sums, left >= 4 ? x : keep(x, left));
    }
    const logSum = f32x4.extract_lane(log(splat(sumOf(powers))), 0);
    store<f32>(logSums + (row << 2), largest + logSum);
    const label = load<i32>(labels + (row << 2));
    if (label != ignored) {
      let target = load<f32>(logits + (min(max(label, 0), V - 1) << 2)) - largest;
      if (smoothing != 0) target = target * (1 - smoothing) + sumOf(sums) / f32(V) * smoothing;
      total += logSum - target;
      counted++;
    }
    logits += V << 2;
  }
  return f32(total / counted);
}

/** dLogits = (softmax − target) · dy / number of rows that count; 0 for rows that do not. */
export function crossEntropyGrad(N: i32, V: i32, dy: f32, logits: usize, labels: usize, ignored: i32, smoothing: f32, logSums: usize, dLogits: usize): void {
  let counted = 0;
  for (let row = 0; row < N; row++) counted += i32(load<i32>(labels + (row << 2)) != ignored);
  const scale = dy / f32(max(counted, 1)), spread = splat(smoothing / f32(V));
  for (let row = 0; row < N; row++) {
    const label = load<i32>(labels + (row << 2));
    if (label == ignored) {
      memory.fill(dLogits, 0, V << 2);
    } else {
      const logSum = splat(load<f32>(logSums + (row << 2)));
      for (let j = 0; j < V; j += 4) {
        const p = exp(f32x4.sub(load4(logits + (j << 2), V - j), logSum));
        store4(dLogits + (j << 2), f32x4.mul(f32x4.sub(p, spread), splat(scale)), V - j);
      }
      const at = dLogits + (min(max(label, 0), V - 1) << 2);
      store<f32>(at, load<f32>(at) - (1 - smoothing) * scale);
    }
    logits += V << 2, dLogits += V << 2;
  }
}

// --- Look-up ---------------------------------------------------------------------------------------

/** to [N, D] = table [V, D] at each id; returns the index of the first id out of range, or −1. */
export function takeRows(N: i32, V: i32, D: i32, table: usize, ids: usize, to: usize): i32 {
  for (let i = 0; i < N; i++) {
    const id = load<i32>(ids + (i << 2));
    if (u32(id) >= u32(V)) return i;
    memory.copy(to, table + (id * D << 2), D << 2);
    to += D << 2;
  }
  return -1;
}

/** to [V, D]: the sum of the rows of `from` [N, D] that have each id. */
export function addRows(N: i32, V: i32, D: i32, from: usize, ids: usize, to: usize): void {
  memory.fill(to, 0, V * D << 2);
  for (let i = 0; i < N; i++) {
    const row = to + (load<i32>(ids + (i << 2)) * D << 2);
    for (let j = 0; j < D; j += 4) store4(row + (j << 2), f32x4.add(load4(row + (j << 2), D - j), load4(from + (j << 2), D - j)), D - j);
    from += D << 2;
  }
}

// --- Routing ---------------------------------------------------------------------------------------

/**
 * The weights [B, H, S] of the skills for the task of each row: relaxed Bernoulli samples of the
 * logits [T, H·S] from `uniform` (sigmoids where its address is 0), rounded when `hard`, over their sum
 * in each split. `slopes` keeps the derivative of each amount over that sum.
 */
export function route(B: i32, H: i32, S: i32, logits: usize, tasks: usize, uniform: usize, temperature: f32, hard: i32, weights: usize, slopes: usize): void {
  const low = splat(2 ** -23), high = splat(1 - 2 ** -23), tiny = splat(2 ** -126);
  const cold = splat(temperature);
  for (let b = 0; b < B; b++) {
    let z = logits + (load<i32>(tasks + (b << 2)) * H * S << 2);
    for (let h = 0; h < H; h++) {
      let total = splat(0);
      for (let s = 0; s < S; s += 4) {
        const left = S - s, at: usize = s << 2;
        let amount = logistic(load4(z + at, left)), slope: v128;
        if (uniform) {
          const inside = v128.and(f32x4.ge(amount, low), f32x4.le(amount, high));
          const p = f32x4.pmin(f32x4.pmax(amount, low), high);
          const u = f32x4.pmin(f32x4.pmax(load4(uniform + at, left), low), high);
          const odds = f32x4.sub(f32x4.add(f32x4.sub(log(u), logOfRest(u)), log(p)), logOfRest(p));
          const relaxed = logistic(f32x4.div(odds, cold));
          const within = v128.and(inside, v128.and(f32x4.ge(relaxed, tiny), f32x4.le(relaxed, high)));
          slope = v128.and(f32x4.div(f32x4.mul(relaxed, f32x4.sub(one, relaxed)), cold), within);
          amount = f32x4.pmin(f32x4.pmax(relaxed, tiny), high);
        } else {
          slope = f32x4.mul(amount, f32x4.sub(one, amount));
        }
        if (hard) amount = v128.and(f32x4.gt(amount, splat(0.5)), one);
        store4(weights + at, amount, left);
        store4(slopes + at, slope, left);
        total = f32x4.add(total, left >= 4 ? amount : keep(amount, left));
      }
      const sum = splat(sumOf(total) + 1e-12);
      for (let s = 0; s < S; s += 4) {
        const left = S - s, at: usize = s << 2;
        store4(weights + at, f32x4.div(load4(weights + at, left), sum), left);
        store4(slopes + at, f32x4.div(load4(slopes + at, left), sum), left);
      }
      z += S << 2, weights += S << 2, slopes += S << 2;
      if (uniform) uniform += S << 2;
    }
  }
}

/** dLogits [T, H·S]: over the rows of each task the sum of (dw − Σ dw · w) · slope. */
export function routeGrad(B: i32, H: i32, S: i32, T: i32, dWeights: usize, tasks: usize, weights: usize, slopes: usize, dLogits: usize): void {
  memory.fill(dLogits, 0, T * H * S << 2);
  for (let b = 0; b < B; b++) {
    let dz = dLogits + (load<i32>(tasks + (b << 2)) * H * S << 2);
    for (let h = 0; h < H; h++) {
      let sum = splat(0);
      for (let s = 0; s < S; s += 4) sum = mulAdd(load4(dWeights + (s << 2), S - s), load4(weights + (s << 2), S - s), sum);
      const mean = splat(sumOf(sum));
      for (let s = 0; s < S; s += 4) {
        const left = S - s, at: usize = s << 2;
        const d = f32x4.sub(load4(dWeights + at, left), mean);
        store4(dz + at, mulAdd(d, load4(slopes + at, left), load4(dz + at, left)), left);
      }
      dz += S << 2, dWeights += S << 2, weights += S << 2, slopes += S << 2;
    }
  }
}

// --- Mixing of skills ------------------------------------------------------------------------------

/**
 * mixed[b] = Σ over s of weights[b, h, s] · skills[h, s] for each split h; the splits, each [X, Y],
 * side by side along rows ([B, H·X, Y]) or columns ([B, X, H·Y]). A split is worked on as `parts` pieces
 * that are dense in both: the whole along rows, one row along columns.
 */
export function mix(B: i32, H: i32, S: i32, X: i32, Y: i32, columns: i32, weights: usize, skills: usize, mixed: usize): void {
  const parts = columns ? X : 1, size = columns ? Y : X * Y;
  for (let h = 0; h < H; h++) {
    for (let p = 0; p < parts; p++) {
      product(B, size, S, weights + (h * S << 2), H * S << 2, 4, skills + (h * S * X * Y + p * Y << 2), X * Y << 2, mixed + ((p * H + h) * size << 2), H * X * Y << 2, 1, 0);
    }
  }
}

export function mixGradSkills(B: i32, H: i32, S: i32, X: i32, Y: i32, columns: i32, dMixed: usize, weights: usize, dSkills: usize): void {
  const parts = columns ? X : 1, size = columns ? Y : X * Y;
  for (let h = 0; h < H; h++) {
    for (let p = 0; p < parts; p++) {
      product(S, size, B, weights + (h * S << 2), 4, H * S << 2, dMixed + ((p * H + h) * size << 2), H * X * Y << 2, dSkills + (h * S * X * Y + p * Y << 2), X * Y << 2, 1, 0);
    }
  }
}

/** Writes, or adds, the gradient of the weights. The scratch holds S · X · Y numbers. */
export function mixGradWeights(B: i32, H: i32, S: i32, X: i32, Y: i32, columns: i32, dMixed: usize, skills: usize, dWeights: usize, add: i32, scratch: usize): void {
  const parts = columns ? X : 1, size = columns ? Y : X * Y;
  for (let h = 0; h < H; h++) {
    for (let p = 0; p < parts; p++) {
      transpose(S, size, skills + (h * S * X * Y + p * Y << 2), X * Y << 2, scratch);
      product(B, S, size, dMixed + ((p * H + h) * size << 2), H * X * Y << 2, 4, scratch, S << 2, dWeights + (h * S << 2), H * S << 2, 1, i32(add != 0 || p > 0));
    }
  }
}

// --- Low-rank update -------------------------------------------------------------------------------

/** Number of rows from row `b` on that have the same owner, and are computed together. */
function together(b: i32, B: i32, owners: usize): i32 {
  const owner = load<i32>(owners + (b << 2));
  let rows = 1;
  while (b + rows < B && load<i32>(owners + (b + rows << 2)) == owner) rows++;
  return rows;
}

/**
 * narrow = x · A / R and y += narrow · B for each row, with the factors that `owners` names. x [B, L, I],
 * A [U, I, R], narrow [B, L, R], B [U, R, O], y [B, L, O].
 */
export function update(B: i32, L: i32, I: i32, R: i32, O: i32, owners: usize, x: usize, A: usize, factorsB: usize, narrow: usize, y: usize): void {
  for (let b = 0, M = L; b < B; b += M / L) {
    const owner = load<i32>(owners + (b << 2));
    M = together(b, B, owners) * L;
    product(M, R, I, x, I << 2, 4, A + (owner * I * R << 2), R << 2, narrow, R << 2, 1 / f32(R), 0);
    product(M, O, R, narrow, R << 2, 4, factorsB + (owner * R * O << 2), O << 2, y, O << 2, 1, 1);
    x += M * I << 2, narrow += M * R << 2, y += M * O << 2;
  }
}

/**
 * dNarrow = dy · Bᵀ / R, dA = Σ xᵀ · dNarrow and dB = Σ narrowᵀ · dy over the rows that share them. The
 * scratch holds R · O numbers.
 */
export function updateGrad(B: i32, U: i32, L: i32, I: i32, R: i32, O: i32, owners: usize, dy: usize, x: usize, narrow: usize, factorsB: usize, dNarrow: usize, dA: usize, dB: usize, scratch: usize): void {
  memory.fill(dA, 0, U * I * R << 2);
  memory.fill(dB, 0, U * R * O << 2);
  for (let b = 0, M = L; b < B; b += M / L) {
    const owner = load<i32>(owners + (b << 2));
    M = together(b, B, owners) * L;
    transpose(R, O, factorsB + (owner * R * O << 2), O << 2, scratch);
    product(M, R, O, dy, O << 2, 4, scratch, R << 2, dNarrow, R << 2, 1 / f32(R), 0);
    product(I, R, M, x, 4, I << 2, dNarrow, R << 2, dA + (owner * I * R << 2), R << 2, 1, 1);
    product(R, O, M, narrow, 4, R << 2, dy, O << 2, dB + (owner * R * O << 2), O << 2, 1, 1);
    x += M * I << 2, narrow += M * R << 2, dNarrow += M * R << 2, dy += M * O << 2;
  }
}

/** dx += dNarrow · Aᵀ for each row. The scratch holds I · R numbers. */
export function updateGradInput(B: i32, L: i32, I: i32, R: i32, owners: usize, dNarrow: usize, A: usize, dx: usize, scratch: usize): void {
  for (let b = 0, M = L; b < B; b += M / L) {
    M = together(b, B, owners) * L;
    transpose(I, R, A + (load<i32>(owners + (b << 2)) * I * R << 2), R << 2, scratch);
    product(M, I, R, dNarrow, R << 2, 4, scratch, I << 2, dx, I << 2, 1, 1);
    dNarrow += M * R << 2, dx += M * I << 2;
  }
}

/** x [rows, D] += bias [D]. */
export function addBias(rows: i32, D: i32, bias: usize, x: usize): void {
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < D; j += 4) store4(x + (j << 2), f32x4.add(load4(x + (j << 2), D - j), load4(bias + (j << 2), D - j)), D - j);
    x += D << 2;
  }
}

// --- Optimiser -------------------------------------------------------------------------------------

/**
 * Adam with decoupled weight decay, the moments in place: m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²;
 * updated = keep · θ − rate · m / (√v / root + ε).
 */
export function adamW(size: i32, parameter: usize, gradient: usize, mean: usize, square: usize, updated: usize, beta1: f32, rest1: f32, beta2: f32, rest2: f32, keep: f32, rate: f32, root: f32, epsilon: f32): void {
  const b1 = splat(beta1), r1 = splat(rest1), b2 = splat(beta2), r2 = splat(rest2);
  const ke = splat(keep), ra = splat(rate), ro = splat(root), ep = splat(epsilon);
  for (let i = 0; i < size; i += 4) {
    const left = size - i, g = load4(gradient, left);
    const m = f32x4.add(f32x4.mul(load4(mean, left), b1), f32x4.mul(g, r1));
    const v = f32x4.add(f32x4.mul(load4(square, left), b2), f32x4.mul(f32x4.mul(g, g), r2));
    const divisor = f32x4.add(f32x4.div(f32x4.sqrt(v), ro), ep);
    const step = f32x4.div(f32x4.mul(m, ra), divisor);
    store4(mean, m, left);
    store4(square, v, left);
    store4(updated, f32x4.sub(f32x4.mul(load4(parameter, left), ke), step), left);
    parameter += 16, gradient += 16, mean += 16, square += 16, updated += 16;
  }
}

/** The sum of squares, in double precision. */
export function sumOfSquares(size: i32, x: usize): f64 {
  let low = f64x2.splat(0), high = low;
  for (let i = 0; i < size; i += 4) {
    const v = load4(x, size - i);
    const a = f64x2.promote_low_f32x4(v);
    const b = f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3));
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
    x += 16;
  }
  return f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1) + f64x2.extract_lane(high, 0) + f64x2.extract_lane(high, 1);
}

/** y = x · factor. */
export function scaled(size: i32, x: usize, factor: f32, y: usize): void {
  const f = splat(factor);
  let i = 0;
  for (; i + 8 <= size; i += 8) {
    const x0 = v128.load(x), x1 = v128.load(x, 16);
    v128.store(y, f32x4.mul(x0, f)), v128.store(y, f32x4.mul(x1, f), 16);
    x += 32, y += 32;
  }
  for (; i < size; i += 4) {
    store4(y, f32x4.mul(load4(x, size - i), f), size - i);
    x += 16, y += 16;
  }
}
