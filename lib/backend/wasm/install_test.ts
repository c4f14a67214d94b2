import assert from "node:assert/strict";
import fc from "fast-check";
import { assertClose } from "../../testing/assert_close.ts";
import { wave } from "../../testing/wave.ts";
import * as tf from "../../tf.ts";
import { adaptedLinear } from "../../ops/linear.ts";
import { lacking } from "../../testing/lacking.ts";
import { type Blas, cpuInfo, openBlas } from "./blas.ts";
import { fastKernels, installFastKernels, MATMUL_PATHS, type MatMulPath } from "./install.ts";
import { betterCoreType } from "./core_type.ts";
import { parseChoice, type ProductTimes } from "./matmul_choice.ts";
import "./register.ts";

await tf.setBackend("wasm");
await tf.ready();

const NO_BLAS = typeof openBlas() === "string";

/** Times by which BLAS is chosen for every kind of product. */
const BLAS_FASTER: ProductTimes = {
  large: { blas: [1], wasm: [2] },
  narrow: { blas: [1], wasm: [2] },
  batched: { blas: [1], wasm: [2] },
};

/** Declares a test of each replacement; it fails on tensors left behind. */
function onEachPath(claim: string, test: (path: MatMulPath) => void | Promise<void>): void {
  for (const path of ["wasm", "blas"] as const) {
    const ignore = path === "blas" && NO_BLAS;
    Deno.test({
      name: `${claim} [${path}${ignore ? ": no library on this machine" : ""}]`,
      ignore,
      async fn() {
        await tf.setBackend("wasm");
        installFastKernels({ matmul: path });
        const before = tf.memory();
        await test(path);
        const { numTensors, numBytes } = tf.memory();
        assert.equal(numTensors, before.numTensors, "tensors left behind");
        assert.equal(numBytes, before.numBytes, "bytes left behind");
      },
    });
  }
}

interface Case {
  readonly aBatch: readonly number[];
  readonly bBatch: readonly number[];
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

const heap = () => (tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8;
const size = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);

const waves = (shape: number[], phase: number) => tf.tensor(wave(size(shape), phase), shape);

/** The sums in double precision, and the same of magnitudes, by plain loops over [..., m, n]. */
function oracle(a: Float32Array, b: Float32Array, c: Case) {
  const { m, n, k } = c;
  const batch = tf.broadcast_util.assertAndGetBroadcastShape([...c.aBatch], [...c.bBatch]);
  const at = (side: readonly number[], index: readonly number[]) =>
    side.reduce((at, n, i) => at * n + (n === 1 ? 0 : index[i + batch.length - side.length]!), 0);
  const sums = new Float64Array(size(batch) * m * n);
  const magnitudes = new Float64Array(sums.length);
  for (let i = 0; i < size(batch); i++) {
    const index = batch.map((n, axis) => Math.floor(i / size(batch.slice(axis + 1))) % n);
    const aAt = at(c.aBatch, index) * m * k;
    const bAt = at(c.bBatch, index) * k * n;
    for (let row = 0; row < m; row++) {
      for (let column = 0; column < n; column++) {
        const to = (i * m + row) * n + column;
        for (let p = 0; p < k; p++) {
          const term = a[aAt + (c.transposeA ? p * m + row : row * k + p)]! *
            b[bAt + (c.transposeB ? column * k + p : p * n + column)]!;
          sums[to]! += term;
          magnitudes[to]! += Math.abs(term);
        }
      }
    }
  }
  return { shape: [...batch, m, n], sums, magnitudes };
}

/** Fails unless every element is within the bound of single precision for a sum of k terms. */
function check(c: Case): void {
  const { m, n, k, transposeA, transposeB } = c;
  const aShape = [...c.aBatch, ...(transposeA ? [k, m] : [m, k])];
  const bShape = [...c.bBatch, ...(transposeB ? [n, k] : [k, n])];
  const a = Float32Array.from({ length: size(aShape) }, (_, i) => Math.sin(i * 1.7 + 0.3) * 2);
  const b = Float32Array.from({ length: size(bShape) }, (_, i) => Math.cos(i * 2.3 + 0.1));
  const { shape, sums, magnitudes } = oracle(a, b, c);
  const result = tf.tidy(() =>
    tf.keep(tf.matMul(tf.tensor(a, aShape), tf.tensor(b, bShape), transposeA, transposeB))
  );
  const values = result.dataSync();
  result.dispose();
  assert.deepEqual(result.shape, shape);
  for (let i = 0; i < sums.length; i++) {
    const bound = (k + 1) * 2 ** -24 * magnitudes[i]!;
    const difference = Math.abs(values[i]! - sums[i]!);
    assert.ok(
      difference <= bound,
      `${values[i]} at ${i}, expected ${sums[i]}: ${JSON.stringify(c)}`,
    );
  }
}

/** Two batches that broadcast, of up to three axes; one may lack the first axes. */
const batches = fc.record({
  axes: fc.array(fc.record({ size: fc.integer({ min: 1, max: 3 }), one: fc.nat(3) }), {
    maxLength: 3,
  }),
  lacking: fc.nat(3),
  aLacks: fc.boolean(),
}).map(({ axes, lacking, aLacks }) => {
  const aBatch = axes.map(({ size, one }) => one === 1 ? 1 : size);
  const bBatch = axes.map(({ size, one }) => one === 2 ? 1 : size);
  return aLacks
    ? { aBatch: aBatch.slice(lacking), bBatch }
    : { aBatch, bBatch: bBatch.slice(lacking) };
});

onEachPath("matMul() equals plain loops for any sizes, transpositions and broadcasts", () => {
  const extent = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 40 }));
  const sizes = fc.record({ m: extent, n: extent, k: extent });
  const sides = fc.record({ transposeA: fc.boolean(), transposeB: fc.boolean() });
  fc.assert(
    fc.property(batches, sizes, sides, (batch, sizes, sides) => {
      check({ ...batch, ...sizes, ...sides });
    }),
    { numRuns: 300, seed: 4 },
  );
});

