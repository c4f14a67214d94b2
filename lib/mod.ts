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
  type ChosenBackend,
  useBackend,
} from "./backend/backend.ts";
export { type Noise, type NoisePositions, type SeededNoise, seededNoise } from "./ops/noise.ts";
export { type Scalar, Tensor, type Tensor2D, type Tensor3D, type Variable } from "./tf.ts";
export { type RandomStream, randomStream } from "./util/random.ts";
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
  Ids,
  LanguageModel,
  ModuleInfo,
  Prompt,
  WithLoss,
} from "./models/base_model.ts";
export type { Call, PlainCallOptions } from "./models/call.ts";
export type {
  EncodeBatchOptions,
  EncodedBatch,
  EncodeOptions,
} from "./models/tokenizers/encode_batch.ts";
export type { GenerateOptions } from "./models/generation/options.ts";
export { type DownloadEvent, HubError, type ResolveOptions } from "./hub/hugging_face.ts";
export type { UploadOptions } from "./hub/upload.ts";
export type { ModelOptions } from "./hub/hub_model.ts";
export type { GenerationIds } from "./models/generation_ids.ts";
export type { Identity, LanguageIdentity } from "./models/identity.ts";
export { LlamaForCausalLM } from "./models/llama/model.ts";
export { Parameters } from "./models/parameters.ts";
export type { PromptInputs } from "./models/generation/prompt.ts";
export { saveBaseModel } from "./models/save_model.ts";
export { T5ForConditionalGeneration } from "./models/t5/model.ts";
export {
  AutoTokenizer,
  type CallableTokenizer,
  type TokenizeOptions,
  type Tokenizer,
} from "./models/tokenizers/tokenizer.ts";
export { type BbhOptions, bbhSuite } from "./tasks/bbh.ts";
export { type JsonlOptions, jsonlSuite } from "./tasks/jsonl.ts";
export { type SkillsOptions, skillsSuite } from "./tasks/skills.ts";
export { type SuperniOptions, superniSuite } from "./tasks/superni.ts";
export {
  type Example,
  type SuiteSize,
  type Task,
  type TaskSuite,
  trueAllocation,
} from "./tasks/task.ts";
export type { Adapter, Part } from "./poly/adapter.ts";
export {
  type ModuleNames,
  PolyConfig,
  type PolyConfigFields,
  type PolyConfigOptions,
  type TaskType,
} from "./poly/config.ts";
export type { FormLayer, PlainLayer } from "./poly/forms/form_layer.ts";
export type { PolyLayer } from "./poly/layer.ts";
export type { FindOptions, LoadOptions } from "./peft/load_adapter.ts";
export { MergeError } from "./peft/merge.ts";
export {
  type AnyBaseModel,
  type ForwardContext,
  type FromPretrainedOptions,
  getPeftModel,
  type InputsOf,
  type OutputsOf,
  PeftModel,
  type PeftModelOptions,
} from "./peft/peft_model.ts";
export type { ResizeOptions } from "./poly/resize_tasks.ts";
export { Router, type RoutingCall } from "./poly/router.ts";
export type { RouterLogits } from "./routing/measures.ts";
export type { PushOptions } from "./peft/push_to_hub.ts";
export type { SaveOptions } from "./peft/save_adapters.ts";
export { type PolySettings, PROFILES, type SkillForm } from "./poly/settings.ts";
export type { LayerStatus, ModelStatus } from "./peft/status.ts";
export { NoMatchingPeftModuleError } from "./poly/targets/target_modules.ts";
export type { TaskIds } from "./poly/task_ids.ts";
export { AdamW, type AdamWOptions } from "./train/adamw.ts";
export type { Validation } from "./train/best_checkpoint.ts";
export type { AnswerIds, AnswerOptions, EvaluationTask } from "./train/evaluate.ts";
export { disposeGradients, type LossAndGradients, lossAndGradients } from "./train/gradients.ts";
export type {
  GenerateInputs,
  MultiTaskModel,
  Trainable,
  TrainingInputs,
} from "./train/multi_task_model.ts";
export type { Optimizer, OptimizerState, ParameterGroup } from "./train/optimizer.ts";
export { type Sampler, taskSampler } from "./train/sampler.ts";
export type { ScheduleOptions } from "./train/schedule.ts";
export {
  encodeExamples,
  type Encoding,
  type TaskBatch,
  type TaskExample,
} from "./train/task_batch.ts";
export {
  DivergedError,
  train,
  TRAIN_DEFAULTS,
  type TrainContext,
  type TrainSettings,
  type TrainState,
  type TrainStep,
} from "./train/train.ts";
export { learnedRouting } from "./routing/learned.ts";
export { evaluate, type EvaluateOptions, validationLoss } from "./run/evaluate.ts";
export type { ScoreName } from "./run/metrics/metric.ts";
export type { AnswerScore } from "./tasks/scores/answer_scores.ts";
export type { Scores } from "./run/evaluation.ts";
export { type ScoreOptions, scoreTasks } from "./run/score.ts";
