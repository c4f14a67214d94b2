import { type OpenFile, openFile } from "./file_system.ts";
import { decodeLine, HEAD_BYTES, refuseForeignFormat, textOf } from "./strict_text.ts";

/** One line of a file, without its line break. */
export interface TextLine {
  /** Its text. */
  readonly text: string;
  /** Its number, from 1. */
  readonly number: number;
  /** Where its bytes begin in the file. */
  readonly begin: number;
  /** Where they end. */
  readonly end: number;
}

/** Bytes read at once. */
const CHUNK = 2 ** 20;

/** The most bytes of one line; a file without line breaks must not fill the memory. */
const LONGEST_LINE = 2 ** 26;

/**
 * Reads a file line by line; at no time more of it is held than a line and a chunk. Lines must be
 * UTF-8 text; they end in `\n`.
 *
 * @param each takes the lines, in order
 * @throws {Deno.errors.NotFound} when there is no file
 * @throws {SyntaxError} when the file is not UTF-8 text, with file, line and byte, or a line is longer
 * than 64 MiB
 * @throws what `each` throws
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, "a\nbc");
 * const lines: TextLine[] = [];
 * await forEachLine(path, (line) => lines.push(line));
 * assert.deepEqual(lines, [
 *   { text: "a", number: 1, begin: 0, end: 1 },
 *   { text: "bc", number: 2, begin: 2, end: 4 },
 * ]);
 * await Deno.remove(path);
 * ```
 */
export async function forEachLine(path: string, each: (line: TextLine) => void): Promise<void> {
  await withText(path, async (file) => {
    refuseForeignFormat(file.read(0, Math.min(file.size, HEAD_BYTES)), path);
    let number = 0;
    let rest: Uint8Array[] = []; // the start of a line that the next chunk goes on with
    for (let at = 0; at < file.size;) {
      const chunk = file.read(at, Math.min(file.size, at + CHUNK));
      if (chunk.length === 0) break; // the file has become shorter
      const begin = at - lengthOf(rest);
      at += chunk.length;
      const last = at < file.size ? chunk.lastIndexOf(10) + 1 : chunk.length;
      if (last > 0) {
        const whole = joined([...rest, chunk.subarray(0, last)]);
        number += giveLines(whole, begin, path, number, each);
        rest = [];
      }
      rest.push(chunk.subarray(last));
      if (lengthOf(rest) > LONGEST_LINE) {
        throw new SyntaxError(
          `Cannot read ${path}:${number + 1} as a line must have at most ${LONGEST_LINE} bytes; ` +
            `end lines with a line feed`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve)); // signals are heard in between
    }
  });
}

/**
 * Gives whole lines to `each`; says how many.
 *
 * @param start where their first byte is in the file
 * @param before how many lines are before them
 */
function giveLines(
  bytes: Uint8Array,
  start: number,
  path: string,
  before: number,
  each: (line: TextLine) => void,
): number {
  // One call decodes all: each costs more than a line. What is not UTF-8 is looked for line by line.
  const texts = textOf(bytes)?.split("\n") ?? null;
  let count = 0;
  for (let from = 0; from < bytes.length;) {
    const feed = bytes.indexOf(10, from);
    const to = feed < 0 ? bytes.length : feed;
    const number = before + count + 1;
    const text = texts?.[count]?.replace(/^\ufeff/, "") ??
      decodeLine(bytes.subarray(from, to), path, number);
    each({ text, number, begin: start + from, end: start + to });
    count++;
    from = to + 1;
  }
  return count;
}

/**
 * Reads single lines of a file again, by the places {@linkcode forEachLine} told.
 *
 * @throws {Deno.errors.NotFound} when there is no file
 * @throws {SyntaxError} when a line is not UTF-8 text
 */
export async function readLines(
  path: string,
  lines: readonly Omit<TextLine, "text">[],
): Promise<TextLine[]> {
  return await withText(path, (file) =>
    lines.map(({ number, begin, end }) => {
      const text = decodeLine(file.read(begin, end), path, number);
      return { text, number, begin, end };
    }));
}

/** Opens a file for a while. */
async function withText<Value>(
  path: string,
  use: (file: OpenFile) => Value | Promise<Value>,
): Promise<Value> {
  const file = await openFile(path);
  if (file === null) {
    throw new SyntaxError(`Cannot read "${path}" as it must be a file, no folder and no pipe`);
  }
  try {
    return await use(file);
  } finally {
    file[Symbol.dispose]();
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}
