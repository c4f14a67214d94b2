import type { Figure } from "./figure.ts";
import { metricFigure } from "./metric_figure.ts";
import { Study } from "../tables/study.ts";
import type { ColumnTable } from "../tables/table.ts";

/**
 * Draws how well learned routing recovers the true allocation, against a setting: 1 is the truth,
 * dotted lines are chance, and rings are runs no better than with permuted tasks.
 *
 * @param of a study, or a table of its runs with `recovery`, `recovery_null` and `recovery_p`
 * @param x name of a setting
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tableOf } from "../tables/table.ts";
 *
 * const found = { recovery: 0.75, recovery_null: 0.25, recovery_p: 0.005 };
 * const run = { n_skills: 2, seed: 0, status: "done", ...found };
 * const { title, notes } = recoveryFigure(tableOf([run, { ...run, seed: 1 }]), "n_skills");
 * assert.equal(title, "recovery against n_skills");
 * assert.match(notes.at(-1)!, /Rings: permutation p of 0.05 or more \(0 of 2 runs\)/);
 * ```
 */
export function recoveryFigure(of: Study | ColumnTable, x: string): Figure {
  const runs = of instanceof Study ? of.runs : of;
  const p = runs.array("recovery_p") as (number | null)[];
  const known = p.filter((value) => value !== null);
  return metricFigure(runs, {
    metric: "recovery",
    x,
    references: [{ value: 1, text: "the truth" }],
    chance: "recovery_null",
    isHollow: ({ recovery_p }) => typeof recovery_p === "number" && recovery_p >= 0.05,
    notes: [
      `Dotted lines: chance, recovery after permuting the tasks. Rings: permutation p of 0.05 or ` +
      `more (${known.filter((value) => value >= 0.05).length} of ${known.length} runs).`,
    ],
  });
}
