import { type Call, PlainCall } from "../models/call.ts";
import type { ParameterSource } from "../models/parameters.ts";
import { embedding } from "../ops/embedding.ts";
import { isFused } from "../ops/fused.ts";
import { adaptedLinear, linear, type LowRankFactors, lowRankUpdate } from "../ops/linear.ts";
import { mixFactorsOfAll, type MixingOfLayers } from "../ops/mix_skills.ts";
import type { Noise } from "../ops/noise.ts";
import * as tf from "../tf.ts";
import { type Adapter, routersOf } from "./adapter.ts";
import type { FormLayer } from "./forms/form_layer.ts";
import type { PolyLayer } from "./layer.ts";
import { layerFactors } from "./layer_factors.ts";
import { type Router, weightsOfAll } from "./router.ts";
import { withSavedModules } from "./saved_modules.ts";
import { checkTaskIds, readTaskIds, type TaskIds } from "./task_ids.ts";

/** Inputs of a call through adapters. */
export interface PolyCallOptions {
  /** Task id of each row. */
  readonly taskIds: TaskIds | null | undefined;
  /** The active adapters, whose updates are summed. */
  readonly adapters: readonly Adapter[];
  /** Whether dropout and routing noise are on; false when absent. */
  readonly training?: boolean;
  /** Source of random numbers; needed in training when something is drawn. */
  readonly noise?: Noise | undefined;
  /** Share of the uniform average in the mixing weights, in [0, 1]; 0 when absent. */
  readonly uniformShare?: number | undefined;
  /** Number of rows, when it is known in advance; each adapted layer checks its own. */
  readonly rows?: number | undefined;
  /** Number of equal parts of the rows, each a batch of its own; 1 when absent. */
  readonly parts?: number | undefined;
}

/**
 * A call that computes the base model with adapters. The whole method, for one adapted layer with
 * weight W and bias b:
 *
 * ```text
 * taskIds                                          [B]           the task of each row
 * x                                                [B, L, I]     what goes into the layer
 * W, b                                             [O, I], [O]   frozen
 * Z                                                [T, H·S]      routing logits        ⎫
 * skillsA                                          [H, S, I/H, R]                      ⎬ trained
 * skillsB                                          [H, S, R, O/H]                      ⎭
 *
 * z = Z[taskIds]                                   [B, H, S]
 * p = σ(z); in training a sample of RelaxedBernoulli(temperature, logits = z)
 * w = p / (Σₛ p + 1e-12)                           [B, H, S]     mixing weights
 * factorA = einsum("bhs,hsir->bhir", w, skillsA)   [B, I, R]     the splits side by side
 * factorB = einsum("bhs,hsro->brho", w, skillsB)   [B, R, O]     the splits side by side
 * y = x·Wᵀ + b + x·factorA·factorB / R             [B, L, O]
 * ```
 *
 * Letters: `B` rows, `L` positions, `I` and `O` features in and out, `T` tasks, `H` splits, `S`
 * skills, `R` rank. Settings of the adapter vary p, w and the factors; see `PolySettings`.
 * {@linkcode Router} computes w; the factors and y are computed by operations of
 * `lib/ops`, for which backends have faster kernels.
 *
 * The call mixes the skills of a layer once and keeps the result, so that all steps of a generation
 * share it and a router that serves several layers draws once. Therefore a call in training is for
 * one forward pass. {@linkcode PolyCall.dispose} frees what it keeps, and may be called before the
 * backward pass. Rows of the same task share their mixed factors, unless noise makes them differ.
 *
 * Source: tuners/poly/layer.py of PEFT, `Linear.forward`, and router.py, `PolyRouter.forward`
 */
export class PolyCall implements Call {
  readonly training: boolean;
  readonly parts: number;
  readonly #parameters: ParameterSource;
  readonly #adapters: readonly Adapter[];
  readonly #taskIds: readonly number[];
  readonly #noise: Noise | undefined;
  readonly #uniformShare: number | undefined;
  readonly #plain: PlainCall;
  readonly #routings = new Map<Router, Routing>();
  readonly #factors = new Map<PolyLayer, LowRankFactors>();
  readonly #mixed = new Map<FormLayer, tf.Tensor3D>();

  private constructor(
    parameters: ParameterSource,
    adapters: readonly Adapter[],
    taskIds: readonly number[],
    training: boolean,
    noise: Noise | undefined,
    parts: number,
    uniformShare: number | undefined,
  ) {
    this.training = training;
    this.parts = parts;
    this.#parameters = parameters;
    this.#adapters = adapters;
    this.#taskIds = taskIds;
    this.#noise = noise;
    this.#uniformShare = uniformShare;
    this.#plain = new PlainCall(parameters, { training, noise, parts });
  }

