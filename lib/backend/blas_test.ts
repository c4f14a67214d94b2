import assert from "node:assert/strict";
import * as tf from "../tf.ts";
import { openBlas } from "./blas.ts";
import { probeProduct } from "./probe_product.ts";
import { asWasmBackend } from "./wasm_heap.ts";
import "./wasm.ts";

await tf.setBackend("wasm");
await tf.ready();
const backend = asWasmBackend(tf.backend())!;
const found = openBlas();
const library = typeof found === "string" ? null : found;
const ignore = library === null;

Deno.test({
  name: "openBlas() finds the system's library, which computes known values",
  ignore,
  fn() {
    assert.match(library!.name, /OpenBLAS|MKL|BLIS|Accelerate/);
    assert.equal(probeProduct(library!.productOn(backend), backend), null);
  },
});

Deno.test({
  name: "openBlas() leaves the environment as it was and the library on one thread",
  ignore: ignore || !library.name.includes("OpenBLAS"),
  fn() {
    const name = library!.name.split(" (")[0]!;
    Deno.env.set("OPENBLAS_NUM_THREADS", "7");
    Deno.env.delete("MKL_NUM_THREADS");
    openBlas(name);
    assert.equal(Deno.env.get("OPENBLAS_NUM_THREADS"), "7");
    assert.equal(Deno.env.get("MKL_NUM_THREADS"), undefined);
    Deno.env.delete("OPENBLAS_NUM_THREADS");
    const one = Deno.dlopen(name, {
      openblas_get_num_threads: { parameters: [], result: "i32" },
    });
    assert.equal(one.symbols.openblas_get_num_threads(), 1);
    one.close();
  },
});

Deno.test("openBlas() says why a library that is named cannot be opened", () => {
  assert.match(
    openBlas("/no/such/libblas.so") as string,
    /^\/no\/such\/libblas\.so cannot be opened: /,
  );
});

Deno.test({
  name: "openBlas() refuses a library without the product",
  ignore: Deno.build.os !== "linux",
  fn() {
    assert.match(openBlas("libm.so.6") as string, /^libm\.so\.6 cannot be opened: .*cblas_sgemm/);
  },
});

Deno.test({
  name: "openBlas() without permission opens nothing and does not ask",
  permissions: { ffi: false },
  fn() {
    assert.equal(openBlas(), "no permission for FFI (--allow-ffi)");
    assert.equal(openBlas("libopenblas.so.0"), "no permission for FFI (--allow-ffi)");
  },
});

Deno.test({
  name: "openBlas() works without permission for the environment",
  ignore,
  permissions: { env: false, ffi: true },
  fn() {
    assert.equal((openBlas() as typeof library)!.name, library!.name);
  },
});
