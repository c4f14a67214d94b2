import { SplitPreTokenizer } from "@huggingface/tokenizers";
import { SafeRegExp } from "../../util/regexp/safe_regexp.ts";
import { isObject } from "./options.ts";

/** What is looked for in a text, with the flags `g` and `u`. */
export type Pattern = RegExp | SafeRegExp;

/** A stretch of a text, in UTF-16 units, and whether a pattern matched it. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly matched: boolean;
}

/**
 * A text as what a pattern matches and what lies between, in order and without gaps.
 *
 * An empty match right behind another one is none, as in the Rust library.
 *
 * @throws {RangeError} when a pattern that takes much memory is to be found in a text too long for it
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(spans("a-b", /-/gu), [
 *   { start: 0, end: 1, matched: false },
 *   { start: 1, end: 2, matched: true },
 *   { start: 2, end: 3, matched: false },
 * ]);
 * ```
 */
export function spans(text: string, pattern: Pattern): Span[] {
  if (text === "") return [{ start: 0, end: 0, matched: false }];
  const regex = pattern instanceof RegExp ? pattern : pattern.searcher(text);
  const found: Span[] = [];
  let end = 0;
  let last = -1;
  regex.lastIndex = 0;
  for (let match = regex.exec(text); match !== null; match = regex.exec(text)) {
    const start = match.index;
    if (start > 0 && text.codePointAt(start - 1)! > 0xffff) { // V8 stops between the two units of one
      regex.lastIndex = start + 1;
      continue;
    }
    const stop = start + match[0].length;
    if (stop === start) regex.lastIndex = start + (text.codePointAt(start)! > 0xffff ? 2 : 1);
    if (stop === start && stop === last) continue;
    if (end < start) found.push({ start: end, end: start, matched: false });
    found.push({ start, end: stop, matched: true });
    end = last = stop;
  }
  if (end < text.length) found.push({ start: end, end: text.length, matched: false });
  return found;
}

/** Most letters of an expression, as to compile one takes time. */
const LONGEST = 10_000;

/**
 * The pattern of a `Split` or `Replace`, `{ String }` or `{ Regex }`, as an expression for
 * {@linkcode spans}.
 *
 * A file of others may hold an expression that `RegExp` matches in time without bound, such as
 * `(\w+)+!`; it is matched in time in proportion to the text, with the same matches.
 *
 * @throws {RangeError} when it is neither, it is too large, or JavaScript cannot match as Oniguruma does
 */
export function readPattern(pattern: unknown): Pattern {
  if (isObject(pattern) && typeof pattern.String === "string") {
    return new RegExp(pattern.String.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "gu");
  }
  if (isObject(pattern) && typeof pattern.Regex === "string") return oniguruma(pattern.Regex);
  throw new RangeError(
    `pattern must be { String } or { Regex }: found ${JSON.stringify(pattern)}`,
  );
}

/** Escapes, groups, classes and quantifiers of a regular expression, one after the other. */
const PARTS =
  /\\(?:[pP]\{[^}]*\}|x\{[^}]*\}|[^])|\[\^?\]?(?:\\[^]|\[(?:\\[^]|[^\]\\])*\]|[^\]\\[])*\]|\{\d*,?\d*\}|\(\?[^:=!<]?[:=!<]?|[*+?}][+]|[^]/gu;
const GROUPS = ["(", "(?:", "(?=", "(?!", "(?<", "(?>"];

/** What follows `(?i:` and is matched in JavaScript as in Oniguruma, once letters are spelt out. */
const LETTERS = /\(\?i:((?:[A-Za-z'|]|\[[A-Za-z]+\])*)\)/g;
/** Letters that Oniguruma takes for one character as well, such as the ligature fi. */
const FOLDED = /ss|f[fil]|st/i;

/** An expression of Oniguruma as one of JavaScript. */
function oniguruma(source: string): SafeRegExp {
  const shown = source.length > 200 ? `${source.slice(0, 200)}…` : source;
  const refuse = (what: string) => new RangeError(`the pattern ${shown} has ${what}`);
  if (source.length > LONGEST) throw refuse(`more than ${LONGEST} letters, which is not supported`);
  const plain = source.replace(LETTERS, (group, letters: string) => {
    if (FOLDED.test(letters)) throw refuse(`${group}, which is not supported`);
    return `(?:${spellOut(letters)})`;
  });
  if (/\{\d+\}\?/.test(plain)) throw refuse("{n}?, which is not supported");
  const javascript = withoutAtomic(plain, refuse);
  const orRefuse = <T>(what: string, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw refuse(`${what}: ${(error as Error).message.slice(-200)}`);
    }
  };
  const regex = orRefuse("no form in JavaScript", () => {
    const split = {
      type: "Split",
      pattern: { Regex: javascript },
      behavior: "Isolated",
      invert: false,
    };
    return new SplitPreTokenizer(split as never).pattern!;
  });
  return orRefuse("no form that takes bounded time", () => new SafeRegExp(regex));
}

/**
 * An expression whose possessive quantifiers and atomic groups, which JavaScript has not, are a look
 * ahead and a reference to what it found: `a++` becomes `(?:(?=(?<p0>a+))\k<p0>)`.
 */
function withoutAtomic(source: string, refuse: (what: string) => RangeError): string {
  const open: { readonly start: number; readonly atomic: boolean; readonly behind: boolean }[] = [];
  let written = "";
  let atom = 0; // where the last one begins
  let count = 0;
  const seal = (from: number, inner: string) => {
    // JavaScript reads a look behind backwards, and the reference before what it refers to.
    if (open.some(({ behind }) => behind)) {
      throw refuse("an atomic part in a look behind, which is not supported");
    }
    const name = `p${count++}`;
    written = `${written.slice(0, from)}(?:(?=(?<${name}>${inner}))\\k<${name}>)`;
  };
  for (const { 0: part, index } of source.matchAll(PARTS)) {
    if (/^\\[1-9kgGKRXNOyYCM]/.test(part)) throw refuse(`${part}, which is not supported`);
    if (part.startsWith("(")) {
      if (!GROUPS.includes(part)) throw refuse(`a group ${part}, which is not supported`);
      const behind = /^\(\?<[=!]/.test(source.slice(index, index + 4));
      open.push({ start: written.length, atomic: part === "(?>", behind });
      written += part === "(?>" ? "(?:" : part;
    } else if (part === ")") {
      const { start, atomic } = open.pop() ?? { start: 0, atomic: false };
      written += part;
      atom = start;
      if (atomic) seal(start, written.slice(start));
    } else if (/^[*+?]\+$/.test(part)) {
      seal(atom, written.slice(atom) + part[0]);
    } else {
      if (!/^(?:[*+?]|\{\d*,?\d*\})$/.test(part)) atom = written.length;
      written += part;
    }
  }
  return written;
}

/** Letters in both cases, and the two further characters that fold to a letter of ASCII. */
function spellOut(letters: string): string {
  const both = (letter: string) => {
    const small = letter.toLowerCase();
    return small + letter.toUpperCase() +
      (small === "s" ? "\u017f" : small === "k" ? "\u212a" : "");
  };
  return letters.replace(
    /\[([A-Za-z]+)\]|[A-Za-z]/g,
    (letter, inside?: string) => `[${[...(inside ?? letter)].map(both).join("")}]`,
  );
}
