/**
 * The table of the kernels for WebAssembly, in the form that TensorFlow.js registers. The compiler
 * checks it against the contract in `lib/ops/kernels.ts`.
 */
import { kernelConfigs } from "../../ops/fused.ts";
import type { KernelName, KernelTable } from "../../ops/kernels.ts";
import type * as tf from "../../tf.ts";
import type { FusedWasm } from "./fused.ts";
import { attentionKernels } from "./kernels/attention.ts";
import { crossEntropyKernels } from "./kernels/cross_entropy.ts";
import { embeddingKernels } from "./kernels/embedding.ts";
import { gateKernels } from "./kernels/gate.ts";
import { headKernels } from "./kernels/heads.ts";
import { linearKernels } from "./kernels/linear.ts";
import { optimizerKernels } from "./kernels/optimizer.ts";
import { rmsNormKernels } from "./kernels/rms_norm.ts";
import { routingKernels } from "./kernels/routing.ts";

/** Kernels that save launches: a call of WebAssembly has no cost of that kind. */
type FewerLaunches =
  | "RouteAll"
  | "RouteAllGrad"
  | "MixAll"
  | "MixAllGrad"
  | "AttentionOfRows"
  | "AttentionOfRowsGrad"
  | "AttentionOfRowsGradBias";

/** Every other kernel of the contract (`lib/ops/kernels.ts`). */
const KERNELS: Omit<KernelTable<FusedWasm>, FewerLaunches> = {
  ...rmsNormKernels,
  ...gateKernels,
  ...attentionKernels,
  ...headKernels,
  ...crossEntropyKernels,
  ...embeddingKernels,
  ...routingKernels,
  ...linearKernels,
  ...optimizerKernels,
};

/** The kernels of the WebAssembly backend for whole operations of `lib/ops`. */
export function fusedKernels(wasm: FusedWasm): tf.KernelConfig[] {
  return kernelConfigs("wasm", KERNELS, () => wasm);
}

/** The names of {@linkcode fusedKernels}. */
export function fusedKernelNames(): KernelName[] {
  return Object.keys(KERNELS) as KernelName[];
}
