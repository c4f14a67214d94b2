/** A small model of linear layers whose sizes all differ, for tests of adapters. */
import type { BaseModel, ModuleInfo, WithLoss } from "../../models/base_model.ts";
import { type Call, PlainCall, type PlainCallOptions } from "../../models/call.ts";
import type { Identity } from "../../models/identity.ts";
import { Parameters } from "../../models/parameters.ts";
import * as tf from "../../tf.ts";
import { wave } from "../wave.ts";

/** Inputs of a toy model: `x` of shape `[B, L, 6]`. */
export interface ToyInputs {
  readonly x: tf.Tensor3D;
}

/** Outputs of a toy model, `[B, L, 4]`. */
export interface ToyOutputs {
  readonly logits: tf.Tensor3D;
}

const MODULES: readonly ModuleInfo[] = [
  { name: "block", kind: "ModuleList" },
  { name: "block.0", kind: "Block" },
  { name: "block.0.mlp", kind: "Mlp" },
  { name: "block.0.mlp.up", kind: "Linear", inFeatures: 6, outFeatures: 8 },
  { name: "block.0.mlp.down", kind: "Linear", inFeatures: 8, outFeatures: 6 },
  { name: "block.0.gate", kind: "Linear", inFeatures: 6, outFeatures: 6 },
  { name: "norm", kind: "Scale" },
  { name: "lm_head", kind: "Linear", inFeatures: 6, outFeatures: 4 },
];

/**
 * A model of four linear layers, one with a bias, and a scale, whose sizes are all different:
 * lm_head((x + down(tanh(up(x))) · gate(x)) · norm).
 */
export class ToyModel implements BaseModel<ToyInputs, ToyOutputs> {
  readonly identity: Identity;
  readonly modules = MODULES;
  readonly outputEmbedding: string | null;
  readonly parameters: Parameters;

  constructor({ modelType = "custom", outputEmbedding = null as string | null } = {}) {
    const place = { className: "ToyModel", pythonModule: "toy", nameOrPath: null };
    this.identity = { modelType, ...place, config: {} };
    this.outputEmbedding = outputEmbedding;
    const sizes: [string, number[]][] = [
      ["block.0.mlp.up.weight", [8, 6]],
      ["block.0.mlp.up.bias", [8]],
      ["block.0.mlp.down.weight", [6, 8]],
      ["block.0.gate.weight", [6, 6]],
      ["norm.weight", [6]],
      ["lm_head.weight", [4, 6]],
    ];
    this.parameters = new Parameters(sizes.map(([name, shape], i) => {
      const values = wave(shape.reduce((size, n) => size * n, 1), i + 0.5, 0.7);
      return [name, tf.tensor(values, shape)];
    }));
  }

  plainCall(options: PlainCallOptions = {}): Call {
    return new PlainCall(this.parameters, options);
  }

  forward<I extends ToyInputs>(inputs: I, call = this.plainCall()): WithLoss<I, ToyOutputs> {
    const { x } = inputs;
    const logits = tf.tidy(() => {
      const up = tf.tanh(call.linear("block.0.mlp.up", x)) as tf.Tensor3D;
      const gated = tf.mul(call.linear("block.0.mlp.down", up), call.linear("block.0.gate", x));
      const scaled = tf.mul(tf.add(x, gated), call.parameter("norm.weight")) as tf.Tensor3D;
      return call.linear("lm_head", scaled);
    });
    return { logits } as WithLoss<I, ToyOutputs>;
  }

  dispose(): void {
    this.parameters.dispose();
  }
}

/** Input of a toy model, three rows of two positions by default; the caller disposes it. */
export function toyInput(rows = 3): tf.Tensor3D {
  return tf.tensor3d(wave(rows * 12, 0.4), [rows, 2, 6]);
}
