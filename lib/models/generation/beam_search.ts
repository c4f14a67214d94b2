import type { Decoding } from "./decoding.ts";
import { Largest } from "./largest.ts";
import { candidatesPerBeam, type Limits } from "./limits.ts";
import { applyProcessors, type LogitsProcessor } from "./processors/processor.ts";
import type { GenerateSettings } from "./settings.ts";
import { logSoftmax } from "./softmax.ts";

/** The options that beam search reads. */
export type BeamOptions = Pick<
  GenerateSettings,
  "num_beams" | "length_penalty" | "early_stopping"
>;

/** The new tokens of a sequence with its score. */
export interface Beam {
  readonly tokens: readonly number[];
  readonly score: number;
}

/** A place among the best sequences of a row; not `ended` while no sequence has taken it. */
interface Place extends Beam {
  readonly ended: boolean;
}

/** A running beam with one more token. */
interface Candidate extends Beam {
  /** The beam it continues, counted within its row. */
  readonly parent: number;
  readonly ends: boolean;
}

/** Stands for, and is added to, the score of what must not be taken. */
const NEVER = -1e9;

/**
 * Follows the `num_beams` most probable beginnings of every row and returns the best ended sequences.
 *
 * Scores are of single precision, their operations in the reference's order. Of candidates with equal
 * scores the one of the lower beam, then of the lower token, comes first; PyTorch leaves that open.
 *
 * Source: transformers generation/utils.py, `_beam_search`
 *
 * @param decoding a model that has read its prompt, with `num_beams` copies of each row
 * @param processors applied to the log-probabilities, before a beam's own score is added
 * @returns for every row of the prompt `num_beams` sequences, best first
 */
export async function beamSearch(
  decoding: Decoding,
  processors: readonly LogitsProcessor[],
  limits: Limits,
  options: BeamOptions,
): Promise<readonly (readonly Beam[])[]> {
  const K = options.num_beams;
  const searches = Array.from({ length: decoding.rows / K }, () => new RowSearch(limits, options));
  for (let length = 0;; length++) {
    for (const [b, search] of searches.entries()) {
      search.advance((beam) => {
        const row = b * K + beam;
        const ids = [...decoding.prompt(row), ...search.running[beam]!.tokens];
        return applyProcessors(processors, logSoftmax(decoding.scores(row)), { ids, row });
      });
    }
    const isDone = searches.every((search) => !search.improvable) ||
      (options.early_stopping === true && searches.every((search) => search.isFull)) ||
      length + 1 === limits.max_new_tokens;
    if (isDone) return searches.map((search) => search.best);
    const running = searches.flatMap((search, b) =>
      search.running.map(({ parent, tokens }) => ({ row: b * K + parent, token: tokens.at(-1)! }))
    );
    decoding.select(running.map(({ row }) => row));
    await decoding.step(running.map(({ token }) => token));
  }
}

/** The search for one row of the prompt. */
class RowSearch {
  /** The beams that go on, best first. */
  running: readonly Candidate[];
  /** The best ended sequences so far, best first. */
  best: readonly Place[];
  /** Whether a running beam may still become one of the best. */
  improvable = true;
  readonly #limits: Limits;
  readonly #options: BeamOptions;

  constructor(limits: Limits, options: BeamOptions) {
    this.#limits = limits;
    this.#options = options;
    // All beams are alike at first, so only one may be continued.
    this.running = Array.from({ length: options.num_beams }, (_, beam) => (
      { tokens: [], score: beam === 0 ? 0 : NEVER, parent: beam, ends: false }
    ));
    this.best = this.running.map(() => ({ tokens: [], score: NEVER, ended: false }));
  }

  /** Whether every place among the best is taken by an ended sequence. */
  get isFull(): boolean {
    return this.best.every((place) => place.ended);
  }

  /** Adds a token to every beam, given the log-probabilities of each beam's next token. */
  advance(logProbabilities: (beam: number) => Float32Array): void {
    const candidates = this.#candidates(logProbabilities);
    const running = candidates.map((candidate) => ({
      ...candidate,
      score: candidate.ends ? Math.fround(candidate.score + NEVER) : candidate.score,
    }));
    this.running = bestOf(running, this.#options.num_beams);
    this.best = bestOf([...this.best, ...this.#places(candidates)], this.#options.num_beams);
    this.improvable &&= this.#mayImprove();
  }

  /**
   * The best continuations of all beams: enough that at least `num_beams` of them do not end the
   * sequence.
   */
  #candidates(logProbabilities: (beam: number) => Float32Array): Candidate[] {
    const { eos, max_new_tokens } = this.#limits;
    const best = new Largest(candidatesPerBeam(eos) * this.#options.num_beams);
    let V = 0;
    for (const [beam, { score }] of this.running.entries()) {
      const scores = logProbabilities(beam);
      V = scores.length;
      for (let token = 0; token < V; token++) {
        best.offer(Math.fround(scores[token]! + score), beam * V + token);
      }
    }
    return Array.from(best.indices, (index, rank) => {
      const parent = Math.floor(index / V);
      const tokens = [...this.running[parent]!.tokens, index % V];
      const ends = eos.includes(index % V) || tokens.length === max_new_tokens;
      return { tokens, score: best.values[rank]!, parent, ends };
    });
  }

  /** The candidates as they compete for a place; only the first `num_beams` of them may take one. */
  #places(candidates: readonly Candidate[]): Place[] {
    const { num_beams, early_stopping } = this.#options;
    const isClosed = early_stopping === true && this.isFull;
    return candidates.map(({ tokens, score, ends }, rank) => {
      const ended = ends && rank < num_beams;
      let penalised = Math.fround(score / this.#penalty(tokens.length));
      for (const isBarred of [isClosed, !this.improvable, !ended]) {
        if (isBarred) penalised = Math.fround(penalised + NEVER);
      }
      return { tokens, score: penalised, ended };
    });
  }

  #mayImprove(): boolean {
    const { early_stopping, length_penalty } = this.#options;
    const [first] = this.running as readonly [Candidate];
    const length = early_stopping === "never" && length_penalty > 0
      ? this.#limits.max_new_tokens
      : first.tokens.length;
    const reachable = Math.fround(first.score / this.#penalty(length));
    const worst = this.best.at(-1)!.score;
    return this.best.some((place) => reachable > (place.ended ? worst : NEVER));
  }

  #penalty(length: number): number {
    return Math.fround(length ** this.#options.length_penalty);
  }
}

/** The `size` best by score, best first; of equals the earlier. */
function bestOf<T extends Beam>(beams: readonly T[], size: number): T[] {
  return beams.toSorted((a, b) => b.score - a.score).slice(0, size);
}
