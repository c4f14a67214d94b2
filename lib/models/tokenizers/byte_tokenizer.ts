import {
  checkText,
  type EncodeBatchOptions,
  type EncodedBatch,
  type EncodeOptions,
  padBatch,
  roomForText,
} from "./encode_batch.ts";

/** Ids before those of the bytes, and ids after them. */
const SPECIAL = ["<pad>", "</s>", "<unk>"];
const EXTRA = Array.from({ length: 125 }, (_, i) => `<extra_id_${i}>`);

const TOKENS = /(<pad>|<\/s>|<unk>|<extra_id_(?:\d|[1-9]\d|1[01]\d|12[0-4])>)/;
/** Characters that Python's `str.strip` removes. */
const SPACE =
  "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const LEADING = new RegExp(`^${SPACE}+`);
const TRAILING = new RegExp(`${SPACE}+$`);
/** One character of UTF-8, each byte as one character. */
const UTF8 = new RegExp(
  [
    "[\\x00-\\x7f]",
    "[\\xc2-\\xdf][\\x80-\\xbf]",
    "\\xe0[\\xa0-\\xbf][\\x80-\\xbf]",
    "[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}",
    "\\xed[\\x80-\\x9f][\\x80-\\xbf]",
    "\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}",
    "[\\xf1-\\xf3][\\x80-\\xbf]{3}",
    "\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2}",
  ].join("|"),
  "g",
);

/**
 * ByT5's tokenizer, which needs no file: a text is its UTF-8 bytes, each 3 higher, and `</s>`.
 *
 * Ids: 0 `<pad>`, 1 `</s>`, 2 `<unk>`, 3 to 258 the bytes, 259 to 383 `<extra_id_0>` to
 * `<extra_id_124>`. These names in a text stand for their ids, and the first three take the spaces
 * beside them along.
 *
 * Source: transformers, models/byt5/tokenization_byt5.py and tokenization_python.py
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const tokenizer = new ByteTokenizer();
 * assert.deepEqual(tokenizer.encode("hé"), [107, 198, 172, 1]);
 * assert.equal(tokenizer.decode([107, 198, 172, 1]), "hé</s>");
 * assert.equal(tokenizer.decode([107, 198, 172, 1], { skipSpecialTokens: true }), "hé");
 * ```
 */
export class ByteTokenizer {
  /** Fills up the rows of a batch. */
  readonly padId = 0;
  /** Ends a sequence. */
  readonly eosId = 1;
  /** Nothing begins a sequence. */
  readonly bosId = null;
  /** Stands for what is unknown, though no text needs it. */
  readonly unkId = 2;
  /** Every id is below it. */
  readonly vocabSize = 384;

  /**
   * The ids of a text. One that ends with `</s>` gets no second one.
   *
   * @throws {RangeError} when half of a surrogate pair is missing, or `maxLength` is not a whole
   * number that leaves room for `</s>`
   */
  encode(text: string, options: EncodeOptions = {}): number[] {
    checkText(text);
    const ids: number[] = [];
    const parts = text.split(TOKENS); // every second one is a token
    for (let i = 0; i < parts.length; i++) {
      const token = i % 2 === 1 ? tokenId(parts[i]!) : null;
      if (token !== null) {
        ids.push(token);
        continue;
      }
      let part = parts[i]!;
      if (SPECIAL.includes(parts[i - 1] ?? "")) part = part.replace(LEADING, "");
      if (SPECIAL.includes(parts[i + 1] ?? "")) part = part.replace(TRAILING, "");
      for (const byte of new TextEncoder().encode(part)) ids.push(byte + SPECIAL.length);
    }
    const after = options.addSpecialTokens === false ? [] : [this.eosId];
    const kept = ids.slice(0, roomForText(after.length, options.maxLength));
    return kept.at(-1) === this.eosId ? kept : [...kept, ...after];
  }

  /**
   * The ids of texts as one batch, filled up with `<pad>` on the right.
   *
   * @throws as {@linkcode encode} does
   */
  encodeBatch(texts: readonly string[], options: EncodeBatchOptions = {}): EncodedBatch {
    const rows = texts.map((text) => this.encode(text, options));
    return padBatch(rows, this.padId, options.padSide ?? "right");
  }

  /**
   * The text of ids. Bytes that are no UTF-8 are left out.
   *
   * @throws {RangeError} when an id is not in [0, 384)
   */
  decode(
    ids: readonly number[],
    { skipSpecialTokens = false }: { readonly skipSpecialTokens?: boolean } = {},
  ): string {
    let binary = "";
    for (const id of ids) {
      if (!(Number.isInteger(id) && id >= 0 && id < this.vocabSize)) {
        throw new RangeError(
          `Cannot decode id ${id} as ids of bytes must be in [0, ${this.vocabSize})`,
        );
      }
      const byte = id - SPECIAL.length;
      if (byte >= 0 && byte < 256) binary += String.fromCharCode(byte);
      else if (!skipSpecialTokens) binary += SPECIAL[id] ?? EXTRA[byte - 256]!;
    }
    const valid = (binary.match(UTF8) ?? []).join("");
    const bytes = Uint8Array.from(valid, (character) => character.charCodeAt(0));
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  }
}

function tokenId(token: string): number {
  const special = SPECIAL.indexOf(token);
  return special >= 0 ? special : 256 + SPECIAL.length + EXTRA.indexOf(token);
}
