import { type Tokens } from "./model.ts";
import { type Normalizer } from "./normalizer.ts";
import { isObject, type Json } from "./options.ts";
import { type Piece, slice } from "./piece.ts";
import { Trie } from "./trie.ts";
import { endOfSpace, startOfSpace, WORD } from "./unicode.ts";

/** A token that is found in a text before the model sees it. */
export interface AddedToken {
  readonly content: string;
  /** Whether it counts only where no word goes on before or after it. */
  readonly single_word: boolean;
  /** Whether it takes white space before it along. */
  readonly lstrip: boolean;
  /** Whether it takes white space after it along. */
  readonly rstrip: boolean;
  /** Whether it is looked for in the normalized text, in its own normal form. */
  readonly normalized: boolean;
  /** Whether decoding may leave it out. */
  readonly special: boolean;
}

const FLAGS = ["single_word", "lstrip", "rstrip", "normalized", "special"] as const;

/**
 * A token of a configuration with its flags; those that are absent are false, but `normalized` is what
 * `special` is not.
 *
 * @throws {RangeError} when it is no such object
 */
export function readAddedToken(json: unknown): AddedToken {
  if (!isObject(json) || typeof json.content !== "string") {
    throw new RangeError(`an added token must have a content: found ${JSON.stringify(json)}`);
  }
  const { content } = json;
  for (const [key, value] of Object.entries(json)) {
    const known = (FLAGS as readonly string[]).includes(key);
    if (known ? typeof value !== "boolean" : !["content", "__type", "id"].includes(key)) {
      throw new RangeError(
        `${key} of ${JSON.stringify(content)} must be ${known ? "true or false" : "absent"}: ` +
          `found ${JSON.stringify(value)}`,
      );
    }
  }
  const { single_word = false, lstrip = false, rstrip = false, special = false } =
    json as unknown as Partial<AddedToken>;
  const { normalized = !special } = json as unknown as Partial<AddedToken>;
  return { content, single_word, lstrip, rstrip, normalized, special };
}

/** Whether two added tokens are the same in every flag. */
export function sameToken(a: AddedToken, b: AddedToken): boolean {
  return a.content === b.content && FLAGS.every((flag) => a[flag] === b[flag]);
}

/** A part of a text: one added token, or a piece for the model. */
export type Section = { readonly id: number } | { readonly piece: Piece };

const OF_WORD = new RegExp(`^${WORD}`, "u");

/**
 * The tokens that were added to a model's.
 *
 * Source: tokenizers 0.23, src/tokenizer/added_vocabulary.rs
 */
export class AddedTokens {
  readonly #tokens: Tokens;
  readonly #normalize: Normalizer;
  readonly #ids = new Map<string, number>();
  readonly #added = new Map<number, AddedToken>();
  readonly #special = new Set<string>();
  /** By id: the normal form of a token that is looked for in the normalized text. */
  readonly #normalForms = new Map<number, string>();
  #raw = new Trie();
  #normalized = new Trie();

  /** @param tokens those of the model */
  constructor(tokens: Tokens, normalize: Normalizer) {
    this.#tokens = tokens;
    this.#normalize = normalize;
  }

  /**
   * Adds tokens. One that is known keeps its id and gets new flags; another gets the next id.
   *
   * @throws {RangeError} when two of them cannot be told apart in a text, or one has no normal form
   */
  add(tokens: readonly AddedToken[]): void {
    let next = this.#tokens.size;
    for (const id of this.#added.keys()) next = Math.max(next, id + 1);
    for (const token of tokens) {
      const { content } = token;
      if (content === "") continue;
      const old = this.#added.get(this.#ids.get(content) ?? -1);
      if (old !== undefined && sameToken(old, token)) continue;
      const id = this.idOf(content) ?? next++;
      if (token.normalized) {
        const form = this.#normalize({ text: content, head: 0 }).text;
        if (form !== content) this.#normalForms.set(id, form);
      }
      this.#ids.set(content, id);
      if (token.special) this.#special.add(content);
      this.#added.set(id, token);
    }
    this.#raw = new Trie();
    this.#normalized = new Trie();
    for (const [id, { content, normalized }] of this.#added) {
      const trie = normalized ? this.#normalized : this.#raw;
      const form = normalized ? this.#normalForms.get(id) ?? content : content;
      if (form === "" || trie.get(form) !== undefined) {
        throw new RangeError(
          `added tokens must differ in normal form: that of ${JSON.stringify(content)} is ` +
            (form === "" ? "empty" : "another one's too"),
        );
      }
      trie.set(form, id);
    }
  }

  /** The added tokens by id. */
  get all(): ReadonlyMap<number, AddedToken> {
    return this.#added;
  }

  /** The id of a token, added or the model's; undefined when there is none. */
  idOf(token: string): number | undefined {
    return this.#ids.get(token) ?? this.#tokens.idOf(token);
  }

  /** How an id is written for a decoder; undefined when it means nothing. */
  textOf(id: number): string | undefined {
    return this.#normalForms.get(id) ?? this.#added.get(id)?.content ?? this.#tokens.tokenOf(id);
  }

  /** Whether decoding may leave a token out. */
  isSpecial(token: string): boolean {
    return this.#special.has(token);
  }

  /**
   * The added tokens of a text and the normalized pieces between them.
   *
   * @param splitSpecial whether special tokens are text like any other
   */
  split(text: string, splitSpecial: boolean): Section[] {
    const first = text === "" ? 0 : text.codePointAt(0)! > 0xffff ? 2 : 1;
    return this.#find({ text, head: first }, this.#raw, splitSpecial).flatMap((section) =>
      "id" in section
        ? [section]
        : this.#find(this.#normalize(section.piece), this.#normalized, splitSpecial)
    );
  }

  #find(piece: Piece, trie: Trie, splitSpecial: boolean): Section[] {
    const { text } = piece;
    const sections: Section[] = [];
    const between = (start: number, end: number) => {
      if (start < end) sections.push({ piece: slice(piece, start, end) });
    };
    let done = 0;
    for (let at = 0; at < text.length;) {
      let end = -1;
      let id = -1;
      trie.prefixes(text, at, (to, value) => [end, id] = [to, value]);
      if (end < 0) {
        at++;
        continue;
      }
      const token = this.#added.get(id)!;
      let start = at;
      at = end;
      if (splitSpecial && this.#special.has(token.content)) continue;
      if (token.single_word && isInWord(text, start, end)) continue;
      if (token.lstrip) start = Math.max(done, startOfSpace(text, start));
      if (token.rstrip) end = endOfSpace(text, end);
      between(done, start);
      if (start < end) sections.push({ id }); // else the token before it took its spaces
      done = end;
    }
    between(done, text.length);
    return sections;
  }
}

function isInWord(text: string, start: number, end: number): boolean {
  // V8 overlooks a character of two units before `$`, so the last one is taken by itself.
  const last = /[^]$/u.exec(text.slice(Math.max(0, start - 2), start))?.[0] ?? "";
  return OF_WORD.test(last) || OF_WORD.test(text.slice(end));
}

/** The `added_tokens` of a `tokenizer.json`. */
export function readAddedTokens(json: Json): AddedToken[] {
  const { added_tokens: tokens = [] } = json;
  if (!Array.isArray(tokens)) {
    throw new RangeError(`added_tokens must be a list: found ${JSON.stringify(tokens)}`);
  }
  return tokens.map(readAddedToken);
}
