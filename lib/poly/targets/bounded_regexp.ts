/**
 * Regular expressions that cannot hang: a pattern may come with an adapter that a stranger made, and
 * `RegExp` takes time exponential in the text for patterns such as `(a+)+!`.
 *
 * A pattern becomes a small program, and no state of it is tried twice at one place of the text, so the
 * time is the product of their sizes. Only patterns that refer back to a group cannot be run so; they,
 * and all others, stop after a number of steps.
 *
 * Source: the backtracker with a bit for each state of RE2 (R. Cox, "Regular Expression Matching: the
 * Virtual Machine Approach", 2009).
 *
 * @module
 */

/** Says whether a text matches. */
export interface Pattern {
  /** @throws {SyntaxError} when the steps of this pattern are used up */
  test(text: string): boolean;
}

/** Most instructions of a program, and most steps of one pattern over all its texts. */
const MOST_INSTRUCTIONS = 200_000;
const MOST_STEPS = 100_000_000;

type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "one"; readonly is: (letter: string) => boolean }
  | { readonly kind: "place"; readonly is: Place }
  | { readonly kind: "all"; readonly parts: readonly Node[] }
  | { readonly kind: "any"; readonly parts: readonly Node[] }
  | { readonly kind: "group"; readonly index: number; readonly part: Node }
  | { readonly kind: "back"; readonly index: number; readonly ignoreCase: boolean }
  | { readonly kind: "look"; readonly behind: boolean; readonly not: boolean; readonly part: Node }
  | { readonly kind: "repeat"; readonly part: Node; readonly min: number; readonly max: number };

type Place = (text: string, at: number) => boolean;

/** What takes letters, or sees to it that a round of a loop has taken some. */
type Step =
  | Extract<Node, { kind: "text" } | { kind: "one" } | { kind: "place" } | { kind: "back" }>
  | { readonly kind: "moved"; readonly slot: number };

type Instruction =
  | Step
  | { readonly kind: "split"; to: number }
  | { readonly kind: "jump"; to: number }
  /** A group starts or ends here, or a round of a loop starts. */
  | { readonly kind: "save"; readonly slot: number }
  | { readonly kind: "look"; readonly behind: boolean; readonly not: boolean; end: number }
  | { readonly kind: "match" };

/**
 * A pattern that takes no more than bounded time.
 *
 * @param source what `new RegExp(source, flags)` accepts
 * @param flags of `i`, `m` and `s`
 * @param full whether the whole text must match, or its beginning
 * @throws {SyntaxError} when the pattern is too large, or refers to a group that is not there
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const pattern = boundedRegExp("([a-z.]+)+!", "", true);
 * assert.ok(pattern.test("encoder.q!"));
 * assert.ok(!pattern.test("encoder.block.0.layer.0.SelfAttention.q".repeat(10)));
 * ```
 */
export function boundedRegExp(source: string, flags: string, full: boolean): Pattern {
  const { node, groups, hasBack } = new Parser(source, flags).parse();
  const program = compile(node, groups, hasBack);
  const machine = new Machine(program, hasBack);
  return { test: (text) => machine.test(text, full) };
}

/** Reads a pattern that `RegExp` accepts. */
class Parser {
  #at = 0;
  #groups = 0;
  #hasBack = false;
  readonly #names = new Map<string, number>();
  readonly #total: number;

