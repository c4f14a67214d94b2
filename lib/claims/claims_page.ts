import { PAGE_STYLE } from "../report/page/style.ts";
import { escapeXml } from "../util/escape_xml.ts";
import { duration } from "../util/words.ts";
import { type ClaimsFile, suitesAsked } from "./claims_file.ts";
import { countsText } from "./claims_table.ts";
import { effectWords } from "./effect_words.ts";
import type { Judged, Judgement } from "./judge.ts";

/** How much work stands behind the verdicts. */
export interface ClaimsWork {
  readonly runs: number;
  /** Time of all runs, one after the other. */
  readonly seconds: number;
}

/**
 * The verdicts as one page that loads nothing: a row for each claim and suite with the interval of its
 * effect in units of its margin, the paper's own size beside it, and what stands outside.
 */
export function claimsPage(
  file: ClaimsFile,
  mode: string,
  { judgements }: Judged,
  { runs, seconds }: ClaimsWork,
): string {
  const suites = suitesAsked(file, mode);
  const claims = [...Map.groupBy(judgements, ({ claim }) => claim.id).values()];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>What holds of the papers' claims</title>
<style>${PAGE_STYLE}${CLAIMS_STYLE}</style>
</head>
<body>
<header>
<p class="muted">Mode ${escapeXml(mode)}: ${escapeXml(file.modes[mode]!.says)}</p>
<h1>What holds of the papers' claims here</h1>
<p>${escapeXml(countsText(judgements))} Behind them are ${runs.toLocaleString("en-US")} runs of
${duration(seconds)} in all, one after the other.</p>
<nav aria-label="Sections"><ul><li><a href="#verdicts">Verdicts</a></li>\
<li><a href="#outside">What stands outside</a></li><li><a href="#rules">How it was decided</a></li></ul></nav>
</header>
<main>
<h2 id="verdicts">Verdicts</h2>
${grid(claims, suites.map(([name]) => name))}
<p>A bar is the interval of the effect in units of the smallest effect of interest, which is the shaded
band around 0; further out its scale is logarithmic. Right of 0 is the way of the claim. A ratio compares losses, steps or spreads, so below 1
is the way of the claim. A star marks an exploratory claim.</p>
${claims.map(claimSection).join("\n")}
<h2 id="outside">What stands outside</h2>
${
    file.outside.length === 0
      ? "<p>Nothing.</p>"
      : `<dl class="outside">${
        file.outside.map(({ id, says, why }) =>
          `<dt>${escapeXml(id)}</dt><dd>${escapeXml(says)}. <strong>Not asked:</strong> ${
            escapeXml(why)
          }</dd>`
        ).join("")
      }</dl>`
  }
<h2 id="rules">How it was decided</h2>
<p>Metric, margin, seeds and rules stood in the file of claims before the runs that decide. Every side chose
its own rates on tuning seeds, from the same list; the seeds that confirm start at ${file.first_seed}. The
probability of a false verdict among the primary claims of a suite is ${file.alpha}, shared by Holm's
procedure, and spread over looks by the bounds of O'Brien and Fleming; exploratory claims have it to
themselves. Contradicted speaks of one suite, one metric and models of this size.</p>
<dl class="outside">${
    suites.map(([name, { says }]) => `<dt>${escapeXml(name)}</dt><dd>${escapeXml(says)}</dd>`).join(
      "",
    )
  }</dl>
</main>
</body>
</html>
`;
}

/** Verdicts at a glance: a row for each claim, a column for each suite. */
function grid(claims: readonly (readonly Judgement[])[], suites: readonly string[]): string {
  const head = suites.map((suite) => `<th scope="col">${escapeXml(suite)}</th>`).join("");
  const rows = claims.map((judgements) => {
    const { claim } = judgements[0]!;
    const cells = suites.map((suite) => {
      const found = judgements.find((judgement) => judgement.suite === suite);
      return found === undefined
        ? "<td></td>"
        : `<td data-suite="${
          escapeXml(suite)
        }"><span class="verdict ${found.verdict}">${found.verdict}</span></td>`;
    });
    const star = claim.tier === "exploratory" ? "*" : "";
    return `<tr><th scope="row"><a href="#${escapeXml(claim.id)}">${
      escapeXml(claim.id)
    }</a>${star} ${escapeXml(claim.says)}</th>${cells.join("")}</tr>`;
  });
  return `<div class="scroll" role="region" aria-label="Verdicts at a glance" tabindex="0">
<table class="glance"><thead><tr><th scope="col">claim</th>${head}</tr></thead>
<tbody>
${rows.join("\n")}
</tbody></table></div>`;
}

function claimSection(judgements: readonly Judgement[]): string {
  const { claim } = judgements[0]!;
  const star = claim.tier === "exploratory" ? `<abbr title="exploratory">*</abbr>` : "";
  return `<section class="claim" id="${escapeXml(claim.id)}">
<h3>${escapeXml(claim.id)}${star} ${escapeXml(claim.says)}</h3>
<p class="muted">The paper: ${escapeXml(claim.paper)} (${escapeXml(claim.source)})</p>
${judgements.map(row).join("\n")}
</section>`;
}

