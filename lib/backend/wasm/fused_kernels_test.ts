/**
 * Each operation that has kernels of its own equals the composition it is defined by, in value and
 * gradients, on shapes at and off the width of a vector.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { gatedActivation } from "../../ops/activation.ts";
import { attention, maskedBias } from "../../ops/attention.ts";
import { crossEntropies, crossEntropy } from "../../ops/cross_entropy.ts";
import { embedding } from "../../ops/embedding.ts";
import { isFused } from "../../ops/fused.ts";
import { adaptedLinear, linear } from "../../ops/linear.ts";
import { mixFactors } from "../../ops/mix_skills.ts";
import { rmsNorm } from "../../ops/rms_norm.ts";
import { rotary, rotaryTables } from "../../ops/rotary.ts";
import { mixingWeights } from "../../ops/mixing_weights.ts";
import { mergeHeads, splitHeads } from "../../ops/split_heads.ts";
import { assertClose } from "../../testing/assert_close.ts";
import { wave } from "../../testing/wave.ts";
import * as tf from "../../tf.ts";
import { AdamW } from "../../train/adamw.ts";
import { clipGradients, clipParts } from "../../train/clip_gradients.ts";
import { openBlas } from "./blas.ts";
import { installFastKernels, type MatMulPath } from "./install.ts";
import { fusedKernelNames } from "./fused_kernels.ts";
import "./register.ts";

await tf.setBackend("wasm");
await tf.ready();

/** The ways to a matrix product that the kernels are tried with. */
const FAST: readonly MatMulPath[] = typeof openBlas() === "string" ? ["wasm"] : ["wasm", "blas"];

const size = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);

/** The value of a function of float tensors, and its gradients for a slope of waves. */
async function valueAndGradients(
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  shapes: readonly (readonly number[])[],
  matmul: MatMulPath,
  amplitude: number,
): Promise<{ shape: number[]; data: Float32Array }[]> {
  installFastKernels({ matmul });
  const before = tf.memory();
  const results = tf.tidy(() => {
    const inputs = shapes.map((shape, i) =>
      tf.tensor(wave(size(shape), 0.3 + i, amplitude), [...shape])
    );
    const value = f(...inputs);
    const dy = tf.tensor(wave(value.size, 2.2), value.shape);
    return [value, ...tf.grads((...given: tf.Tensor[]) => f(...given))(inputs, dy)];
  });
  const read = await Promise.all(
    results.map(async (result) => ({
      shape: result.shape,
      data: await result.data() as Float32Array,
    })),
  );
  tf.dispose(results);
  const { numTensors, numBytes } = tf.memory();
  assert.deepEqual([numTensors, numBytes], [before.numTensors, before.numBytes], "left behind");
  return read;
}

/** Fails unless the kernels do what the composition does, the same bytes each time. */
async function check(
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  shapes: readonly (readonly number[])[],
  amplitude = 1,
): Promise<void> {
  const expected = await valueAndGradients(f, shapes, "published", amplitude);
  for (const matmul of FAST) {
    const actual = await valueAndGradients(f, shapes, matmul, amplitude);
    for (const [i, result] of actual.entries()) {
      const what = `${i === 0 ? "value" : `gradient ${i}`} by ${matmul}`;
      await assertClose(result, expected[i]!, 1e-5, what);
    }
    assert.deepEqual(await valueAndGradients(f, shapes, matmul, amplitude), actual);
  }
}

const extent = fc.integer({ min: 1, max: 9 });

/** Declares a test of an operation for any sizes. */
function equalsItsComposition<Sizes>(
  operation: string,
  sizes: fc.Arbitrary<Sizes>,
  property: (sizes: Sizes) => Promise<void>,
): void {
  Deno.test(`${operation} by its kernels equals its composition`, () =>
    fc.assert(fc.asyncProperty(sizes, property), { numRuns: 25, seed: 1 }));
}

Deno.test("fusedKernels() are there with fast kernels and gone with the published ones", () => {
  installFastKernels({ matmul: "wasm" });
  assert.ok(fusedKernelNames().every((name) => isFused(name)));
  installFastKernels({ matmul: "published" });
  assert.ok(!fusedKernelNames().some((name) => isFused(name)));
});

equalsItsComposition(
  "rmsNorm()",
  fc.tuple(extent, extent, extent),
  ([B, L, D]) =>
    check((x, w) => rmsNorm(x as tf.Tensor3D, w as tf.Tensor1D, 1e-6), [[B, L, D], [D]]),
);

const activations = fc.constantFrom("silu", "quick_gelu", "gelu_new", "gelu_pytorch_tanh");
equalsItsComposition(
  "gatedActivation()",
  fc.tuple(extent, extent, activations),
  ([B, D, name]) => check((x, gate) => gatedActivation(name, x, gate), [[B, D], [B, D]], 4),
);

