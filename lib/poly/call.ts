import { type Call, PlainCall } from "../models/call.ts";
import type { Parameters } from "../models/parameters.ts";
import { adaptedLinear, linear } from "../ops/linear.ts";
import type { LowRankFactors } from "../ops/linear.ts";
import type { Noise } from "../ops/noise.ts";
import * as tf from "../tf.ts";
import type { Adapter } from "./adapter.ts";
import type { PolyLayer } from "./layer.ts";
import type { Router } from "./router.ts";
import { checkTaskIds } from "./task_ids.ts";

/** What a call through adapters needs to know. */
export interface PolyCallOptions {
  /** The task of each row; an adapter without layers needs none. */
  readonly taskIds: readonly number[];
  /** The active adapters: their updates are summed. */
  readonly adapters: readonly Adapter[];
  /** Whether dropout and routing noise are on; false when absent. */
  readonly training?: boolean;
  /** Needed in training where something is drawn. */
  readonly noise?: Noise | undefined;
}

/**
 * A call that computes the base model with adapters.
 *
 * It mixes the skills of a layer once and keeps what came out, so that all steps of a generation share
 * it and a router that serves several layers draws once. A call in training is therefore for one
 * forward pass. What it keeps is freed by {@linkcode PolyCall.dispose}, which may come before the
 * backward pass. Rows of one task share their mixed factors, unless noise tells them apart.
 *
 * Letters: `B` rows, `L` positions, `I` and `O` features in and out, `H` splits, `S` skills.
 */
export class PolyCall implements Call {
  readonly training: boolean;
  readonly #base: Parameters;
  readonly #options: PolyCallOptions;
  readonly #plain: PlainCall;
  readonly #routings = new Map<Router, Routing>();
  readonly #factors = new Map<PolyLayer, LowRankFactors>();

  /**
   * A call for the rows of `taskIds`.
   *
   * @param base the base model's parameters
   * @throws {RangeError} when an adapter does not have one of the tasks
   */
  constructor(base: Parameters, options: PolyCallOptions) {
    for (const { layers } of options.adapters) {
      for (const router of new Set([...layers.values()].map((layer) => layer.router))) {
        checkTaskIds(options.taskIds, router.nTasks);
      }
    }
    this.training = options.training ?? false;
    this.#base = base;
    this.#options = options;
    this.#plain = new PlainCall(base, { training: this.training, noise: options.noise });
  }

  linear(name: string, x: tf.Tensor3D): tf.Tensor3D {
    const layers = this.#options.adapters.flatMap(({ layers }) => layers.get(name) ?? []);
    if (layers.length > 0) this.#checkRows(x.shape[0]);
    const weight = this.parameter(`${name}.weight`) as tf.Tensor2D;
    const bias = this.#base.has(`${name}.bias`)
      ? this.parameter(`${name}.bias`) as tf.Tensor1D
      : null;
    const [first, ...others] = layers;
    if (first === undefined) return linear(x, weight, bias);
    return tf.tidy(() => {
      let y = adaptedLinear(x, weight, bias, this.#factorsOf(first));
      for (const layer of others) y = tf.add(y, layer.update(x, this.#factorsOf(layer)));
      return y;
    });
  }

  parameter(name: string): tf.Tensor {
    for (const { savedModules } of this.#options.adapters) {
      const saved = savedModules.get(name);
      if (saved !== undefined) return saved;
    }
    return this.#base.get(name);
  }

  dropout<T extends tf.Tensor>(x: T, rate: number, place: string): T {
    return this.#plain.dropout(x, rate, place);
  }

  select(rows: readonly number[]): PolyCall {
    const { taskIds } = this.#options;
    return new PolyCall(this.#base, {
      ...this.#options,
      taskIds: taskIds.length === 0 ? taskIds : rows.map((row) => taskIds[row]!),
    });
  }

  dispose(): void {
    for (const { weights } of this.#routings.values()) weights.dispose();
    for (const { factorA, factorB } of this.#factors.values()) tf.dispose([factorA, factorB]);
    this.#routings.clear();
    this.#factors.clear();
  }

  #checkRows(B: number): void {
    const { taskIds } = this.#options;
    if (B !== taskIds.length) {
      throw new RangeError(
        `Cannot route as there must be one task id for each row: ` +
          `got ${taskIds.length} task ids for ${B} rows`,
      );
    }
  }

  #factorsOf(layer: PolyLayer): LowRankFactors {
    let factors = this.#factors.get(layer);
    if (factors === undefined) {
      const { weights, owners } = this.#routingOf(layer.router);
      factors = layer.factors(weights, owners);
      tf.keep(factors.factorA);
      tf.keep(factors.factorB);
      this.#factors.set(layer, factors);
    }
    return factors;
  }

  #routingOf(router: Router): Routing {
    let routing = this.#routings.get(router);
    if (routing === undefined) {
      const { taskIds } = this.#options;
      const differ = this.training && router.draws;
      const tasks = differ ? taskIds : [...new Set(taskIds)];
      const weights = tf.keep(
        router.mixingWeights({ ...this.#options, taskIds: tasks, training: this.training }),
      );
      const owners = taskIds.map((task, row) => differ ? row : tasks.indexOf(task));
      routing = { weights, owners };
      this.#routings.set(router, routing);
    }
    return routing;
  }
}

/** What a router says for the rows. */
interface Routing {
  /** How much of each skill, shape `[U, H, S]`. */
  readonly weights: tf.Tensor3D;
  /** Which of the U each row has. */
  readonly owners: readonly number[];
}
