import assert from "node:assert/strict";
import { useBackend } from "../backend/backend.ts";
import { openBlas } from "../backend/wasm/blas.ts";
import { benchCommand } from "../commands/bench.ts";
import { captured } from "../testing/captured.ts";
import { HAS_PYTHON, PYTHON, WARM_PYTHON } from "../testing/python.ts";
import {
  type BenchMeasure,
  BenchMismatch,
  type BenchProgram,
  benchPrograms,
  measure,
  median,
} from "./bench.ts";
import { gigaflops, measureProducts, PRODUCT_SIZES, type ProductMeasure } from "./products.ts";
import { BENCH_SIZES } from "./size.ts";
import { callsBetween } from "./gpu_calls.ts";
import { measureOwners } from "./owners.ts";
import { measureRunsAtOnce } from "./runs_at_once.ts";
import { benchTable, callsTable, ownersTable, productTable, workerTable } from "./table.ts";
import { measureWorkers, workerGain } from "./workers.ts";

const OPTIONS = { rounds: 2, milliseconds: 1, warmUp: 1, cpu: null };

/** Each size with everything that costs time made small. */
const SMALL = Object.entries(BENCH_SIZES).map(([name, size]) =>
  [name, {
    ...size,
    d_model: 16,
    d_ff: 12,
    num_layers: 1,
    num_heads: 2,
    d_kv: 8,
    batch_size: 3,
    length: 5,
    n_splits: 2,
  }] as const
).filter(([name]) => name === "decoder-32" || name === "t5-sweep");

/** Says `losses` and that every step took a millisecond. */
function fake(losses: readonly number[]): BenchProgram {
  const ready = { engine: "fake", evaluation: losses[0], training: losses.slice(1) };
  const reply = { milliseconds: [1], cpu_milliseconds: 1, peak_memory: 1 };
  const script = `console.log(${JSON.stringify(JSON.stringify(ready))});
    for await (const _ of Deno.stdin.readable) console.log(${
    JSON.stringify(JSON.stringify(reply))
  });`;
  return { name: "fake", command: [Deno.execPath(), "eval", script] };
}

/** A program with the Python that has PyTorch already, which takes seconds to load. */
function inWarmPython(program: BenchProgram): BenchProgram {
  const [python, ...words] = program.command;
  return python === PYTHON ? { ...program, command: [...WARM_PYTHON, ...words] } : program;
}

for (const [name, size] of SMALL) {
  Deno.test(`measure() finds the same losses with and without fast kernels: ${name}`, async () => {
    await useBackend("wasm");
    const programs = benchPrograms(HAS_PYTHON ? PYTHON! : null, false).map(inWarmPython);
    const measures = await measure(name, size, programs, OPTIONS);
    assert.deepEqual(measures.map(({ program, step }) => [program, step]), [
      ...programs.map(({ name }) => [name, "train"]),
      ...programs.map(({ name }) => [name, "evaluate"]),
    ]);
    for (const { rounds, cpu_rounds, peak_memory, losses } of measures) {
      assert.ok(rounds.length === 2 && rounds.every((milliseconds) => milliseconds > 0));
      assert.ok(cpu_rounds.length === 2 && peak_memory > 2 ** 20);
      assert.equal(losses.length, 4);
    }
    await assert.rejects(
      measure(name, size, [programs[0]!, fake([1, 2, 3, 4])], OPTIONS),
      (error) => error instanceof BenchMismatch && error.message.includes("fake has 1, 2, 3, 4"),
    );
  });
}

Deno.test("measure() says what a program wrote that does not start", async () => {
  await useBackend("wasm");
  const command = [Deno.execPath(), "eval", 'console.error("no such thing"); Deno.exit(3)'];
  await assert.rejects(
    measure("x", SMALL[0]![1], [{ name: "broken", command }], OPTIONS),
    /Cannot measure "broken" as it does not start: no such thing/,
  );
});

Deno.test("median() is the middle, or between the two middle ones", () => {
  assert.equal(median([5, 1, 3]), 3);
  assert.equal(median([4, 1, 10, 2]), 3);
});

Deno.test("benchTable() gives the median of the rounds' ratios to the first program", () => {
  const one = (program: string, rounds: number[]): BenchMeasure => ({
    size: "s",
    program,
    engine: "e",
    step: "train",
    rounds,
    cpu_rounds: rounds,
    peak_memory: 3 * 2 ** 20,
    losses: [],
  });
  const table = benchTable([one("ours", [1, 2, 8]), one("theirs", [3, 4, 8])]);
  const row = table.split("\n").find((line) => line.includes("theirs"))!;
  assert.deepEqual(row.split("|").slice(3, 9).map((cell) => cell.trim()), [
    "theirs",
    "4",
    "2",
    "4",
    "2",
    "3",
  ]);
});

Deno.test("benchCommand() refuses what it cannot measure", async () => {
  for (
    const [args, fault] of [
      [["--sizes", "huge"], /there is no size "huge", only decoder-32/],
      [
        ["--parts", "steps,all"],
        /there is no part "all", only steps, products, workers, webgpu, fused/,
      ],
      [["--rounds", "0"], /--rounds must be an integer, at least 1: got 0/],
      [["--python", "/no/python"], /there is no file "\/no\/python"/],
      [["--name", "a/b"], /--name must be made of letters/],
      [["--fast"], /Unknown option/],
      [["steps"], /"steps" is not an option/],
    ] as const
  ) {
    const { code, stdout, stderr } = await captured((output) => benchCommand(args, output));
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, fault);
    assert.match(stderr, /^.* deno task bench --help\n$/);
  }
});

