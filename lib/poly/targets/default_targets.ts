/** Default targets of one architecture. */
type Targets = readonly string[] | string;

const LLAMA_LIKE = ["q_proj", "v_proj"];
const BERT_LIKE = ["query", "value"];
const FUSED = ["query_key_value"];

const DEFAULT_TARGETS: Readonly<Record<string, Targets>> = {
  t5: ["q", "v"],
  mt5: ["q", "v"],
  bart: LLAMA_LIKE,
  gpt2: ["c_attn"],
  bloom: FUSED,
  "blip-2": ["q", "v", "q_proj", "v_proj"],
  opt: LLAMA_LIKE,
  gptj: LLAMA_LIKE,
  gpt_neox: FUSED,
  gpt_neo: LLAMA_LIKE,
  bert: BERT_LIKE,
  roberta: BERT_LIKE,
  "xlm-roberta": BERT_LIKE,
  electra: BERT_LIKE,
  "deberta-v2": ["query_proj", "value_proj"],
  deberta: ["in_proj"],
  layoutlm: BERT_LIKE,
  llama: LLAMA_LIKE,
  llama4: LLAMA_LIKE,
  chatglm: FUSED,
  gpt_bigcode: ["c_attn"],
  mpt: ["Wqkv"],
  RefinedWebModel: FUSED,
  RefinedWeb: FUSED,
  falcon: FUSED,
  btlm: ["c_proj", "c_attn"],
  codegen: ["qkv_proj"],
  mistral: LLAMA_LIKE,
  mixtral: LLAMA_LIKE,
  stablelm: LLAMA_LIKE,
  phi: ["q_proj", "v_proj", "fc1", "fc2"],
  gemma: LLAMA_LIKE,
  gemma2: LLAMA_LIKE,
  gemma3_text: LLAMA_LIKE,
  gemma4: ".*language_model\\..*\\.(q_proj|v_proj)",
  qwen2: LLAMA_LIKE,
  qwen3: LLAMA_LIKE,
  nemotron_h: ["q_proj", "k_proj", "v_proj", "o_proj"],
  rwkv: ["key", "value", "receptance", "output"],
  rwkv7: ["r_proj", "k_proj", "v_proj", "o_proj", "key", "value"],
};

/** Targets of (IA)³ in an architecture, and those of them whose input is scaled. */
const IA3_TARGETS: Readonly<Record<string, readonly [readonly string[], readonly string[]]>> = {
  t5: [["k", "v", "wo"], ["wo"]],
  mt5: [["k", "v", "wi_1"], []],
  llama: [["k_proj", "v_proj", "down_proj"], ["down_proj"]],
  mistral: [["k_proj", "v_proj", "down_proj"], ["down_proj"]],
  gemma2: [["q_proj", "v_proj", "down_proj"], ["down_proj"]],
  gemma3_text: [["q_proj", "v_proj", "down_proj"], ["down_proj"]],
  qwen2: [["q_proj", "v_proj", "down_proj"], ["down_proj"]],
  qwen3: [["q_proj", "v_proj", "down_proj"], ["down_proj"]],
};

/**
 * PEFT's targets in an architecture when `target_modules` is null.
 *
 * Source: utils/constants.py of PEFT, `TRANSFORMERS_MODELS_TO_POLY_TARGET_MODULES_MAPPING`
 *
 * @param modelType Hugging Face's `model_type`
 * @throws {RangeError} when the architecture has no default
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(defaultTargets("t5"), ["q", "v"]);
 * assert.throws(() => defaultTargets("custom"), /Please specify `target_modules`/);
 * ```
 */
export function defaultTargets(modelType: string): Targets {
  if (!Object.hasOwn(DEFAULT_TARGETS, modelType)) throw noDefault(modelType);
  return DEFAULT_TARGETS[modelType]!;
}

/**
 * PEFT's targets of (IA)³ in an architecture: most often keys, values and the inner activation of the
 * feed-forward layers, as in the paper.
 *
 * Source: utils/constants.py of PEFT, `TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING`
 *
 * @param modelType Hugging Face's `model_type`
 * @throws {RangeError} when the architecture has no default
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(ia3Targets("t5"), ["k", "v", "wo"]);
 * ```
 */
export function ia3Targets(modelType: string): readonly string[] {
  if (!Object.hasOwn(IA3_TARGETS, modelType)) throw noDefault(modelType);
  return IA3_TARGETS[modelType]![0];
}

/**
 * The layers of an architecture whose input (IA)³ scales, and not their output: those that read the inner
 * feed-forward activation. None where the architecture has no default.
 *
 * Source: utils/constants.py of PEFT, `TRANSFORMERS_MODELS_TO_IA3_FEEDFORWARD_MODULES_MAPPING`
 *
 * @param modelType Hugging Face's `model_type`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(ia3FeedforwardModules("llama"), ["down_proj"]);
 * assert.deepEqual(ia3FeedforwardModules("custom"), []);
 * ```
 */
export function ia3FeedforwardModules(modelType: string): readonly string[] {
  return Object.hasOwn(IA3_TARGETS, modelType) ? IA3_TARGETS[modelType]![1] : [];
}

function noDefault(modelType: string): RangeError {
  return new RangeError(
    "Please specify `target_modules` in `peft_config`: " +
      `there is no default for a model of type "${modelType}"`,
  );
}
