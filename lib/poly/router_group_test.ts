import assert from "node:assert/strict";
import { routerGroup } from "./router_group.ts";
import { GRANULARITIES } from "./settings.ts";

/** A module and its groups: layer, block, coder. */
const GROUPS: [string, string, string, string][] = [
  [
    "encoder.block.0.layer.0.SelfAttention.q",
    "encoder.block.0.layer.0",
    "encoder.block.0",
    "encoder",
  ],
  [
    "decoder.block.11.layer.1.EncDecAttention.v",
    "decoder.block.11.layer.1",
    "decoder.block.11",
    "decoder",
  ],
  [
    "decoder.block.1.layer.2.DenseReluDense.wi_0",
    "decoder.block.1.layer.2",
    "decoder.block.1",
    "decoder",
  ],
  ["model.layers.0.self_attn.q_proj", "model.layers.0.self_attn", "model.layers.0", "model"],
  ["model.layers.10.mlp.up_proj", "model.layers.10.mlp", "model.layers.10", "model"],
  [
    "bert.encoder.layer.3.attention.self.query",
    "bert.encoder.layer.3.attention",
    "bert.encoder.layer.3",
    "bert.encoder",
  ],
  ["lm_head", "lm_head", "lm_head", "model"],
  ["mlp.0", "mlp.0", "mlp.0", "model"],
  ["mlp.0.up", "mlp.0.up", "mlp.0", "model"],
];

Deno.test("routerGroup() follows the parts of each architecture", () => {
  for (const [module, layer, block, coder] of GROUPS) {
    assert.deepEqual(
      GRANULARITIES.map((granularity) => routerGroup(module, granularity)),
      [module, layer, block, coder, "model"],
    );
  }
});
