/**
 * One linear layer adapted by skills, in plain loops of 64-bit numbers, and its gradients by finite
 * differences: an oracle that shares no code with what it is compared with.
 */
import assert from "node:assert/strict";
import { Mlp } from "../models/mlp/model.ts";
import type { Noise } from "../ops/noise.ts";
import type { PeftModel } from "../peft/peft_model.ts";
import * as tf from "../tf.ts";
import { disposeGradients, lossAndGradients } from "../train/gradients.ts";
import { assertClose } from "./assert_close.ts";
import { finiteDifferences } from "./finite_differences.ts";
import { wave } from "./wave.ts";

/** Features in and out, positions, and the task of each row; no two sizes of a test are equal. */
const [I, O, L] = [16, 12, 9];
const TASK_IDS = [6, 0, 3, 3];
/** Tasks that rows may be of. */
export const PLAIN_TASKS = 7;

/** A base of one linear layer, `layers.0`, with the loss of mean squares. */
export function plainBase(): Mlp {
  const sizes = { in_features: I, hidden_features: [], out_features: O };
  return Mlp.fromConfig({ model_type: "mlp", ...sizes, loss: "mse" }, { seed: 3 });
}

/** How the oracle computes what the model does. */
export interface PlainMethod {
  /**
   * The mixing weights of one split `[S]` from the logits of a task `[S]`, for the row of that number.
   */
  weights(logits: number[], task: number, split: number, row: number): number[];
  /** Whether products of A and B are summed, in place of A and B each on its own; of one split. */
  readonly sumsProducts?: boolean;
  /** What the loss has beside the mean of squares, from all routing logits `[T][H·S]`. */
  penalty?(logits: number[][]): number;
}

/** How the model under test is called. */
export interface PlainCallOptions {
  /** The task of each row, instead of several tasks; for a model that has only one. */
  readonly onlyTask?: boolean;
  /** What the forward pass gets in training, such as noise; evaluation when absent. */
  readonly training?: { readonly noise?: Noise; readonly uniformShare?: number };
  /** Adds to the loss, as {@linkcode PlainMethod.penalty} does. */
  readonly penalty?: () => tf.Scalar;
}

/**
 * Throws unless a model on {@linkcode plainBase} has the outputs, the loss and, for everything that it
 * trains, the gradients of the plain loops.
 */
export async function assertAsPlain(
  model: PeftModel<Mlp>,
  method: PlainMethod,
  tolerance: number,
  { onlyTask = false, training, penalty }: PlainCallOptions = {},
): Promise<void> {
  const taskIds = onlyTask ? TASK_IDS.map(() => 0) : TASK_IDS;
  const rows = taskIds.length;
  const [x, labels] = [wave(rows * L * I, 0.3), wave(rows * L * O, 0.7)];
  const forward = () =>
    model.forward({
      features: tf.tensor3d(x, [rows, L, I]),
      labels: tf.tensor3d(labels, [rows, L, O]),
      taskIds,
      ...(training === undefined ? {} : { training: true, ...training }),
    });

  const layer = [...model.adapters.values()][0]!.layers.get("layers.0")!;
  const variables = [layer.skillsA, layer.skillsB, layer.router.moduleLogits];
  const sizes = variables.map(({ size }) => size) as [number, number, number];
  const values = (await Promise.all(variables.map((variable) => variable.data())))
    .flatMap((data) => [...data]);
  const [H, S, , R] = layer.skillsA.shape as [number, number, number, number];
  const W = await model.base.parameters.get("layers.0.weight").data();
  const bias = await model.base.parameters.get("layers.0.bias").data();
  const [atB, atZ] = [sizes[0], sizes[0] + sizes[1]];
  const frozen = Float64Array.from({ length: rows * L * O }, (_, at) => {
    let y = bias[at % O]!;
    for (let i = 0; i < I; i++) y += x[Math.floor(at / O) * I + i]! * W[(at % O) * I + i]!;
    return y;
  });

  /** Adds x·A·B / R of one row, whose A and B are mixed by one weight for each split and skill. */
  const addUpdate = (
    y: Float64Array,
    values: ArrayLike<number>,
    row: number,
    ofA: (h: number, s: number) => number,
    ofB: (h: number, s: number) => number,
  ) => {
    const A = new Float64Array(I * R);
    const B = new Float64Array(R * O);
    for (let h = 0; h < H; h++) {
      for (let s = 0; s < S; s++) {
        for (let i = 0; i < I / H; i++) {
          for (let r = 0; r < R; r++) {
            A[(h * (I / H) + i) * R + r]! += ofA(h, s) *
              values[((h * S + s) * (I / H) + i) * R + r]!;
          }
        }
        for (let r = 0; r < R; r++) {
          for (let o = 0; o < O / H; o++) {
            B[r * O + h * (O / H) + o]! += ofB(h, s) *
              values[atB + ((h * S + s) * R + r) * (O / H) + o]!;
          }
        }
      }
    }
    for (let l = row * L; l < (row + 1) * L; l++) {
      for (let r = 0; r < R; r++) {
        let narrow = 0;
        for (let i = 0; i < I; i++) narrow += x[l * I + i]! * A[i * R + r]!;
        for (let o = 0; o < O; o++) y[l * O + o]! += narrow * B[r * O + o]! / R;
      }
    }
  };
  const outputs = (values: ArrayLike<number>): Float64Array => {
    const y = frozen.slice();
    for (const [row, task] of taskIds.entries()) {
      const w = Array.from({ length: H }, (_, h) => {
        const logits = Array.from({ length: S }, (_, s) => values[atZ + (task * H + h) * S + s]!);
        return method.weights(logits, task, h, row);
      });
      if (!method.sumsProducts) {
        addUpdate(y, values, row, (h, s) => w[h]![s]!, (h, s) => w[h]![s]!);
      } else {
        for (let only = 0; only < S; only++) {
          const isIt = (s: number) => s === only ? 1 : 0;
          addUpdate(y, values, row, (h, s) => isIt(s) * w[h]![s]!, (_, s) => isIt(s));
        }
      }
    }
    return y;
  };
  const loss = (values: ArrayLike<number>): number => {
    const y = outputs(values);
    const squares = y.reduce((sum, value, i) => sum + (value - labels[i]!) ** 2, 0);
    if (method.penalty === undefined) return squares / y.length;
    const Z = Array.from(
      { length: sizes[2] / (H * S) },
      (_, task) => Array.from({ length: H * S }, (_, i) => values[atZ + task * H * S + i]!),
    );
    return squares / y.length + method.penalty(Z);
  };

  const logits = tf.tidy(() => forward().logits);
  await assertClose(logits, { shape: [rows, L, O], data: outputs(values) }, tolerance, "outputs");
  logits.dispose();
  const found = lossAndGradients(
    () => tf.add(forward().loss, penalty?.() ?? 0) as tf.Scalar,
    model.trainableParameters(),
  );
  await assertClose(found.loss, { shape: [], data: [loss(values)] }, tolerance, "loss");
  const gradients = finiteDifferences(loss, values, 1e-4);
  const trained = [...model.trainableParameters().keys()];
  assert.deepEqual([...found.gradients.keys()].sort(), trained.sort());
  const names = ["poly_lora_A", "poly_lora_B", "module_logits"];
  for (const [name, gradient] of found.gradients) {
    const part = names.findIndex((word) => name.includes(word));
    const start = sizes.slice(0, part).reduce((sum, size) => sum + size, 0);
    const data = gradients.slice(start, start + sizes[part]!);
    await assertClose(gradient, { shape: variables[part]!.shape, data }, 10 * tolerance, name);
  }
  disposeGradients(found);
}
