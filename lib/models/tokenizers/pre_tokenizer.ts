import { toByteLevel } from "./byte_level.ts";
import { prepend } from "./normalizer.ts";
import { Options } from "./options.ts";
import { type Pattern, readPattern, type Span, spans } from "./pattern.ts";
import { type Behavior, BEHAVIORS, type Piece, slice, split } from "./piece.ts";
import { NUMERIC, PUNCTUATION, SPACE, WORD } from "./unicode.ts";

/** Cuts a piece into those that the model sees one by one. */
export type PreTokenizer = (piece: Piece) => Piece[];

/**
 * The pre-tokenizer that a `tokenizer.json` describes.
 *
 * @throws {RangeError} when it is unknown or an option is wrong
 *
 * Source: tokenizers 0.23, src/pre_tokenizers
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const cut = readPreTokenizer({ type: "Whitespace" });
 * const pieces = cut({ text: "na\u00efve, yes", head: 1 });
 * assert.deepEqual(pieces.map(({ text }) => text), ["na\u00efve", ",", "yes"]);
 * ```
 */
export function readPreTokenizer(json: unknown): PreTokenizer {
  if (json === null || json === undefined) return (piece) => [piece];
  const options = new Options("pre_tokenizer", json);
  switch (options.type) {
    case "Sequence": {
      const cutters = options.list("pretokenizers").map(readPreTokenizer);
      return (piece) => cutters.reduce((pieces, cut) => pieces.flatMap(cut), [piece]);
    }
    case "Whitespace":
      return cutBy(new RegExp(`${WORD}+|(?:(?!${WORD}|${SPACE})[^])+`, "gu"), "Removed", true);
    case "WhitespaceSplit":
      return cutBy(new RegExp(SPACE, "gu"), "Removed");
    case "BertPreTokenizer": {
      const words = cutBy(new RegExp(SPACE, "gu"), "Removed");
      const marks = cutBy(new RegExp(PUNCTUATION, "gu"), "Isolated");
      return (piece) => words(piece).flatMap(marks);
    }
    case "Punctuation": {
      const behavior = options.choice("behavior", BEHAVIORS, "Isolated");
      return cutBy(new RegExp(PUNCTUATION, "gu"), behavior);
    }
    case "Digits": {
      const single = options.flag("individual_digits");
      return cutBy(new RegExp(NUMERIC, "gu"), single ? "Isolated" : "Contiguous");
    }
    case "CharDelimiterSplit":
      return cutBy(readPattern({ String: options.character("delimiter") }), "Removed");
    case "Split": {
      const behavior = options.choice("behavior", BEHAVIORS);
      return cutBy(readPattern(options.raw("pattern")), behavior, options.flag("invert"));
    }
    case "FixedLength":
      return fixedLength(options.count("length", 1, 5));
    case "ByteLevel":
      return byteLevel(options);
    case "Metaspace":
      return metaspace(options);
    default:
      throw new RangeError(`pre_tokenizer ${options.type} is not supported`);
  }
}

/** @param invert whether what lies between the matches counts as matched */
function cutBy(pattern: Pattern, behavior: Behavior, invert = false): PreTokenizer {
  const turned = ({ start, end, matched }: Span) => ({ start, end, matched: !matched });
  return (piece) => {
    const cuts = spans(piece.text, pattern);
    return split(piece, invert ? cuts.map(turned) : cuts, behavior);
  };
}

function fixedLength(length: number): PreTokenizer {
  return (piece) => {
    const pieces: Piece[] = [];
    const characters = [...piece.text];
    let start = 0;
    for (let i = 0; i < characters.length; i += length) {
      const end = start + characters.slice(i, i + length).join("").length;
      pieces.push(slice(piece, start, end));
      start = end;
    }
    return pieces;
  };
}

/** The words of GPT-2, with white space as Oniguruma has it. */
const GPT2 =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

function byteLevel(options: Options): PreTokenizer {
  const addSpace = options.flag("add_prefix_space");
  options.flag("trim_offsets"); // which Python asks for, though it moves offsets only
  const cut: PreTokenizer = options.flag("use_regex", true)
    ? cutBy(GPT2, "Isolated")
    : (piece) => [piece];
  const space = prepend(" ");
  return (piece) =>
    cut(addSpace && !piece.text.startsWith(" ") ? space(piece) : piece)
      .map(({ text, head }) => ({
        text: toByteLevel(text),
        head: toByteLevel(text.slice(0, head)).length,
      }));
}

/** Where `Metaspace` puts its character before a piece; shared with its decoder. */
export function prependScheme(options: Options): "first" | "never" | "always" {
  const scheme = options.choice("prepend_scheme", ["first", "never", "always"], "always");
  if (options.raw("add_prefix_space") === false && scheme !== "never") {
    throw new RangeError(
      `Metaspace.add_prefix_space must go with prepend_scheme "never": found "${scheme}"`,
    );
  }
  return scheme;
}

function metaspace(options: Options): PreTokenizer {
  const mark = options.character("replacement");
  const scheme = prependScheme(options);
  const cuts = options.flag("split", true);
  const cut = cutBy(readPattern({ String: mark }), "MergedWithNext");
  const before = prepend(mark);
  return ({ text, head }) => {
    // A space is one unit; a mark beyond U+FFFF is two.
    const marked = {
      text: text.replaceAll(" ", () => mark),
      head: text.slice(0, head).replaceAll(" ", () => mark).length,
    };
    const wanted = scheme === "always" || (scheme === "first" && head > 0);
    const begun = wanted && !marked.text.startsWith(mark) ? before(marked) : marked;
    return cuts ? cut(begun) : [begun];
  };
}
