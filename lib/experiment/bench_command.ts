import { existsSync } from "node:fs";
import os from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import { useBackend } from "../backend/backend.ts";
import { openBlas } from "../backend/blas.ts";
import { writeFilesAtomically } from "../util/atomic_write.ts";
import { type BenchMeasure, benchPrograms, measure } from "./bench.ts";
import { BENCH_SCALING, BENCH_SIZES } from "./bench_size.ts";
import { benchTable } from "./bench_table.ts";
import { machineFacts } from "./provenance.ts";

const HELP = `Measure the training and the evaluation step, side by side with other programs.

Usage: deno task bench [--python PATH] [--sizes A,B] [--rounds N] [--scaling] [--name NAME]

--python PATH  a Python with torch, transformers 5.17.0 and peft 0.21.0, to be measured too
--sizes A,B    some of ${Object.keys(BENCH_SIZES).join(", ")}; all by default
--rounds N     how often each program takes its turn; 12 by default
--scaling      also how a step grows with the batch, the length, the width and the skills
--any-cpu      do not pin programs to one processor (Linux pins them by taskset)
--name NAME    of the files in results/bench; the date by default
--help         show this

Programs: blas, this project with the system's BLAS; own, this project with its own WebAssembly kernel;
published, TensorFlow.js's WebAssembly backend as it is; peft, PEFT on PyTorch with one thread. All do
the same work: their losses are compared first.
`;

/** How long each program is measured at a time, and how long it runs before that. */
const TIMES = { milliseconds: 300, warmUp: 3000 };

/**
 * The command behind `deno task bench`.
 *
 * @param args what stands after the task's name
 * @param print takes what a person is told; standard output by default
 * @returns the exit code: 0 done, 2 when the arguments cannot be used
 */
export async function benchCommand(
  args: readonly string[],
  print: (text: string) => void = (text) => void process.stdout.write(text),
): Promise<number> {
  let options: ReturnType<typeof readArguments>;
  try {
    options = readArguments(args);
  } catch (error) {
    print(`Cannot measure: ${(error as Error).message}; see deno task bench --help\n`);
    return 2;
  }
  if (options === null) {
    print(HELP);
    return 0;
  }
  const { rounds, cpu, python, name } = options;
  const hasBlas = typeof openBlas() !== "string";
  const programs = benchPrograms(python, hasBlas);
  const measures: BenchMeasure[] = [];
  const sizes = [
    ...options.sizes.map((size) => [size, BENCH_SIZES[size]!, programs] as const),
    ...(options.scaling
      ? Object.entries(BENCH_SCALING).map(([size, of]) => [size, of, [programs[0]!]] as const)
      : []),
  ];
  await useBackend("wasm");
  const load = os.loadavg();
  for (const [size, of, by] of sizes) {
    const found = await measure(size, of, by, { rounds, cpu, ...TIMES });
    measures.push(...found);
    print(`${benchTable(found)}\n`);
  }
  const machine = {
    ...await machineFacts(),
    memory_bytes: os.totalmem(),
    pinned_to_cpu: cpu,
    load_before: load,
    load_after: os.loadavg(),
    engines: Object.fromEntries(measures.map(({ program, engine }) => [program, engine])),
  };
  const report = `# Steps, ${name}\n\n${benchTable(measures)}\n` +
    `\`ratio\` is the time over that of the first program, in the median of ${rounds} rounds in turn; ` +
    `\`cpu\` is the processor's time.\n\n` +
    `\`\`\`json\n${JSON.stringify(machine, null, 2)}\n\`\`\`\n`;
  const json = `${JSON.stringify({ machine, rounds, measures }, null, 2)}\n`;
  await Deno.mkdir("results/bench", { recursive: true });
  await writeFilesAtomically(
    "results/bench",
    new Map([[`${name}.json`, json], [`${name}.md`, report]]),
  );
  print(`Written to results/bench/${name}.md and .json\n`);
  return 0;
}

function readArguments(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      python: { type: "string" },
      sizes: { type: "string", default: Object.keys(BENCH_SIZES).join(",") },
      rounds: { type: "string", default: "12" },
      scaling: { type: "boolean", default: false },
      "any-cpu": { type: "boolean", default: false },
      name: { type: "string", default: new Date().toISOString().slice(0, 10) },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  const sizes = values.sizes.split(",").filter((size) => size !== "");
  const unknown = sizes.find((size) => !Object.hasOwn(BENCH_SIZES, size));
  if (unknown !== undefined) {
    throw new RangeError(
      `there is no size "${unknown}", only ${Object.keys(BENCH_SIZES).join(", ")}`,
    );
  }
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new RangeError(`--rounds is a whole number, at least 1: got ${values.rounds}`);
  }
  if (!/^[\w.-]+$/.test(values.name)) {
    throw new RangeError(`--name is made of letters, digits, ".", "_" and "-": got ${values.name}`);
  }
  if (values.python !== undefined && !existsSync(values.python)) {
    throw new RangeError(`there is no file "${values.python}"`);
  }
  const canPin = existsSync("/usr/bin/taskset") && !values["any-cpu"];
  return {
    sizes,
    rounds,
    name: values.name,
    scaling: values.scaling,
    python: values.python ?? null,
    cpu: canPin ? os.availableParallelism() - 1 : null,
  };
}
