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

  MixFactors(wasm, { weights, skillsA, skillsB }) {
    const [B] = weights.shape;
    const [H, , X, R] = skillsA.shape;
    const factorA = wasm.make([B, H * X, R]);
    const factorB = wasm.make([B, R, H * skillsB.shape[3]]);
    const w = wasm.at(weights);
    wasm.run.mix(B, ...skillsA.shape, ROWS, w, wasm.at(skillsA), wasm.at(factorA));
    wasm.run.mix(B, ...skillsB.shape, COLUMNS, w, wasm.at(skillsB), wasm.at(factorB));
    return [factorA, factorB];
  },

  MixFactorsGradSkills(wasm, { dy, weights }, { shape, columns }) {
    const [B] = weights.shape;
    const dSkills = wasm.make(shape);
    const along = columns ? COLUMNS : ROWS;
    wasm.run.mixGradSkills(B, ...shape, along, wasm.at(dy), wasm.at(weights), wasm.at(dSkills));
    return [dSkills];
  },

  MixFactorsGradWeights(wasm, { dA, dB, skillsA, skillsB }) {
    const [B] = dA.shape;
    const [H, S] = skillsA.shape;
    const dWeights = wasm.make([B, H, S]);
    const to = wasm.at(dWeights);
    const scratch = wasm.scratch(Math.max(sizeOf(skillsA), sizeOf(skillsB)) / H);
    const fromA = [wasm.at(dA), wasm.at(skillsA)] as const;
    const fromB = [wasm.at(dB), wasm.at(skillsB)] as const;
    wasm.run.mixGradWeights(B, ...skillsA.shape, ROWS, ...fromA, to, 0, scratch);
    wasm.run.mixGradWeights(B, ...skillsB.shape, COLUMNS, ...fromB, to, 1, scratch); // adds
    return [dWeights];
  },
} satisfies WasmKernels;

/** How mixGradWeights joins splits: along rows, as in A, or along columns, as in B. */
const ROWS = 0;
const COLUMNS = 1;
