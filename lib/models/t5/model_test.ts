import assert from "node:assert/strict";
import { join } from "node:path";
import { type Noise, seededNoise } from "../../ops/noise.ts";
import { assertClose } from "../../testing/assert_close.ts";
import { onEachBackend } from "../../testing/on_each_backend.ts";
import { GOLDEN } from "../../testing/golden.ts";
import { T5_CASES, T5_INPUTS, t5CaseModel } from "../../testing/cases/t5_case.ts";
import * as tf from "../../tf.ts";
import type { DecoderState, ForwardInputs } from "../base_model.ts";
import { PlainCall, type PlainCallOptions } from "../call.ts";
import { readCheckpoint } from "../checkpoint.ts";
import type { Parameters } from "../parameters.ts";
import { openSafetensors } from "../../files/safetensors.ts";
import { T5ForConditionalGeneration } from "./model.ts";

const INPUTS = {
  inputIds: T5_INPUTS.input_ids,
  attentionMask: T5_INPUTS.attention_mask,
  labels: T5_INPUTS.labels,
};
const [B, L, M, V, D] = [3, 7, 5, 13, 6];

/** A call that writes down what the model asks of it. */
class RecordingCall extends PlainCall {
  readonly linears: string[] = [];
  readonly dropouts: string[] = [];

  constructor(parameters: Parameters) {
    super(parameters, { training: true });
  }

  override linear(name: string, x: tf.Tensor3D): tf.Tensor3D {
    this.linears.push(name);
    return super.linear(name, x);
  }

  override dropout<T extends tf.Tensor>(x: T, _rate: number, place: string): T {
    this.dropouts.push(place);
    return x;
  }
}

/** A call with a matrix added to some linear layers, and other parameters in place of some. */
class AdaptedCall extends PlainCall {
  readonly #adapted: ReadonlyMap<string, tf.Variable>;

  constructor(
    parameters: Parameters,
    adapted: ReadonlyMap<string, tf.Variable>,
    options?: PlainCallOptions,
  ) {
    super(parameters, options);
    this.#adapted = adapted;
  }

  override linear(name: string, x: tf.Tensor3D): tf.Tensor3D {
    const added = this.#adapted.get(`${name}.weight`);
    const y = super.linear(name, x);
    if (added === undefined) return y;
    const [B, L, I] = x.shape;
    const flat = tf.reshape(x, [B * L, I]) as tf.Tensor2D;
    return tf.add(
      y,
      tf.reshape(tf.matMul(flat, added as unknown as tf.Tensor2D, false, true), y.shape),
    );
  }

  override parameter(name: string): tf.Tensor {
    return this.#adapted.get(name) ?? super.parameter(name);
  }
}

for (const name of ["t5_poly", "t5_mhr", "t5_regex_save"]) {
  onEachBackend(
    `T5ForConditionalGeneration computes the logits of golden case ${name}`,
    async (on) => {
      const folder = join(GOLDEN, name);
      const { config, tensors } = await readCheckpoint(join(folder, "base"));
      const model = T5ForConditionalGeneration.fromTensors(config, tensors, name);
      using expected = await openSafetensors(join(folder, "expected.safetensors"));
      const read = (name: string) => {
        const { shape, data } = expected.read(name);
        return tf.tensor2d(data, shape as [number, number], "int32");
      };
      const inputs = {
        inputIds: read("input_ids"),
        attentionMask: read("attention_mask"),
        labels: read("labels"),
      };
      const outputs = model.forward(inputs);
      await assertClose(outputs.logits, expected.read("base_logits"), on.tolerance);
      tf.dispose([Object.values(inputs), Object.values(outputs)]);
      model.dispose();
    },
  );
}

