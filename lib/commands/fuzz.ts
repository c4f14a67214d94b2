import { existsSync } from "node:fs";
import { join } from "node:path";
import { FORMATS } from "../fuzz/formats.ts";
import { type Finding, fuzz } from "../fuzz/fuzz.ts";
import { ArgumentError, type Arguments, runCommand } from "./arguments.ts";
import type { Help } from "./help.ts";
import type { CommandOutput, LastingOutput } from "./output.ts";

const HELP: Help = {
  about: [
    "Reads damaged files of every format that this project reads, and reports what is not refused in a " +
    "line.",
  ],
  usage: "[FILE ...] [options]",
  rows: [
    ["FILE", "read these instead, such as saved findings; --only names their format"],
    [
      "--seed N",
      "which damaged inputs; the same seed gives the same ones [0]",
    ],
    ["--seconds N", "how long [60]"],
    ["--only A,B", `some of ${Object.keys(FORMATS).join(", ")} [all]`],
    ["--out DIR", "where inputs that were found are saved [results/.scratch/fuzz]"],
  ],
  examples: ["deno task fuzz --seconds 10 --seed 1"],
  exitCodes: ["0 nothing found", "1 something found", "2 the arguments cannot be used"],
};

/** The options of `deno task fuzz`. */
export const FUZZ_OPTIONS = {
  seed: { type: "string", default: "0" },
  seconds: { type: "string", default: "60" },
  only: { type: "string" },
  out: { type: "string", default: join("results", ".scratch", "fuzz") },
} as const;

/**
 * The command behind `deno task fuzz`.
 *
 * @param args the words after the task's name
 * @returns the exit code: 0 nothing found, 1 something found, 2 when the arguments cannot be used
 */
export async function fuzzCommand(
  args: readonly string[],
  output: CommandOutput = {},
): Promise<number> {
  const command = { task: "fuzz", help: HELP, options: FUZZ_OPTIONS };
  return await runCommand(
    command,
    args,
    output,
    (given, lasting) => fuzzAll(given, lasting),
  );
}

async function fuzzAll(
  given: Arguments<typeof FUZZ_OPTIONS>,
  { say, print }: LastingOutput,
): Promise<number> {
  const { out, ...options } = readFuzz(given);
  const findings: Finding[] = [];
  const { inputs, memory } = await fuzz({
    ...options,
    onFinding(finding) {
      const { format, seed, number, input, fault } = finding;
      findings.push(finding);
      Deno.mkdirSync(out, { recursive: true });
      const path = join(out, `${format}-${seed}-${number}`);
      Deno.writeFileSync(path, input);
      Deno.writeTextFileSync(`${path}.error.txt`, `${fault}\n`);
      say(`Found: ${format}, input ${number} of seed ${seed}, ${path}: ${fault.split("\n", 1)[0]}`);
    },
  });
  for (const [name, count] of Object.entries(inputs)) {
    const found = findings.filter(({ format }) => format === name).length;
    print(
      `${name.padEnd(20)}${String(count).padStart(8)} inputs${found ? `, ${found} found` : ""}\n`,
    );
  }
  const count = Object.values(inputs).reduce((sum, n) => sum + n, 0);
  const mebibytes = Math.round(memory / 2 ** 20);
  print(`${count} inputs, ${findings.length} found, at most ${mebibytes} MiB of memory\n`);
  return findings.length > 0 ? 1 : 0;
}

/**
 * What is to be tried.
 * @throws {ArgumentError} when an argument has a wrong value
 */
function readFuzz({ values, positionals: files }: Arguments<typeof FUZZ_OPTIONS>) {
  const [seed, seconds] = [Number(values.seed), Number(values.seconds)];
  if (!Number.isSafeInteger(seed)) throw cannot(`--seed must be an integer: got ${values.seed}`);
  if (!(seconds > 0 && seconds <= 1e6)) {
    throw cannot(`--seconds must be above 0 and at most 1000000: got ${values.seconds}`);
  }
  const formats = values.only?.split(",");
  const unknown = formats?.find((name) => !Object.hasOwn(FORMATS, name));
  if (unknown !== undefined) {
    throw cannot(`there is no format "${unknown}", only ${Object.keys(FORMATS).join(", ")}`);
  }
  if (files.length > 0 && formats?.length !== 1) throw cannot("--only must name the files' format");
  const missing = files.find((path) => !existsSync(path));
  if (missing !== undefined) throw cannot(`there is no file "${missing}"`);
  return {
    seed,
    seconds,
    out: values.out,
    ...(formats === undefined ? {} : { formats }),
    ...(files.length === 0 ? {} : { files }),
  };
}

function cannot(why: string): ArgumentError {
  return new ArgumentError(`Cannot fuzz: ${why}`);
}
