/**
 * Each operation that has kernels of its own on WebGPU equals the composition it is defined by, in
 * value and gradients, on tiny sizes and on sizes that are all different and larger than a workgroup,
 * and gives the same bytes each time.
 */
import assert from "node:assert/strict";
import { gatedActivation } from "../../../ops/activation.ts";
import { attention, attentionOfRows, maskedBias } from "../../../ops/attention.ts";
import { crossEntropies, crossEntropy } from "../../../ops/cross_entropy.ts";
import { embedding } from "../../../ops/embedding.ts";
import { isFused } from "../../../ops/fused.ts";
import { adaptedLinear, linear } from "../../../ops/linear.ts";
import { mixFactors, mixFactorsOfAll } from "../../../ops/mix_skills.ts";
import { mixingWeights, mixingWeightsOfAll } from "../../../ops/mixing_weights.ts";
import { rmsNorm } from "../../../ops/rms_norm.ts";
import { rotary, rotaryTables } from "../../../ops/rotary.ts";
import { mergeHeads, splitHeads } from "../../../ops/split_heads.ts";
import { assertClose } from "../../../testing/assert_close.ts";
import { onEachBackend } from "../../../testing/on_each_backend.ts";
import { wave } from "../../../testing/wave.ts";
import * as tf from "../../../tf.ts";
import { AdamW } from "../../../train/adamw.ts";
import { clipGradients, clipParts } from "../../../train/clip_gradients.ts";
import { useBackend } from "../../backend.ts";
import { installWebgpuKernels, WEBGPU_KERNELS } from "./catalogue.ts";

await useBackend("cpu");

type Shape = readonly number[];
type Operation = (...inputs: tf.Tensor[]) => tf.Tensor;
interface Result {
  readonly shape: number[];
  readonly data: Float32Array;
}

const size = (shape: Shape) => shape.reduce((product, n) => product * n, 1);

/** The value of a function of float tensors, and its gradients for a slope of waves. */
async function valueAndGradients(f: Operation, shapes: readonly Shape[], amplitude: number) {
  const before = tf.memory();
  const results = tf.tidy(() => {
    const inputs = shapes.map((shape, i) =>
      tf.tensor(wave(size(shape), 0.3 + i, amplitude), [...shape])
    );
    const value = f(...inputs);
    const dy = tf.tensor(wave(value.size, 2.2), value.shape);
    return [value, ...tf.grads((...given: tf.Tensor[]) => f(...given))(inputs, dy)];
  });
  const read: Result[] = [];
  for (const result of results) {
    read.push({ shape: result.shape, data: await result.data() as Float32Array });
  }
  tf.dispose(results);
  const { numTensors, numBytes } = tf.memory();
  assert.deepEqual([numTensors, numBytes], [before.numTensors, before.numBytes], "left behind");
  return read;
}

/** Fails unless the kernels do what the composition does on the CPU, the same bytes each time. */
async function check(f: Operation, shapes: readonly Shape[], amplitude = 1): Promise<void> {
  await tf.setBackend("cpu");
  const expected = await valueAndGradients(f, shapes, amplitude);
  await tf.setBackend("webgpu");
  const actual = await valueAndGradients(f, shapes, amplitude);
  for (const [i, result] of actual.entries()) {
    const what = `${i === 0 ? "value" : `gradient ${i}`} of [${shapes.join("], [")}]`;
    await assertClose(result, expected[i]!, 2e-5, what);
  }
  assert.deepEqual(await valueAndGradients(f, shapes, amplitude), actual, "other bytes");
}

/** Declares a test of an operation. */
function equalsItsComposition(operation: string, property: () => Promise<void>): void {
  onEachBackend(`${operation} by its kernels equals its composition`, property, {
    only: ["webgpu"],
  });
}

onEachBackend("installWebgpuKernels() puts every kernel in place and takes it away", () => {
  installWebgpuKernels(false);
  assert.ok(!WEBGPU_KERNELS.some((name) => isFused(name)));
  installWebgpuKernels();
  assert.ok(WEBGPU_KERNELS.every((name) => isFused(name)));
}, { only: ["webgpu"] });