for (const [title, expected] of T5_CASES) {
  onEachBackend(
    `T5ForConditionalGeneration computes what transformers does: ${title}`,
    async (on) => {
      const model = t5CaseModel(expected);
      const outputs = model.forward(INPUTS);
      await assertClose(outputs.logits, { shape: [B, M, V], data: expected.logits }, on.tolerance);
      await assertClose(outputs.loss, { shape: [], data: [expected.loss] }, on.tolerance);
      await assertClose(
        outputs.encoderLastHiddenState!,
        { shape: [B, L, D], data: expected.encoder_last_hidden_state },
        on.tolerance,
      );
      tf.dispose({ ...outputs });
      model.dispose();
    },
  );

  onEachBackend(`T5ForConditionalGeneration has the gradients of torch: ${title}`, async (on) => {
    const model = t5CaseModel(expected);
    // A matrix that is added has the gradient of the one it is added to.
    const adapted = new Map(
      Object.keys(expected.gradients).map((name) => {
        const value = model.parameters.get(name);
        const isLinear = model.modules.some((module) =>
          module.kind === "Linear" && `${module.name}.weight` === name
        );
        return [name, tf.tidy(() => tf.variable(isLinear ? tf.zerosLike(value) : value.clone()))];
      }),
    );
    const { value, grads } = tf.variableGrads(
      () => model.forward(INPUTS, new AdaptedCall(model.parameters, adapted)).loss,
      [...adapted.values()],
    );
    for (const [name, data] of Object.entries(expected.gradients)) {
      const variable = adapted.get(name)!;
      const gradient = grads[variable.name]!;
      await assertClose(gradient, { shape: variable.shape, data }, on.tolerance, name);
    }
    tf.dispose([value, grads, ...adapted.values()]);
    model.dispose();
  });

  onEachBackend(
    `T5ForConditionalGeneration drops out where transformers does: ${title}`,
    async (on) => {
      const model = t5CaseModel(expected);
      const keepAll: Noise = { uniform: (_, shape) => tf.fill([...shape], 0.999) };
      const call = model.plainCall({ training: true, noise: keepAll });
      const { logits, loss, encoderLastHiddenState } = model.forward(INPUTS, call);
      const data = expected.logits_with_all_kept;
      await assertClose(logits, { shape: [B, M, V], data }, on.tolerance);
      tf.dispose([logits, loss, encoderLastHiddenState!]);
      model.dispose();
    },
  );

  onEachBackend(`T5ForConditionalGeneration calls its layers in torch's order: ${title}`, () => {
    const model = t5CaseModel(expected);
    const call = new RecordingCall(model.parameters);
    tf.dispose({ ...model.forward(INPUTS, call) });
    assert.deepEqual(call.linears, expected.linears);
    const attentions = (name: string) => name.endsWith("Attention");
    assert.deepEqual(call.dropouts.filter((name) => !attentions(name)), expected.dropouts);
    assert.deepEqual(
      call.dropouts.filter(attentions),
      expected.linears.filter((name) => name.endsWith(".q")).map((name) => name.slice(0, -2)),
    );
    model.dispose();
  }, { only: ["cpu"] });

  onEachBackend(
    `decode() one by one equals forward() at once, also after select(): ${title}`,
    async (on) => {
      const model = t5CaseModel(expected);
      const call = model.plainCall();
      const rows = [2, 0, 0, 1];
      const target = [[3, 8, 8, 0], [3, 10, 6, 5], [3, 10, 4, 1], [3, 12, 0, 7]];
      const { inputIds, attentionMask } = INPUTS;
      const full = model.forward({
        inputIds: rows.map((row) => inputIds[row]!),
        attentionMask: rows.map((row) => attentionMask[row]!),
        decoderInputIds: target,
      });
      const prompt = { inputIds, attentionMask };
      const { logits: first, state: prefilled } = model.prefill(prompt, call);
      assert.equal(first, null);
      let state: DecoderState = prefilled.select(rows);
      prefilled.dispose();
      for (let m = 0; m < 4; m++) {
        if (m === 2) { // there and back: what was read goes with its row
          const turned = state.select([3, 2, 1, 0]);
          state.dispose();
          state = turned.select([3, 2, 1, 0]);
          turned.dispose();
        }
        const step = model.decode(target.map((row) => row[m]!), state, call);
        const expected = tf.tidy(() =>
          tf.reshape(tf.slice(full.logits, [0, m, 0], [4, 1, V]), [4, V])
        );
        await assertClose(step.logits, expected, on.tolerance, `position ${m}`);
        tf.dispose([step.logits, expected]);
        state = step.state;
      }
      state.dispose();
      tf.dispose({ ...full });
      model.dispose();
    },
  );
}

onEachBackend("decode() computes one position, whatever was read before", async () => {
  const model = t5CaseModel(T5_CASES[0]![1]);
  const { inputIds, attentionMask } = INPUTS;
  const lengths: number[] = [];
  const call = new class extends RecordingCall {
    override linear(name: string, x: tf.Tensor3D): tf.Tensor3D {
      lengths.push(x.shape[1]);
      return super.linear(name, x);
    }
  }(model.parameters);
  let { state }: { state: DecoderState } = model.prefill({ inputIds, attentionMask }, call);
  const kernels: number[] = [];
  for (let step = 0; step < 3; step++) {
    lengths.length = 0;
    const profile = await tf.profile(() => {
      const next = model.decode([3, 4, 5], state, call);
      state = next.state;
      return next.logits;
    });
    (profile.result as tf.Tensor).dispose();
    kernels.push(profile.kernels.length);
    // per layer q, k, v, o; then q and o over the text; then wi, wo; and the head
    assert.deepEqual(lengths, Array(2 * 8 + 1).fill(1));
  }
  assert.equal(kernels[1], kernels[2]);
  state.dispose();
  model.dispose();
}, { only: ["cpu"] });

