import * as tf from "../../tf.ts";
import type { Ids, LanguageModel, Prompt } from "../base_model.ts";
import { type GenerationIds, generationIdsOf } from "../generation_ids.ts";
import { idsTensor } from "../ids.ts";

/** Prompt of a language model. `B` rows, `L` positions, `V` vocabulary. */
export interface PromptInputs {
  /** Token ids; shape `[B, L]`; in [0, V). */
  readonly inputIds: Ids;
  /**
   * 1 where a token counts, 0 where it is padding; shape `[B, L]`. When absent, a decoder leaves out
   * the pad tokens, unless there are none or padding also ends a sequence; an encoder-decoder reads
   * everything.
   */
  readonly attentionMask?: Ids | undefined;
}

/**
 * Brings a prompt to the host and checks it.
 *
 * Source: transformers generation/utils.py, `_prepare_attention_mask_for_generation`
 *
 * Differs: a decoder's prompt padded on the right is refused, as its next token would follow padding;
 * there it is a warning.
 *
 * @param ids what pads and ends sequences; what the model's files say when absent
 * @throws {TypeError} when ids or mask are neither an int32 tensor of rank 2 nor nested arrays
 * @throws {RangeError} when they are empty, ragged, of different shapes or out of range, or when a row
 *   has no token that counts or, for a decoder, ends with padding
 */
export async function readPrompt(
  model: LanguageModel,
  inputs: PromptInputs,
  ids: GenerationIds = generationIdsOf(model),
): Promise<Prompt> {
  const inputIds = await readIds(inputs.inputIds, "inputIds", model.vocabSize);
  const attentionMask = inputs.attentionMask === undefined
    ? inferMask(model, inputIds, ids)
    : await readIds(inputs.attentionMask, "attentionMask", 2);
  const [shape, maskShape] = [inputIds, attentionMask].map((
    rows,
  ) => [rows.length, rows[0]!.length]);
  if (`${shape}` !== `${maskShape}`) {
    fail(`attentionMask has the shape of inputIds: got [${maskShape}] for [${shape}]`);
  }
  for (const [row, mask] of attentionMask.entries()) {
    if (!mask.includes(1)) fail(`every row has a token that counts: row ${row} is all padding`);
    if (!model.isEncoderDecoder && mask.at(-1) === 0) {
      fail(
        `a decoder goes on from the last position: row ${row} ends with padding, pad on the left`,
      );
    }
  }
  return { inputIds, attentionMask };
}

function inferMask(
  model: LanguageModel,
  inputIds: readonly (readonly number[])[],
  { pad, eos }: GenerationIds,
): number[][] {
  const readsAll = model.isEncoderDecoder || pad === null || eos.includes(pad);
  return inputIds.map((row) => row.map((id) => readsAll || id !== pad ? 1 : 0));
}

async function readIds(ids: Ids, what: string, vocabSize: number): Promise<number[][]> {
  const table = idsTensor(ids, what, { vocabSize });
  try {
    const rows = await table.array();
    // Of a tensor on WebGPU the values could not be checked before.
    if (ids instanceof tf.Tensor) idsTensor(rows, what, { vocabSize }).dispose();
    return rows;
  } finally {
    table.dispose();
  }
}

function fail(rule: string): never {
  throw new RangeError(`Cannot generate as ${rule}`);
}
