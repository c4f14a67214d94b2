import { mixingWeights, mixingWeightsOfAll } from "../ops/mixing_weights.ts";
import { type Noise, uniformOfAll } from "../ops/noise.ts";
import * as tf from "../tf.ts";
import { isMixedByKernels, type PolySettings } from "./settings.ts";

/** Inputs of a router. */
export interface RoutingCall {
  /** Task id of each row, in [0, T). */
  readonly taskIds: readonly number[];
  /** Whether the call is in training, where the router may draw noise. */
  readonly training: boolean;
  /** Source of random numbers; needed in training when the router draws. */
  readonly noise?: Noise | undefined;
  /** Share u of the uniform average in the weights, (1 − u)·w + u / S, in [0, 1]; 0 when absent. */
  readonly uniformShare?: number | undefined;
}

/**
 * Computes for each row the mixing weights of its task's skills.
 *
 * Letters: `B` rows, `T` tasks, `H` splits, `S` skills.
 *
 * Source: tuners/poly/router.py of PEFT, `PolyRouter`
 *
 * @example A task whose first logit is far above the second takes the first skill
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 * import { PROFILES } from "./settings.ts";
 *
 * await tf.setBackend("cpu");
 * const Z = tf.variable(tf.tensor2d([[0, 0], [200, -200]]));
 * const router = new Router("q", Z, 2, 1, PROFILES.peft);
 * const weights = router.mixingWeights({ taskIds: [1, 0], training: false });
 * assert.deepEqual(weights.arraySync().flat(), [[1, 0], [0.5, 0.5]]);
 * ```
 */
export class Router {
  /** Makes a router, which owns the variable from now on. */
  constructor(
    /** Name of its random stream: that of its layer, or of the part of the model that it serves. */
    readonly name: string,
    /** Routing logits Z; shape `[T, H·S]`, split-major. */
    readonly moduleLogits: tf.Variable,
    readonly nSkills: number,
    readonly nSplits: number,
    readonly settings: PolySettings,
  ) {}

  /** Number of tasks T. */
  get nTasks(): number {
    return this.moduleLogits.shape[0]!;
  }

  /** Whether the routing is learned, so that Z determines it. */
  get isLearned(): boolean {
    return this.settings.router_allocation === null;
  }

  /** Whether kernels that route for all routers of an adapter at once compute this one's weights, too. */
  get isPlain(): boolean {
    return isMixedByKernels(this.settings);
  }

  /** Whether the router takes random numbers in training. */
  get draws(): boolean {
    return this.isLearned && this.settings.router_noise !== "none";
  }

  /**
   * Mixing weights of the skills for each row; shape `[B, H, S]`.
   *
   * @throws {TypeError} when the router draws in training and there is no noise
   */
  mixingWeights({ uniformShare = 0, ...call }: RoutingCall): tf.Tensor3D {
    if (uniformShare === 0) return this.#ownWeights(call);
    return tf.tidy(() =>
      tf.add(tf.mul(this.#ownWeights(call), 1 - uniformShare), uniformShare / this.nSkills)
    );
  }

  /** Frees Z. */
  dispose(): void {
    this.moduleLogits.dispose();
  }

  #ownWeights({ taskIds, training, noise }: RoutingCall): tf.Tensor3D {
    const shape: [number, number, number] = [taskIds.length, this.nSplits, this.nSkills];
    if (this.settings.router_allocation !== null) {
      const values = allocated(taskIds, this.settings.router_allocation, this.nSplits);
      return tf.tensor3d(values, shape);
    }
    const draws = training && this.draws;
    if (draws && noise === undefined) throw noNoise(this.name);
    return tf.tidy(() =>
      mixingWeights(this.moduleLogits as unknown as tf.Tensor2D, taskIds, {
        nSplits: this.nSplits,
        uniform: draws ? noise!.uniform(this.name, shape) : undefined,
        temperature: this.settings.router_temperature,
        straightThrough: this.settings.router_straight_through,
        sharedSkill: this.settings.router_shared_skill,
        normalization: this.settings.router_normalization,
      })
    );
  }
}

/**
 * What {@linkcode Router.mixingWeights} gives for each of the routers of one adapter, which are alike but
 * for their names and logits; shape `[routers, B, H, S]`.
 *
 * @throws {TypeError} when the routers draw in training and there is no noise
 */
export function weightsOfAll(
  routers: readonly Router[],
  { taskIds, training, noise }: RoutingCall,
): tf.Tensor4D {
  const [first] = routers as readonly [Router, ...Router[]];
  const { nSplits, nSkills, settings } = first;
  const shape = [taskIds.length, nSplits, nSkills] as const;
  if (settings.router_allocation !== null) {
    const values = allocated(taskIds, settings.router_allocation, nSplits);
    return tf.tensor4d(routers.flatMap(() => values), [routers.length, ...shape]);
  }
  const draws = training && first.draws;
  if (draws && noise === undefined) throw noNoise(first.name);
  return tf.tidy(() =>
    mixingWeightsOfAll(
      routers.map(({ moduleLogits }) => moduleLogits as unknown as tf.Tensor2D),
      taskIds,
      {
        nSplits,
        uniform: draws ? uniformOfAll(noise!, routers.map(({ name }) => name), shape) : undefined,
        temperature: settings.router_temperature,
        straightThrough: settings.router_straight_through,
      },
    )
  );
}

/** Fixed weights of the tasks of rows, `[B, H, S]`: the same in each split. */
function allocated(
  taskIds: readonly number[],
  allocation: readonly (readonly number[])[],
  nSplits: number,
): number[] {
  return taskIds.flatMap((task) => {
    const row = allocation[task]!;
    const total = row.reduce((sum, amount) => sum + amount, 0);
    const weights = row.map((amount) => amount / total);
    return Array.from({ length: nSplits }, () => weights).flat();
  });
}

function noNoise(name: string): TypeError {
  return new TypeError(
    `Cannot train without noise as router "${name}" draws relaxed Bernoulli samples: ` +
      `pass noise: seededNoise(seed), or set router_noise to "none"`,
  );
}
