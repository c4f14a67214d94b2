import assert from "node:assert/strict";
import * as tf from "../../tf.ts";
import { cpuInfo, openBlas } from "./blas.ts";
import { probeProduct } from "./probe_product.ts";
import { asWasmBackend } from "./heap.ts";
import "./register.ts";
import { lacking } from "../../testing/lacking.ts";

await tf.setBackend("wasm");
await tf.ready();
const backend = asWasmBackend(tf.backend())!;
const found = openBlas();
const library = typeof found === "string" ? null : found;
const ignore = library === null;
const isOpenBlas = library?.name.includes("OpenBLAS") ?? false;
const NO_BLAS = lacking("BLAS library", !ignore);
const BLAS = new URL("./blas.ts", import.meta.url).href;

Deno.test({
  name: "openBlas() finds the system's library, which computes known values" + NO_BLAS,
  ignore,
  fn() {
    assert.match(library!.name, /OpenBLAS|MKL|BLIS|Accelerate/);
    assert.equal(probeProduct(library!.productOn(backend), backend), null);
  },
});

Deno.test({
  name: "openBlas() pins a library that uses more threads to one" +
    lacking("OpenBLAS", isOpenBlas),
  ignore: !isOpenBlas,
  async fn() {
    // In a process of its own, as the number of threads is the whole process's.
    const program = `import { cpuInfo, openBlas } from ${JSON.stringify(BLAS)};
      const path = ${JSON.stringify(library!.name.split(" (")[0])};
      const { symbols } = Deno.dlopen(path, {
        openblas_get_num_threads: { parameters: [], result: "i32" },
        openblas_set_num_threads: { parameters: ["i32"], result: "void" },
      });
      symbols.openblas_set_num_threads(2); // a machine of one processor starts with one
      const before = symbols.openblas_get_num_threads();
      openBlas(path);
      console.log(before, symbols.openblas_get_num_threads());`;
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", `data:text/typescript,${encodeURIComponent(program)}`],
    }).output();
    const decoder = new TextDecoder();
    assert.equal(decoder.decode(stdout), "2 1\n", decoder.decode(stderr));
  },
});

Deno.test("openBlas() leaves the environment alone", () => {
  const { set, delete: remove } = Deno.env;
  const fail = () => assert.fail("the environment was written");
  Deno.env.set = fail;
  Deno.env.delete = fail;
  try {
    openBlas();
    openBlas("/no/such/libblas.so");
  } finally {
    Deno.env.set = set;
    Deno.env.delete = remove;
  }
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
  name: "openBlas() works without permission for the environment" + NO_BLAS,
  ignore,
  permissions: { env: false, ffi: true },
  fn() {
    assert.equal((openBlas() as typeof library)!.name, library!.name);
  },
});

Deno.test({
  name: "M8: cpuInfo() asks nobody for permission",
  permissions: { read: false },
  fn: () => assert.equal(cpuInfo(), ""),
});

Deno.test({
  name: "M8: cpuInfo() gives the flags of a Linux processor",
  ignore: Deno.build.os !== "linux",
  fn: () => assert.match(cpuInfo(), /^(flags|Features|isa|features)\s*:/m),
});

Deno.test({
  name: "M8: openBlas() tells the core type of OpenBLAS" + lacking("OpenBLAS", isOpenBlas),
  ignore: !isOpenBlas,
  fn() {
    assert.ok(library!.coreName !== null && library!.name.endsWith(` ${library!.coreName})`));
  },
});
