/** Where commands write: streams whose reader may leave, and lines that show text as what it is. */
import process from "node:process";
import { printable } from "../util/printable.ts";

/** Where a command writes; the process's own streams unless given. */
export interface CommandOutput {
  /** For results and help. */
  readonly stdout?: NodeJS.WritableStream;
  /** For progress and messages. */
  readonly stderr?: TerminalStream;
}

/** A stream that may be a terminal. */
export type TerminalStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/**
 * Where a command writes while it runs. Work that is worth hours does not end because nobody reads what
 * it says: once a stream takes no more, as of `| head` or a full disk, the rest is dropped.
 */
export class LastingOutput implements Required<CommandOutput> {
  /** For results and help. */
  readonly stdout: NodeJS.WritableStream;
  /** For progress and messages, bars of progress included. */
  readonly stderr: TerminalStream;
  readonly #given: Required<CommandOutput>;

  /** Takes the process's own streams where none are given. */
  constructor({ stdout = process.stdout, stderr = process.stderr }: CommandOutput = {}) {
    this.#given = { stdout, stderr };
    this.stdout = lasting(stdout);
    this.stderr = lasting(stderr);
  }

  /** Writes a line for people to standard error; control characters in it are shown as U+FFFD. */
  readonly say = (line: string): void => {
    this.stderr.write(`${printable(line)}\n`);
  };

  /** Writes text for people to standard output; control characters in it are shown as U+FFFD. */
  readonly print = (text: string): void => {
    this.stdout.write(printable(text));
  };

  /**
   * Waits until the process has passed on what was written to standard output.
   *
   * @returns why a part of it is lost; null when none is, or its reader wanted no more
   */
  async lost(): Promise<string | null> {
    const { stdout } = this.#given;
    if (stdout === process.stdout && !LOST.has(stdout)) {
      // Fails with the stream, which says why by its event.
      await new Promise((resolve) => this.stdout.write("", () => setTimeout(resolve)));
    }
    const error = LOST.get(stdout);
    return error === undefined || error.code === "EPIPE" ? null : error.message;
  }
}

/** Streams that have taken no more, and why. */
const LOST = new WeakMap<NodeJS.WritableStream, Error & { code?: string }>();
const WATCHED = new WeakSet<NodeJS.WritableStream>();

/** The same stream, except that writing to it never fails: a pipe tells by an event, a file throws. */
function lasting<S extends NodeJS.WritableStream>(stream: S): S {
  const lose = (error: Error) => void (LOST.has(stream) || LOST.set(stream, error));
  if (!WATCHED.has(stream)) stream.on("error", lose);
  WATCHED.add(stream);
  const write: NodeJS.WritableStream["write"] = (...args: unknown[]) => {
    const last = args.at(-1);
    const done = typeof last === "function" ? last as () => void : () => {};
    if (LOST.has(stream)) {
      done();
      return true;
    }
    try {
      return (stream.write as (...args: unknown[]) => boolean)(...args);
    } catch (error) {
      lose(error as Error);
      done();
      return true;
    }
  };
  return Object.create(stream, { write: { value: write } });
}
