import { randomStream } from "../../util/random.ts";
import type { LanguageModel } from "../base_model.ts";
import { beamSearch } from "./beam_search.ts";
import type { Call } from "../call.ts";
import { Decoding } from "./decoding.ts";
import { checkOptions, type GenerateOptions } from "./options.ts";
import { type GenerationIds, generationIdsOf } from "../generation_ids.ts";
import { lengthsOf } from "./lengths.ts";
import { logitsProcessors } from "./processors/processors.ts";
import { type PromptInputs, readPrompt } from "./prompt.ts";
import { bestToken, randomToken, sample } from "./sampling.ts";

/**
 * Lets a language model go on from a prompt: by greedy search, with `num_beams` by beam search, or
 * with `do_sample` by drawing tokens at random.
 *
 * The prompt is read once per row; its beams and returned sequences are copies, of `call` too, so
 * everything the call says about a row holds for all that is generated from it.
 *
 * Source: transformers generation/utils.py, `generate`
 *
 * Differs: random draws come from the seed's stream `sampling`, so `seed` is needed with `do_sample`;
 * beam search does not sample; what transformers warns of as unfeasible or unreliable is refused, and so
 * are, by name, settings that are not here, such as `guidance_scale`.
 *
 * @param model reads and writes the tokens; nothing of it changes
 * @param prompt ids `[B, L]` and where they count; an encoder-decoder's may be padded on either side, a
 *   decoder's on the left
 * @param options see {@linkcode GenerateOptions}
 * @param call decides how the model is computed for the `B` rows; it stays the caller's. Without it
 *   the model is computed as it is
 * @returns `B · num_return_sequences` sequences of one length, those of a row side by side, of beam
 *   search the best first. Each begins with the decoder's start token, or with the decoder's prompt.
 *   After its end it is filled with the pad id; in beam search, when the pad id is 0, with the first
 *   id that ends a sequence, as transformers does
 * @throws {TypeError} when an option is unknown or of the wrong type, `seed` is missing, or the prompt
 *   is neither an int32 tensor of rank 2 nor nested arrays
 * @throws {RangeError} when an option is out of range or does not fit another, or the prompt is empty,
 *   ragged or out of range; also when the model's scores are not finite
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../../tf.ts";
 * import { LlamaForCausalLM } from "../llama/model.ts";
 *
 * await tf.setBackend("cpu");
 * const model = LlamaForCausalLM.fromConfig({
 *   model_type: "llama", vocab_size: 11, hidden_size: 8, intermediate_size: 6,
 *   num_hidden_layers: 1, num_attention_heads: 2, eos_token_id: null,
 * }, { seed: 0 });
 * const options = { max_new_tokens: 4, num_beams: 3, num_return_sequences: 2 };
 * const [best, second] = await generate(model, { inputIds: [[5, 3]] }, options);
 * assert.deepEqual(best!.slice(0, 2), [5, 3]);
 * assert.equal(best!.length, 2 + 4);
 * assert.notDeepEqual(best, second);
 * ```
 */
export async function generate(
  model: LanguageModel,
  prompt: PromptInputs,
  options: GenerateOptions = {},
  call?: Call,
): Promise<number[][]> {
  const settings = checkOptions(model, options);
  const ids = generationIdsOf(model, options);
  const checked = await readPrompt(model, prompt, ids);
  const { num_beams, num_return_sequences } = settings;
  const { pad, eos } = ids;
  const copies = Math.max(num_beams, num_return_sequences);
  const starts = model.isEncoderDecoder ? startsOf(ids, checked.inputIds.length) : null;
  const begun = starts === null ? checked.inputIds[0]!.length : 1;
  const lengths = lengthsOf(settings, begun, model.identity.positions ?? null);
  const limits = { max_new_tokens: lengths.maxLength - begun, eos };
  const situation = { prompt: checked.inputIds, begun, ...lengths, eos, copies };
  const processors = logitsProcessors(settings, situation);

  const used = call ?? model.plainCall();
  let decoding: Decoding | undefined;
  let generated: readonly (readonly number[])[];
  try {
    decoding = await Decoding.start(model, checked, used, {
      copies,
      starts,
      signal: settings.signal,
      finite: !settings.remove_invalid_values,
    });
    if (num_beams > 1) {
      const beams = await beamSearch(decoding, processors, limits, settings);
      generated = beams.flatMap((row) => row.slice(0, num_return_sequences)).map((b) => b.tokens);
    } else {
      const choose = settings.do_sample
        ? randomToken(randomStream(settings.seed!, "sampling"))
        : bestToken;
      generated = await sample(decoding, choose, processors, limits, () => fillerOf(model, pad));
    }
  } finally {
    decoding?.dispose();
    if (call === undefined) used.dispose();
  }

  const length = Math.max(...generated.map((tokens) => tokens.length));
  const filler = () => num_beams > 1 && pad === 0 ? eos[0] ?? pad : fillerOf(model, pad);
  return generated.map((tokens, i) => {
    const row = Math.floor(i / num_return_sequences);
    const start = starts === null ? checked.inputIds[row]! : [starts[row]!];
    return [...start, ...tokens, ...Array.from({ length: length - tokens.length }, filler)];
  });
}

/** The id that fills up rows, of which there must be one that the model can read. */
function fillerOf({ vocabSize }: LanguageModel, pad: number | null): number {
  if (pad !== null && pad >= 0 && pad < vocabSize) return pad;
  throw new RangeError(
    `Cannot generate for rows of different lengths as pad_token_id must be in [0, ${vocabSize}): ` +
      `got ${pad}; set pad_token_id`,
  );
}

/** What the decoder of each row starts from. */
function startsOf({ decoderStart }: GenerationIds, rows: number): number[] {
  if (typeof decoderStart === "number") return new Array(rows).fill(decoderStart);
  if (decoderStart!.length !== rows) {
    throw new RangeError(
      `Cannot generate as a list of decoder_start_token_id must hold one id for each row: ` +
        `got ${decoderStart!.length} for ${rows} rows`,
    );
  }
  return [...decoderStart!];
}
