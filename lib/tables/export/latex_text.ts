/** Texts and numbers inside a table of LaTeX. */
import { printableLine } from "../../util/printable.ts";

/**
 * A formatted number: a minus is one in mathematics alone, and a dash stands for no number.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(["-0.5", "−0.5", "0.5", "—"].map(latexNumber), ["$-$0.5", "$-$0.5", "0.5", "--"]);
 * ```
 */
export function latexNumber(text: string): string {
  return text === "—" ? "--" : text.replace(/^[-−]/, "$-$");
}

/**
 * Text of others as text of LaTeX, in which nothing commands.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(latexText("n_skills & 5 %"), "n\\_skills \\& 5 \\%");
 * assert.equal(latexText("\\input{x}^~"), "\\textbackslash{}input\\{x\\}\\textasciicircum{}\\textasciitilde{}");
 * ```
 */
export function latexText(text: string): string {
  return printableLine(text).replace(
    /[\\{}_%&#$^~<>|"]/g,
    (character) => WORDS[character] ?? `\\${character}`,
  );
}

const WORDS: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "^": "\\textasciicircum{}",
  "~": "\\textasciitilde{}",
  "<": "\\textless{}",
  ">": "\\textgreater{}",
  "|": "\\textbar{}",
  '"': "\\textquotedbl{}",
};
