import { T5ForConditionalGeneration } from "../../models/t5/model.ts";
import * as tf from "../../tf.ts";
import file from "./t5_cases.json" with { type: "json" };
import { wave } from "../wave.ts";

/** What `transformers` computed with one tiny T5; see make_t5_cases.py. */
export interface T5Case {
  readonly config: Readonly<Record<string, unknown>>;
  /** Shapes by name in the order of `named_parameters()`. */
  readonly parameters: Readonly<Record<string, number[]>>;
  /** Name, class and, of a linear layer, sizes. */
  readonly modules: readonly string[];
  /** The linear layers in the order of their calls. */
  readonly linears: readonly string[];
  /** The dropouts in the order of their calls, those inside attention left out. */
  readonly dropouts: readonly string[];
  readonly logits: readonly number[];
  readonly encoder_last_hidden_state: readonly number[];
  readonly loss: number;
  /** Of the loss, by the parameter's name. */
  readonly gradients: Readonly<Record<string, readonly number[]>>;
  /** In training, if dropout keeps everything and only scales it. */
  readonly logits_with_all_kept: readonly number[];
}

/** What all cases read: 3 rows of 7 and 5 ids; the last row of the text is all padding. */
export const T5_INPUTS: {
  readonly input_ids: number[][];
  readonly attention_mask: number[][];
  readonly labels: number[][];
} = file.inputs;

/** The cases by what is special about them. */
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