Deno.test("measureProducts() finds the same numbers by every way", async () => {
  const sizes = PRODUCT_SIZES.filter(({ count, m, n, k }) => count * m * n * k < 2 ** 19);
  assert.ok(sizes.length > 5);
  const measures = await measureProducts(sizes, { rounds: 2, milliseconds: 0.1 });
  const ways = typeof openBlas() === "string"
    ? ["published", "own"]
    : ["published", "own", "blas", "blas alone"];
  assert.deepEqual(
    measures.map(({ name, way }) => [name, way]),
    sizes.flatMap(({ name }) => ways.map((way) => [name, way])),
  );
  for (const measure of measures) {
    assert.ok(measure.rounds.length === 2 && measure.rounds.every((time) => time > 0));
    assert.ok(gigaflops(measure) > 0 && gigaflops(measure) < 1e4);
  }
  await useBackend("wasm"); // with the kernels that it has by itself
});

Deno.test("PRODUCT_SIZES have names of their own", () => {
  assert.equal(new Set(PRODUCT_SIZES.map(({ name }) => name)).size, PRODUCT_SIZES.length);
});

Deno.test("productTable() gives speeds, and medians of the rounds' ratios", () => {
  const size = { name: "p", count: 2, m: 10, n: 5, k: 25, transposeB: true };
  const one = (way: ProductMeasure["way"], rounds: number[]) => ({ ...size, way, rounds });
  const table = productTable([one("published", [10, 30, 40]), one("own", [5, 10, 10])]);
  assert.deepEqual(table.split("\n")[2]!.split("|").slice(1, 9).map((cell) => cell.trim()), [
    "p",
    "2 × (10×25 · 25×5ᵀ)",
    "0.1667",
    "0.5",
    "—",
    "—",
    "3",
    "—",
  ]);
});

Deno.test("measureWorkers() compares two workers at once with one alone", async () => {
  await useBackend("wasm");
  const [name, size] = SMALL[0]!;
  const program = benchPrograms(null, false)[0]!;
  const options = { rounds: 2, milliseconds: 1, warmUp: 1, cpus: null };
  const measure = await measureWorkers(name, size, program, options);
  assert.deepEqual([measure.size, measure.program], ["decoder-32", "own"]);
  const speeds = [...measure.alone, ...measure.together, ...measure.processors];
  assert.ok(speeds.length === 6 && speeds.every((speed) => speed > 0 && Number.isFinite(speed)));
  assert.ok(workerGain(measure) > 0);
});

Deno.test("measureOwners() trains each number of adapters at once", async () => {
  const [, size] = SMALL.find(([name]) => name === "t5-sweep")!;
  const times = { rounds: 2, milliseconds: 1, warmUp: 1 };
  const measures = await measureOwners({ backend: "wasm", size, owners: [1, 3], ...times });
  assert.deepEqual(measures.map(({ owners, rounds }) => [owners, rounds.length]), [[1, 2], [3, 2]]);
  assert.equal(measures[0]!.loss, measures[1]!.loss); // the first owner's, whatever its company
  assert.ok(measures.every(({ calls }) => calls === undefined));
});

Deno.test("measureRunsAtOnce() trains runs of different sizes in the same batches", async () => {
  const [, size] = SMALL.find(([name]) => name === "t5-sweep")!;
  const times = { rounds: 1, milliseconds: 1, warmUp: 1 };
  const measures = await measureRunsAtOnce({ backend: "wasm", size, owners: [1, 3], ...times });
  assert.deepEqual(measures.map(({ owners, rounds }) => [owners, rounds.length]), [[1, 1], [3, 1]]);
  assert.equal(measures[0]!.loss, measures[1]!.loss); // the first run's, whatever its company
});

Deno.test("ownersTable() compares many adapters at once with PEFT one after another", () => {
  const calls = { dispatches: 7, submits: 1, writes: 2, reads: 1, bind_groups: 0, buffers: 0 };
  const table = ownersTable([{ engine: "e", owners: 4, rounds: [9, 10, 20], loss: 1, calls }], 5);
  assert.deepEqual(table.split("\n")[2]!.split("|").slice(1, 6).map((cell) => cell.trim()), [
    "4",
    "10",
    "400",
    "2",
    "7",
  ]);
});

Deno.test("callsBetween() and callsTable() give the calls of WebGPU in one step", () => {
  const counts = (n: number) => ({
    ...{ dispatches: 10 * n, submits: n, writes: n, reads: n, bind_groups: 0, buffers: 3 },
  });
  const calls = callsBetween(counts(1), counts(3));
  assert.deepEqual(calls, { ...counts(2), buffers: 0 });
  const of = { size: "s", program: "webgpu", engine: "e", step: "train" as const };
  const measure = { ...of, rounds: [1], cpu_rounds: [1], peak_memory: 1, losses: [] };
  const table = callsTable([{ ...measure, calls }, measure]);
  assert.match(table, /^\| s +\| train +\| +20 \| +2 \| +2 \| +2 \| +0 \| +0 \|$/m);
});

Deno.test("workerTable() gives medians, and that of the rounds' ratios", () => {
  const table = workerTable([
    { size: "s", program: "p", alone: [10, 20, 10], together: [19, 30, 17], processors: [1, 2, 2] },
  ]);
  assert.deepEqual(table.split("\n")[2]!.split("|").slice(1, 7).map((cell) => cell.trim()), [
    "s",
    "p",
    "10",
    "19",
    "1.7",
    "2",
  ]);
});
