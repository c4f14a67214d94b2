import { environmentVariable } from "../../util/environment.ts";

/**
 * Threads that the BLAS of this process is to compute with, as `POLY_THREADS` says; one unless it is set.
 *
 * The variables of the libraries themselves, such as `OPENBLAS_NUM_THREADS`, are not asked: many machines
 * set them for all programs, and another number of threads can give results other last digits.
 *
 * @throws {RangeError} when the variable is not an integer of at least 1
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(threadsAsked("2"), 2);
 * assert.throws(() => threadsAsked("many"), /POLY_THREADS must be an integer of at least 1: got many/);
 * ```
 */
export function threadsAsked(text: string = environmentVariable("POLY_THREADS") ?? "1"): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new RangeError(
    `Cannot compute as POLY_THREADS must be an integer of at least 1: got ${text}`,
  );
}

/**
 * Environment variables that make BLAS libraries use so many threads from the moment they are loaded, for
 * processes that this project starts.
 *
 * @param threads a positive integer
 */
export function threadVariables(threads: number): Readonly<Record<string, string>> {
  const text = String(threads);
  return {
    POLY_THREADS: text,
    OPENBLAS_NUM_THREADS: text,
    MKL_NUM_THREADS: text,
    BLIS_NUM_THREADS: text,
    VECLIB_MAXIMUM_THREADS: text,
  };
}
