import assert from "node:assert/strict";
import type { BackendName } from "../../backend/backend.ts";
import { seededNoise } from "../../ops/noise.ts";
import { assertClose } from "../../testing/assert_close.ts";
import { caseModel, COLUMNS, LLAMA_CASES } from "../../testing/cases/llama_case.ts";
import { onEachBackend } from "../../testing/on_each_backend.ts";
import { GOLDEN } from "../../testing/golden.ts";
import * as tf from "../../tf.ts";
import type { DecoderState } from "../base_model.ts";
import { linear } from "../../ops/linear.ts";
import { LlamaForCausalLM } from "./model.ts";
import { parseSafetensors, type SafetensorsFile } from "../../files/safetensors.ts";

const [[, MISTRAL], [, LLAMA]] = LLAMA_CASES as [typeof LLAMA_CASES[0], typeof LLAMA_CASES[0]];

/** A software WebGPU adapter is slow: of the youngest types only Gemma 3, which has most of its own. */
function where({ config }: { readonly config: Readonly<Record<string, unknown>> }): {
  readonly only?: readonly BackendName[];
} {
  const others = ["qwen3", "gemma2", "phi3"];
  return others.includes(config.model_type as string) ? { only: ["wasm", "cpu"] } : {};
}

function open(path: string): SafetensorsFile {
  return parseSafetensors(Deno.readFileSync(`${GOLDEN}/${path}`), path);
}

function tensor(file: SafetensorsFile, name: string): tf.Tensor {
  const { data, shape, dtype } = file.read(name);
  return tf.tensor(data as Float32Array, [...shape], dtype === "I32" ? "int32" : "float32");
}

for (const name of ["llama_mhr", "qwen2_poly"]) {
  onEachBackend(
    `forward() gives the base logits of ${name}, at padding too`,
    async ({ tolerance }) => {
      const weights = open(`${name}/base/model.safetensors`);
      const expected = open(`${name}/expected.safetensors`);
      const config = JSON.parse(Deno.readTextFileSync(`${GOLDEN}/${name}/base/config.json`));
      const tensors = new Map(weights.names.map((name) => [name, tensor(weights, name)]));
      const model = LlamaForCausalLM.fromTensors(config, tensors, name);
      const inputIds = tensor(expected, "input_ids") as tf.Tensor2D;
      const attentionMask = tensor(expected, "attention_mask") as tf.Tensor2D;
      const { logits } = model.forward({ inputIds, attentionMask });
      const { data, shape } = expected.read("base_logits");
      await assertClose(logits, { shape, data: data as Float32Array }, tolerance);
      assert.equal(model.identity.nameOrPath, name);
      tf.dispose([logits, inputIds, attentionMask]);
      model.dispose();
    },
  );
}

for (const [title, expected] of LLAMA_CASES) {
  const inputs = {
    inputIds: expected.input_ids,
    attentionMask: expected.attention_mask,
    labels: expected.labels,
  };
  const [B, L] = [inputs.inputIds.length, inputs.inputIds[0]!.length];

  onEachBackend(`forward() gives transformers' numbers: ${title}`, async ({ tolerance }) => {
    const model = caseModel(expected.config);
    const { logits, loss } = model.forward(inputs);
    const columns = tf.slice(logits, [0, 0, 0], [B, L, COLUMNS]);
    await assertClose(columns, { shape: [B, L, COLUMNS], data: expected.logits }, tolerance);
    await assertClose(loss, { shape: [], data: [expected.loss] }, tolerance);
    tf.dispose([logits, loss, columns]);
    model.dispose();
  }, where(expected));

  onEachBackend(`decode() gives transformers' steps: ${title}`, async ({ tolerance }) => {
    const model = caseModel(expected.config);
    const call = model.plainCall();
    const prompt = { inputIds: expected.input_ids, attentionMask: expected.attention_mask };
    let { logits, state } = model.prefill(prompt, call);
    for (const [step, data] of expected.step_logits.entries()) {
      const columns = tf.slice(logits, [0, 0], [B, COLUMNS]);
      await assertClose(columns, { shape: [B, COLUMNS], data }, tolerance, `step ${step}`);
      const chosen = tf.argMax(logits, 1);
      const tokens = [...await chosen.data()];
      assert.deepEqual(tokens, expected.greedy.map((row) => row[step]), `step ${step}`);
      tf.dispose([columns, chosen, logits]);
      ({ logits, state } = model.decode(tokens, state, call));
    }
    logits.dispose();
    state.dispose();
    model.dispose();
  }, where(expected));
}

