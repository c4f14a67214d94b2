import { z } from "zod";
import type { BaseModel, ForwardInputs, LanguageModel } from "../models/base_model.ts";
import { T5ForConditionalGeneration } from "../models/t5/model.ts";
import { ByteTokenizer } from "../models/tokenizers/byte_tokenizer.ts";
import { seededNoise } from "../ops/noise.ts";
import { pretrainingExamples } from "../tasks/pretraining.ts";
import type { Example } from "../tasks/task.ts";
import { lexicon } from "../tasks/words/lexicon.ts";
import { wordsPretraining } from "../tasks/words/pretraining.ts";
import type { MultiTaskModel } from "../train/multi_task_model.ts";
import { encodeExamples, type Encoding } from "../train/task_batch.ts";
import { train, type TrainStep } from "../train/train.ts";
import { randomStream } from "../util/random.ts";

/** Everything a pretrained base model depends on. */
export const PRETRAIN_CONFIG = z.strictObject({
  seed: z.int().default(0),
  suite: z.enum(["skills", "words"]).default("skills").describe("Whose skills the examples name"),
  model: z.strictObject({
    d_model: z.int().min(1),
    d_kv: z.int().min(1),
    d_ff: z.int().min(1),
    num_layers: z.int().min(1),
    num_heads: z.int().min(1),
  }).describe("Sizes of the T5"),
  denoising: z.number().min(0).max(1).describe("Share of examples that restore a masked span"),
  pairs: z.number().min(0).max(1).describe("Share of the others that name two skills"),
  steps: z.int().min(1),
  batch_size: z.int().min(1),
  learning_rate: z.number().positive(),
  weight_decay: z.number().min(0),
  warmup: z.number().min(0).max(1),
  clip: z.number().min(0),
});

/** The settings of a pretraining. */
export type PretrainConfig = z.output<typeof PRETRAIN_CONFIG>;

/** Most tokens of an input and of a target; longer ones do not occur. */
const MAX_TOKENS = 64;

/**
 * Makes the model of a pretraining, with initial values from the seed: a T5 of the v1.1 layout over
 * ByT5's bytes.
 */
export function pretrainedModel({ model, seed }: PretrainConfig): T5ForConditionalGeneration {
  const config = {
    ...model,
    architectures: ["T5ForConditionalGeneration"],
    model_type: "t5",
    tokenizer_class: "ByT5Tokenizer",
    vocab_size: new ByteTokenizer().vocabSize,
    feed_forward_proj: "gated-gelu",
    tie_word_embeddings: false,
    is_encoder_decoder: true,
    dropout_rate: 0,
    relative_attention_num_buckets: 32,
    relative_attention_max_distance: 64,
    layer_norm_epsilon: 1e-6,
    initializer_factor: 1,
    pad_token_id: 0,
    eos_token_id: 1,
    decoder_start_token_id: 0,
  };
  return T5ForConditionalGeneration.fromConfig(config, { seed });
}

/** Trains all weights of `base`, one step for each value asked for. */
export async function* pretrain(
  base: LanguageModel,
  config: PretrainConfig,
): AsyncGenerator<TrainStep> {
  const next = await examplesFor(config);
  const encoding: Encoding = {
    tokenizer: new ByteTokenizer(),
    isEncoderDecoder: base.isEncoderDecoder,
    maxInputTokens: MAX_TOKENS,
    maxTargetTokens: MAX_TOKENS,
  };
  yield* train(wholeModel(base), {
    steps: config.steps,
    warmup: config.warmup,
    schedule: "linear",
    batchSize: config.batch_size,
    accumulation: 1,
    optimizer: "adamw",
    learningRate: config.learning_rate,
    routerLearningRate: 0,
    weightDecay: config.weight_decay,
    clip: config.clip,
    labelSmoothing: 0,
  }, {
    nextBatch: (count) =>
      encodeExamples(
        Array.from({ length: count }, () => ({ taskId: 0, example: next() })),
        encoding,
      ),
    noise: seededNoise(config.seed),
  });
}

/** Where the examples of a pretraining come from. */
async function examplesFor(config: PretrainConfig): Promise<() => Example> {
  const random = randomStream(config.seed, "pretraining");
  return config.suite === "words"
    ? wordsPretraining(config, random, await lexicon())
    : pretrainingExamples(config, random);
}

/** A base model as a model that trains all its parameters and ignores task ids. */
export function wholeModel(base: LanguageModel): MultiTaskModel {
  const plain = base as BaseModel<ForwardInputs>;
  return {
    forward: ({ inputIds, attentionMask, labels, labelSmoothing, training = false, noise }) =>
      plain.forward(
        { inputIds, attentionMask, labels, labelSmoothing },
        plain.plainCall({ training, noise }),
      ),
    generate: () => Promise.reject(new Error("A model in pretraining generates nothing")),
    trainableParameters: (part) => {
      const names = part === "router" ? [] : base.parameters.names;
      return new Map(names.map((name) => [name, base.parameters.get(name)]));
    },
  };
}
