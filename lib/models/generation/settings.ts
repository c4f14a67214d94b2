import { escaped } from "../../files/escaped.ts";
import type { LanguageModel } from "../base_model.ts";
import { generationFile } from "../generation_file.ts";
import type { SequenceBias } from "./processors/sequence_bias.ts";

/** A list of a number of tokens and a factor; see `exponential_decay_length_penalty`. */
export type Decay = readonly [number, number];

/** Every setting of a generation but its ids, with defaults filled in; null where nothing is asked for. */
export interface GenerateSettings {
  readonly max_length: number | null;
  readonly max_new_tokens: number | null;
  readonly min_length: number;
  readonly min_new_tokens: number | null;
  readonly num_beams: number;
  readonly num_return_sequences: number;
  readonly length_penalty: number;
  readonly early_stopping: boolean | "never";
  readonly do_sample: boolean;
  readonly temperature: number;
  readonly top_h: number | null;
  readonly top_k: number;
  readonly top_p: number;
  readonly min_p: number | null;
  readonly typical_p: number;
  readonly epsilon_cutoff: number;
  readonly eta_cutoff: number;
  readonly repetition_penalty: number;
  readonly encoder_repetition_penalty: number;
  readonly no_repeat_ngram_size: number;
  readonly encoder_no_repeat_ngram_size: number;
  readonly bad_words_ids: readonly (readonly number[])[] | null;
  readonly sequence_bias: readonly SequenceBias[] | null;
  readonly suppress_tokens: readonly number[] | null;
  readonly begin_suppress_tokens: readonly number[] | null;
  readonly forced_bos_token_id: number | null;
  readonly forced_eos_token_id: number | readonly number[] | null;
  readonly exponential_decay_length_penalty: Decay | null;
  readonly remove_invalid_values: boolean;
  readonly renormalize_logits: boolean;
}

/** The settings where nothing is said. `top_k` alone is not neutral; it counts in sampling only. */
export const DEFAULTS: GenerateSettings = {
  max_new_tokens: null,
  max_length: null,
  min_length: 0,
  min_new_tokens: null,
  num_beams: 1,
  num_return_sequences: 1,
  length_penalty: 1,
  early_stopping: false,
  do_sample: false,
  temperature: 1,
  top_h: null,
  top_k: 50,
  top_p: 1,
  min_p: null,
  typical_p: 1,
  epsilon_cutoff: 0,
  eta_cutoff: 0,
  repetition_penalty: 1,
  encoder_repetition_penalty: 1,
  no_repeat_ngram_size: 0,
  encoder_no_repeat_ngram_size: 0,
  bad_words_ids: null,
  sequence_bias: null,
  suppress_tokens: null,
  begin_suppress_tokens: null,
  forced_bos_token_id: null,
  forced_eos_token_id: null,
  exponential_decay_length_penalty: null,
  remove_invalid_values: false,
  renormalize_logits: false,
};

/** The name of a setting. */
export type SettingName = keyof GenerateSettings;

/** Settings that only sampling reads; what a file says of them counts, and is checked, in sampling only. */
const OF_SAMPLING: readonly SettingName[] = [
  "temperature",
  "top_h",
  "top_k",
  "top_p",
  "min_p",
  "typical_p",
  "epsilon_cutoff",
  "eta_cutoff",
];

/** The same of beam search. */
const OF_BEAMS: readonly SettingName[] = ["length_penalty", "early_stopping"];

type Check = (value: unknown, V: number) => Fault | null;
/** The rule that a value breaks, and whether its type breaks it. */
type Fault = readonly [rule: string, mistyped?: "mistyped"];

const number = (isAllowed: (value: number) => boolean, rule: string): Check => (value) => {
  if (typeof value !== "number") return ["a number", "mistyped"];
  return isAllowed(value) ? null : [rule];
};
const integer = (least: number): Check => (value, V) => {
  if (typeof value === "number" && !Number.isInteger(value)) return ["an integer", "mistyped"];
  return number((n) => n >= least, `at least ${least}`)(value, V);
};
const flag: Check = (value) => typeof value === "boolean" ? null : ["true or false", "mistyped"];
const positive = number((value) => value > 0 && value < Infinity, "finite and above 0");
const share = number((value) => value >= 0 && value <= 1, "in [0, 1]");
const positiveShare = number((value) => value > 0 && value <= 1, "in (0, 1]");
const cutoff = number((value) => value >= 0 && value < 1, "in [0, 1)");
const isId = (id: unknown): id is number => Number.isInteger(id) && (id as number) >= 0;
const ids: Check = (value) =>
  Array.isArray(value) && value.every(isId) ? null : ["a list of token ids", "mistyped"];
