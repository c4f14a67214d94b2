import { rmsNorm } from "../../ops/rms_norm.ts";
import * as tf from "../../tf.ts";
import type { Call } from "../call.ts";
import type { LlamaConfig } from "./config.ts";
import { FAMILIES } from "./family.ts";

/**
 * A root mean square norm of a model, whose weight a Gemma keeps as its difference to 1.
 *
 * Source: transformers models/llama/modeling_llama.py, `LlamaRMSNorm`, and
 * models/gemma2/modeling_gemma2.py, `Gemma2RMSNorm`.
 *
 * @param name the module, such as `model.norm`
 * @param x shape `[B, L, D]`
 * @returns shape `[B, L, D]`
 */
export function namedNorm(
  config: LlamaConfig,
  name: string,
  x: tf.Tensor3D,
  call: Call,
): tf.Tensor3D {
  const weight = call.parameter(`${name}.weight`) as tf.Tensor1D;
  const scale = FAMILIES[config.modelType].isGemma ? tf.add(weight, 1) as tf.Tensor1D : weight;
  return rmsNorm(x, scale, config.rmsNormEps);
}