equalsItsComposition("rmsNorm()", async () => {
  const norm = (epsilon: number): Operation => (x, w) =>
    rmsNorm(x as tf.Tensor3D, w as tf.Tensor1D, epsilon);
  // The norm of one feature is its sign: with a small epsilon its gradient is the difference of two
  // numbers that cancel, and a card's last bit of the root is a thousandth of what is left.
  await check(norm(0.5), [[1, 1, 1], [1]]);
  await check(norm(1e-6), [[5, 27, 131], [131]]);
});

equalsItsComposition("gatedActivation()", async () => {
  for (const name of ["silu", "quick_gelu", "gelu_pytorch_tanh"]) {
    await check((x, gate) => gatedActivation(name, x, gate), [[7, 67], [7, 67]], 4);
  }
  await check((x, gate) => gatedActivation("silu", x, gate), [[1], [1]]);
});

equalsItsComposition("attention()", async () => {
  const [B, N, Lq, Lk, Dh] = [3, 2, 19, 37, 21];
  const mask = Int32Array.from(
    { length: B * Lq * Lk },
    (_, i) => Math.floor(i / Lk) % 4 === 1 || i % 3 === 2 ? 0 : 1, // some queries see nothing
  );
  const shapes = [[B, N, Lq, Dh], [B, N, Lk, Dh], [B, N, Lk, Dh]];
  const operation = (masked: boolean): Operation => (query, key, value, bias) =>
    attention(query as tf.Tensor4D, key as tf.Tensor4D, value as tf.Tensor4D, {
      scale: 0.7,
      bias,
      mask: masked ? tf.tensor(mask, [B, 1, Lq, Lk], "int32") : undefined,
    });
  await check(operation(false), [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]]);
  await check(operation(false), shapes);
  await check(operation(true), shapes);
  await check(operation(false), [...shapes, [B, N, Lq, Lk]]);
  await check(operation(true), [...shapes, [N, Lq, Lk]]);
  await check(operation(false), [...shapes, [B, 1, 1, Lk]]);
});

equalsItsComposition(
  "attention() under a masked bias, where a blind query sees the mean,",
  () =>
    check((query, key, value, bias) => {
      const mask = tf.tensor4d([1, 1, 0, 0, 0, 0], [2, 1, 1, 3]);
      return attention(query as tf.Tensor4D, key as tf.Tensor4D, value as tf.Tensor4D, {
        scale: 1,
        bias: maskedBias(bias!, mask),
      });
    }, [[2, 2, 2, 5], [2, 2, 3, 5], [2, 2, 3, 5], [1, 2, 2, 3]]),
);

equalsItsComposition("attentionOfRows()", async () => {
  const [B, N, Lq, Lk, Dh] = [3, 2, 19, 37, 21];
  const mask = Int32Array.from({ length: Lk }, (_, i) => i % 3 === 2 ? 0 : 1);
  await check(
    (query, key, value, bias) =>
      attentionOfRows(query as tf.Tensor3D, key as tf.Tensor3D, value as tf.Tensor3D, N, {
        scale: 0.7,
        bias,
        mask: tf.tensor1d(mask, "int32"),
      }),
    [[B, Lq, N * Dh], [B, Lk, N * Dh], [B, Lk, N * Dh], [N, Lq, Lk]],
  );
});

equalsItsComposition("splitHeads() and mergeHeads()", async () => {
  await check((x) => splitHeads(x as tf.Tensor3D, 5), [[3, 7, 5 * 11]]);
  await check((x) => mergeHeads(x as tf.Tensor4D), [[3, 7, 5, 11]]);
});

equalsItsComposition("rotary()", async () => {
  for (const rows of [1, 3]) {
    await check((x) => {
      const positions = Array.from({ length: rows }, (_, b) => [b, b + 2, b + 3, b + 7, b + 9]);
      return rotary(x as tf.Tensor4D, rotaryTables(positions, wave(7, 0.8)));
    }, [[3, 4, 5, 14]]);
  }
});

