import * as tf from "../../tf.ts";
import type { FusedWasm } from "./fused.ts";
import { update, updateGrad, updateGradInput } from "./low_rank_products.ts";

type Inputs = Readonly<Record<string, tf.TensorInfo>>;

/** What the operations of `lib/ops` pass along; each uses some. */
interface Attrs {
  readonly epsilon: number;
  readonly linear: number;
  readonly cubic: number;
  readonly scale: number;
  readonly forbidden: number;
  readonly keep: boolean;
  readonly sign: number;
  readonly ignored: number;
  readonly smoothing: number;
  readonly rows: number;
  readonly tasks: readonly number[];
  readonly nTasks: number;
  readonly nSplits: number;
  readonly temperature: number;
  readonly hard: boolean;
  readonly owners: readonly number[];
  readonly shape: readonly [number, number, number, number];
  readonly columns: boolean;
  readonly beta1: number;
  readonly beta2: number;
  /** One for each parameter: θ's share that stays, the step size, and the root of 1 − β₂ᵗ. */
  readonly updates: readonly {
    readonly keep: number;
    readonly rate: number;
    readonly root: number;
  }[];
  readonly maxNorm: number;
}

/** So many numbers lie near the processor. */
const NEAR = 2 ** 16;

type Kernel = (
  wasm: FusedWasm,
  inputs: Inputs,
  attrs: Attrs,
) => tf.TensorInfo | tf.TensorInfo[];

/**
 * The kernels of the WebAssembly backend for whole operations of `lib/ops`, which say what each
 * computes and in plain tensor operations how.
 */
export function fusedKernels(wasm: FusedWasm): tf.KernelConfig[] {
  return Object.entries(KERNELS).map(([kernelName, kernel]) => ({
    kernelName,
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs }) =>
      kernel(wasm, inputs as unknown as Inputs, attrs as unknown as Attrs),
  }));
}

/** The names of {@linkcode fusedKernels}. */
export function fusedKernelNames(): string[] {
  return Object.keys(KERNELS);
}

/** x·Wᵀ + b, and what low-rank factors add. */
const linear: Kernel = (wasm, { x, weight, bias, A, B: factorB }, { owners }) => {
  const [B, L, I] = x!.shape as [number, number, number];
  const O = weight!.shape[0]!;
  const y = wasm.make([B, L, O]);
  const to = wasm.at(y);
  wasm.products(1, [B * L, O, I], wasm.at(x), false, wasm.at(weight), true, to);
  if (bias !== undefined) wasm.run.addBias!(B * L, O, wasm.at(bias), to);
  if (A === undefined) return y;
  const R = A.shape[2]!;
  const narrow = wasm.make([B, L, R]);
  const from = [wasm.at(x), wasm.at(A), wasm.at(factorB)] as const;
  update(wasm, { L, I, R, O, owners }, [...from, wasm.at(narrow), to]);
  return [y, narrow];
};

