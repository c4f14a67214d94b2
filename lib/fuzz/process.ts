/**
 * The process that reads damaged inputs, one after the other, until it is killed or the time is over. It
 * says in a line of JSON what it is about to read, and what it found, so that an input which stops it or
 * takes it down is known to whoever started it.
 */
import process from "node:process";
import { FORMATS } from "./formats.ts";
import { inputOf } from "./input.ts";
import { faultOf } from "./verdict.ts";

/** What a process is asked for, as its argument in JSON. */
export interface FuzzTask {
  readonly seed: number;
  /** Names of formats, which take turns. */
  readonly formats: readonly string[];
  /** The first turn. */
  readonly from: number;
  /** The turn before which it ends. */
  readonly to: number;
  /** Milliseconds since the start of the process after which it ends. */
  readonly milliseconds: number;
  /** Files to read in place of damaged inputs. */
  readonly files?: readonly string[];
}

/** A line that a process writes. */
export interface FuzzLine {
  /** The turn that begins; null behind the last one. */
  readonly turn: number | null;
  /** What was wrong with how the input before was read. */
  readonly fault?: string;
  /** The most memory that the process held so far, in bytes. */
  readonly memory?: number;
}

/** The most processor time for one input, in milliseconds. */
export const MOST_MILLISECONDS = 2000;

/** The most memory by which one input may make the process grow, in bytes. */
export const MOST_BYTES = 512 * 2 ** 20;

function say(line: FuzzLine): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
}

/** Reads one input within the bounds, in an empty folder. */
async function faultWith(name: string, input: Uint8Array<ArrayBuffer>): Promise<string | null> {
  const dir = await Deno.makeTempDir({ prefix: "fuzz-" });
  const before = Deno.memoryUsage().rss;
  const cpu = process.cpuUsage();
  try {
    await FORMATS[name]!.read(input, dir);
  } catch (error) {
    const fault = faultOf(error);
    if (fault !== null) return `${fault}\n${(error as Error).stack ?? ""}`.slice(0, 4000);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
  const { user, system } = process.cpuUsage(cpu);
  const milliseconds = (user + system) / 1000;
  if (milliseconds > MOST_MILLISECONDS) {
    return `slow: ${Math.round(milliseconds)} ms of processor time`;
  }
  const grown = Deno.memoryUsage().rss - before;
  return grown > MOST_BYTES ? `large: ${Math.round(grown / 2 ** 20)} MiB more memory` : null;
}

if (import.meta.main) {
  const { seed, formats, from, to, milliseconds, files } = JSON.parse(Deno.args[0]!) as FuzzTask;
  let turn = from;
  let ending: Partial<FuzzLine> = {};
  let memory = 0;
  // What no caller awaits is an input's fault, too.
  let stray: string | null = null;
  const note = (event: Event & { reason?: unknown; error?: unknown }) => {
    event.preventDefault();
    const error = event.reason ?? event.error;
    stray = `not awaited: ${error instanceof Error ? error.stack : String(error)}`;
  };
  globalThis.addEventListener("unhandledrejection", note);
  globalThis.addEventListener("error", note);
  for (; turn < to && performance.now() < milliseconds; turn++) {
    say({ turn, memory, ...ending });
    const name = formats[turn % formats.length]!;
    const input = files === undefined
      ? inputOf(name, FORMATS[name]!, seed, Math.floor(turn / formats.length))
      : await Deno.readFile(files[turn]!);
    const fault = await faultWith(name, input) ?? stray;
    stray = null;
    ending = fault === null ? {} : { fault };
    memory = Math.max(memory, Deno.memoryUsage().rss);
  }
  say({ turn: null, memory, ...ending });
}
