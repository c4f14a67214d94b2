import type { RandomStream } from "../../util/random.ts";
import type { Decoding } from "./decoding.ts";
import type { Limits } from "./limits.ts";
import { applyProcessors, type LogitsProcessor } from "./processors/processor.ts";

/** Chooses the next token of a row by its scores. */
export type TokenChoice = (scores: Float32Array) => number;

/** The token of the highest score, of equal ones the first. */
export function bestToken(scores: Float32Array): number {
  let best = 0;
  for (let token = 1; token < scores.length; token++) {
    if (scores[token]! > scores[best]!) best = token;
  }
  return best;
}

/**
 * A choice at random, with probabilities softmax(scores): the first token whose cumulative
 * probability exceeds a uniform draw.
 *
 * @param stream gives one draw per choice
 *
 * @example A token at −∞ is never chosen
 * ```ts
 * import assert from "node:assert/strict";
 * import { randomStream } from "../../util/random.ts";
 *
 * const choose = randomToken(randomStream(7, "sampling"));
 * assert.equal(choose(new Float32Array([-Infinity, 0, -Infinity])), 1);
 * ```
 */
export function randomToken(stream: RandomStream): TokenChoice {
  return (scores) => {
    const highest = scores[bestToken(scores)]!;
    if (highest === -Infinity) {
      throw new RangeError("Cannot draw a token as every one is forbidden");
    }
    const cumulative = new Float64Array(scores.length);
    let total = 0;
    for (let token = 0; token < scores.length; token++) {
      total += Math.exp(scores[token]! - highest);
      cumulative[token] = total;
    }
    const draw = stream.uniform() * total; // below the total, as uniform() is at most 1 − 2⁻²⁴
    return cumulative.findIndex((probability) => probability > draw);
  };
}

/**
 * Generates token after token, each by one choice; greedy search where the choice is
 * {@linkcode bestToken}. A row that has ended is filled up until all have.
 *
 * A choice is made for every row at every step, also for rows that have ended: what one row draws does
 * not depend on when the others end.
 *
 * Source: transformers generation/utils.py, `_sample`
 *
 * @param decoding a model that has read its prompt
 * @param processors applied to the scores before each choice
 * @param filler gives the id that fills the rows that have ended
 * @returns the new tokens of every row, all of one length
 */
export async function sample(
  decoding: Decoding,
  choose: TokenChoice,
  processors: readonly LogitsProcessor[],
  limits: Limits,
  filler: () => number,
): Promise<number[][]> {
  const sequences = Array.from({ length: decoding.rows }, (): number[] => []);
  const ended = new Array<boolean>(decoding.rows).fill(false);
  for (let length = 0;; length++) {
    const tokens = sequences.map((sequence, row) => {
      const ids = [...decoding.prompt(row), ...sequence];
      const choice = choose(applyProcessors(processors, decoding.scores(row), { ids, row }));
      const token = ended[row] ? filler() : choice;
      ended[row] ||= limits.eos.includes(token);
      sequence.push(token);
      return token;
    });
    if (length + 1 === limits.max_new_tokens || !ended.includes(false)) return sequences;
    await decoding.step(tokens);
  }
}