onEachPath("matMul() equals plain loops beyond the blocks it works in", () => {
  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      const sides = { aBatch: [], bBatch: [], transposeA, transposeB };
      check({ ...sides, m: 103, n: 531, k: 269 });
      check({ ...sides, m: 1, n: 601, k: 517 });
      check({ ...sides, m: 601, n: 1, k: 517 });
    }
  }
});

onEachPath(
  "matMul() passes NaN and infinity on, as sums do, to the elements they belong to",
  () => {
    const extent = fc.integer({ min: 1, max: 20 });
    const sides = fc.record({ transposeA: fc.boolean(), transposeB: fc.boolean() });
    const strange = fc.array(fc.tuple(fc.nat(), fc.constantFrom(NaN, Infinity, -Infinity)), {
      maxLength: 3,
    });
    const thin = fc.constantFrom("no", "rows", "columns");
    fc.assert(
      fc.property(
        ...[extent, extent, extent, sides, strange, strange, thin] as const,
        (m, n, k, { transposeA, transposeB }, inA, inB, thin) => {
          if (thin === "rows") m = 1;
          if (thin === "columns") n = 1;
          const a = Float32Array.from({ length: m * k }, (_, i) => i * 7 % 19 - 9);
          const b = Float32Array.from({ length: k * n }, (_, i) => i * 5 % 23 - 11);
          for (const [at, value] of inA) a[at % a.length] = value;
          for (const [at, value] of inB) b[at % b.length] = value;
          const expected = Float32Array.from({ length: m * n }, (_, i) => {
            const [row, column] = [Math.floor(i / n), i % n];
            let sum = 0;
            for (let p = 0; p < k; p++) {
              sum += a[transposeA ? p * m + row : row * k + p]! *
                b[transposeB ? column * k + p : p * n + column]!;
            }
            return sum;
          });
          const product = tf.tidy(() =>
            tf.matMul(
              tf.tensor2d(a, transposeA ? [k, m] : [m, k]),
              tf.tensor2d(b, transposeB ? [n, k] : [k, n]),
              transposeA,
              transposeB,
            ).dataSync()
          );
          const plain = (values: ArrayLike<number>) => Array.from(values, (x) => x + 0); // −0 is 0
          assert.deepEqual(plain(product), plain(expected));
        },
      ),
      { numRuns: 300, seed: 5 },
    );
  },
);

onEachPath("matMul() of nothing is empty, and of no terms is zero", () => {
  for (const [m, n, k] of [[0, 3, 2], [3, 0, 2], [3, 2, 0], [0, 0, 0]] as const) {
    check({ aBatch: [2], bBatch: [2], m, n, k, transposeA: false, transposeB: true });
    check({ aBatch: [0], bBatch: [1], m, n, k, transposeA: true, transposeB: false });
  }
});

