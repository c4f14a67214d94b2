/**
 * Everything PEFT computes with a Poly or an (IA)³ adapter, reproduced: on the reference cases, and on cases of
 * other sizes that PEFT itself makes here when `PEFT_PYTHON` names a Python that has it.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { BackendName } from "../../backend/backend.ts";
import { AutoModelForCausalLM, AutoModelForSeq2SeqLM } from "../../models/auto_model.ts";
import { readSafetensors } from "../../files/safetensors.ts";
import type { LanguageModel } from "../../models/base_model.ts";
import type { Noise } from "../../ops/noise.ts";
import { assertClose } from "../../testing/assert_close.ts";
import { onEachBackend } from "../../testing/on_each_backend.ts";
import { HAS_PYTHON, runTorchFile } from "../../testing/python.ts";
import { GOLDEN } from "../../testing/golden.ts";
import { lacking } from "../../testing/lacking.ts";
import * as tf from "../../tf.ts";
import { AdamW } from "../../train/adamw.ts";
import { disposeGradients, lossAndGradients } from "../../train/gradients.ts";
import { PeftModel } from "../peft_model.ts";

interface Case {
  readonly seq2seq: boolean;
  readonly noise_order: readonly string[];
  readonly trainable_parameters: number;
  readonly all_parameters: number;
  readonly optimizer: { lr: number; betas: [number, number]; eps: number; weight_decay: number };
  readonly steps: number;
}

interface Expected {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

class Golden {
  constructor(
    readonly info: Case,
    readonly expected: ReadonlyMap<string, Expected>,
    readonly model: PeftModel<LanguageModel>,
  ) {}

  static async open(dir: string, isTrainable: boolean): Promise<Golden> {
    const info = JSON.parse(await readFile(`${dir}/case.json`, "utf8")) as Case;
    const AutoModel = info.seq2seq ? AutoModelForSeq2SeqLM : AutoModelForCausalLM;
    const base = await AutoModel.fromPretrained(`${dir}/base`);
    const model = await PeftModel.fromPretrained(base, `${dir}/adapter`, { isTrainable });
    return new Golden(info, await readSafetensors(`${dir}/expected.safetensors`), model);
  }

  get(name: string): Expected {
    const expected = this.expected.get(name);
    assert.ok(expected, `the case has no "${name}"`);
    return expected;
  }

  rows(name: string): number[][] {
    const { shape: [B, L], data } = this.get(name);
    return Array.from(
      { length: B! },
      (_, b) => Array.from({ length: L! }, (_, l) => data[b * L! + l]!),
    );
  }

  get batch() {
    return {
      inputIds: this.rows("input_ids"),
      attentionMask: this.rows("attention_mask"),
      taskIds: Array.from(this.get("task_ids").data),
    };
  }

  /** The draws PEFT recorded in one step, given out by the name of the layer that asks. */
  noise(step: number): Noise {
    return {
      uniform: (place, shape) => {
        const i = this.info.noise_order.indexOf(`base_model.model.${place}`);
        const { shape: recorded, data } = this.get(`noise/${step}/${i}`);
        assert.deepEqual([...shape], [...recorded]);
        return tf.tensor(Float32Array.from(data), [...shape]);
      },
    };
  }

  dispose(): void {
    this.model.dispose();
    this.model.base.dispose();
  }
}

/** A trained tensor's name in a saved adapter. */
function fileName(name: string): string {
  return name.replace(".modules_to_save.default", "").replace(".default", "")
    .replace("poly_ia3_l", "ia3_l");
}

/** What PEFT has for a trained tensor; a vector of (IA)³ `[1, I]` or `[O, 1]` as this project has it. */
function theirs(name: string, { shape, data }: Expected, offset = 0): Expected {
  if (!name.includes("poly_ia3_l")) return { shape, data };
  return { shape: [1, 1, data.length], data: Float32Array.from(data, (l) => l - offset) };
}

