/** Turns examples of several tasks into batches of ids, for encoder-decoders and for decoders. */
import { padBatch } from "../models/tokenizers/encode_batch.ts";
import type { Tokenizer } from "../models/tokenizers/tokenizer.ts";
import type { Example } from "../tasks/task.ts";
import { fitInput } from "./fit_input.ts";

/** Examples of several tasks as ids, padded to equal lengths. `B` rows, `L` and `M` positions. */
export interface TaskBatch {
  /** Prompt ids of an encoder-decoder, prompt and target of a decoder; `[B, L]`. */
  readonly inputIds: readonly (readonly number[])[];
  /** Attention mask, 1 where an id counts and 0 elsewhere; `[B, L]`. */
  readonly attentionMask: readonly (readonly number[])[];
  /** Target ids, −100 at ignored positions; `[B, M]`, or `[B, L]` for a decoder. */
  readonly labels: readonly (readonly number[])[];
  /** Index of each row's task; `[B]`. */
  readonly taskIds: readonly number[];
}

/** Settings of the conversion of examples into ids. */
export interface Encoding {
  /** Tokenizer of the base model. */
  readonly tokenizer: Tokenizer;
  /** Whether inputs and targets are separate rows; a decoder reads both in one row. */
  readonly isEncoderDecoder: boolean;
  /** Largest number of input tokens; longer inputs are cut, the definition first. Positive. */
  readonly maxInputTokens: number;
  /** Largest number of target tokens; longer targets are cut. Positive. */
  readonly maxTargetTokens: number;
}

/** An example with the index of its task. */
export interface TaskExample<E = Example> {
  /** Index of the task, from 0. */
  readonly taskId: number;
  /** The example itself. */
  readonly example: E;
}

const IGNORED = -100;

/**
 * Turns examples into a batch whose labels are each example's first target.
 *
 * An encoder-decoder reads the input and learns the target, both padded on the right. A decoder
 * reads input and target in one row, padded on the left, and learns the target only.
 *
 * @throws {RangeError} when there is no example
 */
export function encodeExamples(examples: readonly TaskExample[], encoding: Encoding): TaskBatch {
  if (examples.length === 0) {
    throw new RangeError("Cannot make a batch as there must be at least one example");
  }
  const inputs = examples.map(({ example }) => encodeInput(example, encoding));
  const targets = examples.map(({ example }) => encodeTarget(example.targets[0]!, encoding));
  const taskIds = examples.map(({ taskId }) => taskId);
  const { tokenizer: { padId }, isEncoderDecoder } = encoding;
  if (isEncoderDecoder) {
    const labels = padBatch(targets, IGNORED, "right").inputIds;
    return { ...padBatch(inputs, padId, "right"), labels, taskIds };
  }
  const rows = inputs.map((input, i) => [...input, ...targets[i]!]);
  const labels = inputs.map((input, i) => [...input.map(() => IGNORED), ...targets[i]!]);
  return {
    ...padBatch(rows, padId, "left"),
    labels: padBatch(labels, IGNORED, "left").inputIds,
    taskIds,
  };
}

/**
 * Batches filled up to the longest of all, as {@linkcode encodeExamples} fills up rows.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const [a, b] = [{ inputIds: [[7]], attentionMask: [[1]], labels: [[5, 1]], taskIds: [0] }, {
 *   ...{ inputIds: [[7, 8]], attentionMask: [[1, 1]], labels: [[1]], taskIds: [0] },
 * }];
 * const [first, second] = padAlike([a, b], true);
 * assert.deepEqual([first!.inputIds, first!.attentionMask], [[[7, 0]], [[1, 0]]]);
 * assert.deepEqual(second!.labels, [[1, -100]]);
 * ```
 */
export function padAlike(batches: readonly TaskBatch[], isEncoderDecoder: boolean): TaskBatch[] {
  const longest = (key: "inputIds" | "labels") =>
    Math.max(...batches.map((batch) => batch[key][0]!.length));
  const [inputs, targets] = [longest("inputIds"), longest("labels")];
  const fill = (rows: readonly (readonly number[])[], length: number, value: number) =>
    rows.map((row) => {
      const padding = new Array<number>(length - row.length).fill(value);
      return isEncoderDecoder ? [...row, ...padding] : [...padding, ...row];
    });
  return batches.map(({ inputIds, attentionMask, labels, taskIds }) => ({
    inputIds: fill(inputIds, inputs, 0), // any id, as it is not attended to
    attentionMask: fill(attentionMask, inputs, 0),
    labels: fill(labels, targets, IGNORED),
    taskIds,
  }));
}

/** Prompts of examples as ids, for generation; those of a decoder are padded on the left. */
export function encodePrompts(
  examples: readonly TaskExample[],
  encoding: Encoding,
): Pick<TaskBatch, "inputIds" | "attentionMask" | "taskIds"> {
  const inputs = examples.map(({ example }) => encodeInput(example, encoding));
  return {
    ...padBatch(inputs, encoding.tokenizer.padId, encoding.isEncoderDecoder ? "right" : "left"),
    taskIds: examples.map(({ taskId }) => taskId),
  };
}

/** Ids of a prompt; a decoder's prompt has no end token, since the target follows. */
function encodeInput(example: Example, { tokenizer, isEncoderDecoder, maxInputTokens }: Encoding) {
  const text = fitInput(example, tokenizer, maxInputTokens);
  const ids = tokenizer.encode(text, { maxLength: maxInputTokens });
  return !isEncoderDecoder && ids.at(-1) === tokenizer.eosId ? ids.slice(0, -1) : ids;
}

/** Whether nothing of a target is cut. */
export function isTargetWhole(text: string, encoding: Encoding): boolean {
  const uncut = encodeTarget(text, { ...encoding, maxTargetTokens: Infinity });
  return uncut.length <= encoding.maxTargetTokens;
}

/** The text of a target as far as a model may generate it. */
export function cutTarget(text: string, encoding: Encoding): string {
  if (isTargetWhole(text, encoding)) return text;
  return encoding.tokenizer.decode(encodeTarget(text, encoding), { skipSpecialTokens: true });
}

/** Ids of a target, followed by the end token if the tokenizer has one. */
export function encodeTarget(
  text: string,
  { tokenizer, isEncoderDecoder, maxTargetTokens }: Omit<Encoding, "maxInputTokens">,
): number[] {
  if (isEncoderDecoder) {
    return tokenizer.encode(
      text,
      maxTargetTokens === Infinity ? {} : { maxLength: maxTargetTokens },
    );
  }
  const end = tokenizer.eosId === null ? [] : [tokenizer.eosId];
  const ids = tokenizer.encode(text, { addSpecialTokens: false });
  return [...ids.slice(0, maxTargetTokens - end.length), ...end];
}
