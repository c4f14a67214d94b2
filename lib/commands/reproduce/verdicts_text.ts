import { countsText } from "../../claims/claims_table.ts";
import { effectWords } from "../../claims/effect_words.ts";
import type { Judged } from "../../claims/judge.ts";
import { textTable, wrapped } from "../text_table.ts";

/**
 * The verdicts for a terminal: a line for each claim and suite.
 *
 * @param width characters in a line
 */
export function verdictsText({ judgements }: Judged, width: number): string {
  const rows = judgements.map((judgement) => {
    const { claim, suite, verdict, values, looks } = judgement;
    return [
      `${claim.id}${claim.tier === "exploratory" ? "*" : ""}`,
      suite,
      verdict,
      effectWords(judgement).text,
      `${values.length}/${looks.at(-1)}`,
      claim.says,
    ];
  });
  const table = textTable(
    [["claim", "suite", "verdict", "effect", "seeds", "says"], ...rows],
    width,
  );
  const key =
    "A ratio below ×1, or an effect above 0, points the way of the claim; * is exploratory.";
  return [...table, "", wrapped(countsText(judgements), "", width), wrapped(key, "", width)]
    .join("\n") + "\n";
}