for (const [title, expected] of LLAMA_CASES) {
  onEachBackend(`forward() has PyTorch's gradient: ${title}`, async ({ tolerance }) => {
    const model = caseModel(expected.config);
    const layer = `model.layers.0.self_attn.${
      expected.config.model_type === "phi3" ? "qkv" : "k"
    }_proj`;
    const weight = model.parameters.get(`${layer}.weight`);
    const bias = model.parameters.has(`${layer}.bias`)
      ? model.parameters.get(`${layer}.bias`) as unknown as tf.Tensor1D
      : null;
    const plain = model.plainCall();
    const inputs = {
      inputIds: expected.input_ids,
      attentionMask: expected.attention_mask,
      labels: expected.labels,
    };
    const lossAt = (changed: tf.Tensor) =>
      model.forward(inputs, {
        training: false,
        linear: (name, x) =>
          name === layer ? linear(x, changed as tf.Tensor2D, bias) : plain.linear(name, x),
        parameter: (name) => plain.parameter(name),
        dropout: (x) => x,
        select: () => plain,
        dispose() {},
      }).loss;
    const D = weight.shape[1]!;
    const rows = tf.tidy(() => tf.slice(tf.grad(lossAt)(weight), [0, 0], [2, D]));
    await assertClose(rows, { shape: [2, D], data: expected.gradient }, 3 * tolerance);
    rows.dispose();
    model.dispose();
  }, where(expected));
}

/** The row without its padding. */
function unpadded(row: number, expected = MISTRAL): number[][] {
  return [expected.input_ids[row]!.filter((_, i) => expected.attention_mask[row]![i] === 1)];
}

for (const [title, expected] of LLAMA_CASES) {
  onEachBackend(
    `decode() equals one forward pass over the same text: ${title}`,
    async ({ tolerance }) => {
      const model = caseModel(expected.config);
      const call = model.plainCall();
      const { input_ids: inputIds, attention_mask: attentionMask } = expected;
      let { logits, state } = model.prefill({ inputIds, attentionMask }, call);
      for (const token of [6, 19]) {
        logits.dispose();
        ({ logits, state } = model.decode(inputIds.map((_, i) => token + i), state, call));
      }
      for (const row of inputIds.keys()) {
        const text = [[...unpadded(row, expected)[0]!, 6 + row, 19 + row]];
        const [stepped, whole] = tf.tidy(() => {
          const all = model.forward({ inputIds: text }).logits;
          return [
            tf.slice(logits, [row, 0], [1, -1]),
            tf.reshape(tf.slice(all, [0, text[0]!.length - 1, 0], [1, 1, -1]), [1, -1]),
          ];
        });
        await assertClose(stepped, whole, tolerance, `row ${row}`);
        tf.dispose([stepped, whole]);
      }
      logits.dispose();
      state.dispose();
      model.dispose();
    },
    { only: ["wasm", "cpu"] },
  );
}

