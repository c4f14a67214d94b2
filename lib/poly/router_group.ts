import type { Granularity } from "./settings.ts";

/**
 * The name of the part of the model whose router serves a module.
 *
 * A block is the first numbered part of a name; a sub-layer is what follows it: `layer.1` in T5,
 * `self_attn` in Llama. A module outside any block, such as `lm_head`, has a router of its own.
 * Encoder and decoder are recognised by the first word of the name; a model without them is one
 * part.
 *
 * Source: mttl of Multi-Head Adapter Routing, `router_granularity` (coarsegrained, coderwise,
 * blockwise, layerwise, finegrained)
 *
 * @param module full name of an adapted module
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const q = "encoder.block.0.layer.1.DenseReluDense.wo";
 * assert.equal(routerGroup(q, "linear"), q);
 * assert.equal(routerGroup(q, "layer"), "encoder.block.0.layer.1");
 * assert.equal(routerGroup(q, "block"), "encoder.block.0");
 * assert.equal(routerGroup(q, "coder"), "encoder");
 * assert.equal(routerGroup(q, "model"), "model");
 * ```
 */
export function routerGroup(module: string, granularity: Granularity): string {
  const block = /^(?:.*?\.)?\d+(?=\.|$)/.exec(module)?.[0];
  switch (granularity) {
    case "linear":
      return module;
    case "layer": {
      if (block === undefined) return module;
      const inner = module.slice(block.length);
      const sublayer = /^\.layer\.\d+(?=\.)/.exec(inner) ?? /^\.[^.]+(?=\.)/.exec(inner);
      return sublayer === null ? module : block + sublayer[0];
    }
    case "block":
      return block ?? module;
    case "coder":
      return /^(?:.*\.)?(?:encoder|decoder)(?=\.)/.exec(module)?.[0] ?? "model";
    case "model":
      return "model";
  }
}
