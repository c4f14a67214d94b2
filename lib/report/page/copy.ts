/** The texts that a table of the page is copied as. */
import { toCsv } from "../../tables/csv.ts";
import { latexNumber, latexText } from "../../tables/export/latex_text.ts";
import { toMarkdown } from "../../tables/markdown.ts";
import { alignedNumbers, isNumbers } from "../../tables/rows/aligned.ts";
import type { Row } from "../../tables/table.ts";

/** A format that tables are copied as. */
export type CopyFormat = "csv" | "markdown" | "latex";

/**
 * Rows as text: CSV with all digits, Markdown with four, or LaTeX with three and the rules of the package
 * booktabs. In LaTeX the ends of an interval stand in brackets behind their mean, and the best row is bold.
 *
 * @param best the row of the best mean; −1 for none
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const rows = [{ method: "poly_z", mean: 0.25, low: 0.125, high: 0.5 }];
 * assert.equal(copiedText(rows, "csv"), "method,mean,low,high\npoly_z,0.25,0.125,0.5\n");
 * assert.equal(copiedText(rows, "latex"), String.raw`% Needs \usepackage{booktabs}
 * \begin{tabular}{lr}
 * \toprule
 * method & mean \\
 * \midrule
 * poly\_z & 0.250 [0.125, 0.500] \\
 * \bottomrule
 * \end{tabular}
 * `);
 * ```
 */
export function copiedText(rows: readonly Row[], format: CopyFormat, best = -1): string {
  if (format === "csv") return toCsv(rows);
  return format === "markdown" ? toMarkdown(rows) : latex(rows, best);
}

function latex(rows: readonly Row[], best: number): string {
  const names = Object.keys(rows[0] ?? {});
  const hasInterval = ["mean", "difference", "ratio"].some((name) => names.includes(name)) &&
    names.includes("low") && names.includes("high");
  const shown = names.filter((name) => !hasInterval || (name !== "low" && name !== "high"));
  const columns = shown.map((name) => {
    const cells = rows.map((row) => row[name] ?? null);
    const isEstimate = hasInterval && ["mean", "difference", "ratio"].includes(name);
    if (isEstimate) return { name, isNumeric: true, texts: intervals(rows, name) };
    if (!isNumbers(cells)) return { name, isNumeric: false, texts: cells.map(textOf) };
    return { name, isNumeric: true, texts: alignedNumbers(cells).map(latexNumber) };
  });
  const lines = rows.map((_, i) =>
    columns.map(({ texts }) => i === best ? `\\textbf{${texts[i]}}` : texts[i]).join(" & ")
  );
  return [
    "% Needs \\usepackage{booktabs}",
    `\\begin{tabular}{${columns.map(({ isNumeric }) => isNumeric ? "r" : "l").join("")}}`,
    "\\toprule",
    `${columns.map(({ name }) => latexText(name)).join(" & ")} \\\\`,
    "\\midrule",
    ...lines.map((line) => `${line} \\\\`),
    "\\bottomrule",
    "\\end{tabular}\n",
  ].join("\n");
}

/** Estimates with the ends of their intervals in brackets, all with the decimals of one column. */
function intervals(rows: readonly Row[], name: string): string[] {
  const numbers = rows.flatMap((row) =>
    [row[name], row.low, row.high].map((value) => typeof value === "number" ? value : null)
  );
  const texts = alignedNumbers(numbers).map(latexNumber);
  return rows.map((_, i) => {
    const [mean, low, high] = texts.slice(3 * i, 3 * i + 3);
    return numbers[3 * i + 1] === null ? mean! : `${mean} [${low}, ${high}]`;
  });
}

function textOf(cell: Row[string]): string {
  return cell === null ? "--" : latexText(String(cell));
}
