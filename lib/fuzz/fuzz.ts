import { fileURLToPath } from "node:url";
import type { FuzzLine, FuzzTask } from "./process.ts";
import { FORMATS } from "./formats.ts";
import { inputOf } from "./input.ts";

/** An input that was not read as it should be. */
export interface Finding {
  readonly format: string;
  readonly seed: number;
  /** The number of the input among those of its format. */
  readonly number: number;
  readonly input: Uint8Array;
  /** The error, with its stack, or which bound was passed. */
  readonly fault: string;
}

/** What a call of {@linkcode fuzz} is asked for. */
export interface FuzzOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Names of formats, all by default; they take turns. */
  readonly formats?: readonly string[];
  /** The most inputs of each format. */
  readonly inputs?: number;
  /** Files to read in place of damaged inputs, of the first of the formats. */
  readonly files?: readonly string[];
  readonly onFinding: (finding: Finding) => void;
}

/** What was tried. */
export interface FuzzSummary {
  /** How many inputs of each format were read. */
  readonly inputs: Readonly<Record<string, number>>;
  /** The most memory that the reading process held, in bytes. */
  readonly memory: number;
}

/**
 * Time without a sign after which a process is killed, in milliseconds: several times the bound on
 * processor time, as a process may have to wait for others.
 */
const PATIENCE = 10_000;

/** The most memory that V8 may take in the reading process, in MiB. */
const HEAP = 1024;

/**
 * Reads damaged inputs of every format in another process, until the time is over. What stops the
 * process or takes it down is a finding, too, and another process goes on behind it.
 *
 * @throws {RangeError} when there is no such format
 */
export async function fuzz(options: FuzzOptions): Promise<FuzzSummary> {
  const { seed, seconds, formats = Object.keys(FORMATS), inputs = Infinity, files } = options;
  const unknown = formats.find((name) => !Object.hasOwn(FORMATS, name));
  if (unknown !== undefined || formats.length === 0) {
    const known = Object.keys(FORMATS).join(", ");
    throw new RangeError(`Cannot fuzz "${unknown ?? ""}" as a format must be one of ${known}`);
  }
  const turns = files?.length ?? Math.min(inputs * formats.length, Number.MAX_SAFE_INTEGER);
  const end = performance.now() + seconds * 1000;
  const counts = Object.fromEntries(formats.map((name) => [name, 0]));
  let memory = 0;
  let next = 0;
  const found = async (turn: number, fault: string) => {
    const format = formats[turn % formats.length]!;
    const number = Math.floor(turn / formats.length);
    const input = files === undefined
      ? inputOf(format, FORMATS[format]!, seed, number)
      : await Deno.readFile(files[turn]!);
    options.onFinding({ format, seed, number, input, fault });
  };
  while (next < turns && performance.now() < end) {
    const milliseconds = end - performance.now();
    const task: FuzzTask = {
      seed,
      formats,
      from: next,
      to: turns,
      milliseconds,
      ...(files === undefined ? {} : { files }),
    };
    let begun: number | null = null;
    let isDone = false;
    const { killed, code, stderr } = await watch(task, async (line) => {
      memory = Math.max(memory, line.memory ?? 0);
      if (begun !== null) {
        counts[formats[begun % formats.length]!]!++;
        if (line.fault !== undefined) await found(begun, line.fault);
      }
      begun = line.turn;
      isDone = line.turn === null;
    });
    if (isDone) break;
    if (begun === null) {
      throw new Error(`Cannot fuzz as the reading process does not start: ${stderr}`);
    }
    counts[formats[begun % formats.length]!]!++;
    const fault = killed
      ? `hang: killed after ${PATIENCE / 1000} s`
      : `crash: the process ended with code ${code}: ${stderr.slice(-2000)}`;
    await found(begun, fault);
    next = begun + 1;
  }
  return { inputs: counts, memory };
}

/** Follows one process, and kills it when it gives no sign for too long. */
async function watch(
  task: FuzzTask,
  onLine: (line: FuzzLine) => Promise<void>,
): Promise<{ killed: boolean; code: number; stderr: string }> {
  const file = fileURLToPath(new URL("process.ts", import.meta.url));
  const flags = `--v8-flags=--max-old-space-size=${HEAP}`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", flags, file, JSON.stringify(task)],
    env: { HF_HUB_OFFLINE: "0", TRANSFORMERS_OFFLINE: "0" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let killed = false;
  const kill = () => {
    killed = true;
    child.kill("SIGKILL");
  };
  // The start, which may have to check types or to compile, is given more time.
  let timer = setTimeout(kill, 6 * PATIENCE);
  const stderr = new Response(child.stderr).text();
  let rest = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    clearTimeout(timer);
    timer = setTimeout(kill, PATIENCE);
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    for (const line of lines) await onLine(JSON.parse(line));
  }
  clearTimeout(timer);
  const { code } = await child.status;
  return { killed, code, stderr: await stderr };
}
