import assert from "node:assert/strict";
import { onEachBackend } from "../../testing/on_each_backend.ts";
import { T5_CASES, t5CaseTensors } from "../../testing/cases/t5_case.ts";
import * as tf from "../../tf.ts";
import { parseT5Config } from "./config.ts";
import { freshT5Weights, t5Shapes, takeT5Weights } from "./weights.ts";

const [TIED, OWN] = T5_CASES.map(([, of]) => ({ of, config: parseT5Config(of.config) }));
const HEAD = "lm_head.weight";
const ENCODER = "encoder.embed_tokens.weight";
const DECODER = "decoder.embed_tokens.weight";
const UNUSED = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";

Deno.test("t5Shapes() lists what named_parameters() lists, the tied ones besides", () => {
  for (const { of, config } of [TIED!, OWN!]) {
    const shapes = [...t5Shapes(config)].filter(([name]) =>
      name !== ENCODER && name !== DECODER && (name in of.parameters || name !== HEAD)
    );
    assert.deepEqual(shapes, Object.entries(of.parameters));
  }
});

const CPU = { only: ["cpu"] } as const;

onEachBackend("takeT5Weights() keeps names and values and ties what is absent", async () => {
  for (const { of, config } of [TIED!, OWN!]) {
    const tensors = t5CaseTensors(of);
    const expected = new Map([...tensors].map(([name, tensor]) => [name, tensor.dataSync()]));
    const parameters = takeT5Weights(config, tensors);
    assert.deepEqual(parameters.names, Object.keys(of.parameters));
    for (const [name, values] of expected) {
      assert.deepEqual(await parameters.get(name).data(), values, name);
    }
    assert.equal(parameters.storage(ENCODER), "shared.weight");
    assert.equal(parameters.storage(DECODER), "shared.weight");
    assert.equal(parameters.storage(HEAD), HEAD in of.parameters ? HEAD : "shared.weight");
    parameters.dispose();
  }
}, CPU);

onEachBackend("takeT5Weights() drops copies of the shared embedding and what is never used", () => {
  const tensors = t5CaseTensors(TIED!.of);
  const shared = tensors.get("shared.weight")!;
  for (const name of [ENCODER, DECODER, HEAD]) {
    tensors.set(name, tf.tensor(shared.dataSync(), shared.shape));
  }
  tensors.set(UNUSED, tf.zeros([8, 3]));
  const parameters = takeT5Weights(TIED!.config, tensors);
  assert.deepEqual(parameters.names, Object.keys(TIED!.of.parameters));
  assert.deepEqual([...parameters.aliases.keys()].sort(), [DECODER, ENCODER, HEAD].sort());
  parameters.dispose();
}, CPU);

onEachBackend("takeT5Weights() keeps an embedding that differs from the shared one", () => {
  const tensors = t5CaseTensors(TIED!.of);
  const shared = tensors.get("shared.weight")!;
  tensors.set(DECODER, tf.mul(shared, 2));
  const parameters = takeT5Weights(TIED!.config, tensors);
  assert.equal(parameters.storage(DECODER), DECODER);
  assert.equal(parameters.get(DECODER).dataSync()[1], 2 * parameters.get(ENCODER).dataSync()[1]!);
  parameters.dispose();
}, CPU);

onEachBackend("takeT5Weights() takes a tied name for a shared embedding that is missing", () => {
  for (const name of [ENCODER, DECODER, HEAD]) {
    const tensors = t5CaseTensors(TIED!.of);
    const values = tensors.get("shared.weight")!.dataSync();
    tensors.set(name, tensors.get("shared.weight")!);
    tensors.delete("shared.weight");
    const parameters = takeT5Weights(TIED!.config, tensors);
    assert.deepEqual(parameters.names, Object.keys(TIED!.of.parameters));
    for (const tied of [ENCODER, DECODER, HEAD, "shared.weight"]) {
      assert.deepEqual(parameters.get(tied).dataSync(), values);
    }
    parameters.dispose();
  }
}, CPU);

