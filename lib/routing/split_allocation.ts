import { type RouterLogits, splitMixingWeights } from "./measures.ts";

/** Mixing weights of one split of one layer, for every task. */
export interface SplitAllocation {
  /** Name of the layer and, when there are several, index of its split. */
  readonly name: string;
  /** Mixing weights, in [0, 1]; shape `[T, S]`. */
  readonly weights: readonly (readonly number[])[];
}

/**
 * The mixing weights of every split of every router, for {@linkcode allocationFigure}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const router = { name: "q", nSkills: 2, nSplits: 2, moduleLogits: [[0, 0, 3, 3]] };
 * assert.deepEqual(allocationsOf([router]), [
 *   { name: "q, split 0", weights: [[0.5, 0.5]] },
 *   { name: "q, split 1", weights: [[0.5, 0.5]] },
 * ]);
 * ```
 */
export function allocationsOf(routing: readonly RouterLogits[]): SplitAllocation[] {
  return routing.flatMap((router) =>
    splitMixingWeights(router).map((weights, split) => ({
      name: router.nSplits === 1 ? router.name : `${router.name}, split ${split}`,
      weights,
    }))
  );
}
