import type { GenerateSettings } from "../settings.ts";
import { logSoftmax } from "../softmax.ts";
import {
  exponentialDecay,
  forceTokens,
  minLength,
  removeInvalidValues,
  suppressTokens,
} from "./forced_tokens.ts";
import type { LogitsProcessor } from "./processor.ts";
import {
  encoderNoRepeatNgram,
  encoderRepetitionPenalty,
  noRepeatNgram,
  repetitionPenalty,
} from "./repetition.ts";
import { samplingProcessors } from "./sampling.ts";
import { badWords, sequenceBias } from "./sequence_bias.ts";

/** What the processors must know of one generation, beside its settings. */
export interface Situation {
  /** What the encoder reads, or a decoder's prompt; `[B, L]`. */
  readonly prompt: readonly (readonly number[])[];
  /** How many ids every row has before the first is generated. */
  readonly begun: number;
  /** How many ids a row has at most. */
  readonly maxLength: number;
  /** How many ids come before the end at least. */
  readonly minLength: number;
  /** The ids that end a sequence. */
  readonly eos: readonly number[];
  /** How many rows are generated for each of the prompt. */
  readonly copies: number;
}

/**
 * Everything that is done to the scores, in the reference's order.
 *
 * Source: transformers 5.17 generation/utils.py, `_get_logits_processor`
 */
export function logitsProcessors(
  settings: GenerateSettings,
  { prompt, begun, maxLength, minLength: least, eos, copies }: Situation,
): LogitsProcessor[] {
  const s = settings;
  const list: LogitsProcessor[] = [];
  if (s.sequence_bias !== null) list.push(sequenceBias(s.sequence_bias));
  if (s.encoder_repetition_penalty !== 1) {
    list.push(encoderRepetitionPenalty(s.encoder_repetition_penalty, prompt));
  }
  if (s.repetition_penalty !== 1) list.push(repetitionPenalty(s.repetition_penalty));
  if (s.no_repeat_ngram_size > 0) list.push(noRepeatNgram(s.no_repeat_ngram_size));
  if (s.encoder_no_repeat_ngram_size > 0) {
    list.push(encoderNoRepeatNgram(s.encoder_no_repeat_ngram_size, prompt, copies));
  }
  if (s.bad_words_ids !== null) list.push(badWords(s.bad_words_ids, eos));
  if (least > 0 && eos.length > 0) list.push(minLength(least, eos));
  if (s.forced_bos_token_id !== null) list.push(forceTokens([s.forced_bos_token_id], 1));
  if (s.forced_eos_token_id !== null) {
    list.push(forceTokens([s.forced_eos_token_id].flat(), maxLength - 1));
  }
  if (s.remove_invalid_values) list.push(removeInvalidValues());
  if (s.exponential_decay_length_penalty !== null) {
    const [start, factor] = s.exponential_decay_length_penalty;
    list.push(exponentialDecay(start + begun, factor, eos));
  }
  if (s.suppress_tokens !== null) list.push(suppressTokens(s.suppress_tokens));
  if (s.begin_suppress_tokens !== null) {
    const isForced = begun === 1 && s.forced_bos_token_id !== null;
    list.push(suppressTokens(s.begin_suppress_tokens, isForced ? begun + 1 : begun));
  }
  if (s.do_sample) list.push(...samplingProcessors(s));
  if (s.renormalize_logits) list.push((scores) => void logSoftmax(scores));
  return list;
}
