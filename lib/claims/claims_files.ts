import { isFinal, type RunResult } from "../run/result.ts";
import type { ClaimsFile } from "./claims_file.ts";
import { claimsPage } from "./claims_page.ts";
import { claimsCsv, claimsMarkdown, tunedCsv } from "./claims_table.ts";
import type { Judged } from "./judge.ts";

/**
 * The files of verdicts by name: `claims.md`, `claims.csv` and `tuned.csv`, which the same runs give to the
 * last byte, and the page `claims.html`, which says how long the runs took.
 */
export function claimsFiles(
  file: ClaimsFile,
  mode: string,
  judged: Judged,
  results: readonly RunResult[],
): Map<string, string> {
  const done = results.filter(isFinal);
  const seconds = done.reduce(
    (sum, { provenance: { seconds } }) => sum + (typeof seconds === "number" ? seconds : 0),
    0,
  );
  return new Map([
    ["claims.md", claimsMarkdown(file, mode, judged)],
    ["claims.csv", claimsCsv(judged)],
    ["tuned.csv", tunedCsv(judged)],
    ["claims.html", claimsPage(file, mode, judged, { runs: done.length, seconds })],
  ]);
}
