import { LlamaForCausalLM } from "../../models/llama/model.ts";
import { llamaShapes } from "../../models/llama/weights.ts";
import { parseLlamaConfig } from "../../models/llama/config.ts";
import * as tf from "../../tf.ts";
import { fill } from "../fill.ts";
import file from "./llama_cases.json" with { type: "json" };

/** Outputs of `transformers` for one tiny model; see make_llama_cases.py. */
export interface LlamaCase {
  readonly config: Readonly<Record<string, unknown>>;
  readonly input_ids: number[][];
  readonly attention_mask: number[][];
  readonly labels: number[][];
  readonly loss: number;
  /** Gradient of the loss by the first two rows of the first layer's `k_proj.weight`, or `qkv_proj.weight`; `[2, D]`. */
  readonly gradient: number[];
  /** Logits of the first columns of the vocabulary; `[B, L, columns]`. */
  readonly logits: number[];
  /** Four tokens of greedy decoding for each row. */
  readonly greedy: number[][];
  /** Logits of the first columns at each of the four steps; `[4][B, columns]`. */
  readonly step_logits: number[][];
  readonly parameters: [string, number[]][];
  readonly modules: [string, string][];
}

/** Number of columns of the vocabulary in the cases. */
export const COLUMNS: number = file.columns;

/** The cases, each with a name that says what is special about it. */
export const LLAMA_CASES: [string, LlamaCase][] = Object.entries(
  file.cases as unknown as Record<string, LlamaCase>,
);

/** The weights of a case, made by the formula of make_llama_cases.py. */
export function caseTensors(config: Readonly<Record<string, unknown>>): Map<string, tf.Tensor> {
  const shapes = [...llamaShapes(parseLlamaConfig(config))];
  return new Map(shapes.map(([name, shape], index) => {
    const centre = name.endsWith("norm.weight") ? 1 : 0;
    const values = fill(index, shape.reduce((size, n) => size * n, 1)).map((value) =>
      value + centre
    );
    return [name, tf.tensor(values, shape)];
  }));
}

/** The model of a case. */
export function caseModel(config: Readonly<Record<string, unknown>>): LlamaForCausalLM {
  return LlamaForCausalLM.fromTensors(config, caseTensors(config));
}
