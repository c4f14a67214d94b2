import type { Program } from "./program.ts";

/** Bounds of a {@linkcode LinearMachine}. */
export interface MachineBounds {
  /** The most steps over all texts. */
  readonly steps: number;
  /** The most states of a text that are remembered at a time, 4 bytes each. */
  readonly states: number;
}

/** The most letters that a page of memory is for, as a power of two. */
const PAGE = 10;
/** The most states that are kept for the next text. */
const KEPT = 2 ** 20;
const NO_PAGE: Int32Array = new Int32Array(0);

/**
 * Runs a program without references on a text as a backtracking matcher does, with the same matches, and
 * remembers what came of every choice at every place. None is made twice, so all searches in a text
 * together take steps in proportion to its length: for each place at most instructions × (2 × splits ×
 * (depth + 1) + 1).
 *
 * Source: J. Davis, F. Servant, D. Lee, "Using Selective Memoization to Defeat Regular Expression Denial
 * of Service (ReDoS)", IEEE S&P 2021. Here successes are remembered, too, as a look ahead or an atomic
 * group may succeed and its outside fail.
 */
export class LinearMachine {
  /** How many steps were made. */
  steps = 0;
  #text = "";
  /** What came of a state is written above this number, which grows with each text: see `#outcome`. */
  #base = 1;
  #pageBits = 0;
  #pages: (Int32Array | undefined)[] = [];
  #free: Int32Array[] = [];
  #held = 0;
  /** The first page that is not given back. */
  #first = 0;
  /** How many different states there are at a place. */
  readonly #width: number;
  /** The splits on the way to where the machine is. */
  readonly #trail = new Trail();
  /** The second ways of those splits that are not tried yet, as many as `#left`: where they go on, ... */
  readonly #pcs: number[] = [];
  /** ... at which place, ... */
  readonly #ats: number[] = [];
  /** ... in how many rounds of loops that are empty so far, ... */
  readonly #empties: number[] = [];
  /** ... and how long the trail is to them. */
  readonly #marks: number[] = [];
  #left = 0;

  constructor(readonly program: Program, readonly bounds: MachineBounds) {
    this.#width = program.splits * (program.depth + 1);
  }