const bias = fc.constantFrom(null, "full", "rows", "heads", "queries");
equalsItsComposition(
  "attention()",
  fc.tuple(extent, extent, extent, extent, extent, bias, fc.boolean()),
  ([B, N, Lq, Lk, Dh, over, masked]) => {
    const mask = Float32Array.from(
      { length: B * Lq * Lk },
      (_, i) => Math.floor(i / Lk) % 4 === 1 || i % 3 === 2 ? 0 : 1, // some queries see nothing
    );
    const biasShape = {
      full: [B, N, Lq, Lk],
      rows: [B, 1, 1, Lk],
      heads: [N, Lq, Lk],
      queries: [Lq, Lk],
    };
    const shapes = [[B, N, Lq, Dh], [B, N, Lk, Dh], [B, N, Lk, Dh]];
    return check(
      (query, key, value, bias) =>
        attention(query as tf.Tensor4D, key as tf.Tensor4D, value as tf.Tensor4D, {
          scale: 0.7,
          bias,
          mask: masked ? tf.tensor(mask, [B, 1, Lq, Lk], "int32") : undefined,
        }),
      over === null ? shapes : [...shapes, biasShape[over]],
    );
  },
);

Deno.test("attention() over products too large for the small ones equals its composition", () =>
  check(
    (query, key, value) =>
      attention(query as tf.Tensor4D, key as tf.Tensor4D, value as tf.Tensor4D, { scale: 0.2 }),
    [[2, 2, 34, 31], [2, 2, 35, 31], [2, 2, 35, 31]],
  ));

Deno.test("attention() under a masked bias lets a blind query see the mean, as its composition", () =>
  check((query, key, value, bias) => {
    const mask = tf.tensor4d([1, 1, 0, 0, 0, 0], [2, 1, 1, 3]);
    return attention(query as tf.Tensor4D, key as tf.Tensor4D, value as tf.Tensor4D, {
      scale: 1,
      bias: maskedBias(bias!, mask),
    });
  }, [[2, 2, 2, 5], [2, 2, 3, 5], [2, 2, 3, 5], [1, 2, 2, 3]]));

equalsItsComposition(
  "splitHeads() and mergeHeads()",
  fc.tuple(extent, extent, extent, extent),
  async ([B, L, N, Dh]) => {
    await check((x) => splitHeads(x as tf.Tensor3D, N), [[B, L, N * Dh]]);
    await check((x) => mergeHeads(x as tf.Tensor4D), [[B, N, L, Dh]]);
  },
);

equalsItsComposition(
  "rotary()",
  fc.tuple(extent, extent, extent, extent, fc.boolean()),
  ([B, N, L, half, alike]) =>
    check((x) => {
      const positions = Array.from(
        { length: alike ? 1 : B },
        (_, b) => Array.from({ length: L }, (_, l) => b + 2 * l),
      );
      return rotary(x as tf.Tensor4D, rotaryTables(positions, wave(half, 0.8)));
    }, [[B, N, L, 2 * half]]),
);

equalsItsComposition(
  "crossEntropy()",
  fc.tuple(extent, fc.integer({ min: 2, max: 9 }), fc.constantFrom(0, 0.1)),
  ([N, V, smoothing]) =>
    check(
      (logits) => {
        const labels = Int32Array.from({ length: N }, (_, i) => i % 3 === 2 ? -100 : 5 * i % V);
        return crossEntropy(logits as tf.Tensor2D, tf.tensor1d(labels), smoothing);
      },
      [[N, V]],
      6,
    ),
);

Deno.test("crossEntropy() of ignored labels only is NaN and has no slope, as its composition", () =>
  check((logits) => {
    const loss = crossEntropy(logits as tf.Tensor2D, tf.tensor1d([-100, -100], "int32"));
    return tf.where(tf.isNaN(loss), tf.add(tf.mul(tf.sum(logits), 0), 1), loss);
  }, [[2, 3]]));

equalsItsComposition(
  "embedding()",
  fc.tuple(extent, extent, extent, extent),
  ([V, D, B, L]) =>
    check((table) => {
      const ids = Int32Array.from({ length: B * L }, (_, i) => 7 * i * i % V);
      return embedding(tf.tensor2d(ids, [B, L]), table as tf.Tensor2D);
    }, [[V, D]]),
);

Deno.test("embedding() by its kernel refuses an id that is out of range and leaves nothing", () => {
  installFastKernels({ matmul: "wasm" });
  const [table, ids] = [tf.ones<tf.Rank.R2>([3, 2]), tf.tensor1d([2, 3], "int32")];
  const before = tf.memory();
  assert.throws(() => embedding(ids, table), {
    name: "RangeError",
    message: "Cannot look up rows as ids must be in [0, 3): id number 1 is not",
  });
  assert.deepEqual(tf.memory(), before);
  tf.dispose([table, ids]);
});

