import type { KernelFunction } from "../../../ops/kernels.ts";
import { type Gpu, groupsFor, size } from "./gpu.ts";
import { elementwise, program } from "./program.ts";

const takeProgram = elementwise("TakeRows", {
  reads: { table: "f32", ids: "i32" },
  writes: ["rows"],
  integers: ["V", "D"],
  floats: ["none"],
  body: `
  let id = ids[i / params.D];
  if (id < 0 || u32(id) >= params.V) { rows[i] = params.none; return; }
  rows[i] = table[u32(id) * params.D + i % params.D];`,
});

const addProgram = program("AddRows", {
  reads: { dy: "f32", ids: "i32" },
  writes: ["sums"],
  integers: ["N", "V", "D"],
  threads: 64,
  before: "var<workgroup> some: array<i32, THREADS>;",
  body: `
  let across = (params.D + THREADS - 1u) / THREADS; // workgroups for one row of the sums
  let work = group.y * groups.x + group.x;
  let row = work / across;
  let j = work % across * THREADS + lane;
  if (row >= params.V) { return; }
  var total = 0.0;
  for (var first = 0u; first < params.N; first += THREADS) {
    let count = min(THREADS, params.N - first);
    if (lane < count) { some[lane] = ids[first + lane]; }
    workgroupBarrier();
    if (j < params.D) {
      for (var n = 0u; n < count; n++) {
        if (some[n] == i32(row)) { total += dy[(first + n) * params.D + j]; }
      }
    }
    workgroupBarrier();
  }
  if (j < params.D) { sums[row * params.D + j] = total; }`,
});

/** The row of the table for each id; rows of NaN for an id that is out of range. */
export const takeRows: KernelFunction<"TakeRows", Gpu> = (gpu, { table, ids }) => {
  const [V, D] = table.shape;
  const shape = [...ids.shape, D];
  const params = { integers: [V, D], floats: [NaN] };
  return gpu.each(takeProgram, size({ shape }), [table, ids], [shape], params);
};

/** The sum of the rows that have each id. */
export const addRows: KernelFunction<"AddRows", Gpu> = (
  gpu,
  { dy, ids },
  { rows: V },
) => {
  const D = dy.shape.at(-1)!;
  const params = { integers: [size(ids), V, D] };
  return gpu.run(addProgram, [dy, ids], [[V, D]], params, groupsFor(V * Math.ceil(D / 64)));
};