  constructor(readonly source: string, readonly flags: string) {
    // Groups are counted first, as a pattern may refer to one that comes later.
    let inClass = false;
    let count = 0;
    for (let i = 0; i < source.length; i++) {
      if (source[i] === "\\") i++;
      else if (inClass) inClass = source[i] !== "]";
      else if (source[i] === "[") inClass = true;
      else if (source[i] === "(") {
        const name = /^\(\?<([^=!>][^>]*)>/.exec(source.slice(i, i + 200))?.[1];
        if (name !== undefined || source[i + 1] !== "?") count++;
        if (name !== undefined) this.#names.set(name, count);
      }
    }
    this.#total = count;
  }

  parse(): { node: Node; groups: number; hasBack: boolean } {
    const node = this.#alternatives(this.flags);
    if (this.#at < this.source.length) throw new SyntaxError("a parenthesis is not opened");
    return { node, groups: this.#groups, hasBack: this.#hasBack };
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.source);
    if (found !== null) this.#at = pattern.lastIndex;
    return found;
  }

  #alternatives(flags: string): Node {
    const parts = [this.#sequence(flags)];
    while (this.#take(/\|/y)) parts.push(this.#sequence(flags));
    return parts.length === 1 ? parts[0]! : { kind: "any", parts };
  }

  #sequence(flags: string): Node {
    const parts: Node[] = [];
    while (this.#at < this.source.length && !/[|)]/.test(this.source[this.#at]!)) {
      const node = this.#repeated(this.#atom(flags));
      const last = parts.at(-1);
      if (node.kind === "text" && last?.kind === "text") {
        parts[parts.length - 1] = { kind: "text", text: last.text + node.text };
      } else parts.push(node);
    }
    return parts.length === 1 ? parts[0]! : { kind: "all", parts };
  }

  #repeated(part: Node): Node {
    // Whether it takes as much or as little as it can changes nothing in whether a text matches.
    const found = this.#take(/(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/y);
    if (found === null) return part;
    const [, sign, least, comma, most] = found;
    const [min, max] = sign !== undefined
      ? [sign === "+" ? 1 : 0, sign === "?" ? 1 : Infinity]
      : [Number(least), comma === "" ? Number(least) : most === "" ? Infinity : Number(most)];
    return { kind: "repeat", part, min, max };
  }

  #atom(flags: string): Node {
    const isLine = flags.includes("m");
    const ignoreCase = flags.includes("i");
    if (this.#take(/\^/y)) return { kind: "place", is: isLine ? startsLine : (_, at) => at === 0 };
    if (this.#take(/\$/y)) {
      return { kind: "place", is: isLine ? endsLine : (text, at) => at === text.length };
    }
    const edge = this.#take(/\\([bB])/y)?.[1];
    if (edge !== undefined) {
      return { kind: "place", is: (text, at) => isEdge(text, at) === (edge === "b") };
    }
    const reference = this.#take(/\\(?:([1-9]\d*)|k<([^>]*)>)/y);
    if (reference !== null) {
      const [, number, name] = reference;
      const index = number === undefined ? this.#names.get(name!) : Number(number);
      if (index === undefined || index > this.#total) {
        throw new SyntaxError(`there is no group ${name ?? number}`);
      }
      this.#hasBack = true;
      return { kind: "back", index, ignoreCase };
    }
    if (this.source[this.#at] === "(") return this.#group(flags);
    const [letter] = this.#take(LETTER)!;
    if (letter.length === 1 && letter !== "." && !ignoreCase) return { kind: "text", text: letter };
    const one = new RegExp(`^(?:${letter})$`, flags.replace("m", ""));
    const known = new Map<string, boolean>();
    return {
      kind: "one",
      is: (letter) => known.getOrInsertComputed(letter, () => one.test(letter)),
    };
  }

  #group(flags: string): Node {
    const opening = this.#take(
      /\((?:\?(?:(?<look><?[=!])|<[^>]*>|(?<add>[ims]*)(?:-(?<drop>[ims]*))?:))?/y,
    )!;
    const { look, add = "", drop = "" } = opening.groups!;
    const isCapture = look === undefined && !opening[0].endsWith(":");
    const index = isCapture ? ++this.#groups : 0;
    const inside = [...new Set(flags + add)].filter((flag) => !drop.includes(flag)).join("");
    const part = this.#alternatives(inside);
    if (!this.#take(/\)/y)) throw new SyntaxError("a parenthesis is not closed");
    if (look !== undefined) {
      return { kind: "look", behind: look.startsWith("<"), not: look.endsWith("!"), part };
    }
    return isCapture ? { kind: "group", index, part } : part;
  }
}

/** What stands for one letter: a class, an escape, or the letter itself. */
const LETTER =
  /\[(?:\\[^]|[^\]\\])*\]|\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|c[A-Za-z]|0[0-7]{0,2}|[^])|[^]/y;

function startsLine(text: string, at: number): boolean {
  return at === 0 || /[\n\r\u2028\u2029]/.test(text[at - 1]!);
}

function endsLine(text: string, at: number): boolean {
  return at === text.length || /[\n\r\u2028\u2029]/.test(text[at]!);
}

function isEdge(text: string, at: number): boolean {
  return /^\w/.test(text[at - 1] ?? "") !== /^\w/.test(text[at] ?? "");
}

function compile(node: Node, groups: number, hasBack: boolean): Instruction[] {
  const program: Instruction[] = [];
  let slots = 2 * (groups + 1);
  const add = <I extends Instruction>(instruction: I): I => {
    if (program.length >= MOST_INSTRUCTIONS) throw new SyntaxError("it is too large");
    program.push(instruction);
    return instruction;
  };
  const emit = (node: Node): void => {
    switch (node.kind) {
      case "all":
        for (const part of node.parts) emit(part);
        break;
      case "any": {
        const ends = node.parts.slice(0, -1).map((part) => {
          const other = add({ kind: "split", to: 0 });
          emit(part);
          const end = add({ kind: "jump", to: 0 });
          other.to = program.length;
          return end;
        });
        emit(node.parts.at(-1)!);
        for (const end of ends) end.to = program.length;
        break;
      }
      case "group":
        if (!hasBack) return emit(node.part);
        add({ kind: "save", slot: 2 * node.index });
        emit(node.part);
        add({ kind: "save", slot: 2 * node.index + 1 });
        break;
      case "look": {
        const look = add({ kind: "look", behind: node.behind, not: node.not, end: 0 });
        emit(node.part);
        add({ kind: "match" });
        look.end = program.length;
        break;
      }
      case "repeat":
        emitRepeat(node);
        break;
      default:
        add(node);
    }
  };
  const emitRepeat = ({ part, min, max }: Extract<Node, { kind: "repeat" }>) => {
    for (let i = 0; i < min; i++) {
      const size = program.length;
      emit(part);
      if (program.length === size) return; // rounds of nothing
    }
    if (max === Infinity) {
      const start = program.length;
      const out = add({ kind: "split", to: 0 });
      const slot = slots++;
      if (hasBack) add({ kind: "save", slot });
      emit(part);
      if (hasBack) add({ kind: "moved", slot });
      add({ kind: "jump", to: start });
      out.to = program.length;
      return;
    }
    const outs = Array.from({ length: Math.min(max - min, MOST_INSTRUCTIONS) }, () => {
      const out = add({ kind: "split", to: 0 });
      emit(part);
      return out;
    });
    for (const out of outs) out.to = program.length;
  };
  emit(node);
  add({ kind: "match" });
  return program;
}

/** What a run has saved, by slot; groups start and end in even and odd ones. */
type Saved = readonly (number | undefined)[];

/** Tries a program on texts. */
class Machine {
  #text = "";
  #runs = 0;
  #steps: number;
  /** The last run that came to an instruction at a place, by both; runs of all texts count on. */
  #met = new Int32Array(0);

