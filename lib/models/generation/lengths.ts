import type { GenerateSettings } from "./settings.ts";

/** How many ids a row may and must have, those it began with among them. */
export interface Lengths {
  /** At most; above what it began with. */
  readonly maxLength: number;
  /** Before its end, at least. */
  readonly minLength: number;
}

/** How many tokens are generated where nothing is said. */
const DEFAULT_NEW_TOKENS = 20;

/**
 * The lengths of a generation: `max_new_tokens` counts before `max_length`, and `min_new_tokens` before
 * `min_length`. Where neither is said, 20 tokens are generated, or as many as the model has positions for.
 *
 * Source: transformers 5.17 generation/utils.py, `_prepare_generated_length`
 *
 * @param begun how many ids every row has before the first is generated
 * @param positions how many positions the model was made for; null where it does not say
 * @throws {RangeError} when no token can be generated
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { DEFAULTS } from "./settings.ts";
 *
 * assert.equal(lengthsOf({ ...DEFAULTS, max_length: 9 }, 4, null).maxLength, 9);
 * assert.equal(lengthsOf({ ...DEFAULTS, max_length: 9, max_new_tokens: 3 }, 4, null).maxLength, 7);
 * assert.equal(lengthsOf(DEFAULTS, 4, 16).maxLength, 16);
 * ```
 */
export function lengthsOf(
  { max_length, max_new_tokens, min_length, min_new_tokens }: GenerateSettings,
  begun: number,
  positions: number | null,
): Lengths {
  const maxLength = max_new_tokens !== null
    ? begun + max_new_tokens
    : max_length ?? Math.min(begun + DEFAULT_NEW_TOKENS, positions ?? Infinity);
  if (begun >= maxLength) {
    throw new RangeError(
      `Cannot generate as max_length must be above the ${begun} tokens that there are: ` +
        `got ${maxLength}; set max_new_tokens`,
    );
  }
  return { maxLength, minLength: min_new_tokens === null ? min_length : begun + min_new_tokens };
}
