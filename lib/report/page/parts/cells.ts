/** Which settings are best, and how far each is from the baseline. */
import { differenceChart } from "../../../figures/charts/difference_chart.ts";
import { metricChart } from "../../../figures/charts/metric_chart.ts";
import { rowChart } from "../../../figures/charts/row_chart.ts";
import { metricNamed } from "../../../run/metrics/metric.ts";
import { LEAST_VALUES } from "../../../statistics/estimate.ts";
import { directionOf, orderText } from "../../../tables/direction.ts";
import { settingsLabel } from "../../../tables/groups.ts";
import { alignedNumbers } from "../../../tables/rows/aligned.ts";
import {
  differenceSentences,
  labelOf,
  toldApartSentences,
  unitOf,
} from "../../../tables/rows/baseline_rows.ts";
import { probability } from "../../../tables/rows/probability.ts";
import { hasBest, othersOf, PARAMETER_COLUMNS } from "../../../tables/rows/ranked_rows.ts";
import type { Row } from "../../../tables/table.ts";
import { escapeXml } from "../../../util/escape_xml.ts";
import { counted } from "../../../util/words.ts";
import { figureHtml, type PageTools } from "../drawing.ts";
import { columnOf, estimateColumns, settingColumn } from "../estimate_columns.ts";
import { type PageColumn, type PageTable, tableHtml } from "../table.ts";
import {
  cellRows,
  constants,
  differenceRows,
  hasValues,
  type Shown,
  writtenView,
} from "../view.ts";
import { type Drawn, type Section, withoutTables } from "./section.ts";

/** A table of more columns stands below its figure, which leaves it the whole width. */
const MOST_BESIDE = 6;
const OF_CELLS = ["metric", "axis", "by"] as const;
const OF_DIFFERENCES = ["metric", "by"] as const;

/** The first question: which settings are best. */
export function cellsSection(shown: Shown, tools: PageTools): Section {
  const { runs, view: { metric } } = shown;
  const question = directionOf(metric) === null
    ? `What is ${metric} of each setting?`
    : `Which settings have the best ${metric}?`;
  const draw = () => {
    if (hasValues(shown)) return drawnCells(shown, tools);
    const why = runs.some(({ status }) => status === "done")
      ? `No run that is done has a value of ${metric}.`
      : "No run is done yet.";
    return withoutTables(`<p>${escapeXml(why)}</p>`);
  };
  return { id: "cells", short: "Leaderboard", question, follows: OF_CELLS, draw };
}

function drawnCells(shown: Shown, tools: PageTools): Drawn {
  const { data, runs, view: { metric, axis, by } } = shown;
  const options = { metric, x: axis, series: by.filter((key) => key !== axis) };
  const figure = axis === "" ? cellsFigure(shown) : metricChart(runs, options);
  const rows = cellRows(shown);
  const best = hasBest(rows, metric) ? 0 : -1;
  const table: PageTable = {
    name: "settings",
    columns: cellColumns(shown, rows),
    copied: rows,
    best,
  };
  const html = `<p class="answer">${escapeXml(answer(shown, rows, best))}</p>
<div class="pair${table.columns.length > MOST_BESIDE ? " below" : ""}">${
    figureHtml(figure, tools, filesOf(shown, OF_CELLS))
  }
<div>${tableHtml(table)}
<p class="muted">${escapeXml(saidOnce(shown, rows))}</p>
${data.beside.map((sentence) => `<p>${escapeXml(sentence)}</p>`).join("")}</div></div>`;
  return { tables: [table], html };
}

/** Files that figures have beside the page: those of the page as it was written, not of another choice. */
export function filesOf({ data, view }: Shown, follows: Section["follows"]): readonly string[] {
  const written = writtenView(data);
  return follows.every((key) => String(view[key]) === String(written[key])) ? data.files : [];
}

function cellsFigure({ runs, view: { metric, by } }: Shown) {
  const [first, ...rest] = by;
  return first === undefined
    ? rowChart(runs, { metric, x: "method", series: [] })
    : rowChart(runs, { metric, x: first, series: rest });
}

/** What the table finds, in a sentence. */
function answer({ view: { metric, by } }: Shown, rows: readonly Row[], best: number): string {
  const meaning = metricNamed(metric);
  const direction = directionOf(metric);
  const about = meaning === undefined
    ? ""
    : ` ${metric} is the ${meaning.meaning.replace(/^the /, "")} (${meaning.unit}${
      direction === null ? "" : `; ${direction === 1 ? "higher" : "lower"} is better`
    }).`;
  const row = rows[best];
  if (row === undefined) return about.trim();
  const [mean, low, high] = alignedNumbers([row.mean, row.low, row.high] as (number | null)[]);
  const name = settingsLabel(Object.fromEntries(by.map((key) => [key, row[key]!])));
  const interval = row.low === null ? "" : ` [${low}, ${high}]`;
  const seeds = counted(Number(row.n_done), "seed");
  return `${name}: ${mean}${interval}, the mean of ${seeds} with its 95 % interval.${about}`;
}

/** Columns of settings that differ, the mean with its interval, and counts that say something. */
function cellColumns({ view: { by } }: Shown, rows: readonly Row[]): PageColumn[] {
  const same = new Set(constants(rows, by).map(([name]) => name));
  const [mean, interval] = estimateColumns(rows, "mean", ["low", "high"]);
  const others = rows.map(othersOf);
  return [
    ...by.filter((key) => !same.has(key)).map((key) => settingColumn(rows, key)),
    { ...mean, texts: rows.map((row, i) => shownMean(row, mean.texts![i]!)) },
    interval,
    columnOf(rows, "n_done", "n"),
    ...others.every((text) => text === "") ? [] : [{ name: "others", values: others }],
  ];
}

