import { measureGroups } from "./measured_groups.ts";
import type { RunResult } from "../run/result.ts";
import { readRouting, type RunRouting } from "../routing/file.ts";
import { RunFolder } from "../sweep/run_folder.ts";
import { isHigherBetter } from "./setting_groups.ts";
import type { SweepStore } from "../sweep/store.ts";
import { rowsOf, runsTable } from "./table.ts";

/**
 * The run whose routing a report opens: of the settings with learned routing over several skills, the
 * best by their mean, and of those the run that is nearest to that mean, the first of several.
 *
 * @param metric the column to compare by; what {@linkcode isHigherBetter} says of it decides
 * @returns null when no such run is done
 * @throws {RangeError} when runs are done and none has the metric
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { sampleResults } from "../testing/samples/sample_results.ts";
 *
 * const results = sampleResults({ n_skills: [1, 2], n_splits: [1] }, { whole: true });
 * assert.equal(shownRun(results, "heldout_exact_match")!.config.n_skills, 2);
 * assert.equal(shownRun(results.slice(0, 4), "heldout_exact_match"), null);
 * ```
 */
export function shownRun(results: readonly RunResult[], metric: string): RunResult | null {
  const learned = results.filter(({ status, config }) =>
    status === "done" && config.method === "poly" && config.n_skills > 1
  );
  const sign = isHigherBetter(metric) ? 1 : -1;
  const [best] = measureGroups(rowsOf(runsTable(learned)), metric)
    .filter(({ estimate }) => estimate.mean !== null)
    .sort((a, b) => sign * (b.estimate.mean! - a.estimate.mean!));
  if (best === undefined) return null;
  const distance = ({ value }: { value: number }) => Math.abs(value - best.estimate.mean!);
  const [typical] = [...best.points].sort((a, b) => distance(a) - distance(b));
  return learned.find(({ id }) => id === typical!.row.id)!;
}

/**
 * The routing that {@linkcode shownRun} has learned, and that run's id.
 *
 * @returns null when there is no such run, or it has left no routing
 * @throws {SyntaxError} when its file is damaged
 * @throws {RangeError} as {@linkcode shownRun}
 */
export async function shownRouting(
  { dir, manifest }: SweepStore,
  results: readonly RunResult[],
): Promise<{ readonly id: string; readonly routing: RunRouting } | null> {
  const shown = shownRun(results, manifest.metric);
  const routing = shown === null ? null : await readRouting(new RunFolder(dir, shown).dir);
  return routing === null ? null : { id: shown!.id, routing };
}
