import type { KernelFunction } from "../../../ops/kernels.ts";
import { type Gpu, groupsFor } from "./gpu.ts";
import { once } from "./once.ts";
import { combine, program } from "./program.ts";

/** What each row costs, 0 where its label is ignored, and log Σ e^logits. */
const rowsProgram = once((threads: number) =>
  program(`CrossEntropyRows${threads}`, {
    reads: { logits: "f32", labels: "i32" },
    writes: ["losses", "logSums"],
    integers: ["N", "V", "ignored"],
    floats: ["smoothing"],
    threads,
    before: combine("largest", "f32", "max(a, b)") + combine("sum2", "vec2<f32>", "a + b"),
    body: `
  let row = group.y * groups.x + group.x;
  if (row >= params.N) { return; }
  let start = row * params.V;
  var own = logits[start];
  for (var j = lane; j < params.V; j += THREADS) { own = max(own, logits[start + j]); }
  let top = largest(lane, own);
  var parts = vec2<f32>(0.0); // of the powers and of the logits
  for (var j = lane; j < params.V; j += THREADS) {
    let x = logits[start + j] - top;
    parts += vec2<f32>(exp(x), x);
  }
  let sums = sum2(lane, parts);
  if (lane == 0u) {
    let label = labels[row];
    let logSum = log(sums.x);
    logSums[row] = top + logSum;
    let hit = logits[start + u32(clamp(label, 0, i32(params.V) - 1))] - top;
    let wanted = hit * (1.0 - params.smoothing) + sums.y / f32(params.V) * params.smoothing;
    losses[row] = select(logSum - wanted, 0.0, label == bitcast<i32>(params.ignored));
  }`,
  })
);

/** A workgroup for each part of `size` rows. */
const meanProgram = program("CrossEntropyMean", {
  reads: { losses: "f32", labels: "i32" },
  writes: ["means"],
  integers: ["size", "ignored"],
  floats: ["none"],
  threads: 256,
  before: combine("sum2", "vec2<f32>", "a + b"),
  body: `
  var parts = vec2<f32>(0.0); // of the losses and of the rows that count
  let start = group.x * params.size;
  for (var row = start + lane; row < start + params.size; row += THREADS) {
    let counts = select(1.0, 0.0, labels[row] == bitcast<i32>(params.ignored));
    parts += vec2<f32>(losses[row], counts);
  }
  let sums = sum2(lane, parts);
  if (lane == 0u) { means[group.x] = select(params.none, sums.x / sums.y, sums.y > 0.0); }`,
});

const gradProgram = once((threads: number) =>
  program(`CrossEntropyGrad${threads}`, {
    reads: { dy: "f32", logits: "f32", labels: "i32", logSums: "f32" },
    writes: ["dLogits"],
    integers: ["N", "V", "ignored", "size"],
    floats: ["smoothing"],
    threads,
    before: combine("sum", "f32", "a + b"),
    body: `
  let row = group.y * groups.x + group.x;
  let part = min(row, params.N - 1u) / params.size;
  let first = part * params.size;
  var own = 0.0;
  for (var n = first + lane; n < first + params.size; n += THREADS) {
    own += select(1.0, 0.0, labels[n] == bitcast<i32>(params.ignored));
  }
  let counted = sum(lane, own);
  if (row >= params.N) { return; }
  let start = row * params.V;
  let label = labels[row];
  let counts = label != bitcast<i32>(params.ignored);
  let scale = select(0.0, dy[part] / max(counted, 1.0), counts);
  let hit = u32(clamp(label, 0, i32(params.V) - 1));
  let spread = params.smoothing / f32(params.V);
  for (var j = lane; j < params.V; j += THREADS) {
    let wanted = spread + select(0.0, 1.0 - params.smoothing, j == hit);
    dLogits[start + j] = (exp(logits[start + j] - logSums[row]) - wanted) * scale;
  }`,
  })
);

/** Invocations for a row of so many classes. */
function threadsFor(V: number): number {
  return V <= 1024 ? 64 : 256;
}

/** The mean loss of each part over its rows that count, NaN where none does; and log Σ e^logits of each row. */
export const crossEntropy: KernelFunction<"CrossEntropy", Gpu> = (
  gpu,
  { logits, labels },
  { ignored, smoothing, parts },
) => {
  const [N, V] = logits.shape;
  const [losses, logSums] = gpu.run(
    rowsProgram(threadsFor(V)),
    [logits, labels],
    [[N], [N]],
    { integers: [N, V, ignored], floats: [smoothing] },
    groupsFor(N),
  );
  const params = { integers: [N / parts, ignored], floats: [NaN] };
  const means = gpu.make(meanProgram, [losses, labels], [parts], params, [parts]);
  gpu.free(losses);
  return [means, logSums];
};

/** The gradient of the logits; 0 for a row that does not count. */
export const crossEntropyGrad: KernelFunction<"CrossEntropyGrad", Gpu> = (
  gpu,
  { dy, logits, labels, logSums },
  { ignored, smoothing, parts },
) => {
  const [N, V] = logits.shape;
  const params = { integers: [N, V, ignored, N / parts], floats: [smoothing] };
  const inputs = [dy, logits, labels, logSums];
  return gpu.run(gradProgram(threadsFor(V)), inputs, [[N, V]], params, groupsFor(N));
};
