/** Formats that are given in place of text: their first bytes, and how text is made of them. */
const FORMATS: readonly { start: readonly number[]; name: string; remedy: string }[] = [
  { start: [0x1f, 0x8b], name: "gzip", remedy: "unpack it with gunzip" },
  { start: [0x50, 0x4b, 3, 4], name: "a zip archive or an Excel workbook", remedy: "unpack it" },
  { start: [0x42, 0x5a, 0x68], name: "bzip2", remedy: "unpack it with bunzip2" },
  { start: [0xfd, 0x37, 0x7a, 0x58, 0x5a], name: "xz", remedy: "unpack it with unxz" },
  { start: [0x28, 0xb5, 0x2f, 0xfd], name: "zstd", remedy: "unpack it with zstd -d" },
  { start: [0x37, 0x7a, 0xbc, 0xaf], name: "a 7z archive", remedy: "unpack it" },
  { start: [0x50, 0x41, 0x52, 0x31], name: "Parquet", remedy: "convert it, as with pandas" },
  {
    start: [0x41, 0x52, 0x52, 0x4f, 0x57, 0x31],
    name: "Arrow",
    remedy: "convert it, as with pandas",
  },
  {
    start: [0xff, 0xfe, 0, 0],
    name: "UTF-32",
    remedy: "save it as UTF-8: iconv -f UTF-32 -t UTF-8",
  },
  {
    start: [0, 0, 0xfe, 0xff],
    name: "UTF-32",
    remedy: "save it as UTF-8: iconv -f UTF-32 -t UTF-8",
  },
  { start: [0xff, 0xfe], name: "UTF-16", remedy: "save it as UTF-8: iconv -f UTF-16 -t UTF-8" },
  { start: [0xfe, 0xff], name: "UTF-16", remedy: "save it as UTF-8: iconv -f UTF-16 -t UTF-8" },
];

/** How many bytes at the start of a file {@linkcode refuseForeignFormat} looks at. */
export const HEAD_BYTES = 4096;

/** The most bytes that become one text: V8's longest string has fewer than 2^29 characters. */
export const MOST_BYTES = 2 ** 29 - 64;

/**
 * Refuses a file that begins as one of a format that is not UTF-8 text.
 *
 * @param head its first bytes, {@linkcode HEAD_BYTES} or all there are
 * @param source what errors call the file
 * @throws {SyntaxError} naming the format, and how to make text of it
 */
export function refuseForeignFormat(head: Uint8Array, source: string): void {
  const found = FORMATS.find(({ start }) => start.every((byte, i) => head[i] === byte)) ??
    formatWithZeros(head.subarray(0, HEAD_BYTES));
  if (found === null) return;
  throw new SyntaxError(
    `Cannot read "${source}" as it must be UTF-8 text: it begins as ${found.name} does; ` +
      `${found.remedy}`,
  );
}

/** No text that is read here has a zero byte; UTF-16 of English has one in every character. */
function formatWithZeros(head: Uint8Array): { name: string; remedy: string } | null {
  if (!head.includes(0)) return null;
  if (head.length >= 2 && (head[0] === 0) !== (head[1] === 0)) {
    const [name, order] = head[0] === 0 ? ["UTF-16", "UTF-16BE"] : ["UTF-16", "UTF-16LE"];
    return { name: name!, remedy: `save it as UTF-8: iconv -f ${order} -t UTF-8` };
  }
  return { name: "a binary file", remedy: "name a file of text" };
}

/**
 * The text of a file's bytes, which must be UTF-8. A byte order mark at its start is passed over.
 *
 * Bytes that are not UTF-8 are refused: put into their place, U+FFFD would be trained on in silence.
 *
 * @param source what errors call the file
 * @throws {SyntaxError} when it begins as another format, is not UTF-8, or is too long for one text
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const latin1 = new Uint8Array([0x6e, 0xe9, 0x65]); // "née"
 * assert.throws(() => decodeText(latin1, "a.json"), {
 *   message: 'Cannot read "a.json" as it must be UTF-8 text: byte 2 of line 1 is 0xE9; save it as ' +
 *     "UTF-8, from Windows-1252 for one: iconv -f WINDOWS-1252 -t UTF-8",
 * });
 * ```
 */
export function decodeText(bytes: Uint8Array, source: string): string {
  refuseForeignFormat(bytes, source);
  if (bytes.length > MOST_BYTES) {
    throw new SyntaxError(
      `Cannot read "${source}" as it must have at most ${MOST_BYTES} bytes: it has ${bytes.length}`,
    );
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const at = firstInvalidByte(bytes);
    let [line, start] = [1, 0];
    for (let end; (end = bytes.indexOf(10, start)) >= 0 && end < at; start = end + 1) line++;
    throw notUtf8(`"${source}"`, line, at - start, bytes[at]!);
  }
}

/**
 * The text of one line of a file, which must be UTF-8. A byte order mark at its start is passed over,
 * as one is left in the middle where files were joined.
 *
 * @param line its number, from 1
 * @throws {SyntaxError} when it is not UTF-8
 */
export function decodeLine(bytes: Uint8Array, source: string, line: number): string {
  try {
    return STRICT.decode(bytes);
  } catch {
    const at = firstInvalidByte(bytes);
    throw notUtf8(`${source}:${line}`, line, at, bytes[at]!);
  }
}

const STRICT = new TextDecoder("utf-8", { fatal: true });

/** The text of bytes, byte order marks included; null when they are not UTF-8. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function notUtf8(place: string, line: number, at: number, byte: number): SyntaxError {
  const hexadecimal = byte.toString(16).toUpperCase().padStart(2, "0");
  return new SyntaxError(
    `Cannot read ${place} as it must be UTF-8 text: byte ${at + 1} of line ${line} is ` +
      `0x${hexadecimal}; save it as UTF-8, from Windows-1252 for one: iconv -f WINDOWS-1252 -t UTF-8`,
  );
}

/** Where bytes stop to be UTF-8, from 0. */
function firstInvalidByte(bytes: Uint8Array): number {
  const isStart = (end: number, stream: boolean) => {
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, end), { stream });
      return true;
    } catch {
      return false;
    }
  };
  let [good, bad] = [0, bytes.length + 1]; // as the start of a longer text
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (isStart(middle, true)) good = middle;
    else bad = middle;
  }
  while (!isStart(good, false)) good--; // to where the broken character begins
  return good;
}
