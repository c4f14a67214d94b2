import { byteToken, type Model } from "./model.ts";
import { type Options } from "./options.ts";
import { Vocabulary } from "./vocabulary.ts";

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The most pieces whose ids are kept, and the longest of them, in UTF-16 units. */
const KEPT = 10_000;
const LONGEST_KEPT = 256;

/**
 * Byte pair encoding: the characters of a piece, joined pair by pair in the order of the merges.
 *
 * Source: tokenizers 0.23, src/models/bpe
 */
export class BytePairEncoding implements Model {
  readonly tokens: Vocabulary;
  /** By two ids in one number: the rank of their merge. */
  readonly #ranks = new Map<number, number>();
  /** By rank: the id of the merged token. */
  readonly #merged: number[] = [];
  readonly #base: number;
  readonly #prefix: string;
  readonly #suffix: string;
  readonly #unknown: string | null;
  readonly #fuseUnknown: boolean;
  readonly #byteFallback: boolean;
  readonly #ignoreMerges: boolean;
  readonly #kept = new Map<string, number[]>();

  /** @throws {RangeError} when an option is wrong, or a merge has a token that is not known */
  constructor(options: Options) {
    if (options.raw("dropout") !== null && options.raw("dropout") !== 0) {
      throw new RangeError(`BPE.dropout is not supported: found ${options.raw("dropout")}`);
    }
    const text = (name: string) => options.raw(name) === null ? null : options.string(name);
    const flag = (name: string) => options.raw(name) !== null && options.flag(name);
    this.tokens = new Vocabulary(options);
    this.#prefix = text("continuing_subword_prefix") ?? "";
    this.#suffix = text("end_of_word_suffix") ?? "";
    this.#unknown = text("unk_token");
    this.#fuseUnknown = flag("fuse_unk");
    this.#byteFallback = flag("byte_fallback");
    this.#ignoreMerges = flag("ignore_merges");
    const ids = Object.values(options.object("vocab")) as number[];
    this.#base = ids.reduce((most, id) => Math.max(most, id), 0) + 1;
    this.#readMerges(options.list("merges"));
  }

  encode(piece: string): readonly number[] {
    if (this.#ignoreMerges) {
      const id = this.tokens.idOf(piece);
      if (id !== undefined) return [id];
    }
    const kept = this.#kept.get(piece);
    if (kept !== undefined) return kept;
    const ids = this.#merge(this.#symbols(piece));
    if (piece.length < LONGEST_KEPT && this.#kept.size < KEPT) this.#kept.set(piece, ids);
    return ids;
  }

  #readMerges(merges: readonly unknown[]): void {
    const prefixLength = ENCODER.encode(this.#prefix).length;
    let rank = 0;
    for (const merge of merges) {
      if (typeof merge === "string" && merge.startsWith("#version")) continue;
      const pair = typeof merge === "string" ? merge.split(" ") : merge;
      if (!(Array.isArray(pair) && pair.length === 2)) {
        throw new RangeError(`a merge must be two tokens: found ${JSON.stringify(merge)}`);
      }
      const [a, b] = pair as [string, string];
      const joined = a +
        (prefixLength === 0 ? b : DECODER.decode(ENCODER.encode(b).subarray(prefixLength)));
      const [left, right, id] = [a, b, joined].map((token) => {
        const id = this.tokens.idOf(token);
        if (id !== undefined) return id;
        throw new RangeError(
          `the tokens of a merge must be in the vocabulary: ${JSON.stringify(token)} is not`,
        );
      }) as [number, number, number];
      this.#merged[rank] = id;
      this.#ranks.set(left * this.#base + right, rank++);
    }
  }

  /** The ids of the characters of a piece. */
  #symbols(piece: string): number[] {
    const ids: number[] = [];
    let unknown: number | null = null; // put down when the next known character comes
    const characters = [...piece];
    for (let i = 0; i < characters.length; i++) {
      const symbol = (i > 0 ? this.#prefix : "") + characters[i] +
        (i === characters.length - 1 ? this.#suffix : "");
      const id = this.tokens.idOf(symbol);
      if (id !== undefined) {
        if (unknown !== null) ids.push(unknown);
        unknown = null;
        ids.push(id);
        continue;
      }
      const bytes = this.#byteFallback
        ? Array.from(ENCODER.encode(symbol), (byte) => this.tokens.idOf(byteToken(byte)))
        : [undefined];
      if (!bytes.includes(undefined)) ids.push(...bytes as number[]);
      else if (this.#unknown !== null) {
        if (unknown !== null && !this.#fuseUnknown) ids.push(unknown);
        unknown = this.tokens.unknownId(this.#unknown);
      }
    }
    if (unknown !== null) ids.push(unknown);
    return ids;
  }

  /** Joins neighbours, the lowest rank first and of equal ones the leftmost. */
  #merge(ids: number[]): number[] {
    const count = ids.length;
    const next = Int32Array.from(ids, (_, i) => i + 1);
    const before = Int32Array.from(ids, (_, i) => i - 1);
    const gone = new Uint8Array(count);
    const queue: number[] = []; // rank times count, plus the place of the left one
    const rankAt = (at: number) => this.#ranks.get(ids[at]! * this.#base + ids[next[at]!]!);
    const enqueue = (at: number) => {
      if (at < 0 || next[at]! >= count) return;
      const rank = rankAt(at);
      if (rank !== undefined) push(queue, rank * count + at);
    };
    for (let at = 0; at + 1 < count; at++) enqueue(at);
    while (queue.length > 0) {
      const first = pop(queue);
      const at = first % count;
      const id = this.#merged[(first - at) / count]!;
      if (gone[at] === 1 || next[at]! >= count) continue;
      const rank = rankAt(at);
      if (rank === undefined || this.#merged[rank] !== id) continue; // one of the two has changed
      const right = next[at]!;
      ids[at] = id;
      gone[right] = 1;
      next[at] = next[right]!;
      if (next[at]! < count) before[next[at]!] = at;
      enqueue(before[at]!);
      enqueue(at);
    }
    return ids.filter((_, i) => gone[i] === 0);
  }
}

/** Puts a number into a heap whose least one is first. */
function push(heap: number[], value: number): void {
  let at = heap.push(value) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (heap[parent]! <= value) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = value;
}

/** Takes the least number out of a heap. */
function pop(heap: number[]): number {
  const least = heap[0]!;
  const value = heap.pop()!;
  const count = heap.length;
  if (count === 0) return least;
  let at = 0;
  while (true) {
    let child = 2 * at + 1;
    if (child >= count) break;
    if (child + 1 < count && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= value) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = value;
  return least;
}
