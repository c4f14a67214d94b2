import { type Model } from "./model.ts";
import { type Options } from "./options.ts";
import { Vocabulary } from "./vocabulary.ts";

/** A model that looks pieces up whole. Source: tokenizers 0.23, src/models/wordlevel */
export class WordLevel implements Model {
  readonly tokens: Vocabulary;
  readonly #unknown: string;

  /** @throws {RangeError} when an option is wrong */
  constructor(options: Options) {
    this.tokens = new Vocabulary(options);
    this.#unknown = options.string("unk_token");
  }

  encode(piece: string): number[] {
    return [this.tokens.idOf(piece) ?? this.tokens.unknownId(this.#unknown)];
  }
}

/**
 * BERT's model: the longest token that a word begins with, and so on, where each but the first has a
 * prefix; a word that cannot be cut is unknown. Source: tokenizers 0.23, src/models/wordpiece
 */
export class WordPiece implements Model {
  readonly tokens: Vocabulary;
  readonly #unknown: string;
  readonly #prefix: string;
  readonly #most: number;

  /** @throws {RangeError} when an option is wrong */
  constructor(options: Options) {
    this.tokens = new Vocabulary(options);
    this.#unknown = options.string("unk_token");
    this.#prefix = options.string("continuing_subword_prefix");
    this.#most = options.count("max_input_chars_per_word", 0);
  }

  encode(piece: string): number[] {
    const characters = [...piece];
    if (characters.length > this.#most) return [this.tokens.unknownId(this.#unknown)];
    const ids: number[] = [];
    for (let start = 0; start < characters.length;) {
      let end = characters.length;
      let id: number | undefined;
      for (; end > start; end--) {
        const part = characters.slice(start, end).join("");
        id = this.tokens.idOf(start > 0 ? this.#prefix + part : part);
        if (id !== undefined) break;
      }
      if (id === undefined) return [this.tokens.unknownId(this.#unknown)];
      ids.push(id);
      start = end;
    }
    return ids;
  }
}
