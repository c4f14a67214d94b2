import type { LanguageModel } from "../models/base_model.ts";
import { generationIdsOf } from "../models/generation_ids.ts";
import type { Tokenizer } from "../models/tokenizers/tokenizer.ts";
import type { AnswerIds } from "../train/evaluate.ts";

/** What a comparison reads of a model. */
type Compared = Pick<LanguageModel, "identity" | "vocabSize" | "isEncoderDecoder">;

/**
 * Where a tokenizer and a model disagree about what both know: how many ids there are, and which of
 * them end, fill up and start a sequence. Nothing of this stops a run, and each may spoil its scores.
 *
 * A model may have more ids than its tokenizer, as tables are padded to round sizes.
 *
 * @returns one sentence for each disagreement
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { T5ForConditionalGeneration } from "../models/t5/model.ts";
 * import { ByteTokenizer } from "../models/tokenizers/byte_tokenizer.ts";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const config = { vocab_size: 300, d_model: 8, d_ff: 6, d_kv: 4, num_heads: 2, num_layers: 1 };
 * const model = T5ForConditionalGeneration.fromConfig(config, { seed: 0 });
 * assert.deepEqual(compare(new ByteTokenizer(), model), [
 *   "The tokenizer has 384 ids and the model reads 300: a text with an id of 300 or above is refused.",
 * ]);
 * model.dispose();
 * ```
 */
export function compare(tokenizer: Tokenizer, model: Compared): string[] {
  const { identity, vocabSize } = model;
  const sentences: string[] = [];
  if (tokenizer.vocabSize > vocabSize) {
    sentences.push(
      `The tokenizer has ${tokenizer.vocabSize} ids and the model reads ${vocabSize}: ` +
        `a text with an id of ${vocabSize} or above is refused.`,
    );
  }
  const ids = idsOfFiles(model);
  if (ids instanceof Error) {
    sentences.push(`The model's ids of generation cannot be used: ${ids.message}.`);
  }
  const { eos, pad, decoderStart } = ids instanceof Error ? identity.generationIds : ids;
  const end = tokenizer.eosId;
  if (end === null) {
    sentences.push("The tokenizer names no end token: targets do not end with one.");
  } else if (!eos.includes(end)) {
    const ends = eos.length === 0 ? "nothing" : eos.join(" or ");
    sentences.push(
      `Targets end with the tokenizer's end token ${end}, and the model's files end generation at ` +
        `${ends}: answers end at any of them.`,
    );
  }
  if (saysPad(model) && pad !== tokenizer.padId) {
    sentences.push(
      `The tokenizer pads with ${tokenizer.padId} and the model's files with ${pad}: batches are ` +
        "padded with the tokenizer's.",
    );
  }
  const bos = identity.generationConfig?.bos_token_id ?? identity.config.bos_token_id ?? null;
  const first = firstId(tokenizer);
  if (first !== null && typeof bos === "number" && first !== bos) {
    sentences.push(
      `The tokenizer puts ${first} before a text, and the model's files call ${bos} its start.`,
    );
  }
  const unknown = identity.config.unk_token_id;
  if (typeof unknown === "number" && unknown >= vocabSize) {
    sentences.push(`The model's unknown token ${unknown} is not among its ${vocabSize} ids.`);
  } else if (
    typeof unknown === "number" && tokenizer.unkId !== null && unknown !== tokenizer.unkId
  ) {
    sentences.push(
      `The tokenizer writes ${tokenizer.unkId} for what it does not know, and the model's files ` +
        `call ${unknown} unknown.`,
    );
  }
  const trained = identity.generationIds.decoderStart;
  if (`${decoderStart}` !== `${trained}`) {
    sentences.push(
      `The decoder is trained from the start token ${trained}, and generation_config.json starts ` +
        `generation from ${decoderStart}: answers start from ${trained}.`,
    );
  }
  return sentences;
}

/**
 * What starts, ends and fills up the answers of an evaluation: an answer begins as in training, and ends
 * where targets end, or where the model's files end a sequence.
 */
export function answerIds(tokenizer: Tokenizer, model: Compared): AnswerIds {
  const ids = idsOfFiles(model);
  const { eos, decoderStart } = model.identity.generationIds;
  const ofFiles = ids instanceof Error ? eos : ids.eos;
  const ends = tokenizer.eosId === null ? [] : [tokenizer.eosId];
  return {
    eos_token_id: [...new Set([...ends, ...ofFiles])],
    pad_token_id: tokenizer.padId,
    decoder_start_token_id: decoderStart,
  };
}

/** The ids that generation takes from the model's files, or what is wrong with them. */
function idsOfFiles(model: Compared): ReturnType<typeof generationIdsOf> | Error {
  try {
    return generationIdsOf(model);
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return error;
    throw error;
  }
}

/** Whether the model's files name a pad id, which is else made of the end. */
function saysPad({ identity: { config, generationConfig } }: Compared): boolean {
  return Number((generationConfig ?? config).pad_token_id ?? -1) >= 0;
}

/** The id that the tokenizer puts before a text; null when it puts none. */
function firstId(tokenizer: Tokenizer): number | null {
  const [bare, whole] = [false, true].map((addSpecialTokens) =>
    tokenizer.encode("a", { addSpecialTokens })
  ) as [number[], number[]];
  return whole.length > bare.length && whole[0] !== bare[0] ? whole[0]! : null;
}
