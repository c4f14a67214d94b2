import type { LanguageModel } from "../base_model.ts";
import { candidatesPerBeam } from "./limits.ts";

/** Options of generation; their names and meanings are those of transformers. */
export interface GenerateOptions {
  /** Largest number of tokens generated for a row; at least 1, by default 20. */
  readonly max_new_tokens?: number;
  /** Smallest number of tokens before the end of a sequence; by default 0. */
  readonly min_new_tokens?: number;
  /** Number of beams per row, followed at once; beam search when above 1, by default 1. */
  readonly num_beams?: number;
  /** Number of sequences returned per row; at most `num_beams`, or any with `do_sample`. */
  readonly num_return_sequences?: number;
  /** Beam search: the power of its length that a sequence's log-probability is divided by; by default 1. */
  readonly length_penalty?: number;
  /**
   * Beam search: when a row is done. `true`: when it has `num_beams` ended sequences. `false`, the
   * default: when its best running beam, scored at its present length, is no better than the worst of
   * them. `"never"`: when that beam cannot become better at any length it may still reach.
   */
  readonly early_stopping?: boolean | "never";
  /** Whether tokens are drawn at random; by default `false`. */
  readonly do_sample?: boolean;
  /** Sampling: what scores are divided by; above 0, by default 1. */
  readonly temperature?: number;
  /** Sampling: how many of the best tokens may be drawn; 0 for all, by default 50. */
  readonly top_k?: number;
  /** Sampling: the probability of the best tokens that may be drawn; in [0, 1], by default 1. */
  readonly top_p?: number;
  /** Sampling: the integer that all draws follow from; needed with `do_sample`. */
  readonly seed?: number;
  /** A signal that ends the generation between two steps; its reason is thrown. */
  readonly signal?: AbortSignal;
}

const DEFAULTS = {
  max_new_tokens: 20,
  min_new_tokens: 0,
  num_beams: 1,
  num_return_sequences: 1,
  length_penalty: 1,
  early_stopping: false as boolean | "never",
  do_sample: false,
  temperature: 1,
  top_k: 50,
  top_p: 1,
};

/** Options with their defaults filled in. */
export type GenerateSettings = typeof DEFAULTS & Pick<GenerateOptions, "seed" | "signal">;

/**
 * Fills in the defaults and checks that the options are in range and fit each other and the model.
 *
 * Source: transformers generation/configuration_utils.py, `validate`
 *
 * @throws {TypeError} when an option is unknown or of the wrong type, or `seed` is missing
 * @throws {RangeError} when an option is out of range or does not fit another, or the model
 */
export function checkOptions(model: LanguageModel, options: GenerateOptions): GenerateSettings {
  const known = [...Object.keys(DEFAULTS), "seed", "signal"];
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new TypeError(
      `Cannot generate as there is no option "${unknown}"; the options are ${known.join(", ")}`,
    );
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const settings: GenerateSettings = { ...DEFAULTS, ...Object.fromEntries(given) };

  checkInteger(settings, "max_new_tokens", 1);
  checkInteger(settings, "min_new_tokens", 0);
  checkInteger(settings, "num_beams", 1);
  checkInteger(settings, "num_return_sequences", 1);
  checkInteger(settings, "top_k", 0);
  checkNumber(settings, "length_penalty", (value) => Number.isFinite(value), "finite");
  checkNumber(settings, "temperature", (v) => v > 0 && v < Infinity, "finite and above 0");
  checkNumber(settings, "top_p", (value) => value >= 0 && value <= 1, "in [0, 1]");
  const { do_sample, early_stopping, seed, signal } = settings;
  if (typeof do_sample !== "boolean") {
    throw new TypeError(`Cannot generate as do_sample must be true or false: got ${do_sample}`);
  }
  if (typeof early_stopping !== "boolean" && early_stopping !== "never") {
    throw new TypeError(
      `Cannot generate as early_stopping must be true, false or "never": got ${early_stopping}`,
    );
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`Cannot generate as signal must be an AbortSignal: got ${typeof signal}`);
  }
  if (do_sample && !Number.isSafeInteger(seed)) {
    throw new TypeError(
      `Cannot generate with do_sample as seed must be an integer: got ${seed}`,
    );
  }

  const { num_beams, num_return_sequences, min_new_tokens, max_new_tokens } = settings;
  if (do_sample && num_beams > 1) {
    throw new RangeError(
      `Cannot generate as beam search does not sample: num_beams is ${num_beams}; ` +
        `set do_sample to false or num_beams to 1`,
    );
  }
  if (!do_sample && num_return_sequences > num_beams) {
    throw new RangeError(
      `Cannot generate as num_return_sequences must be at most num_beams without do_sample: ` +
        `got ${num_return_sequences}, num_beams is ${num_beams}`,
    );
  }
  if (min_new_tokens > max_new_tokens) {
    throw new RangeError(
      `Cannot generate as min_new_tokens must be at most max_new_tokens: ` +
        `got ${min_new_tokens} and ${max_new_tokens}`,
    );
  }
  const { eos, decoderStart } = model.identity.generationIds;
  if (num_beams > 1 && model.vocabSize < candidatesPerBeam(eos)) {
    throw new RangeError(
      `Cannot generate as the vocabulary of beam search must have at least ${
        candidatesPerBeam(eos)
      } tokens, ` +
        `one more than end a sequence: got ${model.vocabSize}`,
    );
  }
  if (model.isEncoderDecoder && decoderStart === null) {
    throw new RangeError(
      `Cannot generate as the model does not say what its decoder starts from: ` +
        `set decoder_start_token_id in its configuration`,
    );
  }
  return settings;
}

type NumberOption = { [K in keyof typeof DEFAULTS]: typeof DEFAULTS[K] extends number ? K : never }[
  keyof typeof DEFAULTS
];

function checkInteger(settings: GenerateSettings, name: NumberOption, least: number): void {
  if (typeof settings[name] === "number" && !Number.isInteger(settings[name])) {
    throw new TypeError(`Cannot generate as ${name} must be an integer: got ${settings[name]}`);
  }
  checkNumber(settings, name, (value) => value >= least, `at least ${least}`);
}

function checkNumber(
  settings: GenerateSettings,
  name: NumberOption,
  isAllowed: (value: number) => boolean,
  range: string,
): void {
  const value = settings[name];
  if (typeof value !== "number") {
    throw new TypeError(`Cannot generate as ${name} must be a number: got ${typeof value}`);
  }
  if (!isAllowed(value)) {
    throw new RangeError(`Cannot generate as ${name} must be ${range}: got ${value}`);
  }
}
