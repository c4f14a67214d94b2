import type { KernelFunction } from "../../../ops/kernels.ts";
import { type Gpu, size } from "./gpu.ts";
import { once } from "./once.ts";
import { elementwise, PER_GROUP, program } from "./program.ts";
import { byRow, floats, numbered, pieces } from "./together.ts";

/** WGSL that makes the weights and slopes of one row and split from its logits. */
const routing = ({ noisy, hard }: { readonly noisy: boolean; readonly hard: boolean }) => {
  const sample = `
    let inside = amount >= LOW && amount <= HIGH;
    let p = clamp(amount, LOW, HIGH);
    let u = clamp(uniforms[at], LOW, HIGH);
    let relaxed = logistic((log(u) - log(1.0 - u) + log(p) - log(1.0 - p)) / params.temperature);
    let within = inside && relaxed >= TINY && relaxed <= HIGH;
    slope = select(0.0, relaxed * (1.0 - relaxed) / params.temperature, within);
    amount = clamp(relaxed, TINY, HIGH);`;
  return {
    before: `
const LOW = 0x1p-23;
const HIGH = 1.0 - 0x1p-23;
const TINY = 0x1p-126;
fn logistic(x: f32) -> f32 { return 1.0 / (1.0 + exp(-x)); }`,
    /** @param logit WGSL of the logit of skill `s`, whose weight goes to `at`, the `s`th from `first` on */
    body: (logit: string) => `
  var total = 0.0;
  for (var s = 0u; s < S; s++) {
    let at = first + s;
    var amount = logistic(${logit});
    var slope = amount * (1.0 - amount);
    ${noisy ? sample : ""}
    ${hard ? "amount = select(0.0, 1.0, amount > 0.5);" : ""}
    weights[at] = amount;
    slopes[at] = slope;
    total += amount;
  }
  total += 1e-12;
  for (var s = 0u; s < S; s++) {
    weights[first + s] /= total;
    slopes[first + s] /= total;
  }`,
  };
};

const uniformsIf = (noisy: boolean): Record<string, "f32"> => noisy ? { uniforms: "f32" } : {};

/** A thread for the skills of one row and split; `noisy` where there are uniform numbers. */
const routeProgram = once((noisy: boolean, hard: boolean) => {
  const { before, body } = routing({ noisy, hard });
  return elementwise(`Route${noisy ? "Noisy" : ""}${hard ? "Hard" : ""}`, {
    reads: { logits: "f32", tasks: "i32", ...uniformsIf(noisy) },
    writes: ["weights", "slopes"],
    integers: ["H", "S"],
    floats: ["temperature"],
    before,
    body: `
  let S = params.S;
  let row = u32(tasks[i / params.H]) * params.H + i % params.H;
  let first = i * S;${body("logits[row * S + s]")}`,
  });
});

/** The same for some of many routers, each a row of the grid; the logits are first copied to the weights. */
const routeAllProgram = once((count: number, noisy: boolean, hard: boolean) => {
  const { before, body } = routing({ noisy, hard });
  const logits = numbered("logits", count);
  return program(`RouteAll${count}${noisy ? "Noisy" : ""}${hard ? "Hard" : ""}`, {
    reads: { ...floats(logits), tasks: "i32", ...uniformsIf(noisy) },
    writes: ["weights", "slopes"],
    integers: ["router", "count", "H", "S"],
    floats: ["temperature"],
    threads: PER_GROUP,
    before,
    body: `
  let S = params.S;
  let i = group.x * THREADS + lane;
  if (i >= params.count) { return; }
  let row = u32(tasks[i / params.H]) * params.H + i % params.H;
  let first = ((params.router + group.y) * params.count + i) * S;${
      byRow(count, (router) => `
    for (var s = 0u; s < S; s++) { weights[first + s] = logits${router}[row * S + s]; }`)
    }${body("weights[at]")}`,
  });
});

/** WGSL of the gradient of logit `i` of `[T, H, S]`, for the rows from `firstRow` on. */
const GRADIENT = `
  let S = params.S;
  let h = i / S % params.H;
  let task = i32(i / (S * params.H));
  var total = 0.0;
  for (var b = 0u; b < params.B; b++) {
    if (tasks[b] == task) {
      let start = ((firstRow + b) * params.H + h) * S;
      var mean = 0.0;
      for (var s = 0u; s < S; s++) { mean += dy[start + s] * weights[start + s]; }
      total += (dy[start + i % S] - mean) * slopes[start + i % S];
    }
  }`;

const GRADIENT_READS = { dy: "f32", tasks: "i32", weights: "f32", slopes: "f32" } as const;

const gradProgram = elementwise("RouteGrad", {
  reads: GRADIENT_READS,
  writes: ["dLogits"],
  integers: ["B", "H", "S"],
  body: `
  let firstRow = 0u;${GRADIENT}
  dLogits[i] = total;`,
});

/** The same for some of many routers, each a row of the grid. */
const gradAllProgram = once((count: number) =>
  program(`RouteAllGrad${count}`, {
    reads: GRADIENT_READS,
    writes: numbered("dLogits", count),
    integers: ["router", "size", "B", "H", "S"],
    threads: PER_GROUP,
    body: `
  let i = group.x * THREADS + lane;
  if (i >= params.size) { return; }
  let firstRow = (params.router + group.y) * params.B;${GRADIENT}${
      byRow(count, (router) => `
    dLogits${router}[i] = total;`)
    }`,
  })
);

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
  return gpu.each(routeProgram(uniform !== undefined, hard), B * H, inputs, [shape, shape], params);
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

/** What `route` gives, of many routers: as many at once as a shader may bind. */
export const routeAll: KernelFunction<"RouteAll", Gpu> = (
  gpu,
  { uniform, ...logits },
  { tasks, nSplits: H, temperature, hard },
) => {
  const all = Object.values(logits);
  const [B, N, S] = [tasks.length, all.length, all[0]!.shape[1]! / H];
  const [weights, slopes] = [gpu.space([N, B, H, S]), gpu.space([N, B, H, S])];
  const others = [gpu.integers(tasks), ...uniform === undefined ? [] : [uniform]];
  let router = 0;
  for (const piece of pieces(all, gpu.buffersOfShader - 4, 1)) {
    gpu.run(
      routeAllProgram(piece.length, uniform !== undefined, hard),
      [...piece, ...others],
      [weights, slopes],
      { integers: [router, B * H, H, S], floats: [temperature] },
      [Math.ceil(B * H / PER_GROUP), piece.length],
    );
    router += piece.length;
  }
  return [weights, slopes];
};

/** What `routeGrad` gives, of many routers. */
export const routeAllGrad: KernelFunction<"RouteAllGrad", Gpu> = (
  gpu,
  { dy, weights, slopes },
  { tasks, nTasks: T },
) => {
  const [N, B, H, S] = weights.shape;
  const inputs = [dy, gpu.integers(tasks), weights, slopes];
  let router = 0;
  return pieces(Array.from({ length: N }, () => [T, H * S]), gpu.buffersOfShader - 4, 1)
    .flatMap((shapes) => {
      const made = gpu.run(
        gradAllProgram(shapes.length),
        inputs,
        shapes,
        { integers: [router, T * H * S, B, H, S] },
        [Math.ceil(T * H * S / PER_GROUP), shapes.length],
      );
      router += shapes.length;
      return made;
    });
};
