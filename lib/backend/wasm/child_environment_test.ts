import assert from "node:assert/strict";
import { lacking } from "../../testing/lacking.ts";
import { ONE_THREAD, openBlas } from "./blas.ts";
import { blasEnvironment, type BlasFacts, sharedEnvironment } from "./child_environment.ts";

/** A processor with AVX-512 that OpenBLAS does not know. */
const FELL_BACK: BlasFacts = {
  blas: { coreName: "Prescott" },
  cpuInfo: () =>
    "vendor_id\t: GenuineIntel\n" +
    "flags\t\t: sse2 fma avx2 avx512f avx512dq avx512cd avx512bw avx512vl avx512_bf16\n",
  variable: () => undefined,
};

const withVariable = (name: string, value: string): BlasFacts => ({
  ...FELL_BACK,
  variable: (variable) => variable === name ? value : undefined,
});

const found = openBlas();
const NO_BLAS = lacking("BLAS library", typeof found !== "string");

/** Fails when the environment is written meanwhile. */
async function leavingTheEnvironment<T>(act: () => T | Promise<T>): Promise<T> {
  const { set, delete: remove } = Deno.env;
  const before = Deno.env.toObject();
  Deno.env.set = Deno.env.delete = () => assert.fail("the environment was written");
  try {
    return await act();
  } finally {
    Deno.env.set = set;
    Deno.env.delete = remove;
    assert.deepEqual(Deno.env.toObject(), before);
  }
}

Deno.test("M8: blasEnvironment() names the core type where OpenBLAS fell back, and only there", async () => {
  const environment = await leavingTheEnvironment(() => blasEnvironment(FELL_BACK));
  assert.deepEqual(environment, { ...ONE_THREAD, OPENBLAS_CORETYPE: "Cooperlake" });
  for (
    const facts of [
      { ...FELL_BACK, blas: { coreName: "SkylakeX" } },
      { ...FELL_BACK, blas: { coreName: null } },
      { ...FELL_BACK, blas: "no permission for FFI (--allow-ffi)" },
      { ...FELL_BACK, cpuInfo: () => "" },
      withVariable("OPENBLAS_CORETYPE", "Prescott"),
    ]
  ) {
    assert.deepEqual(blasEnvironment(facts), ONE_THREAD);
  }
});

Deno.test("M8: sharedEnvironment() asks one process like the others, and hands its ways to all", async () => {
  const asked: unknown[] = [];
  const environment = await sharedEnvironment([], {
    facts: FELL_BACK,
    ask: (given) => {
      asked.push(given);
      return Promise.resolve({ blas: "OpenBLAS", matmul: "large=blas,narrow=wasm,batched=blas" });
    },
  });
  const { POLY_MATMUL, ...others } = environment;
  assert.equal(POLY_MATMUL, "large=blas,narrow=wasm,batched=blas");
  assert.deepEqual(asked, [others]);
  assert.deepEqual(others, blasEnvironment(FELL_BACK));
});

Deno.test("M8: sharedEnvironment() keeps the ways that earlier runs recorded with the same BLAS", async () => {
  const ask = () => Promise.resolve({ blas: "OpenBLAS Zen", matmul: "blas" });
  const matmulAfter = async (...earlier: Record<string, unknown>[]) =>
    (await sharedEnvironment(earlier, { facts: FELL_BACK, ask })).POLY_MATMUL;
  assert.equal(await matmulAfter(), "blas");
  assert.equal(await matmulAfter({ blas: "OpenBLAS Zen", matmul: "wasm" }, {}), "wasm");
  assert.equal(await matmulAfter({ blas: "OpenBLAS Prescott", matmul: "wasm" }), "blas");
  assert.equal(await matmulAfter({ backend: "webgpu" }, { blas: null, matmul: "wasm" }), "blas");
});

Deno.test("sharedEnvironment() gives the threads asked for, and keeps the ways of as many", async () => {
  const ask = () => Promise.resolve({ blas: "A", matmul: "blas" });
  const options = { facts: FELL_BACK, ask, threads: 2 };
  const after = (...earlier: Record<string, unknown>[]) => sharedEnvironment(earlier, options);
  const { POLY_THREADS, OPENBLAS_NUM_THREADS, POLY_MATMUL } = await after({
    blas: "A",
    matmul: "wasm",
  });
  assert.deepEqual([POLY_THREADS, OPENBLAS_NUM_THREADS, POLY_MATMUL], ["2", "2", "blas"]);
  assert.equal((await after({ blas: "A", matmul: "wasm", threads: 2 })).POLY_MATMUL, "wasm");
  const settle = ({ threads }: { threads: number }) => `settled for ${threads}`;
  const settled = await sharedEnvironment([], { ...options, settle });
  assert.equal(settled.POLY_MATMUL, "settled for 2");
});

Deno.test("M8: sharedEnvironment() leaves alone what the user insists on, and what has no choice", async () => {
  const insisting = withVariable("POLY_MATMUL", "wasm");
  const ask = () => assert.fail("it measured");
  assert.deepEqual(
    await sharedEnvironment([], { facts: insisting, ask }),
    blasEnvironment(insisting),
  );
  for (const answer of [null, { blas: null, matmul: "wasm" }]) {
    const environment = await sharedEnvironment([], {
      facts: FELL_BACK,
      ask: () => Promise.resolve(answer),
    });
    assert.deepEqual(environment, blasEnvironment(FELL_BACK));
  }
});

Deno.test({
  name: "M8: sharedEnvironment() measures on this machine in a process of its own" + NO_BLAS,
  ignore: typeof found === "string" || Deno.env.get("POLY_MATMUL") !== undefined,
  async fn() {
    const environment = await leavingTheEnvironment(() => sharedEnvironment());
    assert.match(environment.POLY_MATMUL!, /^(blas|wasm|large=\w+,narrow=\w+,batched=\w+)$/);
    const { POLY_MATMUL: _, ...others } = environment;
    assert.deepEqual(others, blasEnvironment());
  },
});

Deno.test("M8: sharedEnvironment() does not wait for a measurement that is given up", async () => {
  const environment = await sharedEnvironment([], {
    facts: FELL_BACK,
    signal: AbortSignal.abort(),
  });
  assert.deepEqual(environment, blasEnvironment(FELL_BACK));
});

Deno.test("M8: sharedEnvironment() asks also where this process may not open a BLAS", async () => {
  const facts = { ...FELL_BACK, blas: "no permission for FFI (--allow-ffi)" };
  const ask = () => Promise.resolve({ blas: "OpenBLAS Prescott", matmul: "wasm" });
  const environment = await sharedEnvironment([], { facts, ask });
  assert.deepEqual(environment, { ...ONE_THREAD, POLY_MATMUL: "wasm" });
});
