import { activation } from "../../ops/activation.ts";
import { lossOfParts } from "../../ops/cross_entropy.ts";
import * as tf from "../../tf.ts";
import { randomStream } from "../../util/random.ts";
import type { BaseModel, ModuleInfo, WithLoss } from "../base_model.ts";
import { type Call, PlainCall, type PlainCallOptions } from "../call.ts";
import { checkTensors } from "../check_tensors.ts";
import type { Identity } from "../identity.ts";
import { idsTensor } from "../ids.ts";
import { MLP_ACTIVATIONS, type MlpConfig, parseMlpConfig } from "./config.ts";
import { Parameters } from "../parameters.ts";

/** Inputs of a multi-layer perceptron. `B` rows, `L` positions, `I` and `O` features. */
export interface MlpInputs {
  /** float32; shape `[B, I]`, or `[B, L, I]`. All positions of a row share its adapter. */
  readonly features: tf.Tensor2D | tf.Tensor3D;
  /**
   * For cross-entropy the classes, int32 in [0, O) or −100 where ignored, shape `[B]` or `[B, L]`; for
   * the squared error the targets, float32, shape of the output.
   */
  readonly labels?: tf.Tensor | undefined;
}

/** Outputs of a multi-layer perceptron. */
export interface MlpOutputs {
  /** Shape `[B, O]`, or `[B, L, O]` where positions went in. */
  readonly logits: tf.Tensor2D | tf.Tensor3D;
  /** The mean over everything that is not ignored; the sum of `losses` where there are several. */
  readonly loss?: tf.Scalar;
  /** The mean of each of the call's `P` parts where there are several; `[P]`. */
  readonly losses?: tf.Tensor;
}

/**
 * A multi-layer perceptron for small studies: linear layers with an activation between them, named as
 * in a PyTorch module whose attribute `layers` is an `nn.Sequential`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const model = Mlp.fromConfig(
 *   { model_type: "mlp", in_features: 2, hidden_features: [5], out_features: 3 },
 *   { seed: 0 },
 * );
 * assert.deepEqual(model.modules.map(({ name }) => name), ["layers", "layers.0", "layers.1", "layers.2"]);
 * const labels = tf.tensor1d([2], "int32");
 * const { logits, loss } = model.forward({ features: tf.tensor2d([[1, 2]]), labels });
 * assert.deepEqual(logits.shape, [1, 3]);
 * assert.ok(loss.arraySync() > 0);
 * ```
 */
export class Mlp implements BaseModel<MlpInputs, MlpOutputs> {
  /** A class of one's own, in Python's `__main__`; no table of default targets knows its type. */
  readonly identity: Identity;
  /** The `nn.Sequential` and its parts. */
  readonly modules: readonly ModuleInfo[];
  /** Always null: its last layer may be a target as any other. */
  readonly outputEmbedding = null;
  /** The weights. */
  readonly parameters: Parameters;
  readonly #config: MlpConfig;

  private constructor(
    raw: Readonly<Record<string, unknown>>,
    config: MlpConfig,
    parameters: Parameters,
    nameOrPath: string | null,
  ) {
    this.identity = {
      modelType: "mlp",
      className: "Mlp",
      pythonModule: "__main__",
      config: raw,
      nameOrPath,
    };
    this.modules = mlpModules(config);
    this.parameters = parameters;
    this.#config = config;
  }

  /**
   * A model with weights that were read.
   *
   * @param config its configuration, see `parseMlpConfig`
   * @param tensors the weights by name; the model's from now on, the caller's again if this throws
   * @param nameOrPath the folder they come from
   * @throws {TypeError} when a field of the configuration has a wrong type, or a tensor is not float32
   * @throws {RangeError} when a field is out of range, or tensors are missing, unexpected or misshapen
   */
  static fromTensors(
    config: Readonly<Record<string, unknown>>,
    tensors: ReadonlyMap<string, tf.Tensor>,
    nameOrPath: string | null = null,
  ): Mlp {
    const parsed = parseMlpConfig(config);
    checkTensors("Mlp", mlpShapes(parsed), tensors);
    return new Mlp(config, parsed, new Parameters(tensors), nameOrPath);
  }

  /**
   * A model with fresh random weights and biases, uniform between ±1/√I of their layer.
   *
   * Source: PyTorch nn/modules/linear.py, `reset_parameters`.
   *
   * @param config its configuration, see `parseMlpConfig`
   * @param options `seed`, the run's integer seed
   * @throws {TypeError} when a field of the configuration has a wrong type
   * @throws {RangeError} when a field is out of range
   */
  static fromConfig(
    config: Readonly<Record<string, unknown>>,
    { seed }: { readonly seed: number },
  ): Mlp {
    const parsed = parseMlpConfig(config);
    const shapes = mlpShapes(parsed);
    const weights = [...shapes].map(([name, shape]): [string, tf.Tensor] => {
      const [, inFeatures] = shapes.get(name.replace(/bias$/, "weight"))!;
      const bound = 1 / Math.sqrt(inFeatures!);
      const stream = randomStream(seed, `init/${name}`);
      const values = new Float32Array(shape.reduce((size, n) => size * n, 1));
      for (let i = 0; i < values.length; i++) values[i] = bound * (2 * stream.uniform() - 1);
      return [name, tf.tensor(values, shape)];
    });
    return new Mlp(config, parsed, new Parameters(weights), null);
  }

