import type { LanguageModel } from "../base_model.ts";
import { generationIdsOf } from "../generation_ids.ts";
import { candidatesPerBeam } from "./limits.ts";
import { DEFAULTS, type GenerateSettings, mergeSettings } from "./settings.ts";
import { refuseUnsupported, UNSUPPORTED } from "./unsupported.ts";

/**
 * How text is generated; the names and meanings are those of transformers. What a call leaves out is
 * taken from the model's `generation_config.json`, without such a file from its `config.json`, and else
 * is the default. Null takes back what a file says.
 */
export interface GenerateOptions extends
  // What is not supported: null takes back what a file says.
  Readonly<
    Partial<
      Record<
        | "assistant_early_exit"
        | "cache_implementation"
        | "constraints"
        | "dola_layers"
        | "force_words_ids"
        | "guidance_scale"
        | "low_memory"
        | "max_time"
        | "num_beam_groups"
        | "penalty_alpha"
        | "prompt_lookup_num_tokens"
        | "speculation_type"
        | "stop_strings"
        | "token_healing"
        | "use_mtp"
        | "watermarking_config",
        null
      >
    >
  > {
  /** How many tokens a row is given at most; at least 1. It counts before `max_length`. */
  readonly max_new_tokens?: number | null;
  /** How many ids a row has at most, those it began with among them; by default 20 more than those. */
  readonly max_length?: number | null;
  /** How many tokens come before the end of a sequence at least. It counts before `min_length`. */
  readonly min_new_tokens?: number | null;
  /** How many ids come before the end at least, those it began with among them; by default 0. */
  readonly min_length?: number | null;
  /** How many beginnings of a row are followed at once; beam search when above 1, by default 1. */
  readonly num_beams?: number | null;
  /** How many sequences are returned per row; at most `num_beams`, or any with `do_sample`. */
  readonly num_return_sequences?: number | null;
  /** Beam search: the power of its length that a sequence's log-probability is divided by; by default 1. */
  readonly length_penalty?: number | null;
  /**
   * Beam search: when a row is done. `true`: when it has `num_beams` ended sequences. `false`, the
   * default: when its best running beam, scored at its present length, is no better than the worst of
   * them. `"never"`: when that beam cannot become better at any length it may still reach.
   */
  readonly early_stopping?: boolean | "never" | null;
  /** Whether tokens are drawn at random; by default `false`. */
  readonly do_sample?: boolean | null;
  /** Sampling: what scores are divided by; above 0, by default 1. */
  readonly temperature?: number | null;
  /** Sampling: the share of the best tokens' entropy that may be drawn from; in (0, 1]. */
  readonly top_h?: number | null;
  /** Sampling: how many of the best tokens may be drawn; 0 for all, by default 50. */
  readonly top_k?: number | null;
  /** Sampling: the probability of the best tokens that may be drawn; in [0, 1], by default 1. */
  readonly top_p?: number | null;
  /** Sampling: how probable a token must be, as a share of the best one's probability; in [0, 1]. */
  readonly min_p?: number | null;
  /** Sampling: the probability of the tokens of typical surprise that may be drawn; in (0, 1]. */
  readonly typical_p?: number | null;
  /** Sampling: how probable a token must be; in [0, 1), by default 0. */
  readonly epsilon_cutoff?: number | null;
  /** Sampling: the same, less where many tokens are probable; in [0, 1), by default 0. */
  readonly eta_cutoff?: number | null;
  /** Sampling: the integer that all draws follow from; needed with `do_sample`. */
  readonly seed?: number;
  /** Above 1 tokens that the row has already, in its prompt too, become less probable; by default 1. */
  readonly repetition_penalty?: number | null;
  /** Above 1 tokens of the prompt become more probable; by default 1. */
  readonly encoder_repetition_penalty?: number | null;
  /** The number of tokens in a run that a row may not have twice; 0, the default, for none. */
  readonly no_repeat_ngram_size?: number | null;
  /** The number of tokens in a run that may not be taken from the prompt; 0, the default, for none. */
  readonly encoder_no_repeat_ngram_size?: number | null;
  /** Sequences that may not come, as lists of ids; those of an end alone are passed over. */
  readonly bad_words_ids?: readonly (readonly number[])[] | null;
  /** Sequences and what is added to the score of their last id after the others; `[[[5, 3], -2]]`. */
  readonly sequence_bias?: readonly (readonly [readonly number[], number])[] | null;
  /** Ids that may not come. */
  readonly suppress_tokens?: readonly number[] | null;
  /** Ids that may not come first. */
  readonly begin_suppress_tokens?: readonly number[] | null;
  /** The id that comes second, after a start token or a prompt of one token. */
  readonly forced_bos_token_id?: number | null;
  /** The id that comes last where a row is as long as it may be; one of them, where it is a list. */
  readonly forced_eos_token_id?: number | readonly number[] | null;
  /** From how many new tokens on the end becomes more probable, and by which factor with each. */
  readonly exponential_decay_length_penalty?: readonly [number, number] | null;
  /** Whether scores that are NaN or infinite are replaced, in place of an error; by default `false`. */
  readonly remove_invalid_values?: boolean | null;
  /** Whether scores are made log-probabilities again at the end; by default `false`. */
  readonly renormalize_logits?: boolean | null;
  /** The id that fills up rows; the first that ends a sequence where none is said. */
  readonly pad_token_id?: number | null;
  /** The id or ids that end a sequence. */
  readonly eos_token_id?: number | readonly number[] | null;
  /** Encoder-decoder only: what the decoder starts from where `decoder_start_token_id` is not said. */
  readonly bos_token_id?: number | null;
  /** Encoder-decoder only: what the decoder starts from; a list holds one id for each row. */
  readonly decoder_start_token_id?: number | readonly number[] | null;
  /** A signal that ends the generation between two steps; its reason is thrown. */
  readonly signal?: AbortSignal;
}

