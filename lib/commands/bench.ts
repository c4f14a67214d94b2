import { existsSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { useBackend } from "../backend/backend.ts";
import { openBlas } from "../backend/wasm/blas.ts";
import { BLAS_PERMISSIONS, blasEnvironment } from "../backend/wasm/child_environment.ts";
import { webgpuAdapter } from "../backend/webgpu/find_adapter.ts";
import {
  type BenchMeasure,
  benchPrograms,
  cardPrograms,
  hasCuda,
  measure,
  median,
} from "../bench/bench.ts";
import type { OwnersMeasure, OwnersRequest } from "../bench/owners.ts";
import type { ProductMeasure, ProductOptions } from "../bench/products.ts";
import {
  BENCH_SCALING,
  BENCH_SIZES,
  type BenchSize,
  LARGE_SIZES,
  OWNER_SIZE,
} from "../bench/size.ts";
import { benchTable, callsTable, ownersTable, productTable, workerTable } from "../bench/table.ts";
import { measureWorkers, type WorkerMeasure } from "../bench/workers.ts";
import { writeFilesAtomically } from "../files/atomic_write.ts";
import { machineFacts } from "../sweep/provenance.ts";
import { withoutLoaderVariables } from "../util/environment.ts";
import { ArgumentError, type Arguments, runCommand } from "./arguments.ts";
import type { Help } from "./help.ts";
import type { CommandOutput, LastingOutput } from "./output.ts";
import { lackingPermission } from "./permissions.ts";

/** Names of the measurements. */
const PARTS = ["steps", "products", "workers", "webgpu", "fused"] as const;

const HELP: Help = {
  about: [
    "Measures the training and the evaluation step side by side with other programs, single matrix " +
    "products, what two workers get done at once, the steps on a graphics card, and many adapters, and " +
    "runs of a sweep, trained at once.",
  ],
  usage: "[options]",
  rows: [
    [
      "--python PATH",
      "a Python with torch, transformers 5.17.0 and peft 0.21.0, to be measured too",
    ],
    ["--parts A,B", `some of ${PARTS.join(", ")} [all]`],
    [
      "--sizes A,B",
      "sizes of steps, workers and webgpu: some of " + Object.keys(BENCH_SIZES).join(", ") +
      " [all of them], or large ones for a graphics card, " +
      Object.keys(LARGE_SIZES).join(" and "),
    ],
    ["--rounds N", "how often each program takes its turn [12]"],
    ["--scaling", "also how a step grows with the batch, the length, the width and the skills"],
    ["--any-cpu", "do not pin programs to one processor (Linux pins them by taskset)"],
    ["--name NAME", "the name of the files in results/bench [the date]"],
  ],
  examples: ["deno task bench --parts steps,products --rounds 6"],
  sections: [
    {
      title: "Programs",
      about:
        "blas, this project with the system's BLAS; own, this project with its own WebAssembly " +
        "kernel; published, TensorFlow.js's WebAssembly backend as it is; peft, PEFT on PyTorch with " +
        "one thread. All do the same work: their losses are compared first. Products are compared " +
        "alike. Workers are two processes of the first program; one of them alone is what they are " +
        "compared with.",
    },
    {
      title: "Graphics cards",
      about:
        "The part webgpu measures this project on the graphics card beside PEFT on CUDA, where " +
        "the Python has it, and counts the calls of WebGPU in a step; on a software adapter it only " +
        "counts. The part fused trains 1, 4, 8 and 16 adapters at once, on the card or on " +
        "WebAssembly, and compares them with PEFT training them one after another.",
    },
  ],
  exitCodes: ["0 measured", "2 the arguments cannot be used"],
};

/** The options of `deno task bench`. */
export const BENCH_OPTIONS = {
  python: { type: "string" },
  parts: { type: "string", default: PARTS.join(",") },
  sizes: { type: "string", default: Object.keys(BENCH_SIZES).join(",") },
  rounds: { type: "string", default: "12" },
  scaling: { type: "boolean", default: false },
  "any-cpu": { type: "boolean", default: false },
  name: { type: "string" },
} as const;

/** Time that each program is measured in a round, and time that it runs before that. */
const TIMES = { milliseconds: 300, warmUp: 3000 };

/** The same on a graphics card, where a step is short and nothing is compiled for long. */
const CARD_TIMES = { milliseconds: 300, warmUp: 1000 };

/** How a software adapter is measured, whose times say nothing: once, for its counts. */
const COUNTS_ONLY = { rounds: 1, milliseconds: 1, warmUp: 1 };

/** Numbers of adapters, and of runs, that are trained at once. */
const OWNERS = [1, 4, 8, 16];

/** The size of one of many runs that are trained at once: of the default sweep. */
const RUN_SIZE = BENCH_SIZES["t5-sweep"]!;

const NAMED_SIZES = { ...BENCH_SIZES, ...LARGE_SIZES };

/** Time that each implementation of a product is measured in a round. */
const PRODUCT_MILLISECONDS = 10;

/** Time that workers are measured in a round. */
const WORKER_MILLISECONDS = 1000;

/**
 * The command behind `deno task bench`.
 *
 * @param args the words after the task's name
 * @returns the exit code: 0 done, 2 when the arguments cannot be used
 */
export async function benchCommand(
  args: readonly string[],
  output: CommandOutput = {},
): Promise<number> {
  const command = { task: "bench", help: HELP, options: BENCH_OPTIONS };
  return await runCommand(command, args, output, async (given, lasting) => {
    const options = readBench(given);
    const run = options.python === null ? [] : [options.python];
    const lacking = lackingPermission("bench", args, { run });
    if (lacking !== null) {
      lasting.say(`Cannot measure: ${lacking}`);
      return 2;
    }
    await measureAll(options, lasting);
    return 0;
  });
}

async function measureAll(
  options: ReturnType<typeof readBench>,
  { print }: LastingOutput,
): Promise<void> {
  const { rounds, cpu, python, name, parts } = options;
  const hasBlas = typeof openBlas() !== "string";
  const programs = benchPrograms(python, hasBlas);
  const sizes = options.sizes.map((size) => [size, NAMED_SIZES[size]!] as const);
  await useBackend("wasm");
  const load = os.loadavg();

  const measures: BenchMeasure[] = [];
  const steps = [
    ...sizes.map(([size, of]) => [size, of, programs] as const),
    ...(options.scaling
      ? Object.entries(BENCH_SCALING).map(([size, of]) => [size, of, [programs[0]!]] as const)
      : []),
  ];
  for (const [size, of, by] of parts.has("steps") ? steps : []) {
    const found = await measure(size, of, by, { rounds, cpu, ...TIMES });
    measures.push(...found);
    print(`${benchTable(found)}\n`);
  }
  const products = parts.has("products")
    ? await productsOn(cpu, { rounds, milliseconds: PRODUCT_MILLISECONDS })
    : [];
  if (products.length > 0) print(`${productTable(products)}\n`);
  const workers: WorkerMeasure[] = [];
  for (const [size, of] of parts.has("workers") ? sizes : []) {
    const times = { milliseconds: WORKER_MILLISECONDS, warmUp: TIMES.warmUp };
    const cpus = cpu === null || cpu === 0 ? null : [cpu, cpu - 1] as const;
    const found = await measureWorkers(size, of, programs[0]!, { rounds, cpus, ...times });
    workers.push(found);
    print(`${workerTable([found])}\n`);
  }
  const found = await webgpuAdapter();
  const card = found !== null && !found.isSoftware;
  const cuda = python !== null && (parts.has("webgpu") || parts.has("fused")) &&
      await hasCuda(python)
    ? python
    : null;
  const onCard: BenchMeasure[] = [];
  for (const [size, of] of parts.has("webgpu") && found !== null ? sizes : []) {
    const times = card ? { rounds, ...CARD_TIMES } : COUNTS_ONLY;
    const steps = await measure(size, of, cardPrograms(card ? cuda : null), {
      cpu: null,
      ...times,
    });
    onCard.push(...steps);
    print(`${benchTable(steps)}\n${callsTable(steps)}\n`);
  }
  const fused = parts.has("fused") ? card ? "webgpu" : "wasm" : null;
  const owners = fused === null ? [] : await atOnce("owners", OWNER_SIZE, fused, rounds);
  const runs = fused === null ? [] : await atOnce("runs_at_once", RUN_SIZE, fused, rounds);
  const peft = card && cuda !== null
    ? cardPrograms(cuda)[1]!
    : programs.find(({ name }) => name === "peft");
  const stepOfPeft = async (name: string, size: BenchSize) => {
    if (peft === undefined || fused === null) return null;
    const times = { rounds, cpu, ...card ? CARD_TIMES : TIMES };
    const [train] = await measure(name, size, [peft], times);
    return median(train!.rounds);
  };
  const peftOwner = await stepOfPeft("one owner", OWNER_SIZE);
  const peftRun = await stepOfPeft("one run", RUN_SIZE);
  if (fused !== null) {
    print(`${ownersTable(owners, peftOwner)}\n${ownersTable(runs, peftRun)}\n`);
  }

  const machine = {
    ...await machineFacts(),
    memory_bytes: os.totalmem(),
    pinned_to_cpu: cpu,
    load_before: load,
    load_after: os.loadavg(),
    webgpu_adapter: found?.description ?? null,
    engines: Object.fromEntries(
      [...measures, ...onCard].map(({ program, engine }) => [program, engine]),
    ),
  };
  const inRounds = `in the median of ${rounds} rounds in turn`;
  const sections = [
    measures.length === 0 ? "" : `## Steps\n\n${benchTable(measures)}\n` +
      `\`ratio\` is the time over that of the first program, ${inRounds}; ` +
      `\`cpu\` is the processor's time.\n\n`,
    products.length === 0 ? "" : `## Matrix products\n\n${productTable(products)}\n` +
      `In GFLOP/s. \`own_to_published\` and \`blas_to_alone\` are ratios of speeds, ${inRounds}; ` +
      `\`blas_alone\` is the library without the kernel around it.\n\n`,
    workers.length === 0 ? "" : `## Workers\n\n${workerTable(workers)}\n` +
      `Training steps a second by one process and by two at once, BLAS on one thread each, ` +
      `${inRounds}; \`processors\` is the ratio of plain arithmetic alike, which is 2 where two ` +
      `processors are there for them.\n\n`,
    onCard.length === 0 ? "" : `## On the graphics card\n\n` +
      (card
        ? `${benchTable(onCard)}\n`
        : "A software adapter: calls of WebGPU are counted, times say nothing.\n\n") +
      `Calls of WebGPU in one step:\n\n${callsTable(onCard)}\n`,
    owners.length === 0 ? "" : `## Adapters at once\n\n${ownersTable(owners, peftOwner)}\n` +
      `Training steps of many adapters of one task over one base, ${owners[0]!.engine}, ` +
      `${inRounds}; \`times_peft\` is the throughput over that of PEFT, one adapter after another` +
      `${peftOwner === null ? " (not measured)" : ` (${peftOwner.toPrecision(3)} ms a step)`}.\n\n`,
    runs.length === 0 ? "" : `## Runs at once\n\n${ownersTable(runs, peftRun)}\n` +
      `Training steps of many runs over one base, every second with half the skills and tasks, ` +
      `${
        runs[0]!.engine
      }, ${inRounds}; \`owners\` are the runs, and \`times_peft\` is over PEFT's ` +
      `step of one run${
        peftRun === null ? " (not measured)" : ` (${peftRun.toPrecision(3)} ms)`
      }.\n\n`,
  ];
  const report = `# Bench, ${name}\n\n${sections.join("")}## Machine\n\n` +
    `\`\`\`json\n${JSON.stringify(machine, null, 2)}\n\`\`\`\n`;
  const facts = {
    ...{ machine, rounds, measures, products, workers },
    ...{ webgpu: onCard, owners, peft_owner_milliseconds: peftOwner },
    ...{ runs_at_once: runs, peft_run_milliseconds: peftRun },
  };
  const json = `${JSON.stringify(facts, null, 2)}\n`;
  await Deno.mkdir("results/bench", { recursive: true });
  await writeFilesAtomically(
    "results/bench",
    new Map([[`${name}.json`, json], [`${name}.md`, report]]),
  );
  print(`Written to results/bench/${name}.md and .json\n`);
}

/** Measures many adapters, or runs, at once in a process of its own. */
async function atOnce(
  what: "owners" | "runs_at_once",
  size: BenchSize,
  backend: "webgpu" | "wasm",
  rounds: number,
): Promise<OwnersMeasure[]> {
  const request: OwnersRequest = {
    ...{ backend, size, owners: OWNERS, rounds },
    ...{ milliseconds: CARD_TIMES.milliseconds, warmUp: CARD_TIMES.warmUp },
  };
  return await inProcess(`../bench/${what}.ts`, request, []) as OwnersMeasure[];
}

/** Measures products in a process of its own, pinned like the programs. */
async function productsOn(cpu: number | null, options: ProductOptions): Promise<ProductMeasure[]> {
  const pinned = cpu === null ? [] : ["/usr/bin/taskset", "--cpu-list", `${cpu}`];
  return await inProcess("../bench/products.ts", options, pinned) as ProductMeasure[];
}

/** What a program prints that is given its options as JSON. */
async function inProcess(
  program: string,
  options: ProductOptions | OwnersRequest,
  pinned: readonly string[],
): Promise<unknown> {
  const file = fileURLToPath(new URL(program, import.meta.url));
  const deno = [Deno.execPath(), "run", ...BLAS_PERMISSIONS, file, JSON.stringify(options)];
  const [command, ...args] = [...pinned, ...deno];
  const { success, stdout, stderr } = await new Deno.Command(command!, {
    args,
    env: { ...blasEnvironment(), ...withoutLoaderVariables() },
  }).output();
  if (!success) throw new Error(`Cannot measure: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

/**
 * What is to be measured.
 * @throws {ArgumentError} when an argument has a wrong value
 */
function readBench({ values, positionals }: Arguments<typeof BENCH_OPTIONS>) {
  const [word] = positionals;
  if (word !== undefined) throw cannot(`"${word}" is not an option`);
  const sizes = someOf(Object.keys(NAMED_SIZES), values.sizes, "size");
  const parts = new Set(someOf(PARTS, values.parts, "part"));
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw cannot(`--rounds must be an integer, at least 1: got ${values.rounds}`);
  }
  const name = values.name ?? new Date().toISOString().slice(0, 10);
  if (!/^[\w.-]+$/.test(name)) {
    throw cannot(`--name must be made of letters, digits, ".", "_" and "-": got ${name}`);
  }
  if (values.python !== undefined && !existsSync(values.python)) {
    throw cannot(`there is no file "${values.python}"`);
  }
  const canPin = existsSync("/usr/bin/taskset") && !values["any-cpu"];
  return {
    sizes,
    parts,
    rounds,
    name,
    scaling: values.scaling,
    python: values.python ?? null,
    cpu: canPin ? os.availableParallelism() - 1 : null,
  };
}

/** The names that stand in a list, each of which must be known. */
function someOf<T extends string>(known: readonly T[], list: string, what: string): T[] {
  return list.split(",").filter((name) => name !== "").map((name) => {
    const found = known.find((one) => one === name);
    if (found !== undefined) return found;
    throw cannot(`there is no ${what} "${name}", only ${known.join(", ")}`);
  });
}

function cannot(why: string): ArgumentError {
  return new ArgumentError(`Cannot measure: ${why}`);
}
