import { parse } from "yaml";

/** The most runs of a sweep, and so the most values of one setting. They are counted before any is made. */
export const MOST_RUNS = 200_000;

/** One value of a setting, and how it is written. */
export interface WrittenValue {
  readonly value: unknown;
  /** What stands there, without blanks around it. */
  readonly text: string;
  /** Whether it lies between the ends of a range that says how many values it has. */
  readonly isBetween?: true;
}

/**
 * The values of a setting as written on the command line: `2,4,8` are three, `0..4` are five, and
 * `[a,b]` is one list; each comes with its text. `1e-4..1e-1:log4` are four with equal ratios between
 * them, and `0..1:lin5` five with equal distances, rounded to six digits.
 *
 * Only a comma outside of quotes, brackets, braces and parentheses separates. A number, `true`, `false`
 * and `null` are what they say, and everything else is text as it stands, such as `my data #1.jsonl`;
 * text in quotes is always text.
 *
 * @throws {SyntaxError} when a value is missing, a quote or bracket before a comma is not closed, a
 * range runs backwards, or there are more than {@linkcode MOST_RUNS} values
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const values = (text: string) => writtenValues(text).map(({ value }) => value);
 * assert.deepEqual(values("2,4,8"), [2, 4, 8]);
 * assert.deepEqual(values("0..2,7"), [0, 1, 2, 7]);
 * assert.deepEqual(values("1e-4..1e-1:log4"), [1e-4, 1e-3, 1e-2, 1e-1]);
 * assert.deepEqual(values("0..1:lin5"), [0, 0.25, 0.5, 0.75, 1]);
 * assert.deepEqual(values("[q,v],all-linear"), [["q", "v"], "all-linear"]);
 * assert.deepEqual(values("'a,b','8'"), ["a,b", "8"]);
 * assert.deepEqual(values(".*[.][0-9]{1,2}[.]q"), [".*[.][0-9]{1,2}[.]q"]);
 * ```
 */
export function writtenValues(text: string): WrittenValue[] {
  const parts = splitAtCommas(text).map((part) => part.trim());
  if (parts.includes("")) {
    throw new SyntaxError(`Cannot read "${text}" as a value is missing`);
  }
  const ranges = parts.map(readRange);
  const count = ranges.reduce((sum, range) => sum + (range === null ? 1 : range.size), 0);
  if (count > MOST_RUNS) {
    throw new SyntaxError(
      `Cannot make ${count.toLocaleString("en-US")} values of one setting: a sweep has at most ` +
        `${MOST_RUNS.toLocaleString("en-US")} runs`,
    );
  }
  return parts.flatMap((part, i) => {
    const range = ranges[i]!;
    if (range === null) return [{ value: readValue(part), text: part }];
    return Array.from({ length: range.size }, (_, step) => {
      const value = range.at(step);
      return { value, text: String(value), ...(range.isSpaced ? { isBetween: true } : {}) };
    });
  });
}

/** Several values that are written as one. */
interface Range {
  readonly size: number;
  readonly isSpaced: boolean;
  /** The value of a number from 0. */
  at(step: number): number;
}

function readRange(text: string): Range | null {
  const [, from, to, spacing, count] =
    /^([^.,]*(?:\.\d+)?[^.,]*)\.\.(.*?)(?::(log|lin)(\d+))?$/.exec(text) ??
      [];
  const isSpaced = spacing !== undefined;
  const form = isSpaced ? /^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$/ : /^-?\d+$/;
  if (from === undefined || to === undefined || !form.test(from) || !form.test(to)) return null;
  const [first, last] = [Number(from), Number(to)];
  if (last < first) {
    throw new SyntaxError(
      `Cannot read "${text}" as a range must run upwards: write ${to}..${from}${
        isSpaced ? `:${spacing}${count}` : ""
      }`,
    );
  }
  if (!isSpaced) return { size: last - first + 1, isSpaced, at: (step) => first + step };
  const size = Number(count);
  if (size < 2) {
    throw new SyntaxError(
      `Cannot read "${text}" as a range must have at least 2 values: got ${size}`,
    );
  }
  if (spacing === "log" && first <= 0) {
    throw new SyntaxError(
      `Cannot read "${text}" as the ends of a range with equal ratios must be positive: got ${from}`,
    );
  }
  const between = (share: number) =>
    spacing === "log" ? first * (last / first) ** share : first + (last - first) * share;
  return {
    size,
    isSpaced,
    at: (step) =>
      step === 0
        ? first
        : step === size - 1
        ? last
        : Number(between(step / (size - 1)).toPrecision(6)),
  };
}