function reproduces(
  name: string,
  dir: () => Promise<string>,
  { trainOn, ...options }: {
    readonly ignore?: boolean;
    readonly only?: readonly BackendName[];
    /** Where the training run is repeated; everywhere when absent. */
    readonly trainOn?: readonly BackendName[] | undefined;
  },
): void {
  onEachBackend(`${name}: logits, hidden states, loss and counts equal PEFT's`, async (backend) => {
    const golden = await Golden.open(await dir(), true);
    const { model, batch, info } = golden;
    const labels = golden.rows("labels");
    const { logits, loss, encoderLastHiddenState } = model.forward({ ...batch, labels });
    await assertClose(logits, golden.get("logits"), backend.tolerance, "logits");
    const { data } = golden.get("loss");
    await assertClose(loss, { shape: [], data }, backend.tolerance, "loss");
    if (info.seq2seq) {
      const expected = golden.get("encoder_last_hidden_state");
      await assertClose(encoderLastHiddenState!, expected, backend.tolerance, "encoder");
      encoderLastHiddenState!.dispose();
    }
    const off = model.disableAdapter(() => model.forward({ ...batch, labels }));
    await assertClose(off.logits, golden.get("base_logits"), backend.tolerance, "base logits");
    // An (IA)³ adapter of PEFT has no routing; here each of its layers has one logit, which is fixed.
    const idle = model.adapters.get("default")!.formLayers.size;
    assert.deepEqual(model.getNbTrainableParameters(), [
      info.trainable_parameters,
      info.all_parameters + idle,
    ]);
    tf.dispose([logits, loss, off.logits, off.loss]);
    off.encoderLastHiddenState?.dispose();
    golden.dispose();
  }, options);

  onEachBackend(`${name}: greedy and beam search equal PEFT's`, async () => {
    const golden = await Golden.open(await dir(), false);
    const { model, batch } = golden;
    assert.deepEqual(
      await model.generate({ ...batch, max_new_tokens: 8, min_new_tokens: 3 }),
      golden.rows("greedy"),
    );
    assert.deepEqual(
      await model.generate({ ...batch, max_new_tokens: 8, num_beams: 3 }),
      golden.rows("beam3"),
    );
    golden.dispose();
  }, options);

  onEachBackend(`${name}: gradients equal PEFT's`, async (backend) => {
    const tolerance = Math.max(1e-4, backend.tolerance);
    const golden = await Golden.open(await dir(), true);
    const { model, batch } = golden;
    const labels = golden.rows("labels");
    const parameters = model.trainableParameters();
    const evaluated = lossAndGradients(() => model.forward({ ...batch, labels }).loss, parameters);
    assert.equal(evaluated.gradients.size, parameters.size);
    for (const [name, gradient] of evaluated.gradients) {
      const expected = theirs(name, golden.get(`grad/${fileName(name)}`));
      await assertClose(gradient, expected, tolerance, `∇ ${name}`);
    }
    disposeGradients(evaluated);
    golden.dispose();
  }, options);

  onEachBackend(`${name}: the training run equals PEFT's`, async (backend) => {
    const tolerance = Math.max(1e-4, backend.tolerance);
    const golden = await Golden.open(await dir(), true);
    const { model, batch, info } = golden;
    const labels = golden.rows("labels");
    const parameters = model.trainableParameters();
    const { lr, betas: [beta1, beta2], eps, weight_decay } = info.optimizer;
    const optimizer = new AdamW(
      [{ parameters, learningRate: lr, weightDecay: weight_decay }],
      { beta1, beta2, epsilon: eps },
    );
    const losses: number[] = [];
    for (let step = 0; step < info.steps; step++) {
      const noise = golden.noise(step);
      const result = lossAndGradients(
        () => model.forward({ ...batch, labels, training: true, noise }).loss,
        parameters,
      );
      losses.push((await result.loss.data())[0]!);
      optimizer.step(result.gradients);
      disposeGradients(result);
    }
    await assertClose(
      { shape: [info.steps], data: losses },
      golden.get("train_losses"),
      tolerance,
      "losses",
    );
    for (const [name, parameter] of parameters) {
      const expected = theirs(name, golden.get(`after/${fileName(name)}`), 1);
      await assertClose(parameter, expected, tolerance, `${name} after training`);
    }
    optimizer.dispose();
    golden.dispose();
  }, { ...options, ...(trainOn && { only: trainOn }) });
}

