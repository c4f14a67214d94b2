/** Compares groups of runs with a baseline, in pairs of the same seed and task. */
import type { RunConfig } from "../run/config.ts";
import { effectOn } from "./estimate.ts";
import { pairedRows } from "./rows/paired_rows.ts";
import { runsAndMetric, type Study } from "./study.ts";
import { type ColumnTable, tableOf } from "./table.ts";
import { groupingOf } from "./varying.ts";

/** Settings of {@linkcode pairedDifferences}. */
export interface PairedOptions {
  /** Column to compare by; when absent, the study's metric. */
  readonly metric?: string;
  /**
   * Settings of the baseline. When one group has them, all others are compared with it; when
   * several have, each other group is compared with the one that equals it in every other setting. A
   * group is never compared with one of other data or code: then its values are without a partner.
   */
  readonly baseline: Partial<RunConfig>;
  /**
   * Columns that form groups; when absent, every setting that varies, except the seed. Runs that were
   * computed from other data, by other code or on another kind of machine form groups of their own.
   */
  readonly groupBy?: readonly string[];
  /** Whether larger values are better; when absent, as the metric is declared. */
  readonly higherIsBetter?: boolean;
  /**
   * Settings of the groups whose comparison was declared primary before the runs. P-values are corrected
   * over these alone, and all others are exploratory; when absent, over all rows.
   */
  readonly primary?: readonly Partial<RunConfig>[] | undefined;
  /**
   * The smallest difference of interest, in the metric's units; where ratios of the metric count, as a
   * share of it: 0.1 is 10 %. With it rows have a `power`.
   */
  readonly margin?: number | undefined;
}

/**
 * One row per group of settings other than the baseline, best first: the mean `difference` of the
 * metric from the baseline's, in pairs of the same seed, and of the same task and draw of examples
 * when the table has them. Losses and other metrics on a logarithmic scale are compared by their
 * `ratio` to the baseline's in place of a difference, as its geometric mean.
 *
 * The interval from `low` to `high` and the two-sided `p` come from one method, so that p is below 5 %
 * just when the interval leaves out 0, or the ratio 1. With one row per run it is Student's t over the
 * seeds. With tasks that all seeds share, tasks and seeds are crossed random effects, as the
 * multi-task training of a seed is shared by all its tasks: then the row has `n_paired_tasks` too. Tasks that
 * seeds do not share give one value a seed, their mean. Fewer than three seeds have neither interval
 * nor p, and a difference of two digits that is not ranked.
 *
 * `dz` is the mean over the standard deviation of one seed, and `seeds_to_decide` the seeds that find
 * the smallest difference of interest, or one as large as this, in four cases of five: see
 * `planOf`. `wins`, `ties` and `losses` count the `n` seeds; where more of the metric is neither better nor worse,
 * nothing wins or loses, and rows are in the order of settings. `p_holm` is corrected for the number of
 * rows, or for the primary ones: then `tier` says which rows these are. `n_missing` counts values
 * without a partner: not run yet, failed, diverged or stalled on either side; and pairs that have no
 * ratio.
 *
 * @param of a study, whose runs are compared; or a table with one row per run, or per run and task
 * @throws {RangeError} when a column does not exist, no group has the baseline's settings, or two
 * rows of one group have the same seed and task
 * @throws {TypeError} when a table comes without a metric
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { rowsOf, tableOf } from "./table.ts";
 *
 * const runs = tableOf([
 *   { status: "done", method: "shared", seed: 0, seen_rouge_l: 0.25 },
 *   { status: "done", method: "shared", seed: 1, seen_rouge_l: 0.5 },
 *   { status: "done", method: "poly", seed: 0, seen_rouge_l: 0.5 },
 *   { status: "done", method: "poly", seed: 1, seen_rouge_l: 0.75 },
 * ]);
 * const [row] = rowsOf(
 *   pairedDifferences(runs, { metric: "seen_rouge_l", baseline: { method: "shared" } }),
 * );
 * assert.deepEqual([row!.method, row!.difference, row!.wins, row!.n], ["poly", 0.25, 2, 2]);
 * assert.equal(row!.p, null);
 * ```
 */
export function pairedDifferences(
  of: Study | ColumnTable,
  { groupBy: asked, ...options }: PairedOptions,
): ColumnTable {
  const { runs, metric } = runsAndMetric(of, options.metric);
  const groupBy = groupingOf(runs, asked);
  const rows = pairedRows(runs, { ...options, metric, groupBy });
  const tier = options.primary === undefined ? [] : ["tier"];
  return tableOf(rows, [...groupBy, ...tier, effectOn(metric).column]);
}
