/**
 * The work that programs are compared by: a model, an adapter and a batch in a folder that any
 * program can read, and this project's way to do it.
 */
import { writeFilesAtomically } from "../files/atomic_write.ts";
import { AutoModelForCausalLM, AutoModelForSeq2SeqLM } from "../models/auto_model.ts";
import type { LanguageModel } from "../models/base_model.ts";
import { saveBaseModel } from "../models/save_model.ts";
import { type Noise, seededNoise } from "../ops/noise.ts";
import { getPeftModel, PeftModel } from "../peft/peft_model.ts";
import { PolyConfig } from "../poly/config.ts";
import * as tf from "../tf.ts";
import { AdamW } from "../train/adamw.ts";
import { disposeGradients, lossAndGradients } from "../train/gradients.ts";
import { randomStream } from "../util/random.ts";
import type { BenchSize } from "./size.ts";

/** Number of training steps whose losses are compared, with the same noise in every program. */
export const COMPARED_STEPS = 3;

/** Learning rate of every step; AdamW's other settings are PyTorch's, without weight decay. */
const LEARNING_RATE = 1e-3;

/** One batch, as every program reads it from `batch.json`. */
interface Batch {
  readonly seq2seq: boolean;
  readonly input_ids: number[][];
  readonly attention_mask: number[][];
  /** Target ids; −100 at ignored positions. */
  readonly labels: number[][];
  readonly task_ids: number[];
  readonly learning_rate: number;
  /** Random numbers of the routers in the compared steps, step after step in the order of calls. */
  readonly noise: number[][];
}

/** Losses that the programs compare before anything is measured. */
export interface BenchLosses {
  /** Loss without noise, before any training. */
  readonly evaluation: number;
  /** Losses of the compared training steps. */
  readonly training: readonly number[];
}

/**
 * Writes the work of one size into a folder: the base model, the adapter and `batch.json`, so that
 * another program, such as PEFT, does the same work.
 */
export async function writeBenchWork(dir: string, size: BenchSize): Promise<void> {
  const AutoModel = size.model_type === "t5" ? AutoModelForSeq2SeqLM : AutoModelForCausalLM;
  const base = AutoModel.fromConfig(modelConfig(size), { seed: 0 });
  const { n_skills, n_splits } = size;
  const model = getPeftModel(base, adapterConfig(size));
  try {
    await saveBaseModel(base, `${dir}/base`);
    await model.savePretrained(`${dir}/adapter`);
    const layers = [...model.adapters.get("default")!.layers.values()].length;
    const draws = randomStream(0, "bench/noise");
    const noise = Array.from(
      { length: COMPARED_STEPS },
      () => Array.from({ length: layers * size.batch_size * n_splits * n_skills }, draws.uniform),
    );
    await writeFilesAtomically(
      dir,
      new Map([["batch.json", JSON.stringify({ ...batchOf(size), noise } satisfies Batch)]]),
    );
  } finally {
    model.dispose();
    base.dispose();
  }
}

/** The work of one size, done by this project. */
export class BenchWork {
  readonly #batch: Batch;
  readonly #base: LanguageModel;
  readonly #model: PeftModel<LanguageModel>;
  readonly #parameters: ReadonlyMap<string, tf.Variable>;
  readonly #optimizer: AdamW;
  readonly #noise = seededNoise(0);

  private constructor(batch: Batch, base: LanguageModel, model: PeftModel<LanguageModel>) {
    this.#batch = batch;
    this.#base = base;
    this.#model = model;
    const parameters = model.trainableParameters();
    this.#parameters = parameters;
    this.#optimizer = new AdamW([{ parameters, learningRate: batch.learning_rate }]);
  }

  /** Opens a folder of {@linkcode writeBenchWork}. */
  static async open(dir: string): Promise<BenchWork> {
    const batch = JSON.parse(await Deno.readTextFile(`${dir}/batch.json`)) as Batch;
    const AutoModel = batch.seq2seq ? AutoModelForSeq2SeqLM : AutoModelForCausalLM;
    const base = await AutoModel.fromPretrained(`${dir}/base`);
    const model = await PeftModel.fromPretrained(base, `${dir}/adapter`, { isTrainable: true });
    return new BenchWork(batch, base, model);
  }

