/** The leaderboard of a study as people read it: what differs, one number with its interval, and ties. */
import { differencesTo } from "./baseline.ts";
import { leaderboard } from "./leaderboard.ts";
import { cellText } from "./markdown.ts";
import { decimalsFor } from "./rows/aligned.ts";
import { ALPHA } from "./rows/baseline_rows.ts";
import { hasSettings } from "./rows/cell.ts";
import { groupingOf } from "./varying.ts";
import { hasBest, PARAMETER_COLUMNS } from "./rows/ranked_rows.ts";
import type { Study } from "./study.ts";
import { type Cell, type Row, rowsOf } from "./table.ts";
import { LEAST_VALUES } from "../statistics/estimate.ts";
import type { RunConfig } from "../run/config.ts";

/** A group of settings as people read it. */
export interface Finding {
  /** The value of each setting that differs, in the order of {@linkcode Findings.settings}. */
  readonly settings: readonly string[];
  /** The mean, with as many decimals as those of all rows; a dash where there is none. */
  readonly mean: string;
  /** Both ends of the 95 % interval; null where there is none. */
  readonly interval: readonly [low: string, high: string] | null;
  /** Runs that the mean is of. */
  readonly n: number;
  /** What became of other runs, such as `1 failed, 2 left`; empty where all are done. */
  readonly others: string;
  /** Trained parameters, of multi-task training and of adaptation; empty where they are not known. */
  readonly parameters: readonly string[];
  /** Whether the row is the best, or no test tells it apart from that. */
  readonly mark: "best" | "tie" | null;
}

/** A leaderboard as people read it. */
export interface Findings {
  readonly metric: string;
  /** Settings that differ between rows. */
  readonly settings: readonly string[];
  /** Of each setting whether its values are all numbers. */
  readonly areNumbers: readonly boolean[];
  readonly rows: readonly Finding[];
  /** The column of {@linkcode Finding.parameters}. */
  readonly parameters: readonly string[];
}

/**
 * The leaderboard of a study as people read it. Numbers have as many decimals as the largest mean
 * needs for three digits. The best row is the first of those that are ranked; another row is a tie where the test
 * that compares it with the best, paired as all others are and corrected over all rows, does not tell
 * them apart.
 *
 * @throws {RangeError} when some runs are done and none of them has the study's metric
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { openStudy } from "./study.ts";
 *
 * const { settings, rows } = findings(await openStudy("n_splits"));
 * assert.deepEqual([settings, rows[0]!.mark], [["n_splits"], "best"]);
 * assert.match(rows[0]!.mean, /^0\.\d{3}$/);
 * ```
 */
export function findings(study: Study): Findings {
  const { metric, runs } = study;
  const settings = groupingOf(runs);
  const cells = rowsOf(leaderboard(study));
  // An end of a wide interval would take the digits of all others.
  const decimals = decimalsOf(cells.map(({ mean }) => mean).filter(isNumber));
  const parameters = PARAMETER_COLUMNS.filter((name) =>
    new Set(cells.map((cell) => cell[name])).size > 1
  );
  const best = hasBest(cells, metric) ? cells[0]! : null;
  const apart = best === null ? [] : apartFrom(study, settings, best);
  const rows = cells.map((cell): Finding => {
    const { mean, low, high } = cell;
    const n = Number(cell.n_done);
    const isTie = best !== null && n >= LEAST_VALUES && isNumber(mean) &&
      apart.some(({ row, isApart }) => !isApart && isSame(row, cell, settings));
    return {
      settings: settings.map((key) => cellText(cell[key] ?? null)),
      mean: !isNumber(mean) ? "—" : n < LEAST_VALUES ? String(mean) : mean.toFixed(decimals),
      interval: isNumber(low) && isNumber(high)
        ? [low.toFixed(decimals), high.toFixed(decimals)]
        : null,
      n,
      others: othersOf(cell),
      parameters: parameters.map((name) => count(cell[name] ?? null)),
      mark: cell === best ? "best" : isTie ? "tie" : null,
    };
  });
  const areNumbers = settings.map((_, i) =>
    rows.every((row) => /^-?[\d.e-]+$/.test(row.settings[i]!))
  );
  return { metric, settings, areNumbers, rows, parameters };
}

/**
 * The decimals with which the largest of some numbers has three digits.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([[0.398, 0.05], [2.345], [0.0123], [1234]].map(decimalsOf), [3, 2, 4, 0]);
 * ```
 */
export function decimalsOf(numbers: readonly number[]): number {
  const largest = Math.max(0, ...numbers.map(Math.abs));
  if (largest === 0) return 3;
  return decimalsFor(largest);
}

/** The other rows, and whether a test tells each apart from the best; without those it cannot compare. */
function apartFrom(study: Study, settings: readonly string[], best: Row) {
  const baseline = Object.fromEntries(settings.map((key) => [key, best[key]]));
  const table = differencesTo(study, { baseline: baseline as Partial<RunConfig> });
  return rowsOf(table).flatMap((row) => {
    // Without spread there is no test, and none is needed where all pairs are equal.
    if (!isNumber(row.p_holm)) {
      return row.difference === 0 || row.ratio === 1 ? [{ row, isApart: false }] : [];
    }
    return [{ row, isApart: row.p_holm < ALPHA }];
  });
}

function isSame(row: Row, other: Row, settings: readonly string[]): boolean {
  const wanted = Object.fromEntries(settings.map((key) => [key, other[key]]));
  return hasSettings(row, wanted as Partial<RunConfig>);
}

function othersOf(cell: Row): string {
  const step = cell.stopped_early_at_step ?? null;
  const counts = [
    ["n_diverged", "diverged"],
    ["n_stalled", "stalled"],
    ["n_stopped_early", `stopped early at step ${step}`],
    ["n_failed", "failed"],
  ].map(([name, what]) => [Number(cell[name!] ?? 0), what] as const);
  const others = counts.reduce((sum, [n]) => sum + n, Number(cell.n_done));
  return [...counts, [Number(cell.n_planned) - others, "left"] as const]
    .filter(([n]) => n > 0).map(([n, what]) => `${n} ${what}`).join(", ");
}

function count(value: Cell): string {
  return isNumber(value) ? Math.round(value).toLocaleString("en-US") : "—";
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}