  /**
   * Makes a call for the rows of `taskIds`, which are checked here and nowhere else.
   *
   * @param base the base model's parameters
   * @throws {TypeError} when task ids are missing or not integers
   * @throws {RangeError} when there is not one task id for each row, or an adapter lacks the task
   */
  static of(
    base: ParameterSource,
    { taskIds, adapters, training = false, noise, uniformShare, rows, parts = 1 }: PolyCallOptions,
  ): PolyCall {
    const ids = readTaskIds(taskIds);
    if (ids.length % parts !== 0) {
      throw new RangeError(
        `Cannot compute ${parts} parts of equal size as there are ${ids.length} rows`,
      );
    }
    for (const router of adapters.flatMap((adapter) => [...routersOf(adapter)])) {
      checkTaskIds(ids, router.nTasks);
    }
    if (rows !== undefined) checkRows(ids, rows);
    const parameters = withSavedModules(base, adapters);
    return new PolyCall(parameters, adapters, ids, training, noise, parts, uniformShare);
  }

  linear(name: string, x: tf.Tensor3D): tf.Tensor3D {
    const [first, ...others] = this.#adapters.flatMap(({ layers }) => layers.get(name) ?? []);
    const forms = this.#adapters.flatMap(({ formLayers }) => formLayers.get(name) ?? []);
    if (first === undefined && forms.length === 0) return this.#plain.linear(name, x);
    checkRows(this.#taskIds, x.shape[0]);
    const weight = this.parameter(`${name}.weight`) as tf.Tensor2D;
    const bias = this.#parameters.has(`${name}.bias`)
      ? this.parameter(`${name}.bias`) as tf.Tensor1D
      : null;
    return tf.tidy(() => {
      // One operation computes the layer with the first update, the common case; others are added.
      let y = first === undefined
        ? this.#plain.linear(name, x)
        : adaptedLinear(x, weight, bias, this.#factorsOf(first), this.parts);
      for (const layer of others) y = tf.add(y, lowRankUpdate(x, this.#factorsOf(layer)));
      if (forms.length === 0) return y;
      const plain = {
        x,
        y: first === undefined ? y : this.#plain.linear(name, x),
        product: (x: tf.Tensor3D) => linear(x, weight, null, this.parts),
      };
      for (const layer of forms) {
        const { owners } = this.#routingOf(layer.router);
        y = tf.add(y, layer.update(plain, this.#mixedOf(layer), owners));
      }
      return y;
    });
  }

  /**
   * The low-rank factors of the rows in one layer; null where no adapter changes it. They are the call's.
   *
   * @throws {RangeError} when several adapters change the layer
   */
  factors(name: string): LowRankFactors | null {
    const [layer, ...others] = this.#adapters.flatMap(({ layers }) => layers.get(name) ?? []);
    if (others.length > 0) {
      throw new RangeError(`Cannot take the factors of layer "${name}" as it has several adapters`);
    }
    return layer === undefined ? null : this.#factorsOf(layer);
  }

  /**
   * What all layers of the one adapter are mixed of, to be mixed with those of other calls; null where the
   * device is better given layer by layer. The caller frees the weights.
   */
  mixing(): LayersMixing | null {
    const [adapter, ...others] = this.#adapters;
    const isOne = adapter !== undefined && others.length === 0 && adapter.layers.size > 0;
    return isOne && this.#mixesAll(adapter) ? this.#mixingOf(adapter) : null;
  }

  parameter(name: string): tf.Tensor {
    return this.#parameters.get(name);
  }

  dropout<T extends tf.Tensor>(x: T, rate: number, place: string): T {
    return this.#plain.dropout(x, rate, place);
  }

  select(rows: readonly number[]): PolyCall {
    const taskIds = rows.map((row) => this.#taskIds[row]!);
    return new PolyCall(
      this.#parameters,
      this.#adapters,
      taskIds,
      this.training,
      this.#noise,
      1,
      this.#uniformShare,
    );
  }

  dispose(): void {
    for (const { weights } of this.#routings.values()) weights.dispose();
    for (const { factorA, factorB } of this.#factors.values()) tf.dispose([factorA, factorB]);
    for (const mixed of this.#mixed.values()) mixed.dispose();
    this.#routings.clear();
    this.#factors.clear();
    this.#mixed.clear();
  }

  #factorsOf(layer: PolyLayer): LowRankFactors {
    if (!this.#factors.has(layer)) {
      const adapter = this.#adapters.find(({ layers }) => layers.get(layer.name) === layer)!;
      if (this.#mixesAll(adapter)) this.#mixAll(adapter);
      else this.#mix(layer);
    }
    return this.#factors.get(layer)!;
  }

  #mixesAll(adapter: Adapter): boolean {
    return (this.#uniformShare ?? 0) === 0 && canMixAll(adapter);
  }

  #mix(layer: PolyLayer): void {
    const { weights, owners, tasks } = this.#routingOf(layer.router);
    const { factorA, factorB } = layerFactors(
      layer,
      weights,
      isStacked(layer) ? tasks : undefined,
    );
    this.#factors.set(layer, { factorA: tf.keep(factorA), factorB: tf.keep(factorB), owners });
  }

  /** Mixes all layers of an adapter by a few kernels. */
  #mixAll(adapter: Adapter): void {
    const layers = [...adapter.layers.values()];
    tf.tidy(() => {
      const mixing = this.#mixingOf(adapter);
      for (const [i, { factorA, factorB }] of mixFactorsOfAll([mixing]).entries()) {
        const kept = { factorA: tf.keep(factorA), factorB: tf.keep(factorB) };
        this.#factors.set(layers[i]!, { ...kept, owners: mixing.owners });
      }
    });
  }

  #mixingOf(adapter: Adapter): LayersMixing {
    const [layers, routers] = [[...adapter.layers.values()], [...routersOf(adapter)]];
    const [first] = layers as [PolyLayer];
    const { owners, tasks } = this.#ownersOf(first.router);
    const call = { taskIds: tasks, training: this.training, noise: this.#noise };
    const weights = weightsOfAll(routers, call);
    const ofLayers = layers.map(({ router }) => routers.indexOf(router));
    return {
      weights: ofLayers.every((router, i) => router === i) ? weights : takeFirst(weights, ofLayers),
      layers: layers.map((layer) => {
        const [skillsA, skillsB] = skillsOf(layer);
        return { skillsA, skillsB };
      }),
      inventories: isStacked(first) ? tasks : tasks.map(() => 0),
      names: layers.map(({ name }) => name),
      owners,
    };
  }

  #mixedOf(layer: FormLayer): tf.Tensor3D {
    let mixed = this.#mixed.get(layer);
    if (mixed === undefined) {
      mixed = tf.keep(layer.mix(this.#routingOf(layer.router).weights));
      this.#mixed.set(layer, mixed);
    }
    return mixed;
  }

  #routingOf(router: Router): Routing {
    let routing = this.#routings.get(router);
    if (routing === undefined) {
      const { owners, tasks } = this.#ownersOf(router);
      const weights = tf.keep(
        router.mixingWeights({
          taskIds: tasks,
          training: this.training,
          noise: this.#noise,
          uniformShare: this.#uniformShare,
        }),
      );
      routing = { weights, owners, tasks };
      this.#routings.set(router, routing);
    }
    return routing;
  }

  /** Which weights of a router the rows share. */
  #ownersOf(router: Router): Pick<Routing, "owners" | "tasks"> {
    const differ = this.training && router.draws;
    const tasks = differ ? this.#taskIds : [...new Set(this.#taskIds)];
    return {
      owners: this.#taskIds.map((task, row) => differ ? row : tasks.indexOf(task)),
      tasks,
    };
  }
}

/** What the layers of an adapter are mixed of, and which factors each row uses then. */
export interface LayersMixing extends MixingOfLayers {
  /** Names of the layers. */
  readonly names: readonly string[];
  /** Index of the factors that each row uses. */
  readonly owners: readonly number[];
}

/** Whether the device is best given the mixing of all layers at once, and their routers can be joined. */
function canMixAll(adapter: Adapter): boolean {
  return isFused("RouteAll") && isFused("MixAll") &&
    [...routersOf(adapter)].every(({ isPlain }) => isPlain);
}

/** Whether a layer has an inventory for each task; see stack.ts. */
function isStacked({ skillsA, router }: PolyLayer): boolean {
  return skillsA.shape[0] !== router.nSplits;
}

function skillsOf({ skillsA, skillsB }: PolyLayer): [tf.Tensor4D, tf.Tensor4D] {
  return [skillsA as unknown as tf.Tensor4D, skillsB as unknown as tf.Tensor4D];
}

/** Some of a tensor's entries along its first axis. */
function takeFirst(tensor: tf.Tensor4D, entries: readonly number[]): tf.Tensor4D {
  const [N, ...rest] = tensor.shape;
  const ids = tf.tensor1d([...entries], "int32");
  const rows = embedding(ids, tf.reshape(tensor, [N, tensor.size / N]));
  return tf.reshape(rows, [entries.length, ...rest]);
}

/** Mixing weights of a router for the rows; rows with equal weights may share them. */
interface Routing {
  /** Mixing weights, shape `[U, H, S]`. */
  readonly weights: tf.Tensor3D;
  /** Index of the weights that each row uses, in [0, U). */
  readonly owners: readonly number[];
  /** The task of each of the weights, `[U]`. */
  readonly tasks: readonly number[];
}

function checkRows(taskIds: readonly number[], rows: number): void {
  if (rows !== taskIds.length) {
    throw new RangeError(
      `Cannot route as there must be one task id for each row: ` +
        `got ${taskIds.length} task ids for ${rows} rows`,
    );
  }
}
