/** Where a row stands when its next token is chosen. */
export interface Step {
  /** All ids of the row: the decoder's prompt or start token, with its padding, then what was chosen. */
  readonly ids: readonly number[];
  /** The number of the row among all that are generated; the copies of a prompt's row are neighbours. */
  readonly row: number;
}

/**
 * Changes the scores of one row, in place, before the next token is chosen; a token at −∞ cannot be.
 *
 * @param scores the row's scores, one per token of the vocabulary
 * @param step where the row stands
 */
export type LogitsProcessor = (scores: Float32Array, step: Step) => void;

/**
 * Applies one processor after the other, in place, and returns the scores.
 *
 * @throws {RangeError} when a processor makes a score that is not a number or +∞
 */
export function applyProcessors(
  processors: readonly LogitsProcessor[],
  scores: Float32Array,
  step: Step,
): Float32Array {
  if (processors.length === 0) return scores;
  for (const processor of processors) processor(scores, step);
  const wrong = scores.findIndex((score) => Number.isNaN(score) || score === Infinity);
  if (wrong < 0) return scores;
  throw new RangeError(
    `Cannot choose the next token as the settings of generation must leave scores finite: ` +
      `row ${step.row} has ${scores[wrong]} for token ${wrong}; two settings contradict each other`,
  );
}
