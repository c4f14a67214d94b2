import { linear } from "../ops/linear.ts";
import { oneHot } from "../ops/mixing_weights.ts";
import * as tf from "../tf.ts";
import { Router, type RoutingCall } from "./router.ts";
import type { PolySettings } from "./settings.ts";

/** The layers of a hyper-network, in PyTorch's layout; E is the size of an embedding. */
export interface HyperNetwork {
  /** Weight of the first layer; shape `[E, E]`. */
  readonly weight1: tf.Variable;
  /** Bias of the first layer; shape `[E]`. */
  readonly bias1: tf.Variable;
  /** Weight of the second layer; shape `[E, E]`. */
  readonly weight2: tf.Variable;
  /** Bias of the second layer; shape `[E]`. */
  readonly bias2: tf.Variable;
}

/**
 * A router whose mixing weights come from a hyper-network that reads an embedding of the task. With
 * low-rank skills it makes HyperLoRA: the factors A and B of a task are generated from its embedding e,
 *
 * ```text
 * g = W₂·ReLU(W₁·e + b₁) + b₂        [E]        E = n_skills
 * A = Σⱼ gⱼ Aⱼ,  B = Σⱼ gⱼ Bⱼ         the last layer of the generator, a linear map of g
 * ```
 *
 * so the inventory of E skills is the last layer of the generator. The weights may be negative, and do not
 * sum to 1. A layer with a hyper-network of its own has T·E + 2·(E² + E) + E·r·(I + O) values for T tasks.
 *
 * Source: Mahabadi et al. 2021 (arXiv 2106.04489), adapted to LoRA by Ponti et al. 2022 (arXiv 2202.13914),
 * section 4; McGill-NLP/polytropon, adapters.py, `HyperLoRALinear`
 *
 * @example An identity for a hyper-network keeps what is positive in the embedding
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 * import { PROFILES } from "./settings.ts";
 *
 * await tf.setBackend("cpu");
 * const identity = () => tf.variable(tf.tensor2d([[1, 0], [0, 1]]));
 * const zeros = () => tf.variable(tf.zeros([2]));
 * const network = { weight1: identity(), bias1: zeros(), weight2: identity(), bias2: zeros() };
 * const embedding = tf.variable(tf.tensor2d([[3, 4], [-1, 2]]));
 * const router = new HyperRouter("q", embedding, network, PROFILES.peft);
 * const weights = router.mixingWeights({ taskIds: [1], training: false });
 * assert.deepEqual(weights.arraySync(), [[[0, 2]]]);
 * ```
 */
export class HyperRouter extends Router {
  /**
   * Makes a router, which owns the variables from now on.
   *
   * @param embedding the embedding of every task; shape `[T, E]`
   */
  constructor(
    name: string,
    embedding: tf.Variable,
    readonly network: HyperNetwork,
    settings: PolySettings,
  ) {
    super(name, embedding, embedding.shape[1]!, 1, settings);
  }

  /** The router takes no random numbers. */
  override get draws(): boolean {
    return false;
  }

  /** What the hyper-network makes of each row's task; shape `[B, 1, E]`. */
  override mixingWeights({ taskIds }: RoutingCall): tf.Tensor3D {
    const { weight1, bias1, weight2, bias2 } = this.network;
    const layer = (x: tf.Tensor3D, weight: tf.Variable, bias: tf.Variable) =>
      linear(x, weight as unknown as tf.Tensor2D, bias as unknown as tf.Tensor1D);
    return tf.tidy(() => {
      // A product with one-hot rows: a look-up has no gradient on WebAssembly.
      const embedded = tf.matMul(
        oneHot(taskIds, this.nTasks),
        this.moduleLogits as unknown as tf.Tensor2D,
      );
      const e = tf.reshape(embedded, [taskIds.length, 1, this.nSkills]) as tf.Tensor3D;
      return layer(tf.relu(layer(e, weight1, bias1)), weight2, bias2);
    });
  }

  /** Frees the embedding and the hyper-network. */
  override dispose(): void {
    super.dispose();
    tf.dispose({ ...this.network });
  }
}
