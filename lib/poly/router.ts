import type { Noise } from "../ops/noise.ts";
import * as tf from "../tf.ts";
import type { PolySettings } from "./settings.ts";

/** What one router is called for. */
export interface RoutingCall {
  /** The task of each row; each in [0, T). */
  readonly taskIds: readonly number[];
  readonly training: boolean;
  /** Needed in training where the router draws. */
  readonly noise?: Noise | undefined;
}

/**
 * Says for each row how much of each skill its task takes.
 *
 * Letters: `B` rows, `T` tasks, `H` splits, `S` skills.
 *
 * Source: tuners/poly/router.py of PEFT, `PolyRouter`
 */
export class Router {
  constructor(
    /** What it draws its noise for: the name of its layer, or of the part of the model it serves. */
    readonly name: string,
    /** Z; shape `[T, H·S]`, split-major. */
    readonly moduleLogits: tf.Variable,
    readonly nSkills: number,
    readonly nSplits: number,
    readonly settings: PolySettings,
  ) {}

  get nTasks(): number {
    return this.moduleLogits.shape[0]!;
  }

  /** Whether Z decides anything. */
  get isLearned(): boolean {
    return this.settings.router_allocation === null;
  }

  /** The weights of the skills for each row; shape `[B, H, S]`. */
  mixingWeights(_call: RoutingCall): tf.Tensor3D {
    throw new Error("Not written yet");
  }

  dispose(): void {
    this.moduleLogits.dispose();
  }
}