const KERNELS: Readonly<Record<string, Kernel>> = {
  RmsNorm(wasm, { x, weight }, { epsilon }) {
    const y = wasm.make(x!.shape);
    wasm.run.rmsNorm!(...rows(x!), wasm.at(x), wasm.at(weight), epsilon, wasm.at(y));
    return y;
  },

  RmsNormGrad(wasm, { dy, x, weight }, { epsilon }) {
    const dx = wasm.make(x!.shape);
    const from = [wasm.at(dy), wasm.at(x), wasm.at(weight)];
    wasm.run.rmsNormGrad!(...rows(x!), ...from, epsilon, wasm.at(dx));
    return dx;
  },

  RmsNormGradWeight(wasm, { dy, x }, { epsilon }) {
    const dw = wasm.make(x!.shape.slice(-1));
    wasm.run.rmsNormGradWeight!(...rows(x!), wasm.at(dy), wasm.at(x), epsilon, wasm.at(dw));
    return dw;
  },

  Gate(wasm, { x, gate }, { linear, cubic }) {
    const y = wasm.make(x!.shape);
    wasm.run.gate!(size(x!), wasm.at(x), wasm.at(gate), linear, cubic, wasm.at(y));
    return y;
  },

  GateGrad(wasm, { dy, x, gate }, { linear, cubic }) {
    const [dx, dGate] = [wasm.make(x!.shape), wasm.make(x!.shape)];
    const from = [wasm.at(dy), wasm.at(x), wasm.at(gate)];
    wasm.run.gateGrad!(size(x!), ...from, linear, cubic, wasm.at(dx), wasm.at(dGate));
    return [dx, dGate];
  },

  Attention(wasm, { query, key, value, bias, mask }, { scale, forbidden, keep }) {
    const { count, N, Lq, Lk, Dh, atOnce } = attentionSizes(query!, key!);
    const kept = keep ? [wasm.make([...query!.shape.slice(0, 3), Lk])] : [];
    const seen = wasm.make(query!.shape);
    const [q, k, v, to] = [query, key, value, seen].map((tensor) => wasm.at(tensor));
    const shaped = [wasm.at(bias), ...steps(bias), wasm.at(mask), ...steps(mask)];
    const part = keep ? 0 : wasm.part(atOnce * Lq * Lk);
    for (let i = 0; i < count; i += atOnce) {
      const heads = Math.min(atOnce, count - i);
      const w = keep ? wasm.at(kept[0]) + 4 * i * Lq * Lk : part;
      const [ofQ, ofK] = [4 * i * Lq * Dh, 4 * i * Lk * Dh];
      wasm.products(heads, [Lq, Lk, Dh], q! + ofQ, false, k! + ofK, true, w);
      wasm.run.attentionWeights!(i, heads, N, Lq, Lk, w, scale, forbidden, ...shaped);
      wasm.products(heads, [Lq, Dh, Lk], w, false, v! + ofK, false, to! + ofQ);
    }
    return [seen, ...kept];
  },

  AttentionGrad(wasm, { dy, query, key, value, weights }, { scale }) {
    const { count, Lq, Lk, Dh, atOnce } = attentionSizes(query!, key!);
    const dQuery = wasm.make(query!.shape);
    const [dKey, dValue] = [wasm.make(key!.shape), wasm.make(value!.shape)];
    const from = [query, key, value, weights, dy].map((tensor) => wasm.at(tensor));
    const [dq, dk, dv] = [dQuery, dKey, dValue].map((tensor) => wasm.at(tensor));
    const ds = wasm.part(atOnce * Lq * Lk);
    for (let i = 0; i < count; i += atOnce) {
      const heads = Math.min(atOnce, count - i);
      const [ofQ, ofK, ofW] = [4 * i * Lq * Dh, 4 * i * Lk * Dh, 4 * i * Lq * Lk];
      const [q, k, v, w, d] = from as [number, number, number, number, number];
      wasm.products(heads, [Lk, Dh, Lq], w + ofW, true, d + ofQ, false, dv! + ofK);
      wasm.products(heads, [Lq, Lk, Dh], d + ofQ, false, v + ofK, true, ds);
      wasm.run.attentionWeightsGrad!(heads * Lq, Lk, w + ofW, ds, scale);
      wasm.products(heads, [Lq, Dh, Lk], ds, false, k + ofK, false, dq! + ofQ);
      wasm.products(heads, [Lk, Dh, Lq], ds, true, q + ofQ, false, dk! + ofK);
    }
    return [dQuery, dKey, dValue];
  },

  /** Apart from the others, as a bias is mostly frozen. */
  AttentionGradBias(wasm, { dy, value, weights }, { shape }) {
    const [, N, Lq, Lk] = weights!.shape as [number, number, number, number];
    const { count, Dh, atOnce } = attentionSizes(dy!, value!);
    const dBias = wasm.make(shape);
    const [v, w, d, to] = [value, weights, dy, dBias].map((tensor) => wasm.at(tensor));
    const ds = wasm.part(atOnce * Lq * Lk);
    wasm.clear(to!, size(dBias));
    for (let i = 0; i < count; i += atOnce) {
      const heads = Math.min(atOnce, count - i);
      wasm.products(
        heads,
        [Lq, Lk, Dh],
        d! + 4 * i * Lq * Dh,
        false,
        v! + 4 * i * Lk * Dh,
        true,
        ds,
      );
      wasm.run.attentionWeightsGrad!(heads * Lq, Lk, w! + 4 * i * Lq * Lk, ds, 1);
      wasm.run.attentionBiasGrad!(i, heads, N, Lq, Lk, ds, ...steps(dBias), to!);
    }
    return dBias;
  },

  SwapMiddle(wasm, { x }) {
    const [B, L, N, D] = x!.shape as [number, number, number, number];
    const y = wasm.make([B, N, L, D]);
    wasm.run.swapMiddle!(B, L, N, D, wasm.at(x), wasm.at(y));
    return y;
  },

  Rotate(wasm, { x, cos, sin }, { sign }) {
    const y = wasm.make(x!.shape);
    const tableStep = cos!.shape[0] === 1 ? 0 : size(cos!) / cos!.shape[0]!;
    const from = [wasm.at(x), wasm.at(cos), wasm.at(sin)];
    wasm.run.rotate!(...x!.shape, ...from, tableStep, sign, wasm.at(y));
    return y;
  },

  CrossEntropy(wasm, { logits, labels }, { ignored, smoothing }) {
    const [N, V] = logits!.shape as [number, number];
    const logSums = wasm.make([N]);
    const from = [wasm.at(logits), wasm.at(labels)];
    const loss = wasm.run.crossEntropy!(N, V, ...from, ignored, smoothing, wasm.at(logSums));
    return [wasm.makeScalar(loss), logSums];
  },

  CrossEntropyGrad(wasm, { dy, logits, labels, logSums }, { ignored, smoothing }) {
    const [N, V] = logits!.shape as [number, number];
    const dLogits = wasm.make([N, V]);
    const from = [wasm.scalar(dy!), wasm.at(logits), wasm.at(labels)];
    const to = [wasm.at(logSums), wasm.at(dLogits)];
    wasm.run.crossEntropyGrad!(N, V, ...from, ignored, smoothing, ...to);
    return dLogits;
  },

  TakeRows(wasm, { table, ids }) {
    const [V, D] = table!.shape as [number, number];
    const N = size(ids!);
    const rows = wasm.make([...ids!.shape, D]);
    const stray = wasm.run.takeRows!(N, V, D, wasm.at(table), wasm.at(ids), wasm.at(rows));
    if (stray >= 0) {
      wasm.backend.disposeData(rows.dataId);
      throw new RangeError(`Cannot look up id number ${stray} as ids must be in [0, ${V})`);
    }
    return rows;
  },

  AddRows(wasm, { dy, ids }, { rows: V }) {
    const D = dy!.shape.at(-1)!;
    const sums = wasm.make([V, D]);
    wasm.run.addRows!(size(ids!), V, D, wasm.at(dy), wasm.at(ids), wasm.at(sums));
    return sums;
  },

  Route(wasm, { logits, uniform }, { tasks, nSplits: H, temperature, hard }) {
    const [B, S] = [tasks.length, logits!.shape[1]! / H];
    const [weights, slopes] = [wasm.make([B, H, S]), wasm.make([B, H, S])];
    const from = [wasm.at(logits), wasm.integers(tasks), wasm.at(uniform)];
    const to = [wasm.at(weights), wasm.at(slopes)];
    wasm.run.route!(B, H, S, ...from, temperature, Number(hard), ...to);
    return [weights, slopes];
  },

  RouteGrad(wasm, { dy, weights, slopes }, { tasks, nTasks: T }) {
    const [B, H, S] = weights!.shape as [number, number, number];
    const dLogits = wasm.make([T, H * S]);
    const from = [wasm.at(dy), wasm.integers(tasks), wasm.at(weights), wasm.at(slopes)];
    wasm.run.routeGrad!(B, H, S, T, ...from, wasm.at(dLogits));
    return dLogits;
  },

  MixFactors(wasm, { weights, skillsA, skillsB }) {
    const B = weights!.shape[0]!;
    const [H, , X, R] = skillsA!.shape as [number, number, number, number];
    const [A, factorB] = [
      wasm.make([B, H * X, R]),
      wasm.make([B, R, H * skillsB!.shape[3]!]),
    ];
    const w = wasm.at(weights);
    wasm.run.mix!(B, ...skillsA!.shape, 0, w, wasm.at(skillsA), wasm.at(A));
    wasm.run.mix!(B, ...skillsB!.shape, 1, w, wasm.at(skillsB), wasm.at(factorB));
    return [A, factorB];
  },

  MixFactorsGradSkills(wasm, { dy, weights }, { shape, columns }) {
    const dSkills = wasm.make(shape);
    const from = [wasm.at(dy), wasm.at(weights)];
    wasm.run.mixGradSkills!(
      ...[weights!.shape[0]!, ...shape, Number(columns)],
      ...from,
      wasm.at(dSkills),
    );
    return dSkills;
  },

  MixFactorsGradWeights(wasm, { dA, dB, skillsA, skillsB }) {
    const B = dA!.shape[0]!;
    const [H, S] = skillsA!.shape as [number, number];
    const dWeights = wasm.make([B, H, S]);
    const to = wasm.at(dWeights);
    const scratch = wasm.scratch(Math.max(size(skillsA!), size(skillsB!)) / H);
    wasm.run.mixGradWeights!(
      ...[B, ...skillsA!.shape, 0, wasm.at(dA), wasm.at(skillsA), to, 0, scratch],
    );
    wasm.run.mixGradWeights!(
      ...[B, ...skillsB!.shape, 1, wasm.at(dB), wasm.at(skillsB), to, 1, scratch],
    );
    return dWeights;
  },

  Linear: linear,

  AdaptedLinear: linear,

  LinearGradFactors(wasm, { dy, x, narrow, A, B: factorB }, { owners }) {
    const [, L, I] = x!.shape as [number, number, number];
    const [U, R, O] = factorB!.shape as [number, number, number];
    const dNarrow = wasm.make(narrow!.shape);
    const [dA, dB] = [wasm.make(A!.shape), wasm.make(factorB!.shape)];
    const from = [wasm.at(dy), wasm.at(x), wasm.at(narrow), wasm.at(factorB)] as const;
    const to = [wasm.at(dNarrow), wasm.at(dA), wasm.at(dB)] as const;
    updateGrad(wasm, { L, I, R, O, owners }, U, from, to);
    return [dNarrow, dA, dB];
  },

  LinearGradInput(wasm, { dy, weight, dNarrow, A }, { owners }) {
    const [B, L, O] = dy!.shape as [number, number, number];
    const I = weight!.shape[1]!;
    const dx = wasm.make([B, L, I]);
    const to = wasm.at(dx);
    wasm.products(1, [B * L, I, O], wasm.at(dy), false, wasm.at(weight), false, to);
    if (A === undefined) return dx;
    const R = A.shape[2]!;
    updateGradInput(wasm, { L, I, R, O, owners }, [wasm.at(dNarrow), wasm.at(A), to]);
    return dx;
  },

  LinearGradWeight(wasm, { dy, x }) {
    const [O, I] = [dy!.shape.at(-1)!, x!.shape.at(-1)!];
    const dWeight = wasm.make([O, I]);
    const sizes = [O, I, size(x!) / I] as const;
    wasm.products(1, sizes, wasm.at(dy), true, wasm.at(x), false, wasm.at(dWeight));
    return dWeight;
  },

  /** The moments are written over: they are the optimiser's own, shared with nobody. */
  AdamW(wasm, inputs, { updates, beta1, beta2, epsilon }) {
    return updates.map(({ keep, rate, root }, i) => {
      const [parameter, gradient, mean, square] = ["parameter", "gradient", "mean", "square"]
        .map((name) => inputs[`${name}${i}`]!);
      const updated = wasm.make(parameter!.shape);
      wasm.run.adamW!(
        size(parameter!),
        ...[parameter, gradient, mean, square, updated].map((tensor) => wasm.at(tensor)),
        ...[beta1, 1 - beta1, beta2, 1 - beta2, keep, rate, root, epsilon],
      );
      return updated;
    });
  },

  ClipGradients(wasm, inputs, { maxNorm }) {
    const gradients = Object.values(inputs);
    const squares = gradients.map((g) => wasm.run.sumOfSquares!(size(g), wasm.at(g)));
    const norm = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
    const factor = maxNorm === 0 ? 1 : Math.min(1, maxNorm / (norm + 1e-6));
    const clipped = gradients.map((gradient) => {
      if (factor === 1) return wasm.share(gradient);
      const scaled = wasm.make(gradient.shape);
      wasm.run.scaled!(size(gradient), wasm.at(gradient), factor, wasm.at(scaled));
      return scaled;
    });
    return [wasm.makeScalar(norm), ...clipped];
  },
};

function size({ shape }: tf.TensorInfo): number {
  return tf.util.sizeFromShape(shape);
}

/** How many rows of the last axis there are, and how long they are. */
function rows(x: tf.TensorInfo): [rows: number, length: number] {
  const length = x.shape.at(-1)!;
  return [size(x) / length, length];
}

function attentionSizes(query: tf.TensorInfo, key: tf.TensorInfo) {
  const [B, N, Lq, Dh] = query.shape as [number, number, number, number];
  const Lk = key.shape[2]!;
  // So many heads at a time that what is computed of them does not leave the second-level cache.
  const atOnce = Math.max(1, Math.floor(NEAR / (Lq * Lk + 2 * (Lq + Lk) * Dh)));
  return { count: B * N, N, Lq, Lk, Dh, atOnce: Math.min(atOnce, B * N) };
}

/** The steps, in elements, along the first three of four axes; 0 where they broadcast. */
function steps(tensor: tf.TensorInfo | undefined): [number, number, number] {
  if (tensor === undefined) return [0, 0, 0];
  const [b, n, q, k] = tensor.shape as [number, number, number, number];
  return [b === 1 ? 0 : n * q * k, n === 1 ? 0 : q * k, q === 1 ? 0 : k];
}