const routing = fc.record({
  noisy: fc.boolean(),
  temperature: fc.constantFrom(1, 0.5),
  straightThrough: fc.boolean(),
  amplitude: fc.constantFrom(2, 14),
});
equalsItsComposition(
  "mixingWeights()",
  fc.tuple(extent, extent, extent, extent, routing),
  ([B, T, H, S, { noisy, amplitude, ...options }]) =>
    check(
      (logits) => {
        const uniform = wave(B * H * S, 0.7, 0.5).map((value) =>
          Math.round(1e4 * value + 5e3) / 1e4
        );
        return mixingWeights(
          logits as tf.Tensor2D,
          Array.from({ length: B }, (_, b) => 3 * b % T),
          { ...options, nSplits: H, uniform: noisy ? tf.tensor(uniform, [B, H, S]) : undefined },
        );
      },
      [[T, H * S]],
      amplitude,
    ),
);

equalsItsComposition(
  "mixFactors()",
  fc.tuple(extent, extent, extent, extent, extent, extent),
  ([B, H, S, X, R, Y]) =>
    check((weights, skillsA, skillsB) => {
      const { factorA, factorB } = mixFactors(
        weights as tf.Tensor3D,
        skillsA as tf.Tensor4D,
        skillsB as tf.Tensor4D,
      );
      return tf.concat([tf.reshape(factorA, [-1]), tf.reshape(factorB, [-1])]);
    }, [[B, H, S], [H, S, X, R], [H, S, R, Y]]),
);

equalsItsComposition(
  "linear()",
  fc.tuple(extent, extent, extent, extent, fc.boolean()),
  ([B, L, I, O, biased]) =>
    check(
      (x, weight, bias) =>
        linear(x as tf.Tensor3D, weight as tf.Tensor2D, bias as tf.Tensor1D ?? null),
      [[B, L, I], [O, I], ...(biased ? [[O]] : [])],
    ),
);

const owners = fc.array(fc.nat(3), { minLength: 1, maxLength: 6 });
equalsItsComposition(
  "adaptedLinear()",
  fc.tuple(owners, extent, extent, extent, extent, fc.boolean()),
  ([owners, L, I, O, R, biased]) =>
    check(
      (x, weight, A, B, bias) =>
        adaptedLinear(x as tf.Tensor3D, weight as tf.Tensor2D, bias as tf.Tensor1D ?? null, {
          factorA: A as tf.Tensor3D,
          factorB: B as tf.Tensor3D,
          owners,
        }),
      [[owners.length, L, I], [O, I], [4, I, R], [4, R, O], ...(biased ? [[O]] : [])],
    ),
);

Deno.test("AdamW and clipGradients() by their kernels equal their compositions", async () => {
  const shapes = [[3], [2, 5], [1], [4, 4]];
  const train = async (matmul: MatMulPath) => {
    installFastKernels({ matmul });
    const named = shapes.map((shape, i): [string, tf.Variable] => {
      return [`p${i}`, tf.tidy(() => tf.variable(tf.tensor(wave(size(shape), i), shape)))];
    });
    const optimizer = new AdamW([
      { parameters: new Map(named.slice(0, 2)), learningRate: 0.1, weightDecay: 0.2 },
      { parameters: new Map(named.slice(2)), learningRate: 0.01 },
    ]);
    const held = tf.clone(named[1]![1]); // what others hold of a parameter stays as it was
    const norms: number[] = [];
    for (let step = 0; step < 3; step++) {
      const gradients = new Map(
        named.slice(step === 1 ? 1 : 0).map(([name, { shape }]) => [
          name,
          tf.tensor(wave(size(shape), step + shape.length), shape),
        ]),
      );
      const { gradients: clipped, norm } = clipGradients(gradients, step === 2 ? 1e3 : 0.5);
      optimizer.step(clipped, 0.9);
      norms.push(norm.arraySync());
      tf.dispose([norm, ...gradients.values(), ...clipped.values()]);
    }
    const read = async (tensor: tf.Tensor) => await tensor.data() as Float32Array;
    const values = await Promise.all([...named.map(([, p]) => p), held].map(read));
    tf.dispose([held, ...named.map(([, parameter]) => parameter)]);
    optimizer.dispose();
    return [...values, Float32Array.from(norms)];
  };
  const before = tf.memory();
  const [expected, actual] = [await train("published"), await train("wasm")];
  const { numTensors, numBytes } = tf.memory();
  assert.deepEqual([numTensors, numBytes], [before.numTensors, before.numBytes]);
  for (const [i, data] of actual.entries()) {
    const shape = [data.length];
    await assertClose({ shape, data }, { shape, data: expected[i]! }, 1e-6, `parameter ${i}`);
  }
});

