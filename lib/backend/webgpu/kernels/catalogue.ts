import { kernelConfigs } from "../../../ops/fused.ts";
import type { KernelName, KernelTable } from "../../../ops/kernels.ts";
import * as tf from "../../../tf.ts";
import { adamW } from "./adamw.ts";
import { attention, attentionOfRows } from "./attention.ts";
import {
  attentionGrad,
  attentionGradBias,
  attentionOfRowsGrad,
  attentionOfRowsGradBias,
} from "./attention_grad.ts";
import { clipGradients } from "./clip_gradients.ts";
import { crossEntropy, crossEntropyGrad } from "./cross_entropy.ts";
import { gate, gateGrad } from "./gate.ts";
import { Gpu } from "./gpu.ts";
import { adaptedLinear, linear } from "./linear.ts";
import { linearGradInput, linearGradWeight } from "./linear_grad.ts";
import { linearGradFactors } from "./linear_grad_factors.ts";
import { mixAll, mixAllGrad } from "./mix_all.ts";
import { mixFactors, mixFactorsGradSkills, mixFactorsGradWeights } from "./mix_factors.ts";
import { rmsNorm, rmsNormGrad, rmsNormGradWeight } from "./rms_norm.ts";
import { rotate } from "./rotate.ts";
import { route, routeAll, routeAllGrad, routeGrad } from "./route.ts";
import { addRows, takeRows } from "./rows.ts";
import { swapMiddle } from "./swap_middle.ts";

/** The kernels of the WebGPU backend for whole operations of `lib/ops`: all of the contract. */
const KERNELS: KernelTable<Gpu> = {
  RmsNorm: rmsNorm,
  RmsNormGrad: rmsNormGrad,
  RmsNormGradWeight: rmsNormGradWeight,
  Gate: gate,
  GateGrad: gateGrad,
  Attention: attention,
  AttentionGrad: attentionGrad,
  AttentionGradBias: attentionGradBias,
  AttentionOfRows: attentionOfRows,
  AttentionOfRowsGrad: attentionOfRowsGrad,
  AttentionOfRowsGradBias: attentionOfRowsGradBias,
  SwapMiddle: swapMiddle,
  Rotate: rotate,
  CrossEntropy: crossEntropy,
  CrossEntropyGrad: crossEntropyGrad,
  TakeRows: takeRows,
  AddRows: addRows,
  Route: route,
  RouteGrad: routeGrad,
  RouteAll: routeAll,
  RouteAllGrad: routeAllGrad,
  MixFactors: mixFactors,
  MixFactorsGradSkills: mixFactorsGradSkills,
  MixFactorsGradWeights: mixFactorsGradWeights,
  MixAll: mixAll,
  MixAllGrad: mixAllGrad,
  Linear: linear,
  AdaptedLinear: adaptedLinear,
  LinearGradFactors: linearGradFactors,
  LinearGradInput: linearGradInput,
  LinearGradWeight: linearGradWeight,
  AdamW: adamW,
  ClipGradients: clipGradients,
};

const gpus = new WeakMap<object, Gpu>();

const CONFIGS = kernelConfigs("webgpu", KERNELS, (backend) => {
  let gpu = gpus.get(backend as object);
  if (gpu === undefined) gpus.set(backend as object, gpu = new Gpu(backend));
  return gpu;
});

/** The names of the kernels. */
export const WEBGPU_KERNELS = Object.keys(KERNELS) as readonly KernelName[];

/**
 * Adds the kernels of this project to the WebGPU backend, or takes them away, which leaves every
 * operation to its definition, a composition of plain ones.
 */
export function installWebgpuKernels(wanted = true): void {
  for (const config of CONFIGS) {
    const { kernelName } = config;
    if (tf.getKernel(kernelName, "webgpu") !== undefined) tf.unregisterKernel(kernelName, "webgpu");
    if (wanted) tf.registerKernel(config);
  }
}
