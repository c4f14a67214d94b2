import type { LanguageModel } from "../../models/base_model.ts";
import { LlamaForCausalLM } from "../../models/llama/model.ts";
import { T5ForConditionalGeneration } from "../../models/t5/model.ts";
import type { Tokenizer } from "../../models/tokenizers/tokenizer.ts";
import type { Example } from "../../tasks/task.ts";
import * as tf from "../../tf.ts";
import type { Encoding } from "../../train/task_batch.ts";
import { wave } from "../wave.ts";
import file from "./choice_cases.json" with { type: "json" };

/** What `transformers` finds of the answer choices of a tiny model; see make_choice_cases.py. */
export type ChoiceCase = Omit<typeof file.cases.t5, "config" | "parameters"> & {
  readonly config: Readonly<Record<string, unknown>>;
  readonly parameters: readonly (readonly [string, number[]])[];
};

/** The cases by the type of their model. */
export const CHOICE_CASES = Object.entries(file.cases) as unknown as [string, ChoiceCase][];

/** Weights of the losses in the cases. */
export const CHOICE_WEIGHTS = {
  unlikelihood: file.weights.unlikelihood,
  lengthNormalisedChoice: file.weights.length_normalised_choice,
};

/** The examples of all cases; texts are numbers of ids. */
export const CHOICE_EXAMPLES: readonly Example[] = file.examples.map((
  { input, choices, right },
) => ({
  input: input.join(" "),
  targets: [choices[right]!.join(" ")],
  choices: choices.map((choice) => choice.join(" ")),
}));

/** The model of a case, with weights made by the formula of make_choice_cases.py. */
export function choiceCaseModel({ config, parameters }: ChoiceCase): LanguageModel {
  const tensors = new Map(parameters.map(([name, shape], index) => {
    const values = wave(shape.reduce((size, n) => size * n, 1), index, 0.6);
    return [name, tf.tensor(shape.length === 1 ? values.map((value) => value + 1) : values, shape)];
  }));
  const kind = config.model_type === "t5" ? T5ForConditionalGeneration : LlamaForCausalLM;
  return kind.fromTensors(config, tensors);
}

/** How the texts of a case are encoded. */
export function choiceCaseEncoding({ config }: ChoiceCase, maxTargetTokens = 9): Encoding {
  const eosId = 1;
  const tokenizer: Pick<Tokenizer, "padId" | "eosId" | "encode"> = {
    padId: 2,
    eosId,
    encode: (text, { maxLength = Infinity, addSpecialTokens = true } = {}) => {
      const ids = text.split(" ").map(Number);
      return addSpecialTokens ? [...ids.slice(0, maxLength - 1), eosId] : ids;
    },
  };
  return {
    tokenizer: tokenizer as Tokenizer,
    isEncoderDecoder: config.model_type === "t5",
    maxInputTokens: 9,
    maxTargetTokens,
  };
}