equalsItsComposition("crossEntropy()", async () => {
  for (const [N, V, smoothing] of [[1, 2, 0], [37, 301, 0.1], [301, 5, 0], [3, 1031, 0]] as const) {
    await check(
      (logits) => {
        const labels = Int32Array.from({ length: N }, (_, i) => i % 3 === 2 ? -100 : 5 * i % V);
        return crossEntropy(logits as tf.Tensor2D, tf.tensor1d(labels), smoothing);
      },
      [[N, V]],
      6,
    );
  }
});

equalsItsComposition(
  "crossEntropy() of ignored labels only, NaN without a slope,",
  () =>
    check((logits) => {
      const loss = crossEntropy(logits as tf.Tensor2D, tf.tensor1d([-100, -100], "int32"));
      return tf.where(tf.isNaN(loss), tf.add(tf.mul(tf.sum(logits), 0), 1), loss);
    }, [[2, 3]]),
);

equalsItsComposition("crossEntropies() of several parts", () =>
  check((logits) => {
    const labels = Int32Array.from({ length: 4 * 37 }, (_, i) => i % 3 === 2 ? -100 : 5 * i % 301);
    return crossEntropies(logits as tf.Tensor2D, tf.tensor1d(labels), 0.1, 4);
  }, [[4 * 37, 301]]));

equalsItsComposition("embedding()", async () => {
  for (const [V, D, B, L] of [[1, 1, 1, 1], [23, 131, 5, 29]] as const) {
    await check((table) => {
      const ids = Int32Array.from({ length: B * L }, (_, i) => 7 * i * i % V);
      return embedding(tf.tensor2d(ids, [B, L]), table as tf.Tensor2D);
    }, [[V, D]]);
  }
});

onEachBackend("embedding() by its kernel gives NaN for an id that is out of range", async () => {
  const [table, ids] = [tf.ones<tf.Rank.R2>([3, 2]), tf.tensor1d([2, 3, -1], "int32")];
  const rows = embedding(ids, table);
  assert.deepEqual([...await rows.data()], [1, 1, NaN, NaN, NaN, NaN]);
  tf.dispose([table, ids, rows]);
}, { only: ["webgpu"] });

equalsItsComposition("mixingWeights()", async () => {
  const [B, T, H, S] = [17, 5, 7, 11];
  const drawn = wave(B * H * S, 0.7, 0.5).map((value) => Math.round(1e4 * value + 5e3) / 1e4);
  for (
    const [noisy, straightThrough, amplitude] of [
      [false, false, 2],
      [true, false, 14],
      [true, true, 2],
    ] as const
  ) {
    await check(
      (logits) =>
        mixingWeights(logits as tf.Tensor2D, Array.from({ length: B }, (_, b) => 3 * b % T), {
          ...{ nSplits: H, temperature: 0.5, straightThrough },
          uniform: noisy ? tf.tensor(drawn, [B, H, S]) : undefined,
        }),
      [[T, H * S]],
      amplitude,
    );
  }
});

equalsItsComposition("mixFactors()", async () => {
  for (const [B, H, S, X, R, Y] of [[1, 1, 1, 1, 1, 1], [6, 3, 5, 29, 4, 31]] as const) {
    await check((weights, skillsA, skillsB) => {
      const { factorA, factorB } = mixFactors(
        weights as tf.Tensor3D,
        skillsA as tf.Tensor4D,
        skillsB as tf.Tensor4D,
      );
      return tf.concat([tf.reshape(factorA, [-1]), tf.reshape(factorB, [-1])]);
    }, [[B, H, S], [H, S, X, R], [H, S, R, Y]]);
  }
});

equalsItsComposition(
  "mixFactors() of several inventories, one of them without rows,",
  async () => {
    const [H, S, X, R, Y] = [3, 5, 29, 4, 31];
    await check((weights, skillsA, skillsB) => {
      const { factorA, factorB } = mixFactors(
        weights as tf.Tensor3D,
        skillsA as tf.Tensor4D,
        skillsB as tf.Tensor4D,
        [2, 2, 2, 0],
      );
      return tf.concat([tf.reshape(factorA, [-1]), tf.reshape(factorB, [-1])]);
    }, [[4, H, S], [3 * H, S, X, R], [3 * H, S, R, Y]]);
  },
);

