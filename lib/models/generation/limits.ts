/** When a generation ends. */
export interface Limits {
  /** The most tokens that a row is given. */
  readonly max_new_tokens: number;
  /** The token ids any of which ends a row; empty when none does. */
  readonly eos: readonly number[];
}

/**
 * Number of candidates that beam search considers for each beam, given the ids that end a sequence.
 */
export function candidatesPerBeam(eos: readonly number[]): number {
  return Math.max(2, 1 + eos.length);
}