const KEPT = [
  "t5_poly",
  "t5_mhr",
  "t5_regex_save",
  "llama_mhr",
  "qwen2_poly",
  "llama_save_embedding", // M4: the row of the padding is not trained
  "t5_ia3",
  "llama_ia3",
];
for (const name of KEPT) {
  reproduces(name, () => Promise.resolve(`${GOLDEN}/${name}`), {
    // A software WebGPU adapter is slow: there one case of each architecture trains.
    trainOn: ["t5_poly", "t5_mhr", "t5_ia3"].includes(name) ? ["wasm", "cpu"] : undefined,
  });
}

const T5 = { dropout_rate: 0, decoder_start_token_id: 0 };
const FRESH_CASES: Record<string, unknown> = {
  "T5 v1.1 with a head of its own": {
    model_type: "t5",
    config: {
      ...T5,
      d_model: 20,
      d_kv: 6,
      d_ff: 28,
      num_layers: 2,
      num_decoder_layers: 1,
      num_heads: 3,
      vocab_size: 41,
      relative_attention_num_buckets: 6,
      relative_attention_max_distance: 9,
      feed_forward_proj: "gated-gelu",
      tie_word_embeddings: false,
    },
    untie: true,
    poly: { r: 3, n_tasks: 4, n_skills: 3, n_splits: 2, target_modules: ["q", "v", "wo"] },
    seed: 3,
    batch: 5,
    length: 8,
    target_length: 6,
    steps: 3,
  },
  "T5 v1.0, all linear": {
    model_type: "t5",
    config: {
      ...T5,
      d_model: 18,
      d_kv: 5,
      d_ff: 30,
      num_layers: 1,
      num_heads: 3,
      vocab_size: 37,
      relative_attention_num_buckets: 10,
      relative_attention_max_distance: 21,
      feed_forward_proj: "relu",
    },
    poly: { r: 2, n_tasks: 3, n_skills: 4, n_splits: 3, target_modules: "all-linear" },
    seed: 5,
    batch: 4,
    length: 11,
    target_length: 5,
    steps: 4,
  },
  "Mistral with a sliding window": {
    model_type: "mistral",
    config: {
      hidden_size: 24,
      head_dim: 6,
      intermediate_size: 27,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      vocab_size: 43,
      sliding_window: 3,
      max_position_embeddings: 64,
      tie_word_embeddings: false,
      pad_token_id: 0,
    },
    poly: {
      r: 3,
      n_tasks: 4,
      n_skills: 2,
      n_splits: 3,
      target_modules: ["q_proj", "v_proj", "down_proj"],
    },
    seed: 4,
    batch: 5,
    length: 8,
    target_length: 6,
    steps: 3,
  },
  "Llama with a saved head": {
    model_type: "llama",
    config: {
      hidden_size: 30,
      intermediate_size: 26,
      num_hidden_layers: 1,
      num_attention_heads: 3,
      num_key_value_heads: 1,
      vocab_size: 35,
      max_position_embeddings: 64,
      tie_word_embeddings: false,
      pad_token_id: 0,
      rope_parameters: { rope_type: "default", rope_theta: 500 },
    },
    poly: {
      r: 5,
      n_tasks: 2,
      n_skills: 3,
      n_splits: 2,
      target_modules: ["k_proj", "gate_proj"],
      modules_to_save: ["lm_head", "norm"],
    },
    seed: 6,
    batch: 3,
    length: 7,
    target_length: 6,
    steps: 5,
  },
};