onEachPath("matMul() has the gradients of the plain backend", async (path) => {
  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      const gradients = () =>
        tf.tidy(() => {
          const a = waves(transposeA ? [2, 5, 9] : [2, 9, 5], 1);
          const b = waves(transposeB ? [2, 13, 5] : [2, 5, 13], 2);
          const dy = waves([2, 9, 13], 3);
          return tf.grads((a: tf.Tensor, b: tf.Tensor) =>
            tf.matMul(a as tf.Tensor3D, b as tf.Tensor3D, transposeA, transposeB)
          )([a, b], dy).map((x) => ({ shape: x.shape, data: x.dataSync() }));
        });
      const actual = gradients();
      await tf.setBackend("cpu");
      const expected = gradients();
      await tf.setBackend("wasm");
      for (const i of [0, 1]) await assertClose(actual[i]!, expected[i]!, 1e-6, `${path} ${i}`);
    }
  }
});

onEachPath("matMul() finds its operands after the memory was replaced, with the same bits", () => {
  const a = waves([37, 29], 1) as tf.Tensor2D;
  const b = waves([29, 41], 2) as tf.Tensor2D;
  const product = () => tf.tidy(() => tf.matMul(a, b).dataSync());
  const before = product();
  assert.deepEqual(product(), before);
  const memory = heap();
  const large: tf.Tensor[] = [];
  while (heap() === memory) large.push(tf.zeros([1 << 20]));
  assert.deepEqual(product(), before);
  tf.dispose([...large, a, b]);
});

onEachPath(
  "matMul() carries NaN and infinity, also through zero, to their row and column only",
  () => {
    for (const [m, n] of [[9, 11], [1, 11], [9, 1], [1, 40]] as const) {
      for (const bad of [NaN, Infinity]) {
        tf.tidy(() => {
          const a = new Float32Array(m * 7).fill(1);
          a[(m - 1) * 7 + 3] = bad;
          const zeros = tf.zeros([7, n]) as tf.Tensor2D;
          const inA = tf.matMul(tf.tensor2d(a, [m, 7]), zeros).dataSync();
          inA.forEach((x, i) =>
            assert.ok(Object.is(x, i >= (m - 1) * n ? NaN : 0), `a ${m} ${n} ${i}`)
          );
          const b = new Float32Array(7 * n).fill(1);
          b[3 * n] = bad;
          const inB = tf.matMul(tf.zeros([m, 7]) as tf.Tensor2D, tf.tensor2d(b, [7, n])).dataSync();
          inB.forEach((x, i) => assert.ok(Object.is(x, i % n === 0 ? NaN : 0), `b ${m} ${n} ${i}`));
        });
      }
    }
  },
);

Deno.test("matMul() of the own kernel gives a row the same bits whatever rows and columns are beside it", () => {
  installFastKernels({ matmul: "wasm" });
  tf.tidy(() => {
    const a = waves([23, 300], 1) as tf.Tensor2D;
    const b = waves([300, 45], 2) as tf.Tensor2D;
    const whole = tf.matMul(a, b).arraySync() as number[][];
    for (const rows of [1, 2, 3, 4, 5, 6, 8, 13]) {
      const some = tf.matMul(tf.slice(a, [2, 0], [rows, 300]), b).arraySync();
      assert.deepEqual(some, whole.slice(2, 2 + rows));
    }
    const column = tf.matMul(a, tf.slice(b, [0, 44], [300, 1])).arraySync();
    assert.deepEqual(column, whole.map((row) => [row[44]]));
    const [turnedA, turnedB] = [tf.transpose(a), tf.transpose(b)];
    for (const from of [0, 7]) {
      const row = tf.slice(a, [from, 0], [1, 300]);
      assert.deepEqual(tf.matMul(row, turnedB, false, true).arraySync(), [whole[from]]);
      const column = tf.slice(b, [0, from], [300, 1]);
      const expected = whole.map((row) => [row[from]]);
      assert.deepEqual(tf.matMul(turnedA, column, true, false).arraySync(), expected);
    }
    // Small enough for another way than the whole.
    const few = tf.matMul(tf.slice(a, [9, 0], [11, 300]), tf.slice(b, [0, 3], [300, 9]));
    assert.deepEqual(few.arraySync(), whole.slice(9, 20).map((row) => row.slice(3, 12)));
  });
});

