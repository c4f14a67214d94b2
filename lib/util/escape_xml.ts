import { printable } from "./printable.ts";

/**
 * Escapes a string for XML or HTML, in elements and in quoted attributes. Characters that neither
 * allows, such as control characters, become a replacement character.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(escapeXml('<a b="c">&\0'), "&lt;a b=&quot;c&quot;&gt;&amp;\uFFFD");
 * ```
 */
export function escapeXml(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