equalsItsComposition("mixingWeightsOfAll() of more routers than a shader may bind", async () => {
  const [N, B, T, H, S] = [67, 5, 3, 7, 2];
  const drawn = wave(N * B * H * S, 0.7, 0.5).map((value) => Math.round(1e4 * value + 5e3) / 1e4);
  for (const noisy of [false, true]) {
    await check(
      (...logits) =>
        mixingWeightsOfAll(logits as tf.Tensor2D[], [2, 0, 2, 1, 2], {
          ...{ nSplits: H, temperature: 0.5, straightThrough: noisy },
          uniform: noisy ? tf.tensor(drawn, [N, B, H, S]) : undefined,
        }),
      Array.from({ length: N }, () => [T, H * S]),
    );
  }
});

equalsItsComposition("mixFactorsOfAll() of layers of several sizes", async () => {
  const [B, H, S] = [4, 3, 5];
  const sizes = [[29, 4, 31], [1, 2, 3], [7, 3, 2]] as const; // features in, rank, features out
  for (const [N, inventories] of [[1, [0, 0, 0, 0]], [3, [2, 2, 2, 0]]] as const) {
    const shapes = sizes.flatMap(([X, R, Y]) => [[N * H, S, X, R], [N * H, S, R, Y]]);
    await check((weights, ...skills) => {
      const layers = sizes.map((_, i) => ({
        skillsA: skills[2 * i] as tf.Tensor4D,
        skillsB: skills[2 * i + 1] as tf.Tensor4D,
      }));
      const factors = mixFactorsOfAll([{ weights: weights as tf.Tensor4D, layers, inventories }]);
      return tf.concat(
        factors.flatMap(({ factorA, factorB }) => [factorA, factorB]).map((x) => x.flatten()),
      );
    }, [[sizes.length, B, H, S], ...shapes]);
  }
});

equalsItsComposition(
  "mixFactorsOfAll() of adapters that differ in rows, splits and skills",
  async () => {
    const sizes = [[24, 4, 36], [12, 2, 6]] as const; // features in, rank, features out
    const adapters = [[4, 3, 5, [0, 0, 0, 0]], [1, 1, 2, [0]], [5, 2, 3, [1, 1, 1, 0, 0]]] as const;
    const shapes = adapters.flatMap(([B, H, S, inventories]) => {
      const N = Math.max(...inventories) + 1;
      return [
        [sizes.length, B, H, S],
        ...sizes.flatMap(([I, R, O]) => [[N * H, S, I / H, R], [N * H, S, R, O / H]]),
      ];
    });
    await check((...inputs) => {
      const each = inputs.length / adapters.length;
      const factors = mixFactorsOfAll(adapters.map(([, , , inventories], m) => {
        const [weights, ...skills] = inputs.slice(m * each, (m + 1) * each) as tf.Tensor4D[];
        const layers = sizes.map((_, i) => {
          return { skillsA: skills[2 * i]!, skillsB: skills[2 * i + 1]! };
        });
        return { weights: weights!, layers, inventories };
      }));
      return tf.concat(
        factors.flatMap(({ factorA, factorB }) => [factorA, factorB]).map((x) => x.flatten()),
      );
    }, shapes);
  },
);

equalsItsComposition("linear()", async () => {
  for (
    const [B, L, I, O] of [
      [1, 1, 1, 1],
      [3, 37, 41, 67],
      [1, 5, 3, 16321], // with the larger tiles: the value and the gradient of the weight
      [5, 13, 4033, 3], // and the gradient of x
    ] as const
  ) {
    const shapes = [[B, L, I], [O, I], [O]];
    const operation: Operation = (x, weight, bias) =>
      linear(x as tf.Tensor3D, weight as tf.Tensor2D, bias as tf.Tensor1D ?? null);
    await check(operation, shapes);
    if (B === 3) await check(operation, shapes.slice(0, 2));
  }
});