onEachPath("fused.matMul() adds the bias and applies each activation", () => {
  tf.tidy(() => {
    const a = waves([2, 5, 7], 1) as tf.Tensor3D;
    const b = waves([2, 3, 7], 2) as tf.Tensor3D;
    const bias = tf.tensor1d([0.5, -0.25, 0.125]);
    const slopes = tf.tensor1d([0.3, 0.2, 0.1]);
    const plain = tf.matMul(a, b, false, true).dataSync();
    const sums = plain.map((x, i) => 2 * x + [0.5, -0.25, 0.125][i % 3]!);
    const activations: Record<string, (x: number, i: number) => number> = {
      linear: (x) => x,
      relu: (x) => Math.max(x, 0),
      relu6: (x) => Math.min(Math.max(x, 0), 6),
      prelu: (x, i) => x < 0 ? [0.3, 0.2, 0.1][i % 3]! * x : x,
      leakyrelu: (x) => x < 0 ? 0.4 * x : x,
      sigmoid: (x) => 1 / (1 + Math.exp(-x)),
      elu: (x) => x < 0 ? Math.expm1(x) : x,
    };
    assert.ok(sums.some((x) => x < -0.1) && sums.some((x) => x > 0.1), "both sides of zero");
    for (const [activation, f] of Object.entries(activations)) {
      const fused = tf.fused.matMul({
        a: tf.mul(a, 2) as tf.Tensor3D,
        b,
        transposeB: true,
        bias,
        activation: activation as "relu",
        preluActivationWeights: slopes,
        leakyreluAlpha: 0.4,
      }).dataSync();
      fused.forEach((x, i) => {
        const expected = f(sums[i]!, i);
        assert.ok(Math.abs(x - expected) <= 1e-5, `${activation} ${i}: ${x}, expected ${expected}`);
      });
    }
  });
});

onEachPath("matMul() leaves the memory as large as it is over thousands of products", () => {
  const a = waves([3, 65, 70], 1) as tf.Tensor3D;
  const b = waves([70, 66], 2) as tf.Tensor2D;
  const some = (count: number) => {
    for (let i = 0; i < count; i++) {
      tf.tidy(() => {
        tf.fused.matMul({ a, b: tf.clone(b), bias: tf.ones([66]), activation: "relu" });
      });
    }
  };
  some(10);
  const bytes = heap().length;
  some(3000); // of 51 kB each: 450 MB if none were freed
  assert.equal(heap().length, bytes);
  tf.dispose([a, b]);
});

onEachPath("matMul() refuses types and sizes that do not fit", () => {
  tf.tidy(() => {
    const kernel = tf.getKernel("BatchMatMul", "wasm").kernelFunc;
    const run = (a: tf.Tensor, b: tf.Tensor) =>
      kernel({
        inputs: { a, b },
        attrs: { transposeA: false, transposeB: true },
        backend: tf.backend() as unknown as object,
      });
    assert.throws(() => run(tf.ones([2, 3]), tf.ones([2, 3], "int32")), {
      name: "TypeError",
      message: "Cannot multiply matrices as both must be float32: they are float32 and int32",
    });
    assert.throws(() => run(tf.ones([2, 3]), tf.ones([3, 2])), {
      name: "RangeError",
      message: "Cannot multiply matrices as their inner sizes must be equal: " +
        "shapes [2,3] and [3,2] transposed",
    });
  });
});

onEachPath("clone() and a cast to the same type share data until the last is disposed", () => {
  const x = tf.tensor1d([1, -2, 3]);
  const bytes = heap().length;
  const { numDataBuffers } = tf.memory();
  const y = tf.clone(x);
  const z = tf.cast(y, "float32");
  assert.equal(tf.memory().numDataBuffers, numDataBuffers);
  assert.equal(y.dataId, x.dataId);
  x.dispose();
  const other = tf.fill([3], 9); // would take the freed place
  assert.deepEqual([...z.dataSync()], [1, -2, 3]);
  y.dispose();
  assert.deepEqual([...z.dataSync()], [1, -2, 3]);
  tf.dispose([z, other]);
  assert.equal(tf.memory().numDataBuffers, numDataBuffers - 1);
  assert.equal(heap().length, bytes);
});

