import { fromByteLevel } from "./byte_level.ts";
import { Options } from "./options.ts";
import { readPattern, spans } from "./pattern.ts";
import { prependScheme } from "./pre_tokenizer.ts";

/** Changes tokens into the parts of a text. */
export type Decoder = (tokens: readonly string[]) => readonly string[];

const LOSSY = new TextDecoder("utf-8", { ignoreBOM: true });
const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The decoder that a `tokenizer.json` describes; without one, tokens have spaces between them.
 *
 * @throws {RangeError} when it is unknown or an option is wrong
 *
 * Source: tokenizers 0.23, src/decoders
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const decode = readDecoder({ type: "WordPiece", prefix: "##", cleanup: true });
 * assert.equal(decode(["quick", "##ly", "!"]).join(""), "quickly!");
 * ```
 */
export function readDecoder(json: unknown): Decoder {
  if (json === null || json === undefined) return (tokens) => [tokens.join(" ")];
  const options = new Options("decoder", json);
  switch (options.type) {
    case "Sequence": {
      const decoders = options.list("decoders").map(readDecoder);
      return (tokens) => decoders.reduce((parts, decode) => decode(parts), tokens);
    }
    case "ByteLevel":
      return (tokens) => [LOSSY.decode(Uint8Array.from(tokens.flatMap(fromByteLevel)))];
    case "ByteFallback":
      return byteFallback;
    case "Fuse":
      return (tokens) => [tokens.join("")];
    case "Replace": {
      const pattern = readPattern(options.raw("pattern"));
      const content = options.string("content");
      const replace = (token: string) =>
        spans(token, pattern)
          .map(({ start, end, matched }) => matched ? content : token.slice(start, end)).join("");
      return (tokens) => tokens.map(replace);
    }
    case "Strip":
      return strip(
        options.character("content"),
        options.count("start", 0),
        options.count("stop", 0),
      );
    case "Metaspace": {
      const mark = options.character("replacement");
      const begins = prependScheme(options) !== "never";
      return (tokens) =>
        tokens.map((token, i) => token.replaceAll(mark, i === 0 && begins ? "" : " "));
    }
    case "WordPiece":
      return wordPiece(options.string("prefix"), options.flag("cleanup"));
    case "BPEDecoder": {
      const suffix = options.string("suffix");
      return (tokens) =>
        tokens.map((token, i) => replaceAll(token, suffix, i === tokens.length - 1 ? "" : " "));
    }
    case "CTC":
      return ctc(options);
    default:
      throw new RangeError(`decoder ${options.type} is not supported`);
  }
}

/** Replaces a text everywhere; an empty one stands around every character, as in Rust. */
function replaceAll(text: string, old: string, replacement: string): string {
  if (old !== "") return text.replaceAll(old, () => replacement);
  return replacement + [...text].map((character) => character + replacement).join("");
}

/** Joins neighbours such as `<0x61>` into text; where they are no UTF-8, each is one U+FFFD. */
function byteFallback(tokens: readonly string[]): string[] {
  const parts: string[] = [];
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length === 0) return;
    try {
      parts.push(STRICT.decode(Uint8Array.from(bytes)));
    } catch {
      parts.push(...bytes.map(() => "\ufffd"));
    }
    bytes = [];
  };
  for (const token of tokens) {
    const byte = /^<0x([0-9A-Fa-f]{2}|\+[0-9A-Fa-f])>$/.exec(token)?.[1];
    if (byte !== undefined) {
      bytes.push(parseInt(byte, 16));
      continue;
    }
    flush();
    parts.push(token);
  }
  flush();
  return parts;
}

function strip(content: string, start: number, stop: number): Decoder {
  return (tokens) =>
    tokens.map((token) => {
      const characters = [...token];
      let from = 0;
      while (from < start && characters[from] === content) from++;
      let to = characters.length;
      while (characters.length - to < stop && characters[to - 1] === content) to--;
      return characters.slice(from, to).join("");
    });
}

const CLEANED: readonly (readonly [string, string])[] = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" do not", " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

function cleanUp(text: string): string {
  return CLEANED.reduce((cleaned, [from, to]) => cleaned.replaceAll(from, to), text);
}

/** Takes spaces before punctuation and abbreviations away, as transformers does with a whole text. */
export function cleanUpSpaces(text: string): string {
  return CLEANED.filter(([from]) => from !== " do not")
    .reduce((cleaned, [from, to]) => cleaned.replaceAll(from, to), text);
}

function wordPiece(prefix: string, cleans: boolean): Decoder {
  return (tokens) =>
    tokens.map((token, i) => {
      const part = i === 0
        ? token
        : token.startsWith(prefix)
        ? token.slice(prefix.length)
        : ` ${token}`;
      return cleans ? cleanUp(part) : part;
    });
}

function ctc(options: Options): Decoder {
  const pad = options.string("pad_token");
  const delimiter = options.string("word_delimiter_token");
  const cleans = options.flag("cleanup");
  return (tokens) =>
    tokens.filter((token, i) => token !== tokens[i - 1]).map((token) => {
      const part = replaceAll(token, pad, "");
      return cleans ? replaceAll(cleanUp(part), delimiter, " ") : part;
    }).filter((part) => part !== "");
}
