import { directionOf, orderText } from "../direction.ts";
import { findings } from "../findings.ts";
import type { Study } from "../study.ts";
import { latexNumber, latexText } from "./latex_text.ts";

/**
 * The leaderboard of a study as a table of LaTeX, with the rules of the package booktabs where a document
 * has it. The best mean is bold, and a dagger stands at those that the paired test does not tell apart from it.
 *
 * @throws {RangeError} when some runs are done and none of them has the study's metric
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { openStudy } from "../study.ts";
 *
 * const text = leaderboardLatex(await openStudy("n_splits"));
 * assert.match(text, /^ {2}1 & \\textbf\{0\.\d{3}\} & \[0\.\d{3}, 0\.\d{3}\] & 5 \\\\$/m);
 * ```
 */
export function leaderboardLatex(study: Study): string {
  const { settings, areNumbers, rows, metric } = findings(study);
  const hasOthers = rows.some(({ others }) => others !== "");
  const lines = rows.map(({ settings, mean, interval, n, others, mark }) => [
    ...settings.map(latexText),
    mark === "best"
      ? `\\textbf{${latexNumber(mean)}}`
      : latexNumber(mean) + (mark === "tie" ? "$^\\dagger$" : ""),
    interval === null ? "--" : `[${interval.map(latexNumber).join(", ")}]`,
    String(n),
    ...hasOthers ? [latexText(others)] : [],
  ]);
  const order = orderText(directionOf(metric), rows.map(({ n }) => n));
  const marks = [
    ...rows.some(({ mark }) => mark === "best") ? ["The best mean is bold."] : [],
    ...rows.some(({ mark }) => mark === "tie")
      ? [
        "$^\\dagger$ not told apart from it at 5\\,\\%: paired on the seeds, corrected by Holm's method over all rows.",
      ]
      : [],
  ];
  const caption = [
    ...study.question === "" ? [] : [latexText(study.question)],
    `Mean of ${latexText(metric)} over $n$ seeds with its 95\\,\\% interval, ${latexText(order)}.`,
    ...marks,
  ].join(" ");
  const columns = [
    ...areNumbers.map((are) => are ? "r" : "l"),
    "r",
    "l",
    "r",
    ...hasOthers ? ["l"] : [],
  ];
  const head = [
    ...settings.map(latexText),
    "mean",
    "95\\,\\% interval",
    "$n$",
    ...hasOthers ? ["others"] : [],
  ];
  return [
    "\\begin{table}",
    "  \\centering",
    "  % The rules are those of the package booktabs, and plain lines in a document without it.",
    ...["top", "mid", "bottom"].map((rule) => `  \\providecommand{\\${rule}rule}{\\hline}`),
    `  \\caption{${caption}}`,
    `  \\begin{tabular}{@{}${columns.join("")}@{}}`,
    "  \\toprule",
    `  ${head.join(" & ")} \\\\`,
    "  \\midrule",
    ...lines.map((line) => `  ${line.join(" & ")} \\\\`),
    "  \\bottomrule",
    "  \\end{tabular}",
    "\\end{table}",
    "",
  ].join("\n");
}