onEachPath("cast() to another type and clones of each type keep their values", () => {
  tf.tidy(() => {
    const x = tf.tensor1d([1.75, 0, -2]);
    assert.deepEqual([...tf.cast(x, "int32").dataSync()], [1, 0, -2]);
    const whole = tf.tensor1d([1, 0, -2], "int32");
    assert.deepEqual([...tf.cast(whole, "float32").dataSync()], [1, 0, -2]);
    for (const dtype of ["int32", "bool"] as const) {
      const y = tf.clone(tf.tensor1d([1, 0, 1], dtype));
      assert.equal(y.dtype, dtype);
      assert.deepEqual([...y.dataSync()], [1, 0, 1]);
    }
    assert.deepEqual(tf.clone(tf.tensor1d(["a", "b"])).arraySync(), ["a", "b"]);
  });
});

onEachPath("a variable's clone keeps its value when the variable is assigned", () => {
  const variable = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
  const before = tf.clone(variable);
  const next = tf.tensor1d([3, 4]);
  variable.assign(next);
  next.dispose();
  assert.deepEqual([...before.dataSync()], [1, 2]);
  assert.deepEqual([...variable.dataSync()], [3, 4]);
  tf.dispose([before, variable]);
});

Deno.test("installFastKernels() says which way it took, and fastKernels() keeps to it", () => {
  assert.equal(installFastKernels({ matmul: "wasm" }).path, "wasm: relaxed simd");
  assert.equal(fastKernels().path, "wasm: relaxed simd");
  const kernel = tf.getKernel("Identity", "wasm");
  assert.deepEqual(installFastKernels({ matmul: "published" }), {
    path: "published",
    matmul: "published",
    blas: null,
    threads: 1,
    notes: [],
  });
  assert.equal(fastKernels().path, "published");
  assert.notEqual(tf.getKernel("Identity", "wasm"), kernel);
  const copied = tf.tidy(() => {
    const x = tf.ones([2]);
    return x.dataId !== tf.clone(x).dataId;
  });
  assert.ok(copied, "the published kernels are back");
  const { path } = installFastKernels({ measure: () => BLAS_FASTER });
  assert.match(path, NO_BLAS ? /^wasm: / : /^blas: /);
});

Deno.test("installFastKernels() falls back with a note when the library named is missing", () => {
  const { path, notes } = installFastKernels({ blasPath: "/no/such/libblas.so" });
  assert.equal(path, "wasm: relaxed simd");
  assert.equal(notes.length, 1);
  assert.match(notes[0]!, /^blas: \/no\/such\/libblas\.so cannot be opened: /);
});

Deno.test("installFastKernels() refuses a way that is none, or cannot be taken, and keeps the one before", () => {
  installFastKernels({ matmul: "wasm" });
  const kernel = tf.getKernel("BatchMatMul", "wasm");
  assert.throws(() => installFastKernels({ matmul: "cuda" as "wasm" }), {
    name: "RangeError",
    message: `Cannot multiply matrices by "cuda" as it must be one of ${MATMUL_PATHS.join(", ")}`,
  });
  assert.throws(() => installFastKernels({ matmul: "blas", blasPath: "/no/such/libblas.so" }), {
    name: "MatMulPathError",
    message: /^Cannot multiply matrices by "blas" as asked for: blas: \/no\/such\/libblas\.so/,
  });
  assert.equal(tf.getKernel("BatchMatMul", "wasm"), kernel);
});

/** Times by which the own kernel is chosen for narrow products, and BLAS for the others. */
const MIXED: ProductTimes = { ...BLAS_FASTER, narrow: { blas: [3], wasm: [2] } };

Deno.test({
  name: "M8: installFastKernels() chooses for each kind of product by measured times" +
    lacking("BLAS library", !NO_BLAS),
  ignore: NO_BLAS,
  fn() {
    const library = openBlas() as Blas;
    const chosen = installFastKernels({ measure: () => MIXED });
    assert.equal(chosen.matmul, "large=blas,narrow=wasm,batched=blas");
    assert.equal(chosen.blas, library.name);
    assert.equal(
      chosen.path,
      `blas: ${library.name}, for large and batched products; wasm: relaxed simd, for narrow products`,
    );
    const slowness = `blas: ${library.name} takes for narrow products 1.5 times as long`;
    assert.equal(chosen.notes[0], slowness);
    const better = betterCoreType(library.coreName, cpuInfo);
    assert.deepEqual(
      chosen.notes.slice(1),
      better === null ? [] : [
        `OpenBLAS runs its old ${library.coreName} kernels: start with ` +
        `OPENBLAS_CORETYPE=${better} for faster ones`,
      ],
    );
    const own = installFastKernels({
      measure: () => ({
        large: { blas: [2], wasm: [1] },
        narrow: { blas: [2], wasm: [1] },
        batched: { blas: [2], wasm: [1] },
      }),
    });
    assert.deepEqual([own.path, own.matmul], ["wasm: relaxed simd", "wasm"]);
    assert.equal(installFastKernels({ measure: () => BLAS_FASTER }).matmul, "blas");
  },
});

