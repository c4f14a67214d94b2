/** Files of lines that are packed with gzip: the same lines give the same bytes. */
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { openFile } from "./file_system.ts";

/** Characters that are packed at once. */
const PACKED_AT_ONCE = 2 ** 16;
/** Bytes that are unpacked at once; gzip makes at most a thousand times as many of them. */
const UNPACKED_AT_ONCE = 2 ** 14;
/** The most bytes of one line, as of files that are not packed. */
const LONGEST_LINE = 2 ** 26;
/** The most bytes of all lines: a small file must not keep its reader at work for hours. */
const MOST_BYTES = 2 ** 33;

/**
 * Lines as the bytes of a gzip file. Neither the time nor the system is in it.
 *
 * @param lines without line breaks
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const path = await Deno.makeTempFile();
 * await Deno.writeFile(path, await gzipLines(["a", "bc"]));
 * assert.deepEqual(await Array.fromAsync(gunzipLines(path)), ["a", "bc"]);
 * await Deno.remove(path);
 * ```
 */
export async function gzipLines(lines: Iterable<string>): Promise<Uint8Array> {
  const gzip = createGzip({ level: 6 });
  const source = Readable.from(blocks(lines));
  const [packed] = await Promise.all([buffer(gzip), pipeline(source, gzip)]);
  const bytes = new Uint8Array(packed);
  bytes.fill(0, 4, 8); // the time
  bytes[9] = 255; // an unknown system
  return bytes;
}

function* blocks(lines: Iterable<string>): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  let text = "";
  for (const line of lines) {
    text += `${line}\n`;
    if (text.length < PACKED_AT_ONCE) continue;
    yield encoder.encode(text);
    text = "";
  }
  yield encoder.encode(text);
}

/**
 * The lines of a gzip file, one after the other; at no time more is held than a line and what comes of
 * a few thousand bytes.
 *
 * @throws {Deno.errors.NotFound} when there is no file
 * @throws {SyntaxError} when it is something else, is cut off or damaged, is not UTF-8 text, ends without
 * a line break, has a line of more than 64 MiB, or unpacks to more than 8 GiB
 */
export async function* gunzipLines(path: string): AsyncGenerator<string> {
  using file = await openFile(path);
  const damaged = (why: string) => new SyntaxError(`Cannot read ${path} as it is damaged: ${why}`);
  if (file === null) throw damaged("it must be a file, no folder and no pipe");
  let at = 0;
  const packed = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const chunk = file.read(at, Math.min(file.size, at + UNPACKED_AT_ONCE));
      at += chunk.length;
      if (chunk.length === 0) controller.close();
      else controller.enqueue(chunk);
    },
  });
  const texts = packed.pipeThrough(new DecompressionStream("gzip"));
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const reader = texts.getReader();
  let [rest, size] = ["", 0];
  try {
    while (true) {
      const { value, done } = await reader.read().catch(({ message }: Error) => {
        throw damaged(`it is no whole gzip file: ${message}`);
      });
      if (done) break;
      size += value.length;
      if (size > MOST_BYTES) throw damaged(`it unpacks to more than ${MOST_BYTES} bytes`);
      const lines = (rest + decode(value)).split("\n");
      rest = lines.pop()!;
      if (rest.length > LONGEST_LINE) throw damaged("a line is too long");
      yield* lines;
    }
    if (rest !== "") throw damaged("its last line has no end");
  } finally {
    await reader.cancel().catch(() => {}); // a reader that wants no more leaves the rest
  }

  function decode(bytes: Uint8Array): string {
    try {
      return decoder.decode(bytes, { stream: true });
    } catch {
      throw damaged("it must be UTF-8 text");
    }
  }
}