/** The settings, and what a call says beside them. */
export type CheckedOptions = GenerateSettings & Pick<GenerateOptions, "seed" | "signal">;

/** Names that a call may say beside those of settings. */
const BESIDE = [
  "pad_token_id",
  "eos_token_id",
  "bos_token_id",
  "decoder_start_token_id",
  "seed",
  "signal",
];

/**
 * Puts together what a call, the model's files and the defaults say, and checks that it is in range and
 * fits together and the model.
 *
 * Source: transformers generation/configuration_utils.py, `validate`
 *
 * @throws {TypeError} when an option is unknown or of the wrong type, or `seed` is missing
 * @throws {RangeError} when an option is out of range, is not supported, or does not fit another, or the
 * model
 */
export function checkOptions(model: LanguageModel, options: GenerateOptions): CheckedOptions {
  const known = [...Object.keys(DEFAULTS), ...BESIDE];
  const unknown = Object.keys(options).find((key) =>
    !known.includes(key) && !(UNSUPPORTED as string[]).includes(key)
  );
  if (unknown !== undefined) {
    throw new TypeError(
      `Cannot generate as there is no option "${unknown}"; the options are ${known.join(", ")}`,
    );
  }
  const said = options as Readonly<Record<string, unknown>>;
  const settings = mergeSettings(model, said);
  refuseUnsupported(model, said, settings);
  const { seed, signal } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`Cannot generate as signal must be an AbortSignal: got ${typeof signal}`);
  }
  const { do_sample, num_beams, num_return_sequences, max_length } = settings;
  if (do_sample && num_beams > 1) {
    throw new RangeError(
      `Cannot generate as beam search does not sample: num_beams is ${num_beams}; ` +
        `set do_sample to false or num_beams to 1`,
    );
  }
  if (do_sample && !Number.isSafeInteger(seed)) {
    const byFile = options.do_sample === undefined;
    throw new TypeError(
      `Cannot generate with do_sample as seed must be an integer: got ${seed}` +
        (byFile
          ? "; the model's own configuration asks for it, do_sample: false takes it back"
          : ""),
    );
  }
  if (!do_sample && num_return_sequences > num_beams) {
    throw new RangeError(
      `Cannot generate as num_return_sequences must be at most num_beams without do_sample: ` +
        `got ${num_return_sequences}, num_beams is ${num_beams}`,
    );
  }
  // Of a file it is honoured: then no row ends before it is as long as it may be.
  const least = options.min_new_tokens ?? 0;
  const most = settings.max_new_tokens ?? (max_length === null ? 20 : Infinity);
  if (least > most) {
    throw new RangeError(
      `Cannot generate as min_new_tokens must be at most max_new_tokens: got ${least} and ${most}`,
    );
  }
  checkTokens(settings);
  const { eos, decoderStart } = generationIdsOf(model, said);
  if (settings.exponential_decay_length_penalty !== null && eos.length === 0) {
    throw new RangeError(
      "Cannot generate with exponential_decay_length_penalty as it needs an id that ends a sequence: " +
        "set eos_token_id",
    );
  }
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
  return {
    ...settings,
    ...(seed !== undefined && { seed }),
    ...(signal !== undefined && { signal }),
  };
}

/** What is forced must not be suppressed too, or no token is left. */
function checkTokens(settings: GenerateSettings): void {
  const suppressed = settings.suppress_tokens ?? [];
  for (const name of ["forced_bos_token_id", "forced_eos_token_id"] as const) {
    const forced = [settings[name] ?? []].flat();
    if (forced.length === 0 || !forced.every((id) => suppressed.includes(id))) continue;
    throw new RangeError(
      `Cannot generate as ${name} must not be among suppress_tokens: got ${forced}`,
    );
  }
}