onEachBackend("takeT5Weights() names every fault and takes nothing over", () => {
  const tensors = t5CaseTensors(OWN!.of);
  const [norm, q, k] = [
    "encoder.final_layer_norm.weight",
    "encoder.block.0.layer.0.SelfAttention.q.weight",
    "decoder.block.1.layer.0.SelfAttention.k.weight",
  ] as const;
  tensors.get(norm)!.dispose();
  tensors.delete(norm);
  tensors.get(q)!.dispose();
  tensors.set(q, tf.zeros([6, 15]));
  tensors.set("encoder.extra", tf.zeros([1]));
  tensors.set(UNUSED, tf.zeros([8, 3]));
  const before = tf.memory().numTensors;
  assert.throws(() => takeT5Weights(OWN!.config, tensors), {
    name: "RangeError",
    message: `Cannot make a T5ForConditionalGeneration of these tensors: missing are ${norm}; ` +
      `unexpected are encoder.extra; ${q} is [6,15] and must be [15,6]`,
  });
  tensors.set(norm, tf.zeros([6]));
  tensors.get(q)!.dispose();
  tensors.set(q, tf.zeros([15, 6]));
  tensors.get("encoder.extra")!.dispose();
  tensors.delete("encoder.extra");
  tensors.get(k)!.dispose();
  tensors.set(k, tf.zeros([15, 6], "int32"));
  assert.throws(() => takeT5Weights(OWN!.config, tensors), {
    name: "TypeError",
    message: /float32: decoder.block.1.layer.0.SelfAttention.k.weight is int32/,
  });
  assert.equal(tf.memory().numTensors, before);
  assert.throws(() => takeT5Weights(OWN!.config, new Map()), /missing are .*shared.weight/);
  tf.dispose([...tensors.values()]);
}, CPU);

onEachBackend(
  "freshT5Weights() has the deviations of _init_weights and repeats with its seed",
  () => {
    const config = parseT5Config({
      vocab_size: 60,
      d_model: 48,
      d_kv: 20,
      d_ff: 80,
      num_heads: 4,
      num_layers: 1,
      initializer_factor: 0.5,
      feed_forward_proj: "gated-gelu",
    });
    const parameters = freshT5Weights(config, 3);
    const block = "encoder.block.0.layer";
    const expected: Record<string, number> = {
      "shared.weight": 1,
      [`${block}.0.SelfAttention.q.weight`]: (48 * 20) ** -0.5,
      [`${block}.0.SelfAttention.k.weight`]: 48 ** -0.5,
      [`${block}.0.SelfAttention.v.weight`]: 48 ** -0.5,
      [`${block}.0.SelfAttention.o.weight`]: 80 ** -0.5,
      [`${block}.0.SelfAttention.relative_attention_bias.weight`]: 48 ** -0.5,
      [`${block}.1.DenseReluDense.wi_0.weight`]: 48 ** -0.5,
      [`${block}.1.DenseReluDense.wi_1.weight`]: 48 ** -0.5,
      [`${block}.1.DenseReluDense.wo.weight`]: 80 ** -0.5,
    };
    for (const [name, deviation] of Object.entries(expected)) {
      const values = [...parameters.get(name).dataSync()];
      const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
      const found = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
      // four standard errors
      const error = 4 / Math.sqrt(2 * values.length);
      assert.ok(Math.abs(found / (0.5 * deviation) - 1) < error, `${name}: deviation ${found}`);
      assert.ok(Math.abs(mean) < 4 * found / Math.sqrt(values.length), `${name}: mean ${mean}`);
    }
    assert.deepEqual(
      [...parameters.get(`${block}.0.layer_norm.weight`).dataSync()],
      Array(48).fill(0.5),
    );
    assert.equal(parameters.storage(HEAD), "shared.weight");

    const [again, other] = [freshT5Weights(config, 3), freshT5Weights(config, 4)];
    const shared = (of: typeof parameters) => of.get("shared.weight").dataSync();
    assert.deepEqual(shared(again), shared(parameters));
    assert.notDeepEqual(shared(other), shared(parameters));
    for (const each of [parameters, again, other]) each.dispose();
  },
  CPU,
);
