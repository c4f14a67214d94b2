/**
 * Everything that decides the amount of work in a step; settings have the names of the model's
 * files.
 */
export interface BenchSize {
  readonly model_type: "t5" | "llama";
  readonly d_model: number;
  readonly d_ff: number;
  readonly num_layers: number;
  readonly num_heads: number;
  readonly d_kv: number;
  readonly vocab_size: number;
  readonly batch_size: number;
  /** Number of tokens of each text, and of each target. */
  readonly length: number;
  readonly target_modules: string | readonly string[];
  readonly r: number;
  readonly n_tasks: number;
  readonly n_skills: number;
  readonly n_splits: number;
}

/** A decoder with MHR on its attention, the case of this project's first measurements. */
function decoder(
  sizes: Pick<
    BenchSize,
    "d_model" | "num_layers" | "num_heads" | "vocab_size" | "batch_size" | "length"
  >,
): BenchSize {
  return {
    ...sizes,
    model_type: "llama",
    d_ff: 4 * sizes.d_model,
    d_kv: sizes.d_model / sizes.num_heads,
    target_modules: ["q_proj", "k_proj", "v_proj", "o_proj"],
    r: 8,
    n_tasks: 8,
    n_skills: 4,
    n_splits: 4,
  };
}

/** The sizes to measure, by name. */
export const BENCH_SIZES: Readonly<Record<string, BenchSize>> = {
  "decoder-32": decoder({
    d_model: 32,
    num_layers: 2,
    num_heads: 4,
    vocab_size: 32,
    batch_size: 16,
    length: 16,
  }),
  "decoder-64": decoder({
    d_model: 64,
    num_layers: 2,
    num_heads: 4,
    vocab_size: 64,
    batch_size: 32,
    length: 32,
  }),
  "decoder-128": decoder({
    d_model: 128,
    num_layers: 4,
    num_heads: 4,
    vocab_size: 256,
    batch_size: 32,
    length: 64,
  }),
  "t5-sweep": {
    model_type: "t5",
    d_model: 96,
    d_ff: 192,
    num_layers: 2,
    num_heads: 4,
    d_kv: 24,
    vocab_size: 384,
    batch_size: 32,
    length: 12,
    target_modules: "all-linear",
    r: 4,
    n_tasks: 16,
    n_skills: 8,
    n_splits: 4,
  },
};

/**
 * Shapes of models that people have, for a graphics card: T5-base, and a decoder of the width, depth and
 * vocabulary of Qwen2-0.5B. They are measured when they are named.
 */
export const LARGE_SIZES: Readonly<Record<string, BenchSize>> = {
  "t5-base": {
    model_type: "t5",
    d_model: 768,
    d_ff: 3072,
    num_layers: 12,
    num_heads: 12,
    d_kv: 64,
    vocab_size: 32_128,
    batch_size: 8,
    length: 128,
    target_modules: ["q", "v"],
    r: 8,
    n_tasks: 16,
    n_skills: 8,
    n_splits: 4,
  },
  "decoder-896": {
    ...decoder({
      d_model: 896,
      num_layers: 24,
      num_heads: 14,
      vocab_size: 151_936,
      batch_size: 4,
      length: 64,
    }),
    d_ff: 4864,
  },
};

/** The size of one of many adapters that are trained at once: held-out tasks of the default sweep. */
export const OWNER_SIZE: BenchSize = {
  ...BENCH_SIZES["t5-sweep"]!,
  batch_size: 16,
  n_tasks: 1,
};

/** Sizes that differ from `decoder-64` in one setting, to see how a step's time depends on it. */
export const BENCH_SCALING: Readonly<Record<string, BenchSize>> = Object.fromEntries(
  Object.entries({
    batch_size: [8, 32, 128],
    length: [16, 32, 64, 128],
    d_model: [32, 64, 128, 256],
    n_skills: [2, 4, 16, 64],
  }).flatMap(([setting, values]) =>
    values.map((value): [string, BenchSize] => {
      const size = { ...BENCH_SIZES["decoder-64"]!, [setting]: value };
      const { d_model, num_heads } = size;
      return [`${setting}=${value}`, { ...size, d_ff: 4 * d_model, d_kv: d_model / num_heads }];
    })
  ),
);