Deno.test("adaptedLinear() of large factors that rows share equals its composition", () =>
  check(
    (x, weight, A, B) =>
      adaptedLinear(x as tf.Tensor3D, weight as tf.Tensor2D, null, {
        factorA: A as tf.Tensor3D,
        factorB: B as tf.Tensor3D,
        owners: [2, 0, 2],
      }),
    [[3, 40, 33], [34, 33], [3, 33, 7], [3, 7, 34]],
  ));

equalsItsComposition(
  "crossEntropies() of several parts",
  fc.tuple(extent, extent, fc.integer({ min: 2, max: 9 })),
  ([P, N, V]) =>
    check((logits) => {
      const labels = Int32Array.from({ length: P * N }, (_, i) => i % N % 3 === 2 ? -100 : i % V);
      return crossEntropies(logits as tf.Tensor2D, tf.tensor1d(labels), 0.1, P);
    }, [[P * N, V]]),
);

equalsItsComposition(
  "mixFactors() of several inventories, one of them without rows,",
  fc.tuple(extent, extent, extent, extent, extent, extent),
  ([H, S, X, R, Y, rows]) =>
    check((weights, skillsA, skillsB) => {
      const { factorA, factorB } = mixFactors(
        weights as tf.Tensor3D,
        skillsA as tf.Tensor4D,
        skillsB as tf.Tensor4D,
        [...new Array<number>(rows).fill(2), 0],
      );
      return tf.concat([tf.reshape(factorA, [-1]), tf.reshape(factorB, [-1])]);
    }, [[rows + 1, H, S], [3 * H, S, X, R], [3 * H, S, R, Y]]),
);

Deno.test("clipParts() by its kernel equals its composition", async () => {
  const clip = (matmul: MatMulPath) => {
    installFastKernels({ matmul });
    return [0, 2, 1e3].map((maxNorm) =>
      tf.tidy(() => {
        const gradients = new Map([[3, 1], [6, 5], [9, 2, 2]].map((shape, i) => [
          `p${i}`,
          tf.tensor(wave(size(shape), i, 1 + i), shape),
        ]));
        const { gradients: clipped, norms } = clipParts(gradients, maxNorm, 3);
        return [norms, ...clipped.values()].map((tensor) => [...tensor.dataSync()]);
      })
    ).flat();
  };
  const [expected, actual] = [clip("published"), clip("wasm")];
  for (const [i, data] of actual.entries()) {
    const shape = [data.length];
    await assertClose({ shape, data }, { shape, data: expected[i]! }, 1e-6, `tensor ${i}`);
  }
});

Deno.test("linear() and adaptedLinear() give each part the bytes that it has alone", () => {
  for (const matmul of FAST) {
    installFastKernels({ matmul });
    tf.tidy(() => {
      const [P, B, L, I, O, R] = [5, 3, 11, 96, 192, 4];
      const tensor = (...shape: number[]): tf.Tensor3D =>
        tf.reshape(
          tf.tensor1d(wave(size(shape), shape.length, 1)),
          shape as [number, number, number],
        );
      const [x, dy] = [tensor(P * B, L, I), tensor(P * B, L, O)];
      const weight = tf.reshape(tensor(O, I), [O, I]) as tf.Tensor2D;
      const [factorA, factorB] = [tensor(P, I, R), tensor(P, R, O)];
      const layer = (first: number, parts: number) => {
        const rows = <T extends tf.Tensor3D>(of: T) =>
          tf.slice(of, [first * B, 0, 0], [parts * B, -1, -1]);
        const own = (of: tf.Tensor3D) => tf.slice(of, [first, 0, 0], [parts, -1, -1]);
        const owners = Array.from({ length: parts * B }, (_, b) => Math.floor(b / B));
        const f = (x: tf.Tensor, A: tf.Tensor, B: tf.Tensor) =>
          tf.add(
            linear(x as tf.Tensor3D, weight, null, parts),
            adaptedLinear(x as tf.Tensor3D, weight, null, {
              factorA: A as tf.Tensor3D,
              factorB: B as tf.Tensor3D,
              owners,
            }, parts),
          );
        const inputs = [rows(x), own(factorA), own(factorB)] as const;
        return [f(...inputs), ...tf.grads(f)([...inputs], rows(dy))].map((of) => of.dataSync());
      };
      const together = layer(0, P);
      for (let p = 0; p < P; p++) {
        for (const [i, alone] of layer(p, 1).entries()) {
          const bytes = together[i]!.slice(p * alone.length, (p + 1) * alone.length);
          assert.deepEqual(bytes, alone, `tensor ${i} of part ${p} by ${matmul}`);
        }
      }
    });
  }
});
