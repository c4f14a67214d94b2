import type * as tf from "../tf.ts";

/** Parameters that are updated with the same settings. */
export interface ParameterGroup {
  /** Updated parameters, by name. */
  readonly parameters: ReadonlyMap<string, tf.Variable>;
  /** Step size; not negative. */
  readonly learningRate: number;
  /** Decoupled weight decay; 0 for none. */
  readonly weightDecay?: number;
}

/** Turns gradients into new values of parameters. */
export interface Optimizer {
  /**
   * Updates every parameter that has a gradient; one that has none is left alone, as in PyTorch.
   *
   * @param gradients the gradients by parameter name; the caller keeps them
   * @param scale multiplies each group's learning rate, for schedules; 1 when absent
   */
  step(gradients: ReadonlyMap<string, tf.Tensor>, scale?: number): void;
  /** Frees the optimiser's own tensors. */
  dispose(): void;
}

/**
 * Throws unless every group's settings are in range and no parameter is in two groups.
 * @throws {RangeError} naming the optimiser, the setting and its value
 */
export function checkGroups(optimizer: string, groups: readonly ParameterGroup[]): void {
  const seen = new Set<string>();
  for (const { parameters, learningRate, weightDecay = 0 } of groups) {
    if (!(learningRate >= 0) || !(weightDecay >= 0)) {
      throw new RangeError(
        `Cannot make ${optimizer} as learning rate and weight decay must not be negative: ` +
          `got ${learningRate} and ${weightDecay}`,
      );
    }
    for (const name of parameters.keys()) {
      if (seen.has(name)) {
        throw new RangeError(`Cannot make ${optimizer} as "${name}" must be in one group only`);
      }
      seen.add(name);
    }
  }
}
