import { type Piece } from "./piece.ts";

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/** The most bytes of several characters together that the map is asked for. */
const LONGEST_GRAPHEME = 5;

/**
 * SentencePiece's map of characters, which a `Precompiled` normalizer holds: a trie in a double array
 * (darts-clone), and the texts that its values point at.
 *
 * Source: the Rust crates `spm_precompiled` and `tokenizers`, normalizers/precompiled.rs
 */
export class Precompiled {
  readonly #trie: Uint32Array;
  readonly #texts: Uint8Array;
  readonly #graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

  /**
   * @param charsmap in base64
   * @throws {RangeError} when it is no such map
   */
  constructor(charsmap: string) {
    let bytes: Uint8Array;
    try {
      bytes = Uint8Array.from(atob(charsmap), (character) => character.charCodeAt(0));
    } catch (error) {
      throw new RangeError("Precompiled.precompiled_charsmap must be base64", { cause: error });
    }
    const view = new DataView(bytes.buffer);
    const size = bytes.length < 4 ? -1 : view.getUint32(0, true);
    if (size < 4 || size % 4 !== 0 || size > bytes.length - 4) {
      throw new RangeError("Precompiled.precompiled_charsmap must hold a trie and its texts");
    }
    this.#trie = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
    this.#texts = bytes.subarray(4 + size);
  }

  /** A piece with its characters replaced as the map says; what it does not know stays. */
  normalize({ text, head }: Piece): Piece {
    let normalized = "";
    /** For each character of `normalized`, how many of `text` it takes the place of, less one. */
    const changes: number[] = [];
    const replace = (old: string, replacement: string) => {
      const more = [...replacement].length - [...old].length;
      const first = changes.length;
      for (const _ of replacement) changes.push(0);
      if (more > 0) changes.fill(1, Math.max(0, changes.length - more));
      else if (more < 0 && changes.length > 0) changes[changes.length - 1]! += more;
      normalized += replacement;
      return first;
    };
    for (const { segment } of this.#graphemes.segment(text)) {
      const whole = ENCODER.encode(segment).length <= LONGEST_GRAPHEME
        ? this.#look(segment)
        : undefined;
      if (whole !== undefined) replace(segment, whole);
      else for (const character of segment) replace(character, this.#look(character) ?? character);
    }
    return { text: normalized, head: headAfter(text, head, normalized, changes) };
  }

  /** The text for the shortest known beginning of some characters; undefined where there is none. */
  #look(characters: string): string | undefined {
    const trie = this.#trie;
    const offset = (unit: number) => (unit >>> 10) << ((unit & 0x200) >>> 6);
    let position = offset(trie[0]!);
    for (const byte of ENCODER.encode(characters)) {
      if (byte === 0) return undefined;
      position ^= byte;
      const unit = trie[position] ?? 0;
      if ((unit & 0x800000ff) !== byte) return undefined;
      position ^= offset(unit);
      if ((unit & 0x100) !== 0) return this.#textAt(trie[position]! & 0x7fffffff);
    }
    return undefined;
  }

  #textAt(start: number): string {
    const end = this.#texts.indexOf(0, start);
    return DECODER.decode(this.#texts.subarray(start, end < 0 ? undefined : end));
  }
}

/** How much of a changed text stands for what was the head of the old one. */
function headAfter(
  old: string,
  head: number,
  changed: string,
  changes: readonly number[],
): number {
  if (head === 0) return 0;
  const starts = [0];
  for (const character of old) starts.push(starts.at(-1)! + character.length);
  let taken = 0;
  let length = 0;
  let i = 0;
  for (const character of changed) {
    const change = changes[i++]!;
    const from = change > 0 ? Math.max(0, taken - 1) : taken;
    if ((starts[from] ?? Infinity) >= head) break;
    length += character.length;
    if (change <= 0) taken += 1 - change;
  }
  return length;
}
