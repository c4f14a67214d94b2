/** A part of a regular expression. */
export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "one"; readonly is: (letter: string) => boolean }
  | { readonly kind: "place"; readonly is: Place }
  | { readonly kind: "all"; readonly parts: readonly Node[] }
  | { readonly kind: "any"; readonly parts: readonly Node[] }
  | { readonly kind: "group"; readonly index: number; readonly part: Node }
  /** Takes what its part matches first, and never less. */
  | { readonly kind: "atomic"; readonly part: Node }
  | { readonly kind: "back"; readonly index: number; readonly ignoreCase: boolean }
  | { readonly kind: "look"; readonly behind: boolean; readonly not: boolean; readonly part: Node }
  | {
    readonly kind: "repeat";
    readonly part: Node;
    readonly min: number;
    readonly max: number;
    /** Whether it takes as little as it can. */
    readonly lazy: boolean;
  };

type Place = (text: string, at: number) => boolean;

/** A regular expression as a tree. */
export interface Syntax {
  readonly node: Node;
  /** How many groups it has that are kept. */
  readonly groups: number;
  /** Whether it refers back to a group. */
  readonly hasBack: boolean;
  /** Whether its letters are whole characters, not the units of UTF-16. */
  readonly isUnicode: boolean;
}

/** Most groups around one another, which is far below what the stack holds. */
const DEEPEST = 500;

/**
 * Reads a regular expression of JavaScript.
 *
 * A look ahead with a reference to all that it found, as in `(?=(?<x>a+))\k<x>`, is how JavaScript
 * writes the atomic group `(?>a+)` of other languages, and becomes one.
 *
 * @param source what `new RegExp(source, flags)` accepts
 * @param flags of `i`, `m`, `s` and `u`
 * @throws {SyntaxError} when it refers to a group that is not there, or its groups are too deep
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseRegExp("(?:ab)*?", "").node, {
 *   kind: "repeat",
 *   part: { kind: "text", text: "ab" },
 *   min: 0,
 *   max: Infinity,
 *   lazy: true,
 * });
 * ```
 */
export function parseRegExp(source: string, flags: string): Syntax {
  return new Parser(source, flags).parse();
}

/** Whether a part may match without taking a letter. */
export function mayBeEmpty(node: Node): boolean {
  switch (node.kind) {
    case "text":
      return node.text === "";
    case "one":
      return false;
    case "all":
      return node.parts.every(mayBeEmpty);
    case "any":
      return node.parts.some(mayBeEmpty);
    case "group":
    case "atomic":
      return mayBeEmpty(node.part);
    case "repeat":
      return node.min === 0 || mayBeEmpty(node.part);
    default:
      return true;
  }
}

class Parser {
  #at = 0;
  #groups = 0;
  #hasBack = false;
  #depth = 0;
  #behind = 0;
  readonly #names = new Map<string, number>();
  readonly #total: number;
  readonly #letter: RegExp;

  constructor(readonly source: string, readonly flags: string) {
    this.#letter = flags.includes("u") ? UNICODE_LETTER : LETTER;
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

  parse(): Syntax {
    const node = this.#alternatives(this.flags);
    if (this.#at < this.source.length) throw new SyntaxError("a parenthesis is not opened");
    const isUnicode = this.flags.includes("u");
    return { node, groups: this.#groups, hasBack: this.#hasBack, isUnicode };
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.source);
    if (found !== null) this.#at = pattern.lastIndex;
    return found;
  }

  #alternatives(flags: string): Node {
    if (++this.#depth > DEEPEST) throw new SyntaxError("its groups are nested too deeply");
    const parts = [this.#sequence(flags)];
    while (this.#take(/\|/y)) parts.push(this.#sequence(flags));
    this.#depth--;
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
    const found = this.#take(/(?:([*+?])|\{(\d+)(,?)(\d*)\})(\??)/y);
    if (found === null) return part;
    const [, sign, least, comma, most, lazy] = found;
    const [min, max] = sign !== undefined
      ? [sign === "+" ? 1 : 0, sign === "?" ? 1 : Infinity]
      : [Number(least), comma === "" ? Number(least) : most === "" ? Infinity : Number(most)];
    return { kind: "repeat", part, min, max, lazy: lazy === "?" };
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
    if (this.source[this.#at] === "(") return this.#atomic(flags) ?? this.#group(flags);
    const [letter] = this.#take(this.#letter)!;
    const isItself = /^[^.\\[]$/su.test(letter) && letter.isWellFormed();
    if (isItself && !ignoreCase) return { kind: "text", text: letter };
    const one = new RegExp(`^(?:${letter})$`, flags.replace("m", ""));
    const known = new Map<string, boolean>();
    return {
      kind: "one",
      is: (letter) => known.getOrInsertComputed(letter, () => one.test(letter)),
    };
  }

  /** An atomic group as JavaScript writes it; null when none stands here. */
  #atomic(flags: string): Node | null {
    const start = this.#at;
    const name = this.#behind > 0 ? undefined : this.#take(/\(\?=\(\?<([^=!>][^>]*)>/y)?.[1];
    if (name !== undefined) {
      const references = this.source.match(/\\(?:[1-9]|k<[^>]*>)/g) ?? [];
      const isOnly = references.filter((one) => one === `\\k<${name}>` || !one.startsWith("\\k"));
      if (isOnly.length === 1) {
        const [groups, hasBack] = [this.#groups++, this.#hasBack];
        const part = this.#alternatives(flags);
        if (this.#take(/\)\)\\k<([^>]*)>/y)?.[1] === name) return { kind: "atomic", part };
        [this.#groups, this.#hasBack] = [groups, hasBack];
      }
    }
    this.#at = start;
    return null;
  }

  #group(flags: string): Node {
    const opening = this.#take(
      /\((?:\?(?:(?<look><?[=!])|<[^>]*>|(?<add>[ims]*)(?:-(?<drop>[ims]*))?:))?/y,
    )!;
    const { look, add = "", drop = "" } = opening.groups!;
    const isCapture = look === undefined && !opening[0].endsWith(":");
    const index = isCapture ? ++this.#groups : 0;
    const inside = [...new Set(flags + add)].filter((flag) => !drop.includes(flag)).join("");
    const behind = look?.startsWith("<") ?? false;
    if (behind) this.#behind++;
    const part = this.#alternatives(inside);
    if (behind) this.#behind--;
    if (!this.#take(/\)/y)) throw new SyntaxError("a parenthesis is not closed");
    if (look !== undefined) return { kind: "look", behind, not: look.endsWith("!"), part };
    return isCapture ? { kind: "group", index, part } : part;
  }
}

/** What stands for one letter: a class, an escape, or the letter itself. */
const LETTER =
  /\[(?:\\[^]|[^\]\\])*\]|\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|c[A-Za-z]|0[0-7]{0,2}|[^])|[^]/y;
const UNICODE_LETTER =
  /\[(?:\\[^]|[^\]\\])*\]|\\(?:x[\da-fA-F]{2}|u\{[\da-fA-F]+\}|u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[\da-fA-F]{4}|c[A-Za-z]|[pP]\{[^}]*\}|[^])|[^]/uy;

function startsLine(text: string, at: number): boolean {
  return at === 0 || /[\n\r\u2028\u2029]/.test(text[at - 1]!);
}

function endsLine(text: string, at: number): boolean {
  return at === text.length || /[\n\r\u2028\u2029]/.test(text[at]!);
}

function isEdge(text: string, at: number): boolean {
  return /^\w/.test(text[at - 1] ?? "") !== /^\w/.test(text[at] ?? "");
}
