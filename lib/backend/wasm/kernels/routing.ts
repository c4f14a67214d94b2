import { runsOf } from "../../../util/runs.ts";
import type { WasmKernels } from "../fused.ts";
import { sizeOf } from "../heap.ts";

/** The kernels of `lib/ops/mixing_weights.ts` and `lib/ops/mix_skills.ts`. */
export const routingKernels = {
  Route(wasm, { logits, uniform }, { tasks, nSplits: H, temperature, hard }) {
    const [B, S] = [tasks.length, logits.shape[1] / H];
    const [weights, slopes] = [wasm.make([B, H, S]), wasm.make([B, H, S])];
    const from = [wasm.at(logits), wasm.integers(tasks), wasm.at(uniform)] as const;
    const to = [wasm.at(weights), wasm.at(slopes)] as const;
    wasm.run.route(B, H, S, ...from, temperature, Number(hard), ...to);
    return [weights, slopes];
  },

  RouteGrad(wasm, { dy, weights, slopes }, { tasks, nTasks: T }) {
    const [B, H, S] = weights.shape;
    const dLogits = wasm.make([T, H * S]);
    const from = [wasm.at(dy), wasm.integers(tasks), wasm.at(weights), wasm.at(slopes)] as const;
    wasm.run.routeGrad(B, H, S, T, ...from, wasm.at(dLogits));
    return [dLogits];
  },

  MixFactors(wasm, { weights, skillsA, skillsB }, { inventories }) {
    const [B, H] = weights.shape;
    const [, S, X, R] = skillsA.shape;
    const Y = skillsB.shape[3];
    const factorA = wasm.make([B, H * X, R]);
    const factorB = wasm.make([B, R, H * Y]);
    const at = [weights, skillsA, skillsB, factorA, factorB].map((tensor) => wasm.at(tensor));
    for (const { value, first, count } of runsOf(inventories)) {
      const sizes = [first * H * S, value * H * S * X * R, value * H * S * R * Y];
      const places = [...sizes, first * H * X * R, first * R * H * Y];
      const [w, a, b, toA, toB] = places.map((place, i) => at[i]! + 4 * place);
      wasm.run.mix(count, H, S, X, R, ROWS, w!, a!, toA!);
      wasm.run.mix(count, H, S, R, Y, COLUMNS, w!, b!, toB!);
    }
    return [factorA, factorB];
  },

  MixFactorsGradSkills(wasm, { dy, weights }, { shape, columns, inventories }) {
    const [, H, S] = weights.shape;
    const [NH, , X, Y] = shape;
    const dSkills = wasm.make(shape);
    const along = columns ? COLUMNS : ROWS;
    const runs = runsOf(inventories);
    if (runs.length < NH / H) wasm.clear(wasm.at(dSkills), sizeOf(dSkills));
    for (const { value, first, count } of runs) {
      const [d, w] = [wasm.at(dy) + 4 * first * H * X * Y, wasm.at(weights) + 4 * first * H * S];
      const to = wasm.at(dSkills) + 4 * value * H * S * X * Y;
      wasm.run.mixGradSkills(count, H, S, X, Y, along, d, w, to);
    }
    return [dSkills];
  },

  MixFactorsGradWeights(wasm, { dA, dB, skillsA, skillsB }, { inventories }) {
    const [B] = dA.shape;
    const [, S, X, R] = skillsA.shape;
    const Y = skillsB.shape[3];
    const H = dB.shape[2] / Y;
    const dWeights = wasm.make([B, H, S]);
    const scratch = wasm.scratch(S * R * Math.max(X, Y));
    const at = [dA, dB, skillsA, skillsB, dWeights].map((tensor) => wasm.at(tensor));
    for (const { value, first, count } of runsOf(inventories)) {
      const sizes = [first * H * X * R, first * H * R * Y, value * H * S * X * R];
      const places = [...sizes, value * H * S * R * Y, first * H * S];
      const [a, b, ofA, ofB, to] = places.map((place, i) => at[i]! + 4 * place);
      wasm.run.mixGradWeights(count, H, S, X, R, ROWS, a!, ofA!, to!, 0, scratch);
      wasm.run.mixGradWeights(count, H, S, R, Y, COLUMNS, b!, ofB!, to!, 1, scratch); // adds
    }
    return [dWeights];
  },
} satisfies WasmKernels;

/** How mixGradWeights joins splits: along rows, as in A, or along columns, as in B. */
const ROWS = 0;
const COLUMNS = 1;
