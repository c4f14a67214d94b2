/** Which part of an input gives way when it is longer than a model may read. */
import type { Tokenizer } from "../models/tokenizers/tokenizer.ts";
import type { Example } from "../tasks/task.ts";

/**
 * The text of an example that fits a number of tokens. The definition of its task is shortened first, from
 * its end, and what is to be answered only when nothing is left of the definition; what stands around
 * them is kept. An example without a definition, or without room even for that, is left as it is.
 *
 * @param maxTokens tokens that the tokenizer may make of it, special ones included
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { ByteTokenizer } from "../models/tokenizers/byte_tokenizer.ts";
 *
 * const input = "Add the numbers. In: 1 2 Out: ";
 * const example = { input, targets: ["3"], definition: [0, 16], instance: [21, 24] } as const;
 * const fitted = (tokens: number) => fitInput(example, new ByteTokenizer(), tokens);
 * assert.equal(fitted(31), input);
 * assert.equal(fitted(22), "Add the In: 1 2 Out: ");
 * assert.equal(fitted(13), " In: 1 Out: ");
 * ```
 */
export function fitInput(
  { input, definition, instance = [0, input.length] }: Example,
  tokenizer: Tokenizer,
  maxTokens: number,
): string {
  const fits = (text: string) => tokenizer.encode(text).length <= maxTokens;
  if (definition === undefined || fits(input)) return input;
  const [begin, end] = definition;
  const undefinedInput = input.slice(0, begin) + input.slice(end);
  const shortened = longest(input, definition, fits);
  if (shortened !== null) return shortened;
  const moved = instance.map((place) => place - (end - begin)) as [number, number];
  return longest(undefinedInput, moved, fits) ?? input;
}

/** The text with as much of a part of it as fits, from the part's start; null when nothing of it does. */
function longest(
  text: string,
  [begin, end]: readonly [number, number],
  fits: (text: string) => boolean,
): string | null {
  // Whole characters, as half of a surrogate pair is no text.
  const characters = Array.from(text.slice(begin, end));
  const withPart = (length: number) =>
    text.slice(0, begin) + characters.slice(0, length).join("") + text.slice(end);
  let [least, most] = [-1, characters.length];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (fits(withPart(middle))) least = middle;
    else most = middle - 1;
  }
  return least === -1 ? null : withPart(least);
}

/** Whether the instance of an example is read whole: all of its input but the definition fits. */
export function isInstanceWhole(
  { input, definition: [begin, end] = [0, 0] }: Example,
  tokenizer: Tokenizer,
  maxTokens: number,
): boolean {
  return tokenizer.encode(input.slice(0, begin) + input.slice(end)).length <= maxTokens;
}