// Weight decay draws PEFT's vectors towards 0, and those of this project towards 1.
FRESH_CASES["(IA)³ in T5 v1.0"] = {
  model_type: "t5",
  config: {
    ...T5,
    d_model: 18,
    d_kv: 5,
    d_ff: 30,
    num_layers: 1,
    num_heads: 3,
    vocab_size: 37,
    relative_attention_num_buckets: 10,
    relative_attention_max_distance: 21,
    feed_forward_proj: "relu",
  },
  ia3: {},
  weight_decay: 0,
  seed: 5,
  batch: 4,
  length: 11,
  target_length: 5,
  steps: 4,
};
FRESH_CASES["(IA)³ in Qwen2, whose keys and values have biases"] = {
  model_type: "qwen2",
  config: {
    hidden_size: 24,
    intermediate_size: 27,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    vocab_size: 43,
    max_position_embeddings: 64,
    tie_word_embeddings: false,
    pad_token_id: 0,
  },
  ia3: { target_modules: ["k_proj", "v_proj", "down_proj"], feedforward_modules: ["down_proj"] },
  weight_decay: 0,
  seed: 7,
  batch: 3,
  length: 7,
  target_length: 6,
  steps: 3,
};

for (const model_type of ["mistral", "qwen2"]) {
  FRESH_CASES[`M4 ${model_type} with a saved embedding`] = {
    model_type,
    config: {
      hidden_size: 12,
      intermediate_size: 14,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      num_key_value_heads: 1,
      vocab_size: 19,
      max_position_embeddings: 32,
      tie_word_embeddings: false,
      pad_token_id: 4,
    },
    poly: { r: 2, n_tasks: 2, n_skills: 2, n_splits: 1, modules_to_save: ["embed_tokens"] },
    seed: 8,
    batch: 4,
    length: 6,
    target_length: 6,
    steps: 3,
  };
}

const SMALL = {
  hidden_size: 24,
  intermediate_size: 18,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
  pad_token_id: 0,
  sliding_window: 3,
};
const YOUNGER: [string, Record<string, unknown>, Record<string, unknown>][] = [
  ["Qwen3", { model_type: "qwen3", head_dim: 10, vocab_size: 31, tie_word_embeddings: false }, {
    target_modules: ["k_proj", "o_proj"],
    modules_to_save: ["q_norm"],
  }],
  // PyTorch's fused attention passes over the bound of the scores.
  ["Gemma 2", { model_type: "gemma2", head_dim: 6, vocab_size: 27, attn_logit_softcapping: null }, {
    modules_to_save: ["post_feedforward_layernorm"],
  }],
  [
    "Gemma 3",
    { model_type: "gemma3_text", head_dim: 8, vocab_size: 33, sliding_window_pattern: 2 },
    {
      target_modules: "all-linear",
    },
  ],
  ["Phi-3", { model_type: "phi3", vocab_size: 29, eos_token_id: 2 }, {
    target_modules: ["qkv_proj", "gate_up_proj"],
  }],
];
for (const [i, [name, { model_type, ...config }, targets]] of YOUNGER.entries()) {
  FRESH_CASES[name] = {
    model_type,
    config: { ...SMALL, ...config },
    poly: { r: 2 + i, n_tasks: 3, n_skills: 2, n_splits: 2, ...targets },
    seed: 9 + i,
    batch: 3,
    length: 6,
    target_length: 6,
    steps: 3,
  };
}

const SCRIPT = new URL("../../testing/cases/make_peft_case.py", import.meta.url);
let made: Promise<string[]> | undefined;
async function makeAll(): Promise<string[]> {
  const cases = await Promise.all(
    Object.values(FRESH_CASES).map(async (spec) =>
      [await Deno.makeTempDir({ prefix: "peft_case_" }), JSON.stringify(spec)] as const
    ),
  );
  await runTorchFile(SCRIPT, cases);
  return cases.map(([dir]) => dir);
}
for (const [i, name] of Object.keys(FRESH_CASES).entries()) {
  const missing = lacking("Python with PEFT", HAS_PYTHON);
  reproduces(`${name}, made by PEFT here${missing}`, async () => (await (made ??= makeAll()))[i]!, {
    ignore: !HAS_PYTHON,
    only: ["wasm", "cpu"],
  });
}
