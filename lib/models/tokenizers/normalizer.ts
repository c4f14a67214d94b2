import { toByteLevel } from "./byte_level.ts";
import { Options } from "./options.ts";
import { type Pattern, readPattern, spans } from "./pattern.ts";
import { type Piece, slice } from "./piece.ts";
import { Precompiled } from "./precompiled.ts";
import {
  CHINESE,
  CONTROL,
  endOfSpace,
  type Form,
  lowercase,
  MARK,
  NONSPACING,
  normalForm,
  SPACE,
  startOfSpace,
} from "./unicode.ts";

/** Changes a text before it is cut into pieces. */
export type Normalizer = (piece: Piece) => Piece;

/**
 * The normalizer that a `tokenizer.json` describes.
 *
 * @throws {RangeError} when it is unknown or an option is wrong
 *
 * Source: tokenizers 0.23, src/normalizers
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const normalize = readNormalizer({ type: "Prepend", prepend: "\u2581" });
 * assert.deepEqual(normalize({ text: "a", head: 1 }), { text: "\u2581a", head: 2 });
 * ```
 */
export function readNormalizer(json: unknown): Normalizer {
  if (json === null || json === undefined) return (piece) => piece;
  const options = new Options("normalizer", json);
  switch (options.type) {
    case "Sequence": {
      const normalizers = options.list("normalizers").map(readNormalizer);
      return (piece) => normalizers.reduce((changed, normalize) => normalize(changed), piece);
    }
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
      return form(options.type);
    case "Lowercase":
      return byCharacter(lowercase);
    case "StripAccents":
      return without(MARK);
    case "Nmt":
      return NMT;
    case "ByteLevel":
      return byCharacter(toByteLevel);
    case "Strip":
      return strip(options.flag("strip_left"), options.flag("strip_right"));
    case "Prepend":
      return prepend(options.string("prepend"));
    case "Replace":
      return replace(readPattern(options.raw("pattern")), options.string("content"));
    case "Precompiled": {
      const precompiled = new Precompiled(options.string("precompiled_charsmap"));
      return (piece) => precompiled.normalize(piece);
    }
    case "BertNormalizer":
      return bert(options);
    default:
      throw new RangeError(`normalizer ${options.type} is not supported`);
  }
}

/** A normalizer that changes every character by itself, whatever stands beside it. */
function byCharacter(change: (text: string) => string): Normalizer {
  return ({ text, head }) => ({
    text: change(text),
    head: head === 0 ? 0 : change(text.slice(0, head)).length,
  });
}

function without(characters: string): Normalizer {
  const regex = new RegExp(characters, "gu");
  return byCharacter((text) => text.replace(regex, ""));
}

function form(name: Form): Normalizer {
  return ({ text, head }) => {
    const normalized = normalForm(text, name);
    const own = head === 0 ? 0 : normalForm(text.slice(0, head), name).length;
    return { text: normalized, head: Math.min(own, normalized.length) };
  };
}

// deno-lint-ignore no-control-regex -- control characters are what it takes away
const NMT_REMOVED = /[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]/g;
const NMT_SPACES = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g;
const NMT = byCharacter((text) => text.replace(NMT_REMOVED, "").replace(NMT_SPACES, " "));

function strip(left: boolean, right: boolean): Normalizer {
  return (piece) => {
    const { length } = piece.text;
    const end = right ? startOfSpace(piece.text, length) : length;
    return slice(piece, left ? Math.min(endOfSpace(piece.text, 0), end) : 0, end);
  };
}

/** Puts a text before one that is not empty; it stands for the first character as well. */
export function prepend(before: string): Normalizer {
  return ({ text, head }) =>
    text === ""
      ? { text, head }
      : { text: before + text, head: head === 0 ? 0 : head + before.length };
}

function replace(pattern: Pattern, content: string): Normalizer {
  return ({ text, head }) => {
    let replaced = "";
    let own = 0;
    for (const { start, end, matched } of spans(text, pattern)) {
      if (matched) {
        replaced += content;
        // What is put in stands for the last character that was taken out.
        if (head > 0 && end <= head) own = replaced.length;
      } else {
        replaced += text.slice(start, end);
        if (start < head) own = replaced.length - Math.max(0, end - head);
      }
    }
    return { text: replaced, head: own };
  };
}

function bert(options: Options): Normalizer {
  const lower = options.flag("lowercase");
  const accents = options.raw("strip_accents") === null ? lower : options.flag("strip_accents");
  const steps: Normalizer[] = [];
  if (options.flag("clean_text")) {
    const space = new RegExp(SPACE, "gu");
    steps.push(without(`(?:\\0|${CONTROL})`), byCharacter((text) => text.replace(space, " ")));
  }
  if (options.flag("handle_chinese_chars")) {
    const chinese = new RegExp(CHINESE, "gu");
    steps.push(byCharacter((text) => text.replace(chinese, " $& ")));
  }
  if (accents) steps.push(form("NFD"), without(NONSPACING));
  if (lower) steps.push(byCharacter(lowercase));
  return (piece) => steps.reduce((changed, step) => step(changed), piece);
}
