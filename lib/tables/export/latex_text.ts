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
 * Text of others as text of LaTeX, in which nothing commands. Signs of mathematics and Greek letters stand in
 * mathematics, as pdfLaTeX knows them nowhere else; letters that are not Latin need XeLaTeX or LuaLaTeX.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(latexText("n_skills & 5 %"), "n\\_skills \\& 5 \\%");
 * assert.equal(latexText("é ± α"), "é $\\pm$ $\\alpha$");
 * assert.equal(latexText("\\input{x}^~"), "\\textbackslash{}input\\{x\\}\\textasciicircum{}\\textasciitilde{}");
 * ```
 */
export function latexText(text: string): string {
  return [...printableLine(text)].map((sign) => SIGNS.get(sign) ?? sign).join("");
}

/** What signs are written as: those that command, those of mathematics, and Greek letters. */
const SIGNS: ReadonlyMap<string, string> = new Map([
  ...[..."{}_%&#$"].map((sign) => [sign, `\\${sign}`] as const),
  // Behind the end of a row these two would belong to it.
  ...[..."[*"].map((sign) => [sign, `{${sign}}`] as const),
  ["\\", "\\textbackslash{}"],
  ["^", "\\textasciicircum{}"],
  ["~", "\\textasciitilde{}"],
  ["<", "\\textless{}"],
  [">", "\\textgreater{}"],
  ["|", "\\textbar{}"],
  ['"', "\\symbol{34}"],
  ["−", "$-$"],
  ...named(
    "×times ±pm ≤leq ≥geq ≠neq ≈approx →rightarrow ∞infty ·cdot αalpha βbeta γgamma δdelta εvarepsilon " +
      "ζzeta ηeta θtheta ιiota κkappa λlambda μmu νnu ξxi πpi ρrho ςvarsigma σsigma τtau υupsilon " +
      "φvarphi χchi ψpsi ωomega ΓGamma ΔDelta ΘTheta ΛLambda ΞXi ΠPi ΣSigma ΥUpsilon ΦPhi ΨPsi ΩOmega",
  ),
]);

/** Signs that stand before their names in mathematics. */
function named(signs: string): (readonly [sign: string, text: string])[] {
  return signs.split(" ").map((word) => [word[0]!, `$\\${word.slice(1)}$`]);
}