  /** Computes the losses that every program must agree on; call it first. */
  async losses(): Promise<BenchLosses> {
    const evaluation = await this.evaluate();
    const training: number[] = [];
    for (const numbers of this.#batch.noise) {
      training.push(await this.train(recordedNoise(numbers)));
    }
    return { evaluation, training };
  }

  /** Takes a training step: forward, backward and optimiser; returns the loss before it. */
  async train(noise: Noise = this.#noise): Promise<number> {
    const result = lossAndGradients(
      () => this.#model.forward({ ...this.#inputs, training: true, noise }).loss,
      this.#parameters,
    );
    this.#optimizer.step(result.gradients);
    const loss = (await result.loss.data())[0]!; // last, so that a device need not wait for the host
    disposeGradients(result);
    return loss;
  }

  /** Takes an evaluation step: the loss without noise. */
  async evaluate(): Promise<number> {
    const loss = tf.tidy(() => this.#model.forward(this.#inputs).loss);
    const value = (await loss.data())[0]!;
    loss.dispose();
    return value;
  }

  /** Frees everything. */
  dispose(): void {
    this.#optimizer.dispose();
    this.#model.dispose();
    this.#base.dispose();
  }

  get #inputs() {
    const { input_ids, attention_mask, labels, task_ids } = this.#batch;
    return { inputIds: input_ids, attentionMask: attention_mask, labels, taskIds: task_ids };
  }
}

/** The adapter of a size. */
export function adapterConfig(size: BenchSize): PolyConfig {
  const { r, n_tasks, n_skills, n_splits, target_modules } = size;
  return new PolyConfig({
    target_modules: typeof target_modules === "string" ? target_modules : [...target_modules],
    task_type: size.model_type === "t5" ? "SEQ_2_SEQ_LM" : "CAUSAL_LM",
    init_weights: false, // otherwise B and its gradients are 0
    r,
    n_tasks,
    n_skills,
    n_splits,
  });
}

/** The `config.json` of a size's base model. */
export function modelConfig(size: BenchSize): Record<string, unknown> {
  const { d_model, d_ff, num_layers, num_heads, d_kv, vocab_size, length } = size;
  return size.model_type === "t5"
    ? {
      model_type: "t5",
      d_model,
      d_ff,
      num_layers,
      num_heads,
      d_kv,
      vocab_size,
      feed_forward_proj: "gated-gelu",
      tie_word_embeddings: false,
      dropout_rate: 0,
      relative_attention_num_buckets: 32,
      relative_attention_max_distance: 64,
      pad_token_id: 0,
      eos_token_id: 1,
      decoder_start_token_id: 0,
    }
    : {
      model_type: "llama",
      hidden_size: d_model,
      intermediate_size: d_ff,
      num_hidden_layers: num_layers,
      num_attention_heads: num_heads,
      vocab_size,
      max_position_embeddings: 2 * length,
    };
}

/** Random ids; texts and targets of a T5 have unequal lengths, as in a sweep. */
export function batchOf(size: BenchSize): Omit<Batch, "noise"> {
  const { model_type, batch_size, length, vocab_size, n_tasks } = size;
  const seq2seq = model_type === "t5";
  const stream = randomStream(0, "bench/batch");
  const rows = () =>
    Array.from(
      { length: batch_size },
      () => Array.from({ length }, () => 3 + stream.integer(vocab_size - 3)),
    );
  const input_ids = rows();
  return {
    seq2seq,
    input_ids,
    attention_mask: input_ids.map((row, b) =>
      row.map((_, i) => !seq2seq || i < length - b % 4 ? 1 : 0)
    ),
    labels: seq2seq
      ? rows().map((row, b) => row.map((id, i) => i < length - b % 3 ? id : -100))
      : input_ids,
    task_ids: input_ids.map((_, b) => b % n_tasks),
    learning_rate: LEARNING_RATE,
  };
}

/** Noise that returns the given numbers in order. */
function recordedNoise(numbers: readonly number[]): Noise {
  let next = 0;
  const take = (count: number) => {
    next += count;
    return Float32Array.from(numbers.slice(next - count, next));
  };
  return {
    numbers: (_, count) => take(count),
    uniform: (_, shape) => tf.tensor(take(tf.util.sizeFromShape([...shape])), [...shape]),
  };
}
