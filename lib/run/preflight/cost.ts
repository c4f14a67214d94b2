/** What a run of a base model takes, as far as sizes and settings tell before anything is loaded. */
import type { ModuleInfo } from "../../models/base_model.ts";
import type { RunConfig } from "../config.ts";
import type { AdaptedLayer } from "./adapted_layers.ts";
import { adapterSize } from "./adapter_size.ts";

/** What is known of a base model's size. */
export interface BaseSize {
  /** Every module of the model. */
  readonly modules: readonly ModuleInfo[];
  /** Number of its weights. */
  readonly weights: number;
  /** Whether an encoder reads the inputs and a decoder writes. */
  readonly isEncoderDecoder: boolean;
}

/** What one run takes. */
export interface Cost {
  /** Bytes of memory: the weights, what is trained, and the activations of one batch. */
  readonly bytes: number;
  /** Multiplications and additions of one step of multi-task training. */
  readonly step: number;
  /** Those of the whole run. */
  readonly run: number;
}

/** Bytes of a number; of a trained one with its gradient and two means of the optimiser. */
const [NUMBER, TRAINED] = [4, 16];

/**
 * Counts what a run takes when every text is as long as `max_input_tokens` and `max_target_tokens` let it
 * be: about the most. Of each linear layer it counts the products, twice over in training, as gradients
 * pass through frozen layers; attention's own products are left out, being few beside them.
 *
 * @param layers that get skills
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "../config.ts";
 *
 * const modules = [{ name: "lm_head", kind: "Linear", inFeatures: 10, outFeatures: 3 }];
 * const base = { modules, weights: 30, isEncoderDecoder: false };
 * const config = parseRunConfig({ batch_size: 2, max_input_tokens: 4, max_target_tokens: 1 });
 * assert.equal(costOf(config, base, []).step, 2 * 5 * (10 * 3) * 4);
 * ```
 */
export function costOf(config: RunConfig, base: BaseSize, layers: readonly AdaptedLayer[]): Cost {
  const { batch_size, accumulation, max_input_tokens: L, max_target_tokens: M } = config;
  const linear = base.modules.filter(({ kind }) => kind === "Linear")
    .map(({ name, inFeatures, outFeatures }) => ({
      inFeatures: inFeatures!,
      outFeatures: outFeatures!,
      tokens: !base.isEncoderDecoder ? L + M : name.startsWith("encoder.") ? L : M,
    }));
  const sumOf = (value: (layer: typeof linear[number]) => number) =>
    linear.reduce((sum, layer) => sum + value(layer), 0);
  /** Operations of reading one example and its answer once. */
  const reading = 2 *
    sumOf(({ inFeatures, outFeatures, tokens }) => inFeatures * outFeatures * tokens);
  const step = 2 * reading * batch_size * accumulation;
  const { n_tasks, n_heldout_tasks, adaptation, adaptation_steps, adaptation_batch_size } = config;
  const adapting = n_heldout_tasks * adaptation_steps * adaptation_batch_size * 2 * reading;
  const answering = (n_tasks + n_heldout_tasks) * config.n_test * reading * config.num_beams;
  const { skills, routing } = adapterSize(config, layers);
  const activations = batch_size *
    sumOf(({ inFeatures, outFeatures, tokens }) => (inFeatures + outFeatures) * tokens);
  return {
    bytes: (base.weights + activations) * NUMBER + (skills + routing) * TRAINED,
    step,
    run: config.steps * step + (adaptation === "none" ? 0 : adapting) + answering,
  };
}
