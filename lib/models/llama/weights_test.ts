import assert from "node:assert/strict";
import { fill } from "../../testing/fill.ts";
import { caseTensors, LLAMA_CASES } from "../../testing/cases/llama_case.ts";
import { onEachBackend } from "../../testing/on_each_backend.ts";
import * as tf from "../../tf.ts";
import { LlamaForCausalLM } from "./model.ts";
import { parseLlamaConfig } from "./config.ts";
import { llamaShapes } from "./weights.ts";

const EMBEDDING = "model.embed_tokens.weight";
const HEAD = "lm_head.weight";
const MISTRAL = LLAMA_CASES[0]![1].config;
const TIED = { ...MISTRAL, tie_word_embeddings: true };
const ON_CPU = { only: ["cpu"] as const };

for (const [title, expected] of LLAMA_CASES) {
  Deno.test(`llamaShapes() lists what PyTorch's named_parameters() lists: ${title}`, () => {
    assert.deepEqual([...llamaShapes(parseLlamaConfig(expected.config))], expected.parameters);
    const tied = parseLlamaConfig({ ...expected.config, tie_word_embeddings: true });
    assert.deepEqual([...llamaShapes(tied)], expected.parameters.filter(([name]) => name !== HEAD));
  });
}

onEachBackend("fromTensors() ties head and embedding as transformers 5 does", async () => {
  const embedding = caseTensors(TIED);
  const head = new Map(embedding);
  head.set(HEAD, head.get(EMBEDDING)!.clone());
  head.delete(EMBEDDING);
  const both = caseTensors(TIED);
  both.set(HEAD, both.get(EMBEDDING)!.clone());
  const apart = caseTensors(TIED);
  apart.set(HEAD, tf.tensor(new Float32Array(29 * 24).fill(0.5), [29, 24]));
  // The weights that `head` shares with `embedding` are copied, as each model owns its own.
  for (const [name, tensor] of head) if (name !== HEAD) head.set(name, tensor.clone());

  for (const tensors of [embedding, head, both]) {
    const model = LlamaForCausalLM.fromTensors(TIED, tensors);
    assert.deepEqual([...model.parameters.aliases], [[HEAD, EMBEDDING]]);
    assert.ok(!model.parameters.names.includes(HEAD));
    assert.equal(model.parameters.get(HEAD), model.parameters.get(EMBEDDING));
    const first = await model.parameters.get(HEAD).data();
    assert.equal(first[0], fill(0, 1)[0]);
    model.dispose();
  }
  const model = LlamaForCausalLM.fromTensors(TIED, apart);
  assert.equal(model.parameters.aliases.size, 0);
  assert.equal((await model.parameters.get(HEAD).data())[3], 0.5);
  model.dispose();
});

onEachBackend("fromTensors() drops the buffers of old checkpoints", () => {
  const tensors = caseTensors(MISTRAL);
  tensors.set("model.layers.0.self_attn.rotary_emb.inv_freq", tf.zeros([5]));
  tensors.set("model.rotary_emb.inv_freq", tf.zeros([5]));
  const model = LlamaForCausalLM.fromTensors(MISTRAL, tensors);
  assert.equal(model.parameters.names.length, llamaShapes(parseLlamaConfig(MISTRAL)).size);
  model.dispose();
}, ON_CPU);

onEachBackend("fromTensors() lists every tensor at fault and takes none", () => {
  const tensors = caseTensors(MISTRAL);
  tensors.get("model.norm.weight")!.dispose();
  tensors.delete("model.norm.weight");
  tensors.get(HEAD)!.dispose();
  tensors.set(HEAD, tf.zeros([24, 29]));
  tensors.set("score.weight", tf.zeros([2, 24]));
  assert.throws(() => LlamaForCausalLM.fromTensors(MISTRAL, tensors), {
    name: "RangeError",
    message: "Cannot make a MistralForCausalLM of these tensors: missing are model.norm.weight; " +
      "unexpected are score.weight; lm_head.weight is [24,29] and must be [29,24]",
  });
  // The head of a tied model may be there, but not of another shape; the embedding stays needed.
  const tied = new Map([[HEAD, tf.zeros([3, 24])]]);
  assert.throws(() => LlamaForCausalLM.fromTensors(TIED, tied), /embed_tokens.weight is \[3,24\]/);
  tf.dispose([...tied.values()]);
  for (const tensor of tensors.values()) {
    assert.ok(!tensor.isDisposed);
    tensor.dispose();
  }
}, ON_CPU);

onEachBackend("fromTensors() refuses integers as weights", () => {
  const tensors = caseTensors(MISTRAL);
  tensors.get("model.norm.weight")!.dispose();
  tensors.set("model.norm.weight", tf.ones([24], "int32"));
  assert.throws(() => LlamaForCausalLM.fromTensors(MISTRAL, tensors), {
    name: "TypeError",
    message: /model.norm.weight is int32/,
  });
  for (const tensor of tensors.values()) tensor.dispose();
}, ON_CPU);

onEachBackend("fromConfig() draws each weight from the seed and its name", async () => {
  const config = {
    ...LLAMA_CASES[1]![1].config,
    hidden_size: 60,
    initializer_range: 0.3,
    pad_token_id: 4,
  };
  const values = async (seed: number, config: Record<string, unknown>) => {
    const model = LlamaForCausalLM.fromConfig(config, { seed });
    const read = new Map<string, Float32Array>();
    for (const name of model.parameters.names) {
      read.set(name, await model.parameters.get(name).data() as Float32Array);
    }
    model.dispose();
    return read;
  };
  const one = await values(5, config);
  assert.deepEqual(await values(5, config), one);
  const other = await values(6, config);
  // Another layer leaves the weights of the first ones as they were.
  const longer = await values(5, { ...config, num_hidden_layers: 4 });
  for (const [name, data] of one) {
    assert.deepEqual(longer.get(name), data, name);
    if (name.endsWith("norm.weight")) assert.ok(data.every((value) => value === 1), name);
    else if (name.endsWith(".bias")) assert.ok(data.every((value) => value === 0), name);
    else {
      assert.notDeepEqual(other.get(name), data, name);
      const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
      const variance = data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length;
      assert.ok(Math.abs(mean) < 0.04, `${name}: mean ${mean}`);
      assert.ok(
        Math.abs(Math.sqrt(variance) - 0.3) < 0.03,
        `${name}: deviation ${Math.sqrt(variance)}`,
      );
    }
  }
  const embedding = one.get(EMBEDDING)!;
  assert.ok(embedding.subarray(4 * 60, 5 * 60).every((value) => value === 0));
  assert.ok(embedding.subarray(5 * 60, 6 * 60).some((value) => value !== 0));
}, ON_CPU);