  /** A call that computes this model as it is. */
  plainCall(options: PlainCallOptions = {}): Call {
    return new PlainCall(this.parameters, options);
  }

  /**
   * Computes the logits; with labels, the mean loss too.
   *
   * @param inputs features and labels
   * @param call how the parts are computed; the model as it is when absent
   * @throws {TypeError} when features or labels have a wrong type or rank
   * @throws {RangeError} when their sizes are not the model's, or a class is out of range
   */
  forward<I extends MlpInputs>(inputs: I, call: Call = this.plainCall()): WithLoss<I, MlpOutputs> {
    const { features, labels } = inputs;
    const outputShape = this.#outputShape(features);
    return tf.tidy(() => {
      const targets = labels === undefined ? null : this.#targets(labels, outputShape);
      const [B, I, O] = [features.shape[0], features.shape.at(-1)!, outputShape.at(-1)!];
      let x = tf.reshape(features, [
        B,
        features.rank === 2 ? 1 : features.shape[1]!,
        I,
      ]) as tf.Tensor3D;
      for (const { name, kind } of this.modules.slice(1)) {
        x = kind === "Linear" ? call.linear(name, x) : activation(this.#config.activation)(x);
      }
      const logits = tf.reshape(x, outputShape);
      if (targets === null) return { logits };
      const { parts = 1 } = call;
      if (this.#config.loss !== "mse") {
        const flat: tf.Tensor2D = tf.reshape(x, [targets.size, O]);
        return { logits, ...lossOfParts(flat, tf.reshape(targets, [targets.size]), 0, parts) };
      }
      const squares = tf.square(tf.sub(logits, targets));
      if (parts === 1) return { logits, loss: tf.mean(squares) };
      const losses = tf.mean(tf.reshape(squares, [parts, -1]), 1);
      return { logits, loss: tf.sum(losses), losses };
    }) as WithLoss<I, MlpOutputs>;
  }

  /** Frees the weights. */
  dispose(): void {
    this.parameters.dispose();
  }

  #outputShape(features: tf.Tensor): number[] {
    const I = this.#config.features[0]!;
    if (features.dtype !== "float32" || (features.rank !== 2 && features.rank !== 3)) {
      throw new TypeError(
        `Cannot run Mlp as features must be float32 of shape [rows, ${I}] or [rows, positions, ${I}]: ` +
          `got ${features.dtype} of shape [${features.shape}]`,
      );
    }
    if (features.shape.at(-1) !== I || features.size === 0) {
      throw new RangeError(
        `Cannot run Mlp as features must have ${I} values in at least one row: ` +
          `got shape [${features.shape}]`,
      );
    }
    return [...features.shape.slice(0, -1), this.#config.features.at(-1)!];
  }

  /** The labels, checked; classes come as `[rows, positions]`. */
  #targets(labels: tf.Tensor, outputShape: number[]): tf.Tensor {
    const isClass = this.#config.loss === "cross_entropy";
    const [dtype, shape] = isClass
      ? ["int32", outputShape.slice(0, -1)] as const
      : ["float32", outputShape] as const;
    const got = `got ${labels.dtype} of shape [${labels.shape}]`;
    const rule = `Cannot run Mlp as labels must be ${dtype} of shape [${shape}]: ${got}`;
    if (labels.dtype !== dtype || labels.rank !== shape.length) throw new TypeError(rule);
    if (`${labels.shape}` !== `${shape}`) throw new RangeError(rule);
    if (!isClass) return labels;
    const table = tf.reshape(labels, [shape[0]!, shape[1] ?? 1]) as tf.Tensor2D;
    return idsTensor(table, "labels", { vocabSize: outputShape.at(-1)!, allowIgnored: true });
  }
}

/** The `nn.Sequential` and its parts; an activation between any two linear layers. */
function mlpModules({ features, activation }: MlpConfig): ModuleInfo[] {
  const modules: ModuleInfo[] = [{ name: "layers", kind: "Sequential" }];
  for (let i = 1; i < features.length; i++) {
    if (i > 1) modules.push({ name: `layers.${2 * i - 3}`, kind: MLP_ACTIVATIONS[activation] });
    modules.push({
      name: `layers.${2 * i - 2}`,
      kind: "Linear",
      inFeatures: features[i - 1]!,
      outFeatures: features[i]!,
    });
  }
  return modules;
}

function mlpShapes(config: MlpConfig): Map<string, number[]> {
  const shapes = new Map<string, number[]>();
  for (const { name, kind, inFeatures, outFeatures } of mlpModules(config)) {
    if (kind !== "Linear") continue;
    shapes.set(`${name}.weight`, [outFeatures!, inFeatures!]);
    shapes.set(`${name}.bias`, [outFeatures!]);
  }
  return shapes;
}
