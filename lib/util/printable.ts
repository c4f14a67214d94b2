/**
 * Text that shows as what it is, on a terminal and in a picture, a page or a table: control characters,
 * half surrogate pairs and the characters that turn the direction of what follows become U+FFFD. Line
 * breaks and tabs stay.
 *
 * Without it the name of a task could clear a reader's terminal, or hide a part of a line.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(printable("sort\x1b[2J, \u202Epaws\r\n\tß 😀"), "sort\uFFFD[2J, \uFFFDpaws\n\tß 😀");
 * ```
 */
export function printable(text: string): string {
  return text.toWellFormed().replaceAll("\r\n", "\n").replace(UNSEEN, "\uFFFD");
}

/** The same in one line. */
export function printableLine(text: string): string {
  return printable(text).replace(/\s*\n\s*/g, " ").replaceAll("\t", " ");
}

// deno-lint-ignore no-control-regex -- these are what terminals obey, and what XML forbids
const UNSEEN = /[\0-\x08\x0B-\x1F\x7F-\x9F\u2028-\u202E\u2066-\u2069\uFFFE\uFFFF]/g;
