/** Tables and paragraphs for a terminal, no wider than it is. */
import { printableLine } from "../util/printable.ts";

/** Blanks between two columns. */
const GAP = 2;
/** Characters that a column keeps when others are cut first. */
const LEAST_WIDTH = 6;

/**
 * Rows as lines whose columns stand below each other. Where they are wider than the terminal, the widest
 * columns are made narrower, and what does not fit into them ends with `…`.
 *
 * @param rows the headings, and the texts of each row
 * @param width characters of the terminal
 * @param right columns of numbers, which are aligned right
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const rows = [["task", "n", "answer"], ["sort", "12", "a long answer"]];
 * assert.deepEqual(textTable(rows, 18, [1]), ["task   n  answer", "sort  12  a long…"]);
 * assert.deepEqual(textTable(rows, 80, [1]), ["task   n  answer", "sort  12  a long answer"]);
 * ```
 */
export function textTable(
  rows: readonly (readonly string[])[],
  width: number,
  right: readonly number[] = [],
): string[] {
  // Of a long text no more is looked at than can be seen.
  const texts = rows.map((row) =>
    row.map((text) => [...printableLine(text.slice(0, 4 * width))].slice(0, width + 1))
  );
  const widths = (texts[0] ?? []).map((_, c) => Math.max(...texts.map((row) => row[c]!.length)));
  const room = width - GAP * (widths.length - 1);
  for (let excess = widths.reduce((sum, n) => sum + n, 0) - room; excess > 0; excess--) {
    const widest = widths.indexOf(Math.max(...widths));
    if (widths[widest]! <= LEAST_WIDTH) break;
    widths[widest]!--;
  }
  return texts.map((row) =>
    row.map((characters, c) => {
      const text = fit(characters, widths[c]!);
      return right.includes(c) ? text.padStart(widths[c]!) : padded(text, widths[c]!);
    }).join(" ".repeat(GAP)).trimEnd()
  );
}

function fit(characters: readonly string[], width: number): string {
  if (characters.length <= width) return characters.join("");
  return characters.slice(0, width - 1).join("").trimEnd() + "…";
}

/** As `padEnd`, but counted in characters. */
function padded(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - [...text].length));
}

/**
 * A text in lines, broken at blanks where there are some. Its own line breaks stay.
 *
 * @param indent what stands before each line but the first
 * @param width characters of the terminal, with the indent
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(wrapped("the quick brown fox", "  ", 12), "the quick\n  brown fox");
 * assert.equal(wrapped("abcdefgh", "", 5), "abcde\nfgh");
 * ```
 */
export function wrapped(text: string, indent: string, width: number): string {
  const room = Math.max(1, width - indent.length);
  const lines = text.split("\n").flatMap((paragraph) => {
    const characters = [...paragraph];
    const found: string[] = [];
    let at = 0;
    while (characters.length - at > room) {
      const blank = characters.slice(at, at + room + 1).lastIndexOf(" ");
      const end = at + (blank > 0 ? blank : room);
      found.push(characters.slice(at, end).join(""));
      at = blank > 0 ? end + 1 : end;
    }
    return [...found, characters.slice(at).join("")];
  });
  return lines.map((line, i) => (i === 0 ? line : indent + line).trimEnd()).join("\n");
}
