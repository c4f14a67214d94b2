/** What the model types that share Llama's architecture differ in. */

/** The model types that share Llama's architecture. */
export const LLAMA_TYPES = [
  "llama",
  "mistral",
  "qwen2",
  "qwen3",
  "gemma2",
  "gemma3_text",
  "phi3",
] as const;

/** One of {@linkcode LLAMA_TYPES}. */
export type LlamaType = typeof LLAMA_TYPES[number];

/** How a model type is built, and the defaults of `transformers` for absent fields. */
export interface LlamaFamily {
  /** What its classes begin with. */
  readonly prefix: string;
  /** The class of its layers without the head. */
  readonly model: string;
  /** The class of its embedding. */
  readonly embedding: string;
  /** Whether it is a Gemma: norms of 1 + weight, scaled embeddings, norms after attention too. */
  readonly isGemma: boolean;
  /** Whether the queries and keys of each head are normalised before they turn. */
  readonly hasHeadNorms: boolean;
  /** Whether queries, keys and values come from one linear layer, and gate and up from another. */
  readonly isFused: boolean;
  /** Whether `hidden_size` must be a multiple of `num_attention_heads`. */
  readonly sharesHidden: boolean;
  /** Whether `attention_bias` is read. */
  readonly mayHaveBias: boolean;
  /** Values where the configuration has none; null stands for none. */
  readonly defaults: {
    readonly vocab: number;
    readonly hidden: number;
    readonly intermediate: number;
    readonly layers: number;
    readonly heads: number;
    /** As many as heads of queries where this is null. */
    readonly keyValueHeads: number | null;
    /** The hidden size divided by the heads where this is null. */
    readonly headDim: number | null;
    readonly activation: string;
    readonly epsilon: number;
    readonly positions: number;
    readonly eos: number | null;
    readonly pad: number | null;
    readonly isTied: boolean;
  };
}

const DEFAULTS: LlamaFamily["defaults"] = {
  vocab: 32000,
  hidden: 4096,
  intermediate: 11008,
  layers: 32,
  heads: 32,
  keyValueHeads: null,
  headDim: null,
  activation: "silu",
  epsilon: 1e-6,
  positions: 2048,
  eos: 2,
  pad: null,
  isTied: false,
};

const LLAMA: LlamaFamily = {
  prefix: "Llama",
  model: "LlamaModel",
  embedding: "Embedding",
  isGemma: false,
  hasHeadNorms: false,
  isFused: false,
  sharesHidden: true,
  mayHaveBias: true,
  defaults: DEFAULTS,
};

const QWEN2: LlamaFamily = {
  ...LLAMA,
  prefix: "Qwen2",
  model: "Qwen2Model",
  sharesHidden: false,
  mayHaveBias: false,
  defaults: {
    ...DEFAULTS,
    vocab: 151936,
    intermediate: 22016,
    keyValueHeads: 32,
    positions: 32768,
    eos: null,
  },
};

const GEMMA2: LlamaFamily = {
  ...LLAMA,
  prefix: "Gemma2",
  model: "Gemma2Model",
  embedding: "Gemma2TextScaledWordEmbedding",
  isGemma: true,
  defaults: {
    ...DEFAULTS,
    vocab: 256000,
    hidden: 2304,
    intermediate: 9216,
    layers: 26,
    heads: 8,
    keyValueHeads: 4,
    headDim: 256,
    activation: "gelu_pytorch_tanh",
    positions: 8192,
    eos: 1,
    pad: 0,
    isTied: true,
  },
};

/**
 * Each model type with what is its own.
 *
 * Source: transformers 5.17 models/{llama,mistral,qwen2,qwen3,gemma2,gemma3,phi3}/configuration_*.py and
 * modeling_*.py.
 */
export const FAMILIES: Readonly<Record<LlamaType, LlamaFamily>> = {
  llama: LLAMA,
  mistral: {
    ...LLAMA,
    prefix: "Mistral",
    model: "MistralModel",
    sharesHidden: false,
    mayHaveBias: false,
    defaults: { ...DEFAULTS, intermediate: 14336, keyValueHeads: 8, positions: 131072 },
  },
  qwen2: QWEN2,
  qwen3: {
    ...QWEN2,
    prefix: "Qwen3",
    model: "Qwen3Model",
    hasHeadNorms: true,
    mayHaveBias: true,
    defaults: { ...QWEN2.defaults, headDim: 128 },
  },
  gemma2: GEMMA2,
  gemma3_text: {
    ...GEMMA2,
    prefix: "Gemma3",
    model: "Gemma3TextModel",
    embedding: "Gemma3TextScaledWordEmbedding",
    hasHeadNorms: true,
    defaults: { ...GEMMA2.defaults, vocab: 262208, positions: 131072 },
  },
  phi3: {
    ...LLAMA,
    prefix: "Phi3",
    model: "Phi3Model",
    isFused: true,
    sharesHidden: false,
    mayHaveBias: false,
    defaults: {
      ...DEFAULTS,
      vocab: 32064,
      hidden: 3072,
      intermediate: 8192,
      epsilon: 1e-5,
      positions: 4096,
      eos: 32000,
      pad: 32000,
    },
  },
};