Deno.test({
  name: "M8: the same choice gives the same bytes, however it was made" +
    lacking("BLAS library", !NO_BLAS),
  ignore: NO_BLAS,
  fn() {
    /** A layer, heads and a low-rank update, large enough for either way, with gradients. */
    const bytes = () =>
      tf.tidy(() => {
        const [x, weight] = [waves([4, 64, 128], 1), waves([128, 128], 2)];
        const [a, b] = [waves([2, 128, 8], 3), waves([2, 8, 128], 4)];
        const owners = [0, 1, 1, 0];
        const layer = (x: tf.Tensor, a: tf.Tensor, b: tf.Tensor) =>
          adaptedLinear(
            x as tf.Tensor3D,
            weight as tf.Tensor2D,
            null,
            { factorA: a as tf.Tensor3D, factorB: b as tf.Tensor3D, owners },
          );
        const heads = tf.matMul(waves([8, 64, 32], 5), waves([8, 64, 32], 6), false, true);
        const grads = tf.grads((x, a, b) => tf.sum(tf.square(layer(x!, a!, b!))))([x, a, b]);
        return [layer(x, a, b), heads, ...grads].map((tensor) => [...tensor.dataSync()]);
      });
    installFastKernels({ measure: () => MIXED });
    const measured = bytes();
    assert.deepEqual(bytes(), measured);
    const choice = fastKernels().matmul;
    installFastKernels({ matmul: "wasm" });
    assert.notDeepEqual(bytes(), measured, "the way matters");
    installFastKernels({ matmul: parseChoice(choice)! });
    assert.equal(fastKernels().matmul, choice);
    assert.deepEqual(bytes(), measured);
  },
});

/** What a program of its own says of its choice under these permissions and variables. */
async function choiceOf(flags: string[], env: Record<string, string> = {}): Promise<string> {
  const backend = JSON.stringify(new URL("../backend.ts", import.meta.url).href);
  const program = `import { useBackend } from ${backend};
    const chosen = await useBackend("wasm").catch((error) => ({ reason: String(error) }));
    console.log(chosen.reason);`;
  const url = `data:text/typescript,${encodeURIComponent(program)}`;
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--config", config, ...flags, url],
    env: { POLY_MATMUL: "", POLY_BLAS: "", ...env },
  }).output();
  const decoder = new TextDecoder();
  return decoder.decode(stdout).trim() || decoder.decode(stderr);
}

Deno.test("useBackend() without permission for FFI takes the own kernel and says why", async () => {
  assert.equal(
    await choiceOf(["--allow-read", "--allow-env"]),
    "wasm: asked for by name (matrix products by wasm: relaxed simd; " +
      "blas: no permission for FFI (--allow-ffi))",
  );
});

Deno.test("useBackend() takes what POLY_MATMUL and POLY_BLAS insist on, or refuses", async () => {
  const [published, missing, neither] = await Promise.all([
    choiceOf(["-A"], { POLY_MATMUL: "published" }),
    choiceOf(["-A"], { POLY_MATMUL: "blas", POLY_BLAS: "/no/such/libblas.so" }),
    choiceOf(["--allow-read", "--allow-env"], { POLY_MATMUL: "blas" }),
  ]);
  assert.equal(published, "wasm: asked for by name (matrix products by published)");
  assert.match(missing, /^MatMulPathError: Cannot multiply matrices by "blas" as asked for/);
  assert.match(neither, /^MatMulPathError: .*no permission for FFI/);
});

Deno.test({
  name: "M8: useBackend() goes the ways that POLY_MATMUL hands down, and says so" +
    lacking("BLAS library", !NO_BLAS),
  ignore: NO_BLAS,
  async fn() {
    const reason = await choiceOf(["-A"], { POLY_MATMUL: "large=wasm,narrow=wasm,batched=blas" });
    assert.match(
      reason,
      /\(matrix products by blas: .*, for batched products; wasm: relaxed simd, for large and narrow products/,
    );
  },
});
