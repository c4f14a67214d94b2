/** When a sweep is not worth going on: what becomes of its runs is judged as they end. */
import { firstLine } from "../util/words.ts";

/** What a sweep does about runs that fail. */
export interface FailureOptions {
  /** How often a run that has failed is tried again; 0 when absent. */
  readonly retry?: number;
  /** The number of failed runs at which the sweep stops; null, the default, for none. */
  readonly maxFailures?: number | null;
}

/** The first runs of a sweep to end of which one that has not failed shows that others may not. */
const FIRST_RUNS = 3;

/**
 * Judges the runs of a sweep as they end, and says when it is to stop: when as many have failed as may, and
 * when the first that end, three or as many as there are at once, all fail with the same first line. A run
 * has failed once it has failed in every try that it gets; for the second rule its first try counts.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const policy = new FailurePolicy({ jobs: 1 });
 * assert.equal(policy.failed("a", "Error: no data"), null);
 * assert.equal(policy.failed("b", "Error: no data"), null);
 * assert.equal(policy.failed("c", "Error: no data"), "the first 3 runs failed alike: Error: no data");
 * ```
 */
export class FailurePolicy {
  readonly #retry: number;
  readonly #maxFailures: number | null;
  /** How many first runs must fail alike. */
  readonly #first: number;
  /** First lines with which the first runs failed; null once some run has ended otherwise. */
  #alike: Map<string, string> | null = new Map();
  /** How often each run has failed. */
  readonly #tries = new Map<string, number>();
  #failures = 0;

  /** Judges by options; `jobs` is the number of runs at once. */
  constructor({ retry = 0, maxFailures = null, jobs }: FailureOptions & { readonly jobs: number }) {
    this.#retry = retry;
    this.#maxFailures = maxFailures;
    this.#first = Math.max(FIRST_RUNS, jobs);
  }

  /** Hears that a run has ended with a result. */
  ended(): void {
    this.#alike = null;
  }

  /**
   * Hears that a try of a run has failed.
   *
   * @returns why the sweep stops; null when it goes on
   */
  failed(id: string, error: string): string | null {
    const line = firstLine(error);
    this.#tries.set(id, this.triesOf(id) + 1);
    if (this.isLast(id)) this.#failures++;
    if (this.#alike !== null && !this.#alike.has(id)) this.#alike.set(id, line);
    if (this.#alike !== null && new Set(this.#alike.values()).size > 1) this.#alike = null;
    if (this.#failures === this.#maxFailures) {
      const runs = this.#failures === 1 ? "1 run has" : `${this.#failures} runs have`;
      return `${runs} failed, and --max-failures is ${this.#maxFailures}`;
    }
    return this.#alike?.size === this.#first
      ? `the first ${this.#first} runs failed alike: ${line}`
      : null;
  }

  /** How often a run has failed. */
  triesOf(id: string): number {
    return this.#tries.get(id) ?? 0;
  }

  /** Whether a run that has failed is not tried again. */
  isLast(id: string): boolean {
    return this.triesOf(id) > this.#retry;
  }
}