onEachBackend("decode() uses its state up, also when it throws, and refuses it afterwards", () => {
  const model = t5CaseModel(T5_CASES[0]![1]);
  const call = model.plainCall();
  const { inputIds, attentionMask } = INPUTS;
  const start = () => model.prefill({ inputIds, attentionMask }, call).state;
  const stranger: DecoderState = { select: () => stranger, dispose() {} };
  const before = tf.memory().numTensors;
  const refused: [number[], DecoderState, string, RegExp][] = [
    [[3, 3], start(), "RangeError", /got 2 tokens for 3 rows/],
    [[3, 13, 3], start(), "RangeError", /tokens .* in \[0, 13\): found 13 in row 1/],
    [[3, 3, 3], stranger, "TypeError", /must be one of its own/],
  ];
  for (const [tokens, state, name, message] of refused) {
    assert.throws(() => model.decode(tokens, state, call), { name, message });
  }
  const used = start();
  const { logits, state } = model.decode([3, 3, 3], used, call);
  assert.throws(() => model.decode([4, 4, 4], used, call), /has been used/);
  assert.throws(() => used.select([0]), /has been used/);
  for (const rows of [[3], [-1], [0.5], []]) {
    assert.throws(() => state.select(rows), {
      name: "RangeError",
      message: /rows must be in \[0, 3\)/,
    });
  }
  const failing = new class extends PlainCall {
    override linear(name: string, x: tf.Tensor3D): tf.Tensor3D {
      if (name === "lm_head") throw new Error("no head");
      return super.linear(name, x);
    }
  }(model.parameters);
  assert.throws(() => model.decode([4, 4, 4], state, failing), /no head/);
  logits.dispose();
  assert.equal(tf.memory().numTensors, before);
  model.dispose();
}, { only: ["wasm", "cpu"] });

onEachBackend("forward() refuses inputs that do not fit, and leaves nothing behind", () => {
  const model = t5CaseModel(T5_CASES[0]![1]);
  const inputIds = [[4, 9, 1]];
  const refused: [ForwardInputs, string, RegExp][] = [
    [{ inputIds }, "TypeError", /pass labels or decoderInputIds/],
    [{ inputIds: [[4, 13]], labels: [[1]] }, "RangeError", /inputIds .* found 13/],
    [{ inputIds, labels: [[-1]] }, "RangeError", /labels .* or -100: found -1/],
    [{ inputIds, labels: [[1], [2]] }, "RangeError", /inputIds has 1, labels has 2/],
    [
      { inputIds, attentionMask: [[1, 1]], labels: [[1]] },
      "RangeError",
      /attentionMask must have the shape of inputIds: they are \[1,2\] and \[1,3\]/,
    ],
    [{ inputIds, attentionMask: [[1, 1, 2]], labels: [[1]] }, "RangeError", /attentionMask/],
    [
      { inputIds, decoderInputIds: [[3, 4]], labels: [[1]] },
      "RangeError",
      /labels must have the shape of decoderInputIds/,
    ],
  ];
  for (const [inputs, name, message] of refused) {
    assert.throws(() => model.forward(inputs), { name, message });
  }
  model.dispose();
}, { only: ["wasm", "cpu"] });

onEachBackend(
  "forward() shifts labels right itself, and reads decoderInputIds where given",
  async (on) => {
    const model = t5CaseModel(T5_CASES[0]![1]);
    const given = model.forward({
      inputIds: INPUTS.inputIds,
      attentionMask: INPUTS.attentionMask,
      decoderInputIds: [[3, 10, 6, 8, 1], [3, 5, 2, 1, 2], [3, 7, 7, 0, 12]], // start 3, padding 2
    });
    assert.equal("loss" in given, false);
    await assertClose(
      given.logits,
      { shape: [B, M, V], data: T5_CASES[0]![1].logits },
      on.tolerance,
    );
    const one = model.forward({ inputIds: [[4, 1]], labels: [[5]] });
    assert.deepEqual(one.logits.shape, [1, 1, V]);
    tf.dispose([{ ...given }, { ...one }]);
    model.dispose();
  },
);

onEachBackend("forward() in training repeats with its seed and needs noise", async () => {
  const model = t5CaseModel(T5_CASES[0]![1]);
  const losses = [];
  for (const seed of [7, 7, 8]) {
    const call = model.plainCall({ training: true, noise: seededNoise(seed) });
    const outputs = model.forward(INPUTS, call);
    losses.push((await outputs.loss.data())[0]);
    tf.dispose({ ...outputs });
  }
  assert.equal(losses[0], losses[1]);
  assert.notEqual(losses[0], losses[2]);
  assert.throws(() => model.forward(INPUTS, model.plainCall({ training: true })), /without noise/);
  model.dispose();
}, { only: ["wasm", "cpu"] });

onEachBackend(
  "forward() asks its call for the embeddings of encoder and decoder apart",
  async () => {
    const model = t5CaseModel(T5_CASES[0]![1]);
    const names = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"];
    const base = model.forward(INPUTS);
    const logits = [base.logits];
    for (const name of names) {
      const other = tf.tidy(() => tf.variable(tf.mul(model.parameters.get(name), -1)));
      const outputs = model.forward(
        INPUTS,
        new AdaptedCall(model.parameters, new Map([[name, other]])),
      );
      logits.push(outputs.logits);
      tf.dispose([other, outputs.loss, outputs.encoderLastHiddenState!]);
    }
    const [plain, encoder, decoder] = await Promise.all(
      logits.map(async (l) => [...await l.data()]),
    );
    assert.notDeepEqual(encoder, plain);
    assert.notDeepEqual(decoder, plain);
    assert.notDeepEqual(encoder, decoder);
    tf.dispose([logits, base.loss, base.encoderLastHiddenState!]);
    model.dispose();
  },
  { only: ["cpu"] },
);
