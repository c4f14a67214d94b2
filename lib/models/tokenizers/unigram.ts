import { byteToken, type Model, type Tokens } from "./model.ts";
import { type Options } from "./options.ts";
import { Trie } from "./trie.ts";

const ENCODER = new TextEncoder();

/** How much worse than the worst token an unknown character is. */
const UNKNOWN_PENALTY = 10;

/**
 * SentencePiece's unigram model: of all ways to cut a piece into tokens, the one whose scores have
 * the largest sum.
 *
 * Source: tokenizers 0.23, src/models/unigram/model.rs
 */
export class Unigram implements Model {
  readonly tokens: Tokens;
  readonly #scores: number[] = [];
  readonly #trie = new Trie();
  readonly #unknown: number | null;
  readonly #unknownScore: number;
  readonly #byteFallback: boolean;

  /** @throws {RangeError} when an option is wrong */
  constructor(options: Options) {
    const texts: string[] = [];
    let least = Infinity;
    for (const entry of options.list("vocab")) {
      const [token, score] = Array.isArray(entry) ? entry : [];
      if (typeof token !== "string" || typeof score !== "number") {
        throw new RangeError(
          `Unigram.vocab must hold pairs of token and score: found ${JSON.stringify(entry)}`,
        );
      }
      this.#trie.set(token, texts.length);
      texts.push(token);
      this.#scores.push(score);
      if (score < least) least = score;
    }
    this.tokens = {
      size: texts.length,
      idOf: (token) => this.#trie.get(token),
      tokenOf: (id) => texts[id],
    };
    this.#unknownScore = least - UNKNOWN_PENALTY;
    this.#unknown = options.raw("unk_id") === null ? null : options.count("unk_id", 0);
    if (this.#unknown !== null && this.#unknown >= texts.length) {
      throw new RangeError(
        `Unigram.unk_id must be below the vocabulary's size of ${texts.length}: found ` +
          `${this.#unknown}`,
      );
    }
    this.#byteFallback = options.flag("byte_fallback", false);
  }

  encode(piece: string): number[] {
    const ids: number[] = [];
    for (const part of this.#bestParts(piece)) {
      const id = this.#trie.get(part);
      if (id !== undefined) {
        ids.push(id);
        continue;
      }
      const bytes = this.#byteFallback
        ? Array.from(ENCODER.encode(part), (byte) => this.#trie.get(byteToken(byte)))
        : [undefined];
      if (bytes.includes(undefined)) ids.push(this.#unknownId());
      else ids.push(...bytes as number[]);
    }
    return ids;
  }

  /** The parts of the best way to cut a piece; neighbours that are unknown are one. */
  #bestParts(piece: string): string[] {
    const size = piece.length;
    const score = new Float64Array(size + 1);
    const from = new Int32Array(size + 1).fill(-1);
    const token = new Int32Array(size + 1);
    const reach = (start: number, end: number, id: number, gain: number) => {
      const sum = gain + score[start]!;
      if (from[end] !== -1 && sum <= score[end]!) return;
      score[end] = sum;
      from[end] = start;
      token[end] = id;
    };
    for (let start = 0; start < size;) {
      const one = start + (piece.codePointAt(start)! > 0xffff ? 2 : 1);
      let known = false;
      this.#trie.prefixes(piece, start, (end, id) => {
        known ||= end === one;
        reach(start, end, id, this.#scores[id]!);
      });
      if (!known) reach(start, one, this.#unknownId(), this.#unknownScore);
      start = one;
    }
    const parts: string[] = [];
    for (let end = size; end > 0;) {
      let start = from[end]!;
      while (token[end] === this.#unknown && start > 0 && token[start] === this.#unknown) {
        start = from[start]!;
      }
      parts.push(piece.slice(start, end));
      end = start;
    }
    return parts.reverse();
  }

  #unknownId(): number {
    if (this.#unknown !== null) return this.#unknown;
    throw new RangeError(
      "Cannot encode an unknown character as Unigram.unk_id must be set: it is null",
    );
  }
}