onEachBackend(
  "select() gives states that go on alone and leave the first valid",
  async ({ tolerance }) => {
    const model = caseModel(LLAMA.config);
    const call = model.plainCall();
    const { input_ids: inputIds, attention_mask: attentionMask } = LLAMA;
    const { logits: first, state } = model.prefill({ inputIds, attentionMask }, call);
    const picked = state.select([2, 0, 2, 1]);
    const chosen = model.decode([5, 6, 7, 8], picked, call);
    const whole = model.decode([6, 8, 5], state, call);
    // Row 0 read 6, row 1 read 8 and row 2 read 5 in both.
    const [actual, expected] = tf.tidy(() => [
      tf.gather(chosen.logits, tf.tensor1d([1, 3, 0], "int32")),
      tf.clone(whole.logits),
    ]);
    await assertClose(actual!, expected!, tolerance);
    const { select } = whole.state;
    assert.throws(() => select.call(whole.state, [0, 3]), {
      name: "RangeError",
      message: /rows \[0,3\] .* in \[0, 3\)/,
    });
    tf.dispose([first, actual!, expected!, chosen.logits, whole.logits]);
    chosen.state.dispose();
    whole.state.dispose();
    model.dispose();
  },
);

onEachBackend("decode() uses its state up, also when it throws", async () => {
  const model = caseModel(MISTRAL.config);
  const call = model.plainCall();
  const prompt = { inputIds: MISTRAL.input_ids, attentionMask: MISTRAL.attention_mask };
  const kept = tf.memory().numTensors;
  const refusals: [number[], (state: DecoderState) => DecoderState, RegExp][] = [
    [[1, 2], (state) => state, /got 2 tokens for 3 rows/],
    [[1, 2, 29], (state) => state, /in \[0, 29\).*found 29/],
    [
      [1, 2, 3],
      (state) => ({ select: () => state, dispose: () => state.dispose() }),
      /must be one of its own/,
    ],
  ];
  for (const [tokens, disguise, message] of refusals) {
    const { logits, state } = model.prefill(prompt, call);
    logits.dispose();
    assert.throws(() => model.decode(tokens, disguise(state), call), { message });
    assert.equal(tf.memory().numTensors, kept, `${message}`);
  }
  const { logits, state } = model.prefill(prompt, call);
  const used = model.prefill(prompt, call);
  const next = model.decode([1, 2, 3], used.state, call);
  for (
    const again of [() => model.decode([1, 2, 3], used.state, call), () => used.state.select([0])]
  ) {
    assert.throws(again, { name: "RangeError", message: /it has been used: pass the next one/ });
  }
  tf.dispose([used.logits, next.logits]);
  next.state.dispose();
  const fault = {
    ...call,
    linear: () => assert.fail("no such layer"),
    parameter: call.parameter.bind(call),
  };
  assert.throws(
    () => model.decode([1, 2, 3], state, fault as unknown as typeof call),
    /no such layer/,
  );
  logits.dispose();
  assert.equal(tf.memory().numTensors, kept);
  // The model goes on as if nothing had happened.
  const again = model.prefill(prompt, call);
  const columns = tf.slice(again.logits, [0, 0], [3, COLUMNS]);
  await assertClose(columns, { shape: [3, COLUMNS], data: MISTRAL.step_logits[0]! }, 1e-5);
  tf.dispose([columns, again.logits]);
  again.state.dispose();
  model.dispose();
}, { only: ["cpu"] });

onEachBackend("prefill() refuses a mask of another shape and ids out of range", () => {
  const model = caseModel(MISTRAL.config);
  const call = model.plainCall();
  const kept = tf.memory().numTensors;
  assert.throws(() => model.prefill({ inputIds: [[1, 2]], attentionMask: [[1]] }, call), {
    name: "RangeError",
    message: /1 and 1 rows, of 1 and 2 positions/,
  });
  assert.throws(
    () => model.prefill({ inputIds: [[1, 29]], attentionMask: [[1, 1]] }, call),
    RangeError,
  );
  assert.equal(tf.memory().numTensors, kept);
  model.dispose();
}, { only: ["cpu"] });

