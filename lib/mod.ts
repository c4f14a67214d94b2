/**
 * Polytropon (Poly) and Multi-Head Routing (MHR) adapters on TensorFlow.js, interchangeable with
 * Hugging Face PEFT.
 *
 * A base model is loaded from Hugging Face files, an adapter goes beside it, and what decides a call,
 * such as each row's task, is an argument of the call.
 *
 * @example Adapt a model to three tasks, and ask it about two of them
 * ```ts
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const base = AutoModelForSeq2SeqLM.fromConfig(
 *   { model_type: "t5", vocab_size: 32, d_model: 8, d_kv: 4, d_ff: 16, num_heads: 2, num_layers: 1 },
 *   { seed: 0 },
 * );
 * const model = getPeftModel(base, new PolyConfig({ r: 2, n_tasks: 3, n_skills: 4, n_splits: 2 }));
 * const { logits, loss } = model.forward({
 *   inputIds: [[5, 6, 1], [7, 1, 0]],
 *   attentionMask: [[1, 1, 1], [1, 1, 0]],
 *   labels: [[8, 1], [9, 1]],
 *   taskIds: [2, 0],
 * });
 * assert.deepEqual(logits.shape, [2, 2, 32]);
 * assert.ok((await loss.data())[0]! > 0);
 * ```
 *
 * @module
 */
export {
  BackendError,
  type BackendName,
  BACKENDS,
  type ChosenBackend,
  useBackend,
} from "./backend/backend.ts";
export { type Noise, seededNoise } from "./ops/noise.ts";
export {
  type Scalar,
  Tensor,
  type Tensor2D,
  type Tensor3D,
  type TensorFlow,
  type Variable,
} from "./tf.ts";

export {
  type AutoModel,
  AutoModelForCausalLM,
  AutoModelForSeq2SeqLM,
} from "./models/auto_model.ts";
export type {
  BaseModel,
  DecoderState,
  ForwardInputs,
  ForwardOutputs,
  GenerationIds,
  Ids,
  LanguageModel,
  Prompt,
  WithLoss,
} from "./models/base_model.ts";
export { ByteTokenizer } from "./models/byte_tokenizer.ts";
export type { Call, PlainCallOptions } from "./models/call.ts";
export type { EncodeBatchOptions, EncodedBatch, EncodeOptions } from "./models/encode_batch.ts";
export { generate } from "./models/generate.ts";
export type { GenerateOptions } from "./models/generate_options.ts";
export {
  type DownloadEvent,
  HubError,
  type HubFailure,
  resolveModel,
  type ResolveOptions,
} from "./models/hub.ts";
export { LlamaForCausalLM } from "./models/llama.ts";
export { Mlp, type MlpInputs, type MlpOutputs } from "./models/mlp.ts";
export type { ModuleInfo } from "./models/module_info.ts";
export { Parameters } from "./models/parameters.ts";
export type { PromptInputs } from "./models/prompt.ts";
export { saveBaseModel } from "./models/save_model.ts";
export { T5ForConditionalGeneration } from "./models/t5.ts";
export { AutoTokenizer, type Tokenizer } from "./models/tokenizer.ts";

export type { Adapter } from "./poly/adapter.ts";
export { type Part, PARTS } from "./poly/adapter_set.ts";
export {
  type ModuleNames,
  PolyConfig,
  type PolyConfigFields,
  type PolyConfigOptions,
  TASK_TYPES,
  type TaskType,
} from "./poly/config.ts";
export { PolyLayer } from "./poly/layer.ts";
export type { LowRankFactors } from "./ops/low_rank_update.ts";
export type { FindOptions, LoadOptions } from "./poly/load_adapter.ts";
export { MergeError } from "./poly/merge.ts";
export {
  type AnyBaseModel,
  type ForwardContext,
  type FromPretrainedOptions,
  getPeftModel,
  type InputsOf,
  type OutputsOf,
  PeftModel,
  type PeftModelOptions,
} from "./poly/peft_model.ts";
export type { ResizeOptions } from "./poly/resize_tasks.ts";
export { Router, type RoutingCall } from "./poly/router.ts";
export type { SaveOptions } from "./poly/save_adapters.ts";
export { GRANULARITIES, type Granularity, type PolySettings, PROFILES } from "./poly/settings.ts";
export type { Consistent, LayerStatus, ModelStatus } from "./poly/status.ts";
export { NoMatchingPeftModuleError } from "./poly/target_modules.ts";
export type { TaskIds } from "./poly/task_ids.ts";

export { Adafactor, type AdafactorOptions } from "./train/adafactor.ts";
export { AdamW, type AdamWOptions } from "./train/adamw.ts";
export { disposeGradients, type LossAndGradients, lossAndGradients } from "./train/gradients.ts";
export type { Optimizer, ParameterGroup } from "./train/optimizer.ts";

export { doctorCommand, type DoctorCommandOptions } from "./experiment/doctor_command.ts";
export { type Machine } from "./experiment/doctor.ts";
export { pretrainCommand } from "./experiment/pretrain_command.ts";
export { reportCommand, type ReportCommandOptions } from "./experiment/report_command.ts";
export { sweepCommand, type SweepCommandOptions } from "./experiment/sweep_command.ts";
