import { padBatch } from "../models/tokenizers/encode_batch.ts";
import type { Tokenizer } from "../models/tokenizers/tokenizer.ts";
import type { Example } from "../tasks/task.ts";

/** Examples of several tasks as ids, padded to rectangles. `B` rows, `L` and `M` positions. */
export interface TaskBatch {
  /** Prompt ids of an encoder-decoder, prompt and target of a decoder; `[B, L]`. */
  readonly inputIds: readonly (readonly number[])[];
  /** 1 where an id counts; `[B, L]`. */
  readonly attentionMask: readonly (readonly number[])[];
  /** Target ids, −100 where nothing is to be learned; `[B, M]`, or `[B, L]` of a decoder. */
  readonly labels: readonly (readonly number[])[];
  /** Index of each row's task; `[B]`. */
  readonly taskIds: readonly number[];
}

/** How examples become ids. */
export interface Encoding {
  /** What turns text into ids. */
  readonly tokenizer: Tokenizer;
  /** Whether the target is read apart from the input; a decoder reads both in one row. */
  readonly isEncoderDecoder: boolean;
  /** Most tokens of an input, of which longer ones are cut; positive. */
  readonly maxInputTokens: number;
  /** Most tokens of a target, of which longer ones are cut; positive. */
  readonly maxTargetTokens: number;
}

/** An example with the index of its task. */
export interface TaskExample<E = Example> {
  /** Index of its task, from 0. */
  readonly taskId: number;
  /** The example itself. */
  readonly example: E;
}

const IGNORED = -100;

/**
 * Turns examples into a batch that trains towards each one's first target.
 *
 * An encoder-decoder reads the input and learns the target, both padded on the right. A decoder reads
 * input and target in one row, padded on the left, and learns the target's part alone.
 *
 * @throws {RangeError} when there is no example
 */
export function encodeExamples(examples: readonly TaskExample[], encoding: Encoding): TaskBatch {
  if (examples.length === 0) throw new RangeError("Cannot make a batch of no examples");
  const inputs = examples.map(({ example }) => encodeInput(example.input, encoding));
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

/** The prompts of examples as ids, for generation; a decoder's are padded on the left. */
export function encodePrompts(
  examples: readonly TaskExample[],
  encoding: Encoding,
): Pick<TaskBatch, "inputIds" | "attentionMask" | "taskIds"> {
  const inputs = examples.map(({ example }) => encodeInput(example.input, encoding));
  return {
    ...padBatch(inputs, encoding.tokenizer.padId, encoding.isEncoderDecoder ? "right" : "left"),
    taskIds: examples.map(({ taskId }) => taskId),
  };
}

/** The ids of a prompt; a decoder's has no end token, since the target follows. */
function encodeInput(text: string, { tokenizer, isEncoderDecoder, maxInputTokens }: Encoding) {
  const ids = tokenizer.encode(text, { maxLength: maxInputTokens });
  return !isEncoderDecoder && ids.at(-1) === tokenizer.eosId ? ids.slice(0, -1) : ids;
}

/** The ids of a target, which ends with the end token where there is one. */
function encodeTarget(text: string, { tokenizer, isEncoderDecoder, maxTargetTokens }: Encoding) {
  if (isEncoderDecoder) return tokenizer.encode(text, { maxLength: maxTargetTokens });
  const end = tokenizer.eosId === null ? [] : [tokenizer.eosId];
  const ids = tokenizer.encode(text, { addSpecialTokens: false });
  return [...ids.slice(0, maxTargetTokens - end.length), ...end];
}
