/** Options for encoding one string. */
export interface EncodeOptions {
  /** Whether to add what the model expects around a text, such as the end of the sequence. */
  readonly addSpecialTokens?: boolean;
  /** Most ids, those around the text included; a longer text is cut, they stay. */
  readonly maxLength?: number | undefined;
}

/** Options for encoding several strings as one batch. */
export interface EncodeBatchOptions extends EncodeOptions {
  /** The side on which shorter rows are filled up; a decoder that continues its prompt wants `left`. */
  readonly padSide?: "left" | "right" | undefined;
}

/** Texts as ids. `B` rows, `L` positions. */
export interface EncodedBatch {
  /** Shape `[B, L]`. */
  readonly inputIds: number[][];
  /** 1 where a token counts, 0 where it is padding; shape `[B, L]`. */
  readonly attentionMask: number[][];
}

/**
 * Fills rows of ids up to the length of the longest.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(padBatch([[7, 1], [1]], 0, "left"), {
 *   inputIds: [[7, 1], [0, 1]],
 *   attentionMask: [[1, 1], [0, 1]],
 * });
 * ```
 */
export function padBatch(
  rows: readonly (readonly number[])[],
  padId: number,
  padSide: "left" | "right",
): EncodedBatch {
  const length = Math.max(0, ...rows.map((row) => row.length));
  const fill = (row: readonly number[], value: number): number[] => {
    const padding = new Array<number>(length - row.length).fill(value);
    return padSide === "left" ? [...padding, ...row] : [...row, ...padding];
  };
  return {
    inputIds: rows.map((row) => fill(row, padId)),
    attentionMask: rows.map((row) => fill(row.map(() => 1), 0)),
  };
}

/**
 * How many ids of a text fit beside what goes around it; all of them without a limit.
 *
 * @throws {RangeError} when `maxLength` is not an integer that leaves room for what goes around
 */
export function roomForText(around: number, maxLength: number | undefined): number {
  if (maxLength === undefined) return Infinity;
  if (!Number.isInteger(maxLength) || maxLength < Math.max(1, around)) {
    throw new RangeError(
      `Cannot encode as maxLength must be an integer of at least ${Math.max(1, around)}, ` +
        `with room for ${around} special tokens: found ${maxLength}`,
    );
  }
  return maxLength - around;
}

/**
 * Refuses a text that has no UTF-8 form, as Python does.
 *
 * @throws {RangeError} when half of a surrogate pair is missing
 */
export function checkText(text: string): void {
  if (!text.isWellFormed()) {
    throw new RangeError(
      `Cannot encode a text as it must be well-formed Unicode: found half of a surrogate pair in ` +
        `${JSON.stringify(text.slice(0, 80))}`,
    );
  }
}
