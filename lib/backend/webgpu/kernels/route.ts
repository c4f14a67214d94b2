import type { KernelFunction } from "../../../ops/kernels.ts";
import { type Gpu, size } from "./gpu.ts";
import { elementwise } from "./program.ts";

interface Attrs {
  readonly tasks: readonly number[];
  readonly nTasks: number;
  readonly nSplits: number;
  readonly temperature: number;
  readonly hard: boolean;
}

/** A thread for the skills of one row and split; `noisy` where there are uniform numbers. */
function routeProgram({ noisy, hard }: { readonly noisy: boolean; readonly hard: boolean }) {
  const sample = `
    let inside = amount >= LOW && amount <= HIGH;
    let p = clamp(amount, LOW, HIGH);
    let u = clamp(uniforms[at], LOW, HIGH);
    let relaxed = logistic((log(u) - log(1.0 - u) + log(p) - log(1.0 - p)) / params.temperature);
    let within = inside && relaxed >= TINY && relaxed <= HIGH;
    slope = select(0.0, relaxed * (1.0 - relaxed) / params.temperature, within);
    amount = clamp(relaxed, TINY, HIGH);`;
  return elementwise(`Route${noisy ? "Noisy" : ""}${hard ? "Hard" : ""}`, {
    reads: { logits: "f32", tasks: "i32", ...noisy ? { uniforms: "f32" } : {} },
    writes: ["weights", "slopes"],
    integers: ["H", "S"],
    floats: ["temperature"],
    before: `
const LOW = 0x1p-23;
const HIGH = 1.0 - 0x1p-23;
const TINY = 0x1p-126;
fn logistic(x: f32) -> f32 { return 1.0 / (1.0 + exp(-x)); }`,
    body: `
  let S = params.S;
  let row = u32(tasks[i / params.H]) * params.H + i % params.H;
  var total = 0.0;
  for (var s = 0u; s < S; s++) {
    let at = i * S + s;
    var amount = logistic(logits[row * S + s]);
    var slope = amount * (1.0 - amount);
    ${noisy ? sample : ""}
    ${hard ? "amount = select(0.0, 1.0, amount > 0.5);" : ""}
    weights[at] = amount;
    slopes[at] = slope;
    total += amount;
  }
  total += 1e-12;
  for (var s = 0u; s < S; s++) {
    weights[i * S + s] /= total;
    slopes[i * S + s] /= total;
  }`,
  });
}

const routePrograms = [false, true].map((noisy) =>
  [false, true].map((hard) => routeProgram({ noisy, hard }))
);

const gradProgram = elementwise("RouteGrad", {
  reads: { dy: "f32", tasks: "i32", weights: "f32", slopes: "f32" },
  writes: ["dLogits"],
  integers: ["B", "H", "S"],
  body: `
  let S = params.S;
  let h = i / S % params.H; // dLogits is [T, H, S]
  let task = i32(i / (S * params.H));
  var total = 0.0;
  for (var b = 0u; b < params.B; b++) {
    if (tasks[b] == task) {
      let start = (b * params.H + h) * S;
      var mean = 0.0;
      for (var s = 0u; s < S; s++) { mean += dy[start + s] * weights[start + s]; }
      total += (dy[start + i % S] - mean) * slopes[start + i % S];
    }
  }
  dLogits[i] = total;`,
});

/** The weights of the skills for the task of each row, and the slope of each amount over their sum. */
export const route: KernelFunction<"Route", Gpu> = (
  gpu,
  { logits, uniform },
  { tasks, nSplits: H, temperature, hard },
) => {
  const [B, S] = [tasks.length, logits.shape[1] / H];
  const inputs = [logits, gpu.integers(tasks), ...uniform === undefined ? [] : [uniform]];
  const shape = [B, H, S];
  const params = { integers: [H, S], floats: [temperature] };
  const program = routePrograms[Number(uniform !== undefined)]![Number(hard)]!;
  return gpu.each(program, B * H, inputs, [shape, shape], params);
};

/** The gradient of the logits: over the rows of each task the sum of (dw − Σ dw · w) · slope. */
export const routeGrad: KernelFunction<"RouteGrad", Gpu> = (
  gpu,
  { dy, weights, slopes },
  { tasks, nTasks: T },
) => {
  const [B, H, S] = weights.shape;
  const shape = [T, H * S];
  const inputs = [dy, gpu.integers(tasks), weights, slopes];
  return gpu.each(gradProgram, size({ shape }), inputs, [shape], { integers: [B, H, S] });
};
