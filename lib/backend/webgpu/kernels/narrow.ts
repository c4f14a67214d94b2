import type * as tf from "../../../tf.ts";
import { type Gpu, groupsFor } from "./gpu.ts";
import { program } from "./program.ts";

const THREADS = 64;

/**
 * A workgroup for each row: `lanes` places of the rank at once, each summed up in THREADS / `lanes` parts.
 *
 * @param turned whether factors are [U, R, K] rather than [U, K, R]
 */
function narrowProgram(lanes: number, turned: boolean) {
  const [lane, at] = turned
    ? [
      "let part = lane % PARTS;\n  let r = lane / PARTS;",
      "(owner * params.R + r0 + r) * params.K + k",
    ]
    : [
      "let part = lane / LANES;\n  let r = lane % LANES;",
      "(owner * params.K + k) * params.R + r0 + r",
    ];
  return program(`Narrow${lanes}${turned ? "Turned" : ""}`, {
    reads: { x: "f32", factors: "f32", owners: "i32" },
    writes: ["narrow"],
    integers: ["M", "K", "L", "R"],
    threads: THREADS,
    before: `
const LANES = ${lanes}u;
const PARTS = THREADS / LANES;
var<workgroup> sums: array<f32, THREADS>;`,
    body: `
  let row = group.y * groups.x + group.x;
  if (row >= params.M) { return; }
  ${lane}
  let owner = u32(owners[row / params.L]);
  for (var r0 = 0u; r0 < params.R; r0 += LANES) {
    var own = 0.0;
    if (r0 + r < params.R) {
      for (var k = part; k < params.K; k += PARTS) {
        own += x[row * params.K + k] * factors[${at}];
      }
    }
    sums[part * LANES + r] = own;
    workgroupBarrier();
    for (var step = THREADS / 2u; step >= LANES; step /= 2u) {
      if (lane < step) { sums[lane] += sums[lane + step]; }
      workgroupBarrier();
    }
    if (lane < LANES && r0 + lane < params.R) {
      narrow[row * params.R + r0 + lane] = sums[lane] / f32(params.R);
    }
    workgroupBarrier();
  }`,
  });
}

const LANES = [2, 4, 8, 16];
const PROGRAMS = [false, true].map((turned) => LANES.map((lanes) => narrowProgram(lanes, turned)));

/**
 * x · F / R for each row, with the factor F of its owner.
 *
 * @param x shape `[B, L, K]`
 * @param factors shape `[U, K, R]`, or `[U, R, K]` where they are turned
 * @returns shape `[B, L, R]`
 */
export function narrowed(
  gpu: Gpu,
  x: tf.TensorInfo,
  factors: tf.TensorInfo,
  owners: readonly number[],
  turned: boolean,
): tf.TensorInfo {
  const [B, L, K] = x.shape as [number, number, number];
  const R = factors.shape[turned ? 1 : 2]!;
  const which = LANES.findIndex((lanes) => lanes >= R);
  const program = PROGRAMS[Number(turned)]!.at(which)!;
  const inputs = [x, factors, gpu.integers(owners)];
  return gpu.make(program, inputs, [B, L, R], { integers: [B * L, K, L, R] }, groupsFor(B * L));
}
