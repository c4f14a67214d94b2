/**
 * The products of a low-rank update and of its gradients, on addresses in the backend's memory.
 * Successive rows of the same owner share one product.
 */
import { runsOf } from "../../../util/runs.ts";
import type { FusedWasm } from "../fused.ts";

/**
 * Sizes of a low-rank update: B rows of L positions, I and O features in and out, rank R, and the
 * owner of each row's factors. Addresses are those of tensors x [B, L, I], factorA [U, I, R],
 * narrow [B, L, R], factorB [U, R, O] and y [B, L, O].
 */
export interface LowRankSizes {
  readonly L: number;
  readonly I: number;
  readonly R: number;
  readonly O: number;
  readonly owners: readonly number[];
}

/** narrow = x · A / R and y += narrow · B for each row. */
export function update(
  wasm: FusedWasm,
  { L, I, R, O, owners }: LowRankSizes,
  [x, factorA, factorB, narrow, y]: readonly [number, number, number, number, number],
): void {
  const multiply = wasm.narrowProduct(L * R * Math.min(I, O));
  if (multiply === null) {
    const at = wasm.integers(owners);
    wasm.run.update(owners.length, L, I, R, O, at, x, factorA, factorB, narrow, y);
    return;
  }
  for (const { value: owner, first: b, count: rows } of runsOf(owners)) {
    const to = narrow + 4 * b * L * R;
    multiply(rows * L, R, I, x + 4 * b * L * I, false, factorA + 4 * owner * I * R, false, to);
  }
  wasm.run.scaled(owners.length * L * R, narrow, 1 / R, narrow);
  for (const { value: owner, first: b, count: rows } of runsOf(owners)) {
    const from = narrow + 4 * b * L * R;
    const to = y + 4 * b * L * O;
    multiply(rows * L, O, R, from, false, factorB + 4 * owner * R * O, false, to, true);
  }
}

/**
 * dNarrow = dy · Bᵀ / R, dA = Σ xᵀ · dNarrow and dB = Σ narrowᵀ · dy over the rows of each owner.
 */
export function updateGrad(
  wasm: FusedWasm,
  { L, I, R, O, owners }: LowRankSizes,
  U: number,
  from: readonly [dy: number, x: number, narrow: number, factorB: number],
  to: readonly [dNarrow: number, dA: number, dB: number],
): void {
  const [dy, x, narrow, factorB] = from;
  const [dNarrow, dA, dB] = to;
  const multiply = wasm.narrowProduct(L * R * Math.min(I, O));
  if (multiply === null) {
    const [at, scratch] = [wasm.integers(owners), wasm.scratch(R * O)];
    wasm.run.updateGrad(owners.length, U, L, I, R, O, at, ...from, ...to, scratch);
    return;
  }
  for (const { value: owner, first: b, count: rows } of runsOf(owners)) {
    const toNarrow = dNarrow + 4 * b * L * R;
    const fromB = factorB + 4 * owner * R * O;
    multiply(rows * L, R, O, dy + 4 * b * L * O, false, fromB, true, toNarrow);
  }
  wasm.run.scaled(owners.length * L * R, dNarrow, 1 / R, dNarrow);
  wasm.clear(dA, U * I * R);
  wasm.clear(dB, U * R * O);
  for (const { value: owner, first: b, count: rows } of runsOf(owners)) {
    const [toA, toB] = [dA + 4 * owner * I * R, dB + 4 * owner * R * O];
    const M = rows * L;
    multiply(I, R, M, x + 4 * b * L * I, true, dNarrow + 4 * b * L * R, false, toA, true);
    multiply(R, O, M, narrow + 4 * b * L * R, true, dy + 4 * b * L * O, false, toB, true);
  }
}

/** dx += dNarrow · Aᵀ for each row. */
export function updateGradInput(
  wasm: FusedWasm,
  { L, I, R, O, owners }: LowRankSizes,
  [dNarrow, factorA, dx]: readonly [number, number, number],
): void {
  const multiply = wasm.narrowProduct(L * R * Math.min(I, O));
  if (multiply === null) {
    const [at, scratch] = [wasm.integers(owners), wasm.scratch(I * R)];
    wasm.run.updateGradInput(owners.length, L, I, R, at, dNarrow, factorA, dx, scratch);
    return;
  }
  for (const { value: owner, first: b, count: rows } of runsOf(owners)) {
    const [fromNarrow, fromA] = [dNarrow + 4 * b * L * R, factorA + 4 * owner * I * R];
    multiply(rows * L, I, R, fromNarrow, false, fromA, true, dx + 4 * b * L * I, true);
  }
}
