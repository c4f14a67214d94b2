import assert from "node:assert/strict";
import * as tf from "../../tf.ts";
import { wasmProduct } from "./matmul.ts";
import { probeProduct } from "./probe_product.ts";
import { allocate, asWasmBackend, type MatrixProduct } from "./heap.ts";
import "./register.ts";

await tf.setBackend("wasm");
await tf.ready();
const backend = asWasmBackend(tf.backend())!;

for (const relaxed of [true, false]) {
  const name = relaxed ? "wasm: relaxed simd" : "wasm: simd";

  Deno.test(`wasmProduct() computes known values [${name}]`, () => {
    const found = wasmProduct(backend, relaxed);
    assert.ok(typeof found !== "string");
    assert.equal(found.name, name);
    assert.equal(probeProduct(found.product, backend), null);
  });

  Deno.test(`wasmProduct() is exact on integers and writes the product only [${name}]`, () => {
    const { product } = wasmProduct(backend, relaxed) as { product: MatrixProduct };
    const [m, n, k] = [14, 515, 258]; // beyond a block of k and of n
    const beside = 16;
    const [aAt, bAt, cAt] = [m * k, k * n, m * n + 2 * beside].map((length) =>
      allocate(backend, 4 * length)
    ) as [number, number, number];
    const floats = new Float32Array(backend.wasm.HEAPU8.buffer);
    const a = floats.subarray(aAt / 4, aAt / 4 + m * k);
    const b = floats.subarray(bAt / 4, bAt / 4 + k * n);
    const c = floats.subarray(cAt / 4, cAt / 4 + m * n + 2 * beside);
    for (let i = 0; i < a.length; i++) a[i] = i * 7 % 19 - 9;
    for (let i = 0; i < b.length; i++) b[i] = i * 5 % 23 - 11;
    const inputs = [...a, ...b];
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        c.fill(-0.5);
        product(m, n, k, aAt, transposeA, bAt, transposeB, cAt + 4 * beside);
        for (let i = 0; i < beside; i++) {
          assert.equal(c[i], -0.5, "before the product");
          assert.equal(c[beside + m * n + i], -0.5, "after the product");
        }
        for (let i = 0; i < m * n; i++) {
          const [row, column] = [Math.floor(i / n), i % n];
          let expected = 0;
          for (let p = 0; p < k; p++) {
            expected += a[transposeA ? p * m + row : row * k + p]! *
              b[transposeB ? column * k + p : p * n + column]!;
          }
          if (c[beside + i] !== expected) {
            assert.equal(c[beside + i], expected, `${row}, ${column}`);
          }
        }
      }
    }
    assert.deepEqual([...a, ...b], inputs);
    for (const address of [aAt, bAt, cAt]) backend.wasm._free(address);
  });
}

Deno.test("wasmProduct() keeps one scratch per backend, however often it is asked", () => {
  wasmProduct(backend);
  const bytes = backend.wasm.HEAPU8.length;
  for (let i = 0; i < 200; i++) wasmProduct(backend); // 130 MB if each had its own
  assert.equal(backend.wasm.HEAPU8.length, bytes);
});

Deno.test("probeProduct() tells a product that is wrong in one transposition or reads what was there", () => {
  const { product } = wasmProduct(backend) as { product: MatrixProduct };
  for (const wrongA of [false, true]) {
    for (const wrongB of [false, true]) {
      const fault = probeProduct((m, n, k, a, transposeA, b, transposeB, c) => {
        product(m, n, k, a, transposeA, b, transposeB, c);
        if (transposeA !== wrongA || transposeB !== wrongB || m === 1) return;
        new Float32Array(backend.wasm.HEAPU8.buffer)[c / 4 + m * n - 1]! += 1;
      }, backend);
      assert.match(fault!, RegExp(`^computes .* where .* transposed ${wrongA}, ${wrongB}\\)$`));
    }
  }
  assert.match(probeProduct(() => {}, backend)!, /^computes NaN where/);
});

Deno.test("allocate() refuses what the memory cannot hold", () => {
  const beyond = { ...backend, wasm: { ...backend.wasm, _malloc: () => 0 } };
  assert.throws(() => allocate(beyond, 1 << 20), {
    name: "RangeError",
    message: /^Cannot allocate 1048576 bytes as the WebAssembly memory cannot grow further/,
  });
});
