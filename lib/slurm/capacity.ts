import { isFinal, type RunResult } from "../run/result.ts";
import { configHash } from "../run/id.ts";
import { mean } from "../util/vectors.ts";
import type { ElementRules } from "./elements.ts";
import type { SlurmSettings } from "./settings.ts";
import { minutesOf } from "./time_limit.ts";

/** How much of a time limit runs may take by their estimate, which is never exact. */
const SAFE_SHARE = 0.8;

/** Elements that runs of unknown length are spread over at most. */
const MOST_UNMEASURED = 1000;

/** The size of elements, and how it was found, as a sentence for people. */
export type Capacity = Pick<ElementRules<RunResult>, "costOf" | "capacity"> & {
  readonly reason: string;
};

/**
 * How many runs an element takes.
 *
 * What `runs_per_element` says counts first. Else the runs that are done say how long one takes, those of
 * its cell where there are any, and an element gets as many as take `target_minutes` and stay well below the
 * time limit. While no run is done, each of its processes gets one: a guess could put many hours into one
 * element. More than a thousand elements are not made of that.
 *
 * @param results of all runs of the sweep
 * @param toDo how many runs are to be put into elements
 * @param processes runs at work at once in an element; positive
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const settings = { target_minutes: 15, runs_per_element: null, time: null };
 * assert.equal(capacityOf([], 8, 2, settings).capacity, 2);
 * assert.equal(capacityOf([], 5000, 1, settings).capacity, 5);
 * assert.equal(capacityOf([], 8, 2, { ...settings, runs_per_element: 4 }).capacity, 4);
 * ```
 */
export function capacityOf(
  results: readonly RunResult[],
  toDo: number,
  processes: number,
  { target_minutes, runs_per_element, time }: Pick<
    SlurmSettings,
    "target_minutes" | "runs_per_element" | "time"
  >,
): Capacity {
  const one = () => 1;
  if (runs_per_element !== null) {
    return {
      costOf: one,
      capacity: runs_per_element,
      reason: `${runs_per_element} runs in each, as slurm.runs_per_element says`,
    };
  }
  const seconds = new Map<string, number[]>();
  const cellOf = ({ config }: RunResult) => configHash(config, ["seed"]);
  for (const run of results.filter(isFinal)) {
    const took = run.provenance.seconds;
    if (typeof took !== "number" || !(took > 0)) continue;
    const cell = cellOf(run);
    seconds.set(cell, [...seconds.get(cell) ?? [], took]);
  }
  if (seconds.size === 0) {
    const capacity = processes * Math.max(1, Math.ceil(toDo / processes / MOST_UNMEASURED));
    return {
      costOf: one,
      capacity,
      reason: `${capacity} in each, as no run is done yet that says how long one takes`,
    };
  }
  const means = new Map([...seconds].map(([cell, took]) => [cell, mean(took)]));
  const overall = mean([...seconds.values()].flat());
  const limit = time === null ? Infinity : SAFE_SHARE * minutesOf(time)!;
  const minutes = Math.min(target_minutes, limit);
  return {
    costOf: (run) => means.get(cellOf(run)) ?? overall,
    capacity: minutes * 60 * processes,
    reason: `about ${Number(minutes.toPrecision(3))} minutes in each, as a run takes ` +
      `${Number(overall.toPrecision(2))} s`,
  };
}