equalsItsComposition("adaptedLinear()", async () => {
  for (
    const [owners, L, I, O, R] of [
      [[0], 1, 1, 1, 1],
      [[2, 0, 2], 37, 41, 67, 5], // all in one program
      [[1, 2, 3, 0], 3, 41, 67, 3], // too few positions for that
      [[1, 1, 0], 11, 19, 35, 18], // too high a rank
      [[0, 2, 1], 2, 9, 16321, 6], // with the larger tiles: the value; and dy narrowed apart
      [[0, 2, 1], 22, 4033, 3, 6], // the gradient of x
    ] as const
  ) {
    const U = Math.max(...owners) + 1;
    const shapes = [[owners.length, L, I], [O, I], [U, I, R], [U, R, O], [O]];
    const operation: Operation = (x, weight, A, B, bias) =>
      adaptedLinear(x as tf.Tensor3D, weight as tf.Tensor2D, bias as tf.Tensor1D ?? null, {
        factorA: A as tf.Tensor3D,
        factorB: B as tf.Tensor3D,
        owners,
      });
    await check(operation, shapes);
    if (I === 41) await check(operation, shapes.slice(0, 4));
  }
});

/** What some steps make of parameters: their values, those of a clone that was held, and the norms. */
async function trained(): Promise<Float32Array[]> {
  const shapes = [[3], [2, 5], [1], [71, 69], [4, 4]];
  const named = shapes.map((shape, i): [string, tf.Variable] => {
    return [`p${i}`, tf.tidy(() => tf.variable(tf.tensor(wave(size(shape), i), shape)))];
  });
  const optimizer = new AdamW([
    { parameters: new Map(named.slice(0, 2)), learningRate: 0.1, weightDecay: 0.2 },
    { parameters: new Map(named.slice(2)), learningRate: 0.01 },
  ]);
  const held = tf.clone(named[1]![1]);
  const norms: number[] = [];
  for (let step = 0; step < 3; step++) {
    const gradients = new Map(
      named.slice(step === 1 ? 1 : 0).map(([name, { shape }]) => [
        name,
        tf.tensor(wave(size(shape), step + shape.length), shape),
      ]),
    );
    const { gradients: clipped, norm } = clipGradients(gradients, [0.5, 0, 1e3][step]!);
    optimizer.step(clipped, 0.9);
    norms.push((await norm.data())[0]!);
    tf.dispose([norm, ...gradients.values(), ...clipped.values()]);
  }
  const values: Float32Array[] = [];
  for (const tensor of [...named.map(([, parameter]) => parameter), held]) {
    values.push(await tensor.data() as Float32Array);
  }
  tf.dispose([held, ...named.map(([, parameter]) => parameter)]);
  optimizer.dispose();
  return [...values, Float32Array.from(norms)];
}

equalsItsComposition("AdamW and clipGradients()", async () => {
  await tf.setBackend("cpu");
  const expected = await trained();
  await tf.setBackend("webgpu");
  const actual = await trained();
  for (const [i, data] of actual.entries()) {
    const shape = [data.length];
    await assertClose({ shape, data }, { shape, data: expected[i]! }, 1e-5, `parameter ${i}`);
  }
  assert.deepEqual(await trained(), actual, "other bytes");
});

equalsItsComposition("clipParts()", async () => {
  const clip = async () => {
    const results = [0, 2, 1e3].flatMap((maxNorm) =>
      tf.tidy(() => {
        const gradients = new Map([[3, 1], [6, 5000], [9, 2, 2]].map((shape, i) => [
          `p${i}`,
          tf.tensor(wave(size(shape), i, 1 + i), shape),
        ]));
        const { gradients: clipped, norms } = clipParts(gradients, maxNorm, 3);
        return [norms, ...clipped.values()];
      })
    );
    const read: Float32Array[] = [];
    for (const result of results) read.push(await result.data() as Float32Array);
    tf.dispose(results);
    return read;
  };
  await tf.setBackend("cpu");
  const expected = await clip();
  await tf.setBackend("webgpu");
  for (const [i, data] of (await clip()).entries()) {
    const shape = [data.length];
    await assertClose({ shape, data }, { shape, data: expected[i]! }, 1e-5, `tensor ${i}`);
  }
});