  constructor(readonly program: readonly Instruction[], readonly hasBack: boolean) {
    this.#steps = hasBack ? MOST_STEPS / 20 : MOST_STEPS;
  }

  test(text: string, full: boolean): boolean {
    this.#text = text;
    if (!this.hasBack) {
      const states = this.program.length * (text.length + 1);
      if (states > MOST_STEPS) throw new SyntaxError("it is too large for a text so long");
      if (states > this.#met.length) this.#met = new Int32Array(states);
    }
    return this.#run(0, 0, full ? text.length : null, []) !== null;
  }

  /**
   * Runs from an instruction at a place of the text.
   *
   * @param end the place that the match must end at; null for any
   * @returns what was saved, or null when nothing matches
   */
  #run(start: number, from: number, end: number | null, saved: Saved): Saved | null {
    const { program, hasBack } = this;
    const [places, met, run] = [this.#text.length + 1, this.#met, ++this.#runs];
    const [pcs, ats, saves] = [[start], [from], [saved]];
    while (pcs.length > 0) {
      let [pc, at] = [pcs.pop()!, ats.pop()!];
      saved = saves.pop()!;
      for (;;) {
        if (this.#steps-- <= 0) throw new SyntaxError("it takes too many steps to match");
        if (!hasBack) {
          const state = pc * places + at;
          if (met[state] === run) break;
          met[state] = run;
        }
        const instruction = program[pc]!;
        if (instruction.kind === "match") {
          if (end === null || at === end) return saved;
          break;
        }
        if (instruction.kind === "split") {
          pcs.push(instruction.to);
          ats.push(at);
          saves.push(saved);
          pc++;
          continue;
        }
        if (instruction.kind === "jump") {
          pc = instruction.to;
          continue;
        }
        if (instruction.kind === "look") {
          const found = this.#look(pc + 1, at, instruction.behind, saved);
          if ((found !== null) === instruction.not) break;
          saved = instruction.not ? saved : found!;
          pc = instruction.end;
          continue;
        }
        if (instruction.kind === "save") {
          const copy = [...saved];
          copy[instruction.slot] = at;
          saved = copy;
          pc++;
          continue;
        }
        const taken = this.#taken(instruction, at, saved);
        if (taken === null) break;
        at += taken;
        pc++;
      }
    }
    return null;
  }

  #look(start: number, at: number, behind: boolean, saved: Saved): Saved | null {
    if (!behind) return this.#run(start, at, null, saved);
    for (let from = at; from >= 0; from--) {
      const found = this.#run(start, from, at, saved);
      if (found !== null) return found;
    }
    return null;
  }

  /** How many letters an instruction takes at a place; null when it does not match there. */
  #taken(instruction: Step, at: number, saved: Saved): number | null {
    const text = this.#text;
    switch (instruction.kind) {
      case "text":
        return text.startsWith(instruction.text, at) ? instruction.text.length : null;
      case "one":
        return at < text.length && instruction.is(text[at]!) ? 1 : null;
      case "place":
        return instruction.is(text, at) ? 0 : null;
      case "moved":
        return saved[instruction.slot] === at ? null : 0;
      case "back": {
        const [begin, end] = [saved[2 * instruction.index], saved[2 * instruction.index + 1]];
        if (begin === undefined || end === undefined) return null; // as in Python
        const word = text.slice(begin, end);
        const here = text.slice(at, at + word.length);
        const isSame = instruction.ignoreCase
          ? word.toLowerCase() === here.toLowerCase()
          : word === here;
        return isSame ? word.length : null;
      }
    }
  }
}