onEachBackend("forward() refuses what it cannot use and leaves nothing behind", () => {
  const model = caseModel(MISTRAL.config);
  const inputIds = [[1, 2, 3], [4, 5, 6]];
  const refusals: [object, object][] = [
    [{ inputIds: [[1, 29]] }, { name: "RangeError", message: /inputIds.*found 29/ }],
    [{ inputIds, attentionMask: [[1, 1, 2], [1, 1, 1]] }, {
      name: "RangeError",
      message: /attentionMask/,
    }],
    [{ inputIds, attentionMask: [[1, 1, 1]] }, {
      name: "RangeError",
      message: /attentionMask must have the shape of inputIds: they are \[1,3\] and \[2,3\]/,
    }],
    [{ inputIds, labels: [[1, 2], [3, 4]] }, {
      name: "RangeError",
      message: /labels must have the shape/,
    }],
    [{ inputIds, labels: [[1, 2, -1], [3, 4, 5]] }, {
      name: "RangeError",
      message: /labels.*found -1/,
    }],
    [{ inputIds, decoderInputIds: inputIds }, { name: "TypeError", message: /has no encoder/ }],
  ];
  const kept = tf.memory().numTensors;
  for (const [inputs, error] of refusals) {
    assert.throws(() => model.forward(inputs as { inputIds: number[][] }), error);
    assert.equal(tf.memory().numTensors, kept, JSON.stringify(error));
  }
  model.dispose();
}, { only: ["cpu"] });

onEachBackend("forward() asks for its linear layers in PyTorch's order", () => {
  const model = caseModel(LLAMA.config);
  const asked: string[] = [];
  const plain = model.plainCall();
  const call = {
    ...plain,
    training: false,
    parameter: (name: string) => plain.parameter(name),
    dropout: <T extends tf.Tensor>(x: T) => x,
    linear(name: string, x: tf.Tensor3D) {
      asked.push(name);
      return plain.linear(name, x);
    },
    select: () => call,
    dispose() {},
  };
  model.forward({ inputIds: [[1, 2]] }, call).logits.dispose();
  assert.deepEqual(
    asked,
    model.modules.filter(({ kind }) => kind === "Linear").map(({ name }) => name),
  );
  model.dispose();
}, { only: ["cpu"] });

onEachBackend("forward() drops attention weights in training only", async () => {
  const config = { ...LLAMA.config, attention_dropout: 0.5 };
  const model = caseModel(config);
  const inputs = { inputIds: LLAMA.input_ids, attentionMask: LLAMA.attention_mask };
  const run = async (call = model.plainCall()) => {
    const { logits } = model.forward(inputs, call);
    const values = await logits.data();
    logits.dispose();
    return values;
  };
  const training = (seed: number) =>
    run(model.plainCall({ training: true, noise: seededNoise(seed) }));
  assert.deepEqual(await training(3), await training(3));
  assert.notDeepEqual(await training(3), await training(4));
  assert.notDeepEqual(await training(3), await run());
  assert.throws(() => model.forward(inputs, model.plainCall({ training: true })), /without noise/);
  model.dispose();
}, { only: ["cpu"] });

onEachBackend("decode() of a Phi-3 refuses to go where its angles change", () => {
  const [, { config }] = LLAMA_CASES.find(([title]) => title.startsWith("phi3"))!;
  const model = caseModel({ ...config, original_max_position_embeddings: 4 });
  const call = model.plainCall();
  const read = (length: number) =>
    model.prefill(
      { inputIds: [Array(length).fill(3)], attentionMask: [Array(length).fill(1)] },
      call,
    );
  const kept = tf.memory().numTensors;
  for (const [length, isRefused] of [[3, false], [4, true], [5, false]] as const) {
    const { logits, state } = read(length);
    logits.dispose();
    if (isRefused) {
      assert.throws(() => model.decode([5], state, call), {
        name: "RangeError",
        message:
          /Phi3ForCausalLM beyond 4 positions as its angles change .* smaller max_new_tokens/,
      });
    } else {
      const next = model.decode([5], state, call);
      next.logits.dispose();
      next.state.dispose();
    }
    assert.equal(tf.memory().numTensors, kept, `${length}`);
  }
  model.dispose();
}, { only: ["cpu"] });