function row(judgement: Judgement): string {
  const { suite, verdict, because, values, dropped, looks, power, seedsToDecide } = judgement;
  const { what, text, margin } = effectWords(judgement);
  const facts = [
    because,
    `margin ${margin}`,
    ...power === null ? [] : [`power at the margin ${percent(power)}`],
    ...verdict === "undecided" && seedsToDecide !== null
      ? [`${seedsToDecide.toLocaleString("en-US")} seeds would decide`]
      : [],
    ...dropped.length === 0 ? [] : [`${dropped.length} seeds without effect`],
  ];
  return `<div class="row">
<div class="suite">${escapeXml(suite)}<br><span class="muted">${values.length} of ${
    looks.at(-1)
  } seeds</span></div>
<div class="bar">${bar(judgement)}</div>
<div class="effect">${escapeXml(text)}<br><span class="muted">${escapeXml(what)}</span></div>
<div class="verdict ${verdict}">${verdict}</div>
<div class="why muted">${escapeXml(facts.join("; "))}.</div>
</div>`;
}

/**
 * Units of the margin that the bar shows on either side of 0, on a scale that is linear near 0 and
 * logarithmic beyond; what lies further ends in an arrow.
 */
const REACH = 60;
const WIDTH = 240;

/** The interval as a drawing in units of the margin. */
function bar({ estimate, margin }: Judgement): string {
  const { estimate: center, low, high } = estimate;
  const at = (effect: number) => {
    const units = Math.max(-REACH, Math.min(REACH, effect / margin));
    return ((Math.asinh(units) / Math.asinh(REACH) + 1) / 2 * (WIDTH - 16) + 8).toFixed(1);
  };
  const isBeyond = (effect: number) => Math.abs(effect / margin) > REACH;
  const arrow = (effect: number) => {
    if (!isBeyond(effect)) return "";
    const [x, way] = effect < 0 ? [8, -1] : [WIDTH - 8, 1];
    return `<path class="arrow" d="M${x} 9l${6 * way} 5l${-6 * way} 5z"/>`;
  };
  const line = low === null || high === null
    ? ""
    : `<line x1="${at(low)}" x2="${at(high)}" y1="14" y2="14" class="interval"/>${arrow(low)}${
      arrow(high)
    }`;
  const dot = center === null || isBeyond(center)
    ? ""
    : `<circle cx="${at(center)}" cy="14" r="4.5" class="center"/>`;
  const words = center === null
    ? "no effect is known"
    : `effect ${(center / margin).toFixed(2)} margins` + (low === null || high === null
      ? ""
      : `, interval ${(low / margin).toFixed(2)} to ${(high / margin).toFixed(2)}`);
  return `<svg viewBox="0 0 ${WIDTH} 28" role="img" aria-label="${words}">
<rect x="${at(-margin)}" width="${
    (Number(at(margin)) - Number(at(-margin))).toFixed(1)
  }" y="2" height="24" class="band"/>
<line x1="${at(0)}" x2="${at(0)}" y1="2" y2="26" class="zero"/>${line}${dot}</svg>`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

/** What the page adds to the style of reports. */
const CLAIMS_STYLE = `
.claim { border-top: 1px solid var(--line); padding: 0.5rem 0; }
.claim h3 { font-size: 1rem; margin: 0.25rem 0; }
.row { display: grid; grid-template-columns: 6rem 15rem minmax(12rem, 1fr) 8rem; gap: 0.25rem 1rem;
  align-items: center; padding: 0.35rem 0; }
.row .why { grid-column: 2 / -1; margin: 0; }
.bar svg { width: 15rem; max-width: 100%; display: block; }
.band { fill: currentColor; opacity: 0.12; }
.zero { stroke: currentColor; opacity: 0.5; }
.interval { stroke: currentColor; stroke-width: 3; }
.center { fill: currentColor; }
.arrow { fill: currentColor; }
.effect { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.glance { width: auto; } .glance td { text-align: center; vertical-align: middle; }
.glance .verdict { display: inline-block; width: 6.5rem; }
.glance tbody th { max-width: 34rem; }
.verdict { font-weight: bold; text-align: center; border-radius: 4px; padding: 0.15rem 0.4rem;
  border: 1px solid currentColor; }
.verdict.reproduced { color: #146c2e; color: light-dark(#146c2e, #7fd68f); }
.verdict.contradicted { color: #b3261e; color: light-dark(#b3261e, #ff8a80); }
.verdict.undecided { color: var(--muted); border-style: dashed; font-weight: normal; }
dl.outside { font-size: 0.9375rem; gap: 0.35rem 0.75rem; }
@media (max-width: 45rem) {
  .row { grid-template-columns: 1fr 8rem; }
  .row .bar, .row .effect, .row .why { grid-column: 1 / -1; }
  .row .suite { order: -2; } .row .verdict { order: -1; }
  .glance, .glance tbody { display: block; } .glance thead { display: none; }
  .glance tr { display: flex; flex-wrap: wrap; gap: 0.1rem 0.4rem; padding: 0.3rem 0.5rem;
    border-bottom: 1px solid var(--line); }
  .glance tbody th, .glance td { display: block; border: 0; padding: 0.1rem 0; }
  .glance tbody th { flex-basis: 100%; } .glance td:empty { display: none; }
  .glance .verdict { width: auto; padding: 0.1rem 0.35rem; }
  .glance td::before { content: attr(data-suite); color: var(--muted); display: block;
    font-size: 0.75rem; }
}
`;