const isSequence = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length > 0 && value.every(isId);
const inVocabulary = (tokens: readonly number[], V: number): Fault | null =>
  tokens.every((id) => id < V) ? null : [`of ids in [0, ${V})`];

const CHECKS: Readonly<Record<SettingName, Check>> = {
  max_length: integer(1),
  max_new_tokens: integer(1),
  min_length: integer(0),
  min_new_tokens: integer(0),
  num_beams: integer(1),
  num_return_sequences: integer(1),
  length_penalty: number(Number.isFinite, "finite"),
  early_stopping: (value) =>
    typeof value === "boolean" || value === "never" ? null : ['true, false or "never"', "mistyped"],
  do_sample: flag,
  temperature: positive,
  top_h: positiveShare,
  top_k: integer(0),
  top_p: share,
  min_p: share,
  typical_p: positiveShare,
  epsilon_cutoff: cutoff,
  eta_cutoff: cutoff,
  repetition_penalty: positive,
  encoder_repetition_penalty: positive,
  no_repeat_ngram_size: integer(0),
  encoder_no_repeat_ngram_size: integer(0),
  bad_words_ids: (value, V) => {
    const isRight = Array.isArray(value) && value.length > 0 && value.every(isSequence);
    if (!isRight) return ["a list of lists of token ids, none of them empty", "mistyped"];
    return inVocabulary(value.flat(), V);
  },
  sequence_bias: (value, V) => {
    const isRight = Array.isArray(value) && value.length > 0 &&
      value.every((pair) =>
        Array.isArray(pair) && pair.length === 2 && isSequence(pair[0]) &&
        typeof pair[1] === "number" && !Number.isNaN(pair[1])
      );
    if (!isRight) {
      return ["a list of pairs of token ids and a number, such as [[[5, 3], -2]]", "mistyped"];
    }
    return inVocabulary(value.flatMap(([sequence]) => sequence), V);
  },
  suppress_tokens: ids,
  begin_suppress_tokens: ids,
  forced_bos_token_id: (value, V) =>
    isId(value) ? inVocabulary([value], V) : ["a token id", "mistyped"],
  forced_eos_token_id: (value, V) => {
    const list = [value].flat();
    if (list.length === 0 || !list.every(isId)) return ["a token id or a list of them", "mistyped"];
    return inVocabulary(list, V);
  },
  exponential_decay_length_penalty: (value) =>
    Array.isArray(value) && value.length === 2 && isId(value[0]) &&
      typeof value[1] === "number" && value[1] > 0 && value[1] < Infinity
      ? null
      : ["a number of tokens and a factor above 0, such as [10, 1.1]", "mistyped"],
  remove_invalid_values: flag,
  renormalize_logits: flag,
};

/**
 * What a generation does: what the call says, else what the model's files say, else the default. Null in
 * a call takes back what a file says, in a file it says nothing.
 *
 * Source: transformers 5.17 generation/utils.py, `_prepare_generation_config`
 *
 * @param model whose vocabulary and files count
 * @param options what the call says; other names than those of settings are passed over
 * @throws {TypeError} when a setting is of the wrong type
 * @throws {RangeError} when it is out of range
 */
export function mergeSettings(
  model: Pick<LanguageModel, "identity" | "vocabSize">,
  options: Readonly<Record<string, unknown>>,
): GenerateSettings {
  const file = generationFile(model.identity);
  const merged: Record<string, unknown> = {};
  for (const name of Object.keys(DEFAULTS) as SettingName[]) {
    const said = options[name] === undefined ? file.settings[name] ?? undefined : options[name];
    merged[name] = said === undefined ? DEFAULTS[name] : said ?? NOTHING[name] ?? DEFAULTS[name];
  }
  for (const name of Object.keys(DEFAULTS) as SettingName[]) {
    const inCall = options[name] !== undefined;
    const idle = (OF_SAMPLING.includes(name) && merged.do_sample !== true) ||
      (OF_BEAMS.includes(name) && merged.num_beams === 1);
    if (!inCall && idle) merged[name] = DEFAULTS[name];
    if (merged[name] === null) continue;
    const fault = CHECKS[name](merged[name], model.vocabSize);
    if (fault === null) continue;
    const [rule, mistyped] = fault;
    const Kind = mistyped ? TypeError : RangeError;
    const where = inCall ? name : `${name} in ${file.name}`;
    throw new Kind(`Cannot generate as ${where} must be ${rule}: got ${shown(merged[name], rule)}`);
  }
  return merged as unknown as GenerateSettings;
}

/** What null in a call stands for where it is not the default. */
const NOTHING: Partial<GenerateSettings> = { top_k: 0 };

function shown(value: unknown, rule: string): string {
  if (rule === "a number") return typeof value;
  return escaped(typeof value === "object" ? JSON.stringify(value) : String(value));
}