/** One value: a quoted text, a list, or a plain word. */
function readValue(text: string): unknown {
  if (text.startsWith('"') || text.startsWith("'")) {
    const end = closingQuote(text, 0);
    if (end === text.length - 1) return unquoted(text);
    throw new SyntaxError(
      `Cannot read ${text} as ${
        end < 0 ? "its quote is not closed" : "text stands behind the quote"
      }: ` + `put all of it in quotes`,
    );
  }
  if (text.startsWith("[") && outsideOfBrackets(text)[0] === text.length - 1) {
    const inside = text.slice(1, -1);
    if (inside.trim() === "") return [];
    return splitAtCommas(inside).map((part) => {
      if (part.trim() !== "") return readValue(part.trim());
      throw new SyntaxError(`Cannot read ${text} as a value is missing in the list`);
    });
  }
  if (/^(null|Null|NULL|~)$/.test(text)) return null;
  if (/^(true|True|TRUE)$/.test(text)) return true;
  if (/^(false|False|FALSE)$/.test(text)) return false;
  if (/^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$/.test(text)) return Number(text);
  return text;
}

/** Text in quotes, as YAML reads it: a doubled single quote is one, a backslash counts in double ones. */
function unquoted(text: string): string {
  try {
    return parse(text) as string;
  } catch (error) {
    throw new SyntaxError(`Cannot read ${text}: ${(error as Error).message.split("\n")[0]}`);
  }
}

/** Parts between the commas that stand outside of quotes and brackets. */
function splitAtCommas(text: string): string[] {
  const outside = outsideOfBrackets(text);
  const closed = (outside.at(-1) ?? -1) + 1; // where what is still open at the end begins
  if (text.includes(",", closed)) {
    throw new SyntaxError(
      `Cannot read "${text}" as its "${
        text[closed]
      }" is not closed, so that it is not known whether ` +
        `the commas behind it separate values: put a value with commas in quotes`,
    );
  }
  const commas = outside.filter((at) => text[at] === ",");
  return [-1, ...commas].map((comma, i) => text.slice(comma + 1, commas[i]));
}

const CLOSERS: Readonly<Record<string, string>> = { "[": "]", "(": ")", "{": "}" };

/** Where no bracket is open behind a letter, text in quotes being one letter at its end. */
function outsideOfBrackets(text: string): number[] {
  const outside: number[] = [];
  const open: string[] = [];
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!;
    if (letter === "\\" && /[[\](){}"']/.test(text[at + 1] ?? "")) at++;
    else if (isOpeningQuote(text, at)) at = Math.max(at, closingQuote(text, at));
    else if (letter in CLOSERS) open.push(CLOSERS[letter]!);
    else if (open.includes(letter)) open.length = open.lastIndexOf(letter); // as in [(]
    if (open.length === 0) outside.push(at);
  }
  return outside;
}

/** Whether quoted text begins here: the apostrophe of a word, as in "Ann's", does not begin any. */
function isOpeningQuote(text: string, at: number): boolean {
  return (text[at] === '"' || text[at] === "'") && !/[\p{L}\p{N}]/u.test(text[at - 1] ?? "");
}

/** Where the quoted text that begins at `from` ends; -1 when it does not. */
function closingQuote(text: string, from: number): number {
  const quote = text[from]!;
  for (let at = from + 1; at < text.length; at++) {
    if (quote === '"' && text[at] === "\\") at++;
    else if (text[at] === quote) {
      if (quote === '"' || text[at + 1] !== "'") return at;
      at++;
    }
  }
  return -1;
}
