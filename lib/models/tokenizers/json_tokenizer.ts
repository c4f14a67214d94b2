import { AddedTokens, readAddedTokens } from "./added_tokens.ts";
import { cleanUpSpaces, type Decoder, readDecoder } from "./decoder.ts";
import {
  checkText,
  type EncodeBatchOptions,
  type EncodedBatch,
  type EncodeOptions,
  padBatch,
  roomForText,
} from "./encode_batch.ts";
import { type Model } from "./model.ts";
import { readNormalizer } from "./normalizer.ts";
import { type PostProcessor, readPostProcessor } from "./post_processor.ts";
import { type PreTokenizer, readPreTokenizer } from "./pre_tokenizer.ts";
import { type Piece } from "./piece.ts";
import { readModel } from "./read_model.ts";
import { asClass, type TokenizerClass } from "./tokenizer_class.ts";
import { readTokenizerConfig, type TokenizerFiles } from "./tokenizer_config.ts";

/**
 * A tokenizer that is described by a `tokenizer.json`, with the ids and texts of Python's.
 *
 * Source: tokenizers 0.23, src/tokenizer/mod.rs; transformers 5.17, tokenization_utils_tokenizers.py
 */
export class JsonTokenizer {
  readonly padId: number;
  readonly eosId: number | null;
  readonly bosId: number | null;
  readonly unkId: number | null;
  readonly vocabSize: number;
  readonly #added: AddedTokens;
  readonly #preTokenize: PreTokenizer;
  readonly #model: Model;
  readonly #post: PostProcessor;
  readonly #decode: Decoder;
  readonly #padSide: "left" | "right";
  readonly #truncationSide: "left" | "right";
  readonly #splitSpecial: boolean;
  readonly #cleansUp: boolean;

  /** @throws {RangeError} when Python computes otherwise, or refuses the files */
  constructor(files: TokenizerFiles, tokenizerClass: TokenizerClass = "TokenizersBackend") {
    const { json, defaults, endsWith, readds } = asClass(files, tokenizerClass);
    if (json.version !== undefined && json.version !== "1.0") {
      throw new RangeError(`version must be "1.0": found ${JSON.stringify(json.version)}`);
    }
    this.#model = readModel(json.model);
    const { tokens } = this.#model;
    this.#added = new AddedTokens(tokens, readNormalizer(json.normalizer));
    this.#added.add(readAddedTokens(json));
    const config = readTokenizerConfig(files, defaults);
    this.#added.add(config.missing(this.#added.all));
    if (readds) {
      const flags = { single_word: false, lstrip: false, rstrip: false };
      this.#added.add(config.special.map(({ content }) => ({
        content,
        ...flags,
        normalized: false,
        special: true,
      })));
    }
    this.#preTokenize = readPreTokenizer(json.pre_tokenizer);
    const idOf = (name: string) => {
      const token = config.named.get(name);
      return token === undefined ? null : this.#added.idOf(token.content) ?? null;
    };
    this.eosId = idOf("eos_token");
    this.bosId = idOf("bos_token");
    this.unkId = idOf("unk_token");
    this.padId = idOf("pad_token") ?? this.eosId ?? 0;
    this.#post = endsWith ? endingWith(this.eosId) : readPostProcessor(json.post_processor);
    for (const addSpecial of [true, false]) this.#post.process([[]], addSpecial); // or refuses
    this.#decode = readDecoder(json.decoder);
    this.#padSide = config.padSide;
    this.#truncationSide = config.truncationSide;
    this.#splitSpecial = config.splitSpecial;
    const bytePairs = (json.model as { merges?: unknown }).merges !== undefined;
    this.#cleansUp = config.cleansUp && (!bytePairs || config.cleansUpBytePairs);
    this.vocabSize = this.#largestId(json.model) + 1;
  }

  encode(text: string, options: EncodeOptions = {}): number[] {
    checkText(text);
    const addSpecial = options.addSpecialTokens !== false;
    const room = roomForText(addSpecial ? this.#post.added : 0, options.maxLength);
    const ids = this.#idsOf(text, room);
    const kept = this.#truncationSide === "left"
      ? ids.slice(Math.max(0, ids.length - room))
      : ids.slice(0, room);
    return this.#post.process([kept], addSpecial).flat();
  }

  encodeBatch(texts: readonly string[], options: EncodeBatchOptions = {}): EncodedBatch {
    const rows = texts.map((text) => this.encode(text, options));
    return padBatch(rows, this.padId, options.padSide ?? this.#padSide);
  }

  decode(
    ids: readonly number[],
    { skipSpecialTokens = false }: { readonly skipSpecialTokens?: boolean } = {},
  ): string {
    const wrong = ids.find((id) => !(Number.isInteger(id) && id >= 0));
    if (wrong !== undefined) {
      throw new RangeError(`Cannot decode id ${wrong} as ids must be integers of at least 0`);
    }
    // A model may have more ids than its tokenizer; those mean nothing.
    const tokens = ids.map((id) => this.#added.textOf(id)).filter((token) => token !== undefined)
      .filter((token) => !(skipSpecialTokens && this.#added.isSpecial(token)));
    const text = this.#decode(tokens).join("");
    return this.#cleansUp ? cleanUpSpaces(text) : text;
  }

  /** The ids of a text; of one with more than `room`, at least those that stay. */
  #idsOf(text: string, room: number): number[] {
    const parts = this.#added.split(text, this.#splitSpecial)
      .flatMap<number | Piece>((section) =>
        "id" in section ? [section.id] : this.#preTokenize(section.piece)
      );
    const left = this.#truncationSide === "left";
    const found: (readonly number[])[] = [];
    let count = 0;
    for (let i = 0; i < parts.length && count < room; i++) {
      const part = parts[left ? parts.length - 1 - i : i]!;
      const ids = typeof part === "number"
        ? [part]
        : part.text === ""
        ? []
        : this.#model.encode(part.text);
      found.push(ids);
      count += ids.length;
    }
    return (left ? found.reverse() : found).flat();
  }

  #largestId(model: unknown): number {
    const { vocab } = model as { vocab: unknown[] | Record<string, number> };
    let largest = Array.isArray(vocab) ? vocab.length - 1 : -1;
    if (!Array.isArray(vocab)) {
      for (const id of Object.values(vocab)) largest = Math.max(largest, id);
    }
    for (const id of this.#added.all.keys()) largest = Math.max(largest, id);
    return largest;
  }
}

/** T5's: a text and the end token. */
function endingWith(id: number | null): PostProcessor {
  if (id === null) throw new RangeError("T5Tokenizer must have an eos_token: found none");
  return { added: 1, process: (parts, addSpecial) => addSpecial ? [...parts, [id]] : parts };
}
