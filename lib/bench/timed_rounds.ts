/** How long steps are taken, and how often. */
export interface Rounds {
  readonly rounds: number;
  /** Time that steps are taken for in a round; at least one is taken. */
  readonly milliseconds: number;
  /** Time that steps are taken for before the first round. */
  readonly warmUp: number;
}

/**
 * The mean time of a step in each round, in milliseconds.
 *
 * @param take takes `steps` steps
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const rounds = { rounds: 3, milliseconds: 0, warmUp: 0 };
 * let taken = 0;
 * const times = await timedRounds(() => Promise.resolve(taken += 2), 2, rounds);
 * assert.deepEqual([times.length, taken], [3, 8]);
 * ```
 */
export async function timedRounds(
  take: () => Promise<unknown>,
  steps: number,
  { rounds, milliseconds, warmUp }: Rounds,
): Promise<number[]> {
  const meanOver = async (time: number) => {
    const started = performance.now();
    let taken = 0;
    do {
      await take();
      taken += steps;
    } while (performance.now() - started < time);
    return (performance.now() - started) / taken;
  };
  await meanOver(warmUp);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push(await meanOver(milliseconds));
  return times;
}