/** A mean of fewer than three seeds has two digits, as more would look like a ranking. */
function shownMean({ mean, n_done }: Row, text: string): string {
  return mean !== null && Number(n_done) < LEAST_VALUES ? String(mean) : text;
}

/** What has one value in all rows, in words. */
function saidOnce({ runs, view: { metric, by } }: Shown, rows: readonly Row[]): string {
  const settings = constants(rows, by).map(([name, value]) => `${name} is ${value}`);
  const parameters = constants(rows, PARAMETER_COLUMNS).filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} is ${alignedNumbers([value as number])[0]}`);
  const all = [...settings, ...parameters];
  const seeds = rows.map(({ n_done }) => Number(n_done));
  const isWhole = rows.every(({ n_done, n_planned }) => n_done === n_planned);
  return [
    `Rows are ${orderText(directionOf(metric), seeds)}.`,
    ...all.length === 0 ? [] : [`In all rows ${all.join(", ")}.`],
    isWhole
      ? `All ${counted(runs.length, "run")} are done.`
      : "Runs that diverged, stalled, failed, were stopped early or are left are in no mean; the column " +
        "others counts them.",
  ].join(" ");
}

/** The second question: how far each is from the baseline; null where there is none. */
export function baselineSection(shown: Shown, tools: PageTools): Section | null {
  const { baseline } = shown.data;
  if (baseline === null || !hasValues(shown)) return null;
  const label = labelOf(baseline);
  return {
    id: "differences",
    short: "Baseline",
    question: `What differs from ${label}?`,
    follows: OF_DIFFERENCES,
    draw: () => drawnDifferences(shown, tools, label),
  };
}

function drawnDifferences(shown: Shown, tools: PageTools, label: string): Drawn {
  const { data, view: { metric, by } } = shown;
  const rows = differenceRows(shown);
  if (rows === null || rows.length === 0) {
    const why = by.length < data.grouping.length
      ? "Choose all settings that tell cells apart to compare them with the baseline."
      : rows === null
      ? `No run has the baseline's settings, ${label}.`
      : "Only the baseline has run.";
    return withoutTables(`<p>${escapeXml(why)}</p>`);
  }
  const figure = differenceChart(rows, { metric, baseline: label, units: unitOf(rows) });
  const table: PageTable = {
    name: "differences",
    columns: differenceColumns(shown, rows),
    copied: rows,
  };
  const notes = data.other === null ? "" : otherHtml(data.other);
  const html = `<p class="answer">${escapeXml(toldApartSentences(data, rows))}</p>${notes}
<div class="pair${table.columns.length > MOST_BESIDE ? " below" : ""}">${
    figureHtml(figure, tools, filesOf(shown, OF_DIFFERENCES))
  }
<div>${tableHtml(table)}
<details><summary>How this was computed</summary>${
    differenceSentences(data, rows).map((text) => `<p>${escapeXml(text)}</p>`).join("")
  }</details></div></div>`;
  return { tables: [table], html };
}

function otherHtml({ name, folder, settings, notes }: NonNullable<Shown["data"]["other"]>): string {
  const rows = settings.map(({ key, ours, theirs }) =>
    `<tr><th scope="row"><code>${escapeXml(key)}</code></th><td>${escapeXml(ours)}</td><td>${
      escapeXml(theirs)
    }</td></tr>`
  );
  const table = rows.length === 0
    ? "<p>Both sweeps have the same settings beside those that vary.</p>"
    : `<div class="scroll"><table><thead><tr><th scope="col">setting</th><th scope="col">here</th>` +
      `<th scope="col">${escapeXml(name)}</th></tr></thead><tbody>${
        rows.join("")
      }</tbody></table></div>`;
  return `<p>The baseline is of another sweep, <code>${escapeXml(folder)}</code>.</p>
${notes.map((note) => `<p><strong>${escapeXml(note)}</strong></p>`).join("")}
<details><summary>In which settings the two sweeps differ</summary>${table}</details>`;
}

function differenceColumns({ view: { by } }: Shown, rows: readonly Row[]): PageColumn[] {
  const names = Object.keys(rows[0]!);
  const effect = names.includes("ratio") ? "ratio" : "difference";
  const same = new Set(constants(rows, by).map(([name]) => name));
  const of = (name: string, title = name) => columnOf(rows, name, title);
  const p = (name: string): PageColumn => ({
    ...of(name, P_TITLES[name]),
    texts: rows.map((row) => probability(row[name] ?? null)),
  });
  const isEmpty = (name: string) => rows.every((row) => (row[name] ?? null) === null);
  return [
    ...by.filter((key) => !same.has(key)).map((key) => settingColumn(rows, key)),
    ...estimateColumns(rows, effect, ["low", "high"]),
    ...isEmpty("wins") ? [] : [{
      ...of("wins", "win/tie/loss"),
      texts: rows.map(({ wins, ties, losses }) => `${wins}/${ties}/${losses}`),
    }],
    of("n"),
    ...names.includes("n_paired_tasks") ? [of("n_paired_tasks", "tasks")] : [],
    ...["p", "p_holm"].filter((name) => !isEmpty(name)).map(p),
    ...names.includes("tier") ? [of("tier")] : [],
    ...rows.some(({ n_missing }) => n_missing !== 0) ? [of("n_missing", "missing")] : [],
    ...["dz", "power", "seeds_to_decide"].filter((name) => names.includes(name) && !isEmpty(name))
      .map((name) => of(name, name.replaceAll("_", " "))),
  ];
}

const P_TITLES: Readonly<Record<string, string>> = { p: "p", p_holm: "p, Holm" };
