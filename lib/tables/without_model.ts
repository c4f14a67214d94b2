/** What a table of scores must be read beside: scores without a model, and how much was cut away. */
import { SCORED_ON } from "../run/metrics/metric.ts";
import { mean } from "../util/vectors.ts";
import { measureGroups, numbersOf } from "./groups.ts";
import type { Study } from "./study.ts";
import { type ColumnTable, type Row, rowsOf } from "./table.ts";
import { otherSettings } from "./varying.ts";

/** Ways to answer without a model, as they stand before a score, and in words. */
const WAYS = {
  constant_heldout: "one answer of the shots for all",
  copied_heldout: "answering with the question",
  trivial_heldout: "whichever of both the shots are for",
} as const satisfies { readonly [prefix in keyof typeof SCORED_ON]?: string };

/**
 * Sentences that belong beside a study's table: what its metric is without a model, and whether any setting
 * beats that; and what share of questions and answers was not cut away, where some were.
 *
 * @returns nothing for runs that do not say, such as those of numbers and those of earlier versions
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tableOf } from "./table.ts";
 *
 * const trivial = (score: number) => ({
 *   constant_heldout_rouge_l: 0.125, copied_heldout_rouge_l: score, trivial_heldout_rouge_l: 0.25,
 * });
 * const runs = tableOf([
 *   { status: "done", method: "poly", seed: 0, heldout_rouge_l: 0.25, ...trivial(0.25) },
 *   { status: "done", method: "shared", seed: 0, heldout_rouge_l: 0.125, ...trivial(0.5) },
 * ]);
 * assert.deepEqual(withoutModel({ runs, metric: "heldout_rouge_l" }), [
 *   "Without a model, heldout_rouge_l is 0.125 by one answer of the shots for all, 0.25 to 0.5 by " +
 *   "answering with the question, and 0.25 by whichever of both the shots are for.",
 *   "No setting beats that, so the table says nothing about how well tasks are learned.",
 * ]);
 * ```
 */
export function withoutModel({ runs, metric }: Pick<Study, "runs" | "metric">): string[] {
  return [...beside(runs, metric), ...cut(runs)];
}

function beside(runs: ColumnTable, metric: string): string[] {
  const names = Object.keys(WAYS).map((prefix) => metric.replace(/^heldout/, prefix));
  const columns = runs.columnNames();
  if (!metric.startsWith("heldout_") || !names.every((name) => columns.includes(name))) return [];
  const groups = measureGroups(runs, metric, otherSettings(runs, [])).flatMap(
    ({ rows, estimate: { estimate } }) => {
      const done = rows.filter(({ status }) => status === "done");
      const scores = names.map((name) => numbersOf(done, name));
      if (estimate === null || scores.some(({ length }) => length === 0)) return [];
      return [{ estimate, scores: scores.map(mean) }];
    },
  );
  if (groups.length === 0) return [];
  const texts = Object.values(WAYS).map((way, i) =>
    `${range(groups.map(({ scores }) => scores[i]!))} by ${way}`
  );
  const better = groups.filter(({ estimate, scores }) => estimate > Math.max(...scores)).length;
  return [
    `Without a model, ${metric} is ${texts[0]}, ${texts[1]}, and ${texts[2]}.`,
    ...better === 0
      ? ["No setting beats that, so the table says nothing about how well tasks are learned."]
      : better < groups.length
      ? [`Of the ${groups.length} settings, ${better} ${better === 1 ? "beats" : "beat"} that.`]
      : [],
  ];
}

function cut(runs: ColumnTable): string[] {
  const rows: Row[] = rowsOf(runs).filter(({ status }) => status === "done");
  const [instances, targets] = [
    numbersOf(rows, "whole_instances"),
    numbersOf(rows, "whole_targets"),
  ];
  if ([...instances, ...targets].every((share) => share === 1)) return [];
  return [
    `The model reads ${percent(instances)} of the questions whole, and ${
      percent(targets)
    } of the ` +
    `answers to learn; the rest is cut after max_input_tokens and max_target_tokens.`,
  ];
}

function percent(shares: readonly number[]): string {
  // A share that is not all is never shown as all.
  return `${range(shares.map((share) => Math.floor(share * 100)))} %`;
}

function range(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)].map((value) =>
    String(Number(value.toPrecision(3)))
  );
  return least === most ? least! : `${least} to ${most}`;
}
