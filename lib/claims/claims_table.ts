import { toCsv } from "../tables/csv.ts";
import { markdownText, toMarkdown } from "../tables/markdown.ts";
import { tableOf } from "../tables/table.ts";
import { type ClaimsFile, suitesAsked } from "./claims_file.ts";
import { effectWords } from "./effect_words.ts";
import type { Judged, Judgement } from "./judge.ts";

/** The verdicts with every number of them, one row for each claim and suite, as CSV. */
export function claimsCsv({ judgements }: Judged): string {
  return toCsv(tableOf(judgements.map((judgement) => {
    const { claim, estimate } = judgement;
    return {
      claim: claim.id,
      suite: judgement.suite,
      tier: claim.tier,
      asks: claim.asks,
      measure: judgement.measure.kind,
      metric: judgement.metric,
      sides: claim.sides.map(({ name, weight }) => `${weight} ${name}`).join("; "),
      margin: judgement.margin,
      effect: estimate.estimate,
      low: estimate.low,
      high: estimate.high,
      alpha: judgement.alpha,
      n: judgement.values.length,
      n_dropped: judgement.dropped.length,
      looks_taken: judgement.taken,
      most_seeds: judgement.looks.at(-1)!,
      verdict: judgement.verdict,
      because: judgement.because,
      power: judgement.power,
      seeds_to_decide: judgement.seedsToDecide,
    };
  })));
}

/** The settings that each side has chosen on tuning seeds, with what it was chosen from, as CSV. */
export function tunedCsv({ judgements }: Judged): string {
  const rows = judgements.flatMap(({ claim, suite, choices }) =>
    Object.entries(choices).flatMap(([side, chosen]) =>
      chosen.flatMap(({ setting, value, tried }) =>
        tried.map(({ value: candidate, mean }) => ({
          claim: claim.id,
          suite,
          side,
          setting,
          value: String(candidate),
          mean,
          chosen: candidate === value,
        }))
      )
    )
  );
  return toCsv(tableOf(rows, ["claim", "suite", "side", "setting", "value", "mean", "chosen"]));
}

/** The verdicts as a table of Markdown: one row for each claim and suite. */
export function verdictsTable(judgements: readonly Judgement[]): string {
  return toMarkdown(tableOf(judgements.map((judgement) => {
    const { claim, suite, verdict, values, looks } = judgement;
    const { text, margin } = effectWords(judgement);
    return {
      claim: `${claim.id}${claim.tier === "exploratory" ? "*" : ""} ${claim.says}`,
      suite,
      paper: claim.paper,
      effect: text,
      margin,
      "seeds (most)": `${values.length} (${looks.at(-1)})`,
      verdict,
    };
  })));
}

/** Everything that is found, as Markdown. The same runs give the same text. */
export function claimsMarkdown(file: ClaimsFile, mode: string, judged: Judged): string {
  const { judgements } = judged;
  const suites = suitesAsked(file, mode);
  const tuned = Map.groupBy(
    judgements.flatMap(({ claim, suite, choices }) =>
      Object.entries(choices).flatMap(([side, chosen]) =>
        chosen.map(({ setting, value, isAtEdge }) => ({
          claim: claim.id,
          row: { suite, side, setting, chosen: `${value}${isAtEdge ? " (at the edge)" : ""}` },
        }))
      )
    ),
    ({ row }) => JSON.stringify(row),
  );
  const parts = [
    "# What holds of the papers' claims here",
    countsText(judgements),
    "An effect above 0, or a ratio below ×1, points the way of the claim. Intervals are as wide as the " +
    `correction for many claims and for looking more than once asks: ${file.alpha} is the probability ` +
    "of a false verdict among the primary claims of one suite (Holm; O'Brien and Fleming). A star marks " +
    "a claim that is exploratory: it has that probability to itself. Contradicted speaks of one suite, " +
    "one metric and models of this size; it never says that a paper is wrong.",
    ...suites.map(([name, { says }]) => `**${name}**: ${markdownText(says)}`),
    verdictsTable(judgements),
    "## Why",
    toMarkdown(tableOf(judgements.map((judgement) => ({
      claim: judgement.claim.id,
      suite: judgement.suite,
      asks: judgement.claim.asks,
      compared: effectWords(judgement).what,
      because: judgement.because,
      "power at the margin": judgement.power,
      "seeds that would decide": judgement.seedsToDecide,
      "without effect": judgement.dropped.length,
    })))),
    ...file.outside.length === 0 ? [] : [
      "## What stands outside",
      toMarkdown(tableOf(file.outside.map(({ id, says, why }) => ({ claim: id, says, why })))),
    ],
    "## What each side has chosen on tuning seeds",
    toMarkdown(tableOf(
      [...tuned.values()].map((same) => ({
        ...same[0]!.row,
        claims: [...new Set(same.map(({ claim }) => claim))].join(" "),
      })),
      ["suite", "side", "setting", "chosen", "claims"],
    )),
  ];
  return parts.map((part) => part.trimEnd()).filter((part) => part !== "").join("\n\n") + "\n";
}

/** How many verdicts there are of each kind, in a sentence. */
export function countsText(judgements: readonly Judgement[]): string {
  const count = (verdict: string) =>
    judgements.filter((judgement) => judgement.verdict === verdict).length;
  const claims = new Set(judgements.map(({ claim }) => claim.id)).size;
  const decided = new Set(
    judgements.filter(({ verdict }) => verdict !== "undecided").map(({ claim }) => claim.id),
  ).size;
  return `${decided} of ${claims} claims have a verdict on at least one suite. Of ${judgements.length} ` +
    `pairs of claim and suite ${count("reproduced")} are reproduced, ${count("contradicted")} ` +
    `contradicted, ${count("undecided")} undecided.`;
}
