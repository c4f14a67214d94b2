import { T5ForConditionalGeneration } from "../../models/t5/model.ts";
import * as tf from "../../tf.ts";
import file from "./t5_cases.json" with { type: "json" };
import { wave } from "../wave.ts";

/** Outputs of `transformers` for one tiny T5; see make_t5_cases.py. */
export interface T5Case {
  readonly config: Readonly<Record<string, unknown>>;
  /** Shapes of parameters by name, in the order of `named_parameters()`. */
  readonly parameters: Readonly<Record<string, number[]>>;
  /** Name, class and, for a linear layer, sizes of each module. */
  readonly modules: readonly string[];
  /** Names of the linear layers, in the order of their calls. */
  readonly linears: readonly string[];
  /** Names of the dropouts outside attention, in the order of their calls. */
  readonly dropouts: readonly string[];
  readonly logits: readonly number[];
  readonly encoder_last_hidden_state: readonly number[];
  readonly loss: number;
  /** Gradients of the loss, by parameter name. */
  readonly gradients: Readonly<Record<string, readonly number[]>>;
  /** Logits in training when dropout keeps everything and only scales it. */
  readonly logits_with_all_kept: readonly number[];
}

/** Inputs of all cases: 3 rows of 7 and 5 ids; the last row of the prompt is all padding. */
export const T5_INPUTS: {
  readonly input_ids: number[][];
  readonly attention_mask: number[][];
  readonly labels: number[][];
} = file.inputs;

/** The cases, each with a name that says what is special about it. */
export const T5_CASES: [string, T5Case][] = Object.entries(
  file.cases as unknown as Record<string, T5Case>,
);

/** The weights of a case, made by the formula of make_t5_cases.py. */
export function t5CaseTensors({ parameters }: T5Case): Map<string, tf.Tensor> {
  return new Map(
    Object.entries(parameters).map(([name, shape], index) => {
      const values = wave(shape.reduce((size, n) => size * n, 1), index, 0.3);
      return [name, tf.tensor(shape.length === 1 ? values.map((x) => 1 + x) : values, shape)];
    }),
  );
}

/** The model of a case. */
export function t5CaseModel(of: T5Case): T5ForConditionalGeneration {
  return T5ForConditionalGeneration.fromTensors(of.config, t5CaseTensors(of));
}
