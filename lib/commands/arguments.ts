/** How every command reads the words after its name, shows its help, and refuses what it cannot read. */
import { escaped } from "../files/escaped.ts";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { suggest } from "../util/words.ts";
import { type Help, helpText } from "./help.ts";
import { type CommandOutput, LastingOutput } from "./output.ts";
import { terminalOf } from "./terminal.ts";

/** Thrown when the words after a task's name cannot be understood; the message is one line. */
export class ArgumentError extends Error {
  override readonly name = "ArgumentError";
}

/** The options of a command, as `parseArgs` of `node:util` takes them. */
export type Options = NonNullable<ParseArgsConfig["options"]>;

/** Parsed arguments of a command: values of options by name, and the other words. */
export type Arguments<O extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O; allowPositionals: true }>
>;

/** Options of all commands. */
export interface Command<O extends Options> {
  /** The task's name in `deno.json`. */
  readonly task: string;
  /** What `--help` says. */
  readonly help: Help;
  /** Its options; `--help` comes by itself. */
  readonly options: O;
  /** What to write instead of a word that begins with a dash and is no option; null where nothing is known. */
  readonly instead?: (word: string) => string | null;
}

const HELP = { help: { type: "boolean", short: "h", default: false } } as const;

/**
 * The most characters of a word. `parseArgs` takes letters behind one dash apart, in a time that grows with
 * the square of their number, and a message repeats the word.
 */
function mostCharacters(word: string): number {
  return /^-[^-]/.test(word) ? 100 : 10_000;
}

/**
 * Reads the words after a task's name.
 *
 * @param instead what to write instead of a word that is no option
 * @throws {ArgumentError} when an option is unknown, with the nearest known one, or lacks its value or
 * has an empty one, or a word is too long to be one
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const options = { out: { type: "string" }, quiet: { type: "boolean" } } as const;
 * const { values, positionals } = readArguments(["a", "--out=b"], options);
 * assert.deepEqual([values.out, values.quiet, positionals], ["b", undefined, ["a"]]);
 * assert.throws(() => readArguments(["--uot", "b"], options), /did you mean "--out"\?/);
 * ```
 */
export function readArguments<O extends Options>(
  args: readonly string[],
  options: O,
  instead: NonNullable<Command<O>["instead"]> = () => null,
): Arguments<O & typeof HELP> {
  const known = { ...options, ...HELP };
  const long = args.find((word) => word.length > mostCharacters(word));
  if (long !== undefined) {
    throw new ArgumentError(
      `Cannot read the arguments: ${escaped(long, 40)} must have at most ${mostCharacters(long)} ` +
        `characters: it has ${long.length}`,
    );
  }
  try {
    const given = parseArgs({ args: [...args], options: known, allowPositionals: true });
    const empty = Object.keys(given.values).find((name) =>
      String((given.values as Record<string, unknown>)[name]).trim() === ""
    );
    if (empty !== undefined) throw new TypeError(`--${empty} must not be empty`);
    return given;
  } catch (error) {
    const { message } = error as Error;
    const unknown = /^Unknown option '(-[^']*)'/.exec(message)?.[1];
    if (unknown === undefined) {
      throw new ArgumentError(`Cannot read the arguments: ${message.replaceAll("\n", " ")}`);
    }
    const word = args.find((word) => word.startsWith(unknown)) ?? unknown;
    const other = instead(word);
    if (other !== null) {
      throw new ArgumentError(`Unknown option ${escaped(word, 100)}, did you mean ${other}?`);
    }
    const names = Object.keys(known).map((name) => `--${name}`);
    throw new ArgumentError(`Unknown option ${unknown}${suggest(unknown, names)}`);
  }
}

/**
 * Does what a command does, once its arguments are read. `--help` prints its help instead, and what
 * cannot be understood is told in one line.
 *
 * A reader of standard output that wants no more, as `| head`, changes nothing.
 *
 * @param args the words after the task's name
 * @param work returns the exit code; it writes to the output that it is given
 * @returns the exit code of `work`, 0 after help, or 2 when `work` or the reading threw an
 * {@linkcode ArgumentError}, or standard output took no more, as on a full disk
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { PassThrough } from "node:stream";
 *
 * const stderr = new PassThrough();
 * const help = { about: ["Greets."], usage: "", exitCodes: ["0 greeted"] };
 * const command = { task: "greet", help, options: {} };
 * const code = await runCommand(command, ["--hepl"], { stderr }, () => Promise.resolve(0));
 * assert.equal(code, 2);
 * assert.equal(
 *   `${stderr.read()}`,
 *   `Unknown option --hepl, did you mean "--help"? See deno task greet --help\n`,
 * );
 * ```
 */
export async function runCommand<O extends Options>(
  { task, help, options, instead }: Command<O>,
  args: readonly string[],
  streams: CommandOutput,
  work: (given: Arguments<O & typeof HELP>, output: LastingOutput) => Promise<number>,
): Promise<number> {
  const output = new LastingOutput(streams);
  const code = await codeOf();
  const lost = await output.lost();
  if (lost === null) return code;
  output.say(`Cannot write to standard output: ${lost}`);
  return code === 0 ? 2 : code;

  async function codeOf(): Promise<number> {
    try {
      const given = readArguments(args, options, instead);
      if (!(given.values as { help?: boolean }).help) return await work(given, output);
      output.stdout.write(helpText(task, help, terminalOf(output.stdout)?.width));
      return 0;
    } catch (error) {
      if (!(error instanceof ArgumentError)) throw error;
      const { message } = error;
      output.say(`${message}${message.endsWith("?") ? " See" : "; see"} deno task ${task} --help`);
      return 2;
    }
  }
}
