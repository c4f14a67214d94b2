import * as tf from "../tf.ts";

/** Parameters that are updated with the same settings. */
export interface ParameterGroup {
  /** Updated parameters, by name. */
  readonly parameters: ReadonlyMap<string, tf.Variable>;
  /** Step size; not negative. */
  readonly learningRate: number;
  /** Decoupled weight decay; 0 for none. */
  readonly weightDecay?: number;
}

/** What an optimiser remembers of earlier steps, on the host. */
export interface OptimizerState {
  /** Steps that each parameter has taken, by its name. */
  readonly steps: Readonly<Record<string, number>>;
  /** Moments of the gradients, several for each parameter: `name/0`, `name/1`, … */
  readonly moments: ReadonlyMap<string, Float32Array>;
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
  /** What it remembers now. */
  state(): Promise<OptimizerState>;
  /** Goes on from where another optimiser of the same parameters was, before the first step. */
  restore(state: OptimizerState): void;
  /** Frees the optimiser's own tensors. */
  dispose(): void;
}

/** Moments of the gradient of one parameter, and how many steps it has taken. */
export interface Moments {
  readonly values: readonly tf.Variable[];
  step: number;
}

/** The moments of an optimiser's parameters as a state. */
export async function stateOf(moments: ReadonlyMap<string, Moments>): Promise<OptimizerState> {
  const steps: Record<string, number> = {};
  const found = new Map<string, Float32Array>();
  for (const [name, { step, values }] of moments) {
    steps[name] = step;
    for (const [i, value] of values.entries()) {
      found.set(`${name}/${i}`, Float32Array.from(await value.data()));
    }
  }
  return { steps, moments: found };
}

/** Sets the moments of one parameter to those of a state. */
export function restoreMoments(name: string, moments: Moments, state: OptimizerState): void {
  moments.step = state.steps[name]!;
  moments.values.forEach((value, i) =>
    tf.tidy(() => value.assign(tf.tensor(state.moments.get(`${name}/${i}`)!, value.shape)))
  );
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