  /** Takes a text, in which the other methods search. */
  begin(text: string): void {
    const bits = Math.min(PAGE, Math.ceil(Math.log2(text.length + 1)));
    const pageBits = Math.max(bits, this.#pageBits);
    const next = this.#base + this.#text.length + 2;
    this.#base = next;
    if (pageBits !== this.#pageBits || next + text.length + 2 > 2 ** 31 - 1) {
      [this.#pageBits, this.#pages, this.#free, this.#held, this.#base] = [pageBits, [], [], 0, 1];
    }
    this.#first = 0;
    this.#text = text;
  }

  /**
   * The end of the match that starts at a place; -1 when none does.
   * @throws {SyntaxError} when a bound is passed
   */
  endAt(start: number): number {
    this.#left = this.#trail.length = 0;
    return this.#outcome(0, start);
  }

  /**
   * The first match at a place or behind it; null when there is none. Places must not go down.
   * @throws {SyntaxError} when a bound is passed
   */
  find(from: number): { start: number; end: number } | null {
    const text = this.#text;
    for (let start = from; start <= text.length; start++) {
      if (this.program.isUnicode && isInPair(text, start)) continue;
      if (!this.program.searchesBehind) this.#giveBack(start >> this.#pageBits);
      const end = this.endAt(start);
      if (end >= 0) return { start, end };
    }
    this.#forget();
    return null;
  }

  /** Gives much memory back, as a file may have many patterns. */
  #forget(): void {
    if (this.#held <= KEPT) return;
    [this.#pages, this.#free, this.#held, this.#first] = [[], [], 0, 0];
  }

  /** Gives the pages before one back, as no search comes to them again. */
  #giveBack(page: number): void {
    for (; this.#first < page; this.#first++) {
      const old = this.#pages[this.#first];
      if (old === undefined) continue;
      this.#free.push(old.fill(0));
      this.#pages[this.#first] = undefined;
    }
  }

  #page(at: number): Int32Array {
    const index = at >> this.#pageBits;
    const known = this.#pages[index];
    if (known !== undefined) return known;
    let page = this.#free.pop();
    if (page === undefined) {
      const size = this.#width * 2 ** this.#pageBits;
      if (this.#held + size > this.bounds.states) {
        this.#forget();
        throw new SyntaxError("it is too large for a text so long");
      }
      this.#held += size;
      page = new Int32Array(size);
    }
    return this.#pages[index] = page;
  }

  /**
   * Where the program, from an instruction and a place on, comes to a match; -1 when it does not. It
   * depends on nothing else but how many of the loops around are in a round that is empty so far.
   */
  #outcome(start: number, from: number): number {
    const { program: { instructions, depth, isUnicode }, bounds } = this;
    const [text, base, bits] = [this.#text, this.#base, this.#pageBits];
    const [pcs, ats, empties, marks] = [this.#pcs, this.#ats, this.#empties, this.#marks];
    const [trail, floor, trailFloor] = [this.#trail, this.#left, this.#trail.length];
    const [width, mask] = [this.#width, (1 << bits) - 1];
    let page = NO_PAGE;
    let pageIndex = -1;
    let [pc, at, empty] = [start, from, 0];
    for (;;) {
      if (++this.steps > bounds.steps) throw new SyntaxError("it takes too many steps to match");
      const instruction = instructions[pc]!;
      let next = pc + 1; // -1 when it fails
      switch (instruction.kind) {
        case "match":
          trail.settle(trailFloor, base + at + 1);
          this.#left = floor;
          return at;
        case "split": {
          if (at >> bits !== pageIndex) {
            pageIndex = at >> bits;
            page = this.#page(at);
          }
          const state = (at & mask) * width + instruction.index * (depth + 1) + empty;
          const known = page[state]! - base; // 0 for a failure, else the end plus 1
          if (known > 0) {
            trail.settle(trailFloor, base + known);
            this.#left = floor;
            return known - 1;
          }
          if (known === 0) next = -1;
          else {
            trail.push(page, state);
            const left = this.#left++;
            pcs[left] = instruction.second;
            ats[left] = at;
            empties[left] = empty;
            marks[left] = trail.length;
            next = instruction.first;
          }
          break;
        }
        case "jump":
          next = instruction.to;
          break;
        case "enter":
          empty++;
          break;
        case "leave":
          if (empty > 0) next = -1;
          break;
        case "look": {
          const found = this.#outcome(pc + 1, at) >= 0;
          next = found === instruction.not ? -1 : instruction.end;
          break;
        }
        case "atomic": {
          const end = this.#outcome(pc + 1, at);
          if (end > at) empty = 0;
          at = end;
          next = end < 0 ? -1 : instruction.end;
          break;
        }
        case "place":
          if (!instruction.is(text, at)) next = -1;
          break;
        case "text": {
          const { length } = instruction.text;
          const begin = instruction.back ? at - length : at;
          if (begin < 0 || !text.startsWith(instruction.text, begin)) next = -1;
          else {
            at = instruction.back ? begin : at + length;
            if (length > 0) empty = 0;
          }
          break;
        }
        case "one": {
          const letter = instruction.back
            ? letterBefore(text, at, isUnicode)
            : letterAt(text, at, isUnicode);
          if (letter === "" || !instruction.is(letter)) next = -1;
          else {
            at += instruction.back ? -letter.length : letter.length;
            empty = 0;
          }
          break;
        }
        default:
          throw new Error(`a linear machine does not run ${instruction.kind}`);
      }
      if (next >= 0) {
        pc = next;
        continue;
      }
      if (this.#left === floor) {
        trail.settle(trailFloor, base);
        return -1;
      }
      const left = --this.#left;
      pc = pcs[left]!;
      at = ats[left]!;
      empty = empties[left]!;
      trail.settle(marks[left]!, base);
    }
  }
}

/** States whose outcome is not known yet, in the order in which a machine came to them. */
class Trail {
  length = 0;
  readonly #pages: Int32Array[] = [];
  readonly #states: number[] = [];

  push(page: Int32Array, state: number): void {
    this.#pages[this.length] = page;
    this.#states[this.length++] = state;
  }

  /** Writes down what came of all but the first ones, and takes them away. */
  settle(length: number, value: number): void {
    for (let i = length; i < this.length; i++) this.#pages[i]![this.#states[i]!] = value;
    this.length = length;
  }
}

/** Whether a place is between the two units of a character. */
function isInPair(text: string, at: number): boolean {
  return at > 0 && text.codePointAt(at - 1)! > 0xffff;
}

function letterAt(text: string, at: number, isUnicode: boolean): string {
  if (at >= text.length) return "";
  return isUnicode && text.codePointAt(at)! > 0xffff ? text.slice(at, at + 2) : text[at]!;
}

function letterBefore(text: string, at: number, isUnicode: boolean): string {
  if (at === 0) return "";
  return isUnicode && at > 1 && isInPair(text, at - 1) ? text.slice(at - 2, at) : text[at - 1]!;
}
