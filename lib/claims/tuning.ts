import type { RunConfig } from "../run/config.ts";
import { mean } from "../util/vectors.ts";
import { cellForTuning } from "./cell.ts";
import type { TunedSetting } from "./claims_file.ts";
import type { Pool } from "./pool.ts";

/** A setting as it was chosen, and what it was chosen from. */
export interface Choice {
  readonly setting: keyof RunConfig;
  readonly value: unknown;
  /** Whether the best value is the first or the last of those tried, so that a better one may lie beyond. */
  readonly isAtEdge: boolean;
  /** The mean of the metric over the tuning seeds for each value, in order; null where a run has none. */
  readonly tried: readonly { readonly value: unknown; readonly mean: number | null }[];
}

/** A cell with its chosen settings, or the runs that are to be done before anything can be chosen. */
export type Tuned =
  | { readonly cell: RunConfig; readonly choices: readonly Choice[] }
  | { readonly missing: readonly RunConfig[] };

/**
 * Chooses the settings of a cell, one after the other, each by the mean of its metric over the tuning
 * seeds, with the earlier ones as they were chosen. The metrics are losses: less is better. A value with
 * which a run diverges or stalls is not chosen while another is there; of equal ones the first is.
 *
 * @param cell its settings; the seed means nothing
 * @param settings what is chosen, in order
 * @param seeds of tuning
 */
export function tuneCell(
  cell: RunConfig,
  settings: readonly TunedSetting[],
  seeds: readonly number[],
  pool: Pool,
): Tuned {
  let chosen = cell;
  const choices: Choice[] = [];
  for (const { setting, values, by } of settings) {
    const missing: RunConfig[] = [];
    const tried = values.map((value) => {
      const base = cellForTuning({ ...chosen, [setting]: value }, setting);
      const found = seeds.map((seed) => {
        const config = { ...base, seed };
        const result = pool.resultOf(config);
        if (result === null) missing.push(config);
        return result?.status === "done" ? result.metrics[by] ?? null : null;
      });
      const isWhole = found.every((metric) => metric !== null);
      return { value, mean: isWhole ? mean(found as number[]) : null };
    });
    if (missing.length > 0) return { missing };
    const lossAt = (i: number) => tried[i]!.mean ?? Infinity;
    const best = tried.reduce((best, _, i) => lossAt(i) < lossAt(best) ? i : best, 0);
    chosen = { ...chosen, [setting]: tried[best]!.value };
    choices.push({
      setting,
      value: tried[best]!.value,
      isAtEdge: best === 0 || best === tried.length - 1,
      tried,
    });
  }
  return { cell: chosen, choices };
}
