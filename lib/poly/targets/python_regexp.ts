import { boundedRegExp, type Pattern } from "../../util/regexp/bounded_regexp.ts";

/** Most letters of a pattern. */
const LONGEST = 20_000;

/**
 * Turns a pattern of Python's `re` into one that matches the same strings, anchored at the start and,
 * when `full`, at the end. It comes with adapters of others, so it takes bounded time.
 *
 * Where the two languages write a construct differently it is translated; constructs that only
 * Python has (atomic groups, possessive quantifiers, `\N{…}`, verbose mode) are refused. `\w`, `\d`
 * and `\s` match ASCII only, which is all that names of modules use.
 *
 * @param pattern a pattern for `re.fullmatch`
 * @param full whether the whole string must match, as for `re.fullmatch`, or only its beginning
 * @throws {SyntaxError} when the pattern is not valid
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.ok(pythonRegExp(".*(?P<layer>q|v)").test("encoder.q"));
 * assert.ok(!pythonRegExp("q").test("encoder.q"));
 * assert.throws(() => pythonRegExp("(q"), SyntaxError);
 * ```
 */
export function pythonRegExp(pattern: string, full = true): Pattern {
  const shown = JSON.stringify(pattern.length > 200 ? `${pattern.slice(0, 200)}…` : pattern);
  const orRefuse = <T>(why: string, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      const { message } = error as Error;
      throw new SyntaxError(`Cannot use the pattern ${shown} as ${why}${message}`);
    }
  };
  const found = orRefuse("it is not a valid regular expression of Python's re: ", () => {
    if (pattern.length > LONGEST) throw new SyntaxError(`it has more than ${LONGEST} letters`);
    const { source, flags } = translate(pattern);
    new RegExp(source, flags); // refuses what is no pattern
    return boundedRegExp(source, flags, full);
  });
  return { test: (text) => orRefuse("", () => found.test(text)) };
}

/** Letters that Python allows after a backslash; all others are errors there. */
const ESCAPED_LETTERS = "bBdDsSwWfnrtvxu";

function translate(pattern: string): { source: string; flags: string } {
  const global = /^(?:\(\?[aiLmsux]+\))*/.exec(pattern)![0];
  const letters = global.replace(/[(?)]/g, "");
  const unknown = /[Lx]/.exec(letters);
  if (unknown !== null) throw new SyntaxError(`the flag "${unknown[0]}" has no counterpart`);
  const flags = [...new Set(letters.replace(/[au]/g, ""))].join("");

  let source = "";
  let inClass = false;
  for (let i = global.length; i < pattern.length;) {
    const rest = pattern.slice(i);
    let taken = 1;
    let written = rest[0]!;
    if (written === "\\") {
      [taken, written] = escape(rest, inClass);
    } else if (inClass) {
      if (written === "]") inClass = false;
    } else if (written === "[") {
      // In Python, a bracket that comes first in a class is a member of it.
      const opening = /^\[\^?\]?/.exec(rest)![0];
      inClass = true;
      taken = opening.length;
      written = opening.replace("]", "\\]");
    } else if (written === "(") {
      [taken, written] = group(rest);
    } else if (written === "{") {
      const upTo = /^\{,(\d+)\}/.exec(rest);
      if (upTo !== null) [taken, written] = [upTo[0].length, `{0,${upTo[1]}}`];
    }
    if (!inClass && /^(?:[*+?]|\{\d*,?\d*\})\+/.test(rest) && rest[0] !== "\\") {
      throw new SyntaxError("possessive quantifiers have no counterpart");
    }
    source += written;
    i += taken;
  }
  return { source, flags };
}

/** Number of characters of an escape, and its translation. */
function escape(rest: string, inClass: boolean): [number, string] {
  const next = rest[1];
  if (next === undefined) throw new SyntaxError("\\ at end of pattern");
  if (next === "A" && !inClass) return [2, "(?<![\\s\\S])"];
  if (next === "Z" && !inClass) return [2, "(?![\\s\\S])"];
  if (next === "a") return [2, "\\x07"];
  if (next === "x" || next === "u") {
    const digits = next === "x" ? 2 : 4;
    if (!new RegExp(`^..[0-9a-fA-F]{${digits}}`).test(rest)) {
      throw new SyntaxError(`incomplete escape \\${next}`);
    }
  } else if (/[a-zA-Z]/.test(next) && !ESCAPED_LETTERS.includes(next)) {
    throw new SyntaxError(`bad escape \\${next}`);
  }
  return [2, `\\${next}`];
}

/** Number of characters that open a group, and their translation. */
function group(rest: string): [number, string] {
  const comment = /^\(\?#[^)]*\)/.exec(rest);
  if (comment !== null) return [comment[0].length, "(?:)"];
  const named = /^\(\?P<([^>]*)>/.exec(rest);
  if (named !== null) return [named[0].length, `(?<${named[1]}>`];
  const reference = /^\(\?P=([^)]*)\)/.exec(rest);
  if (reference !== null) return [reference[0].length, `\\k<${reference[1]}>`];
  if (/^\(\?<[^=!]/.test(rest)) {
    throw new SyntaxError("a named group is written (?P<name>…)");
  }
  return [1, "("];
}
