import type { RunConfig } from "../../run/config.ts";
import { cellTexts } from "../../run/id.ts";
import { isFinal, type RunResult } from "../../run/result.ts";
import { selectRuns } from "../../sweep/run_sweep.ts";
import type { SweepStore } from "../../sweep/store.ts";
import { numberList } from "../../util/number_list.ts";
import { mean } from "../../util/vectors.ts";
import { counted, duration } from "../../util/words.ts";
import { textTable } from "../text_table.ts";

/**
 * A sweep before it runs, for people: its cells, what is done, failed and to do, and about how long
 * the rest takes, judged by the runs that are done.
 *
 * @param jobs runs at once
 */
export function describePlan(
  { dir, manifest }: SweepStore,
  results: readonly RunResult[],
  { jobs, onlyFailed = false }: { jobs: number; onlyFailed?: boolean },
): string {
  const settings = manifest.varying.filter((key) => key !== "seed");
  const cells = new Map<string, RunResult[]>();
  const texts = cellTexts(results);
  for (const [i, result] of results.entries()) {
    const cell = texts[i]!;
    const runs = cells.get(cell);
    if (runs === undefined) cells.set(cell, [result]);
    else runs.push(result);
  }
  const chosen = new Set(selectRuns(results, onlyFailed).map(({ id }) => id));
  const rows = [...cells.values()].map((runs) => [
    ...settings.map((key) => show(runs[0]!.config[key])),
    numberList(runs.map(({ config }) => config.seed)),
    String(runs.filter(isFinal).length),
    String(runs.filter(({ status }) => status === "failed").length),
    String(runs.filter(({ id }) => chosen.has(id)).length),
  ]);
  const header = [...settings, "seeds", "done", "failed", "to do"];
  const sum = (column: number) => rows.reduce((total, row) => total + Number(row[column]), 0);
  const S = settings.length;
  const totals =
    `${counted(cells.size, "cell")}, ${counted(results.length, "run")} in ${dir}: ${
      sum(S + 1)
    } done, ${sum(S + 2)} ` +
    `failed, ${sum(S + 3)} to do${estimate(results, chosen.size, jobs)}`;
  const question = manifest.question === "" ? [] : [manifest.question];
  const shown = textTable([header, ...rows.slice(0, MOST_ROWS)], Infinity);
  if (rows.length > MOST_ROWS) shown.push(`… and ${rows.length - MOST_ROWS} more cells`);
  return [...question, totals, "", ...shown].join("\n");
}

/** Cells that are listed; a table of more is not read. */
const MOST_ROWS = 1000;
function estimate(results: readonly RunResult[], toDo: number, jobs: number): string {
  const seconds = results.filter(isFinal).flatMap(({ provenance }) =>
    typeof provenance.seconds === "number" ? [provenance.seconds / withCompany(provenance)] : []
  );
  if (seconds.length === 0 || toDo === 0) return "";
  return `, about ${duration(mean(seconds) * Math.ceil(toDo / jobs))} with ${jobs} at once`;
}

/** How many runs shared the time of a run. */
function withCompany({ company }: RunResult["provenance"]): number {
  return Array.isArray(company) ? company.length + 1 : 1;
}

function show(value: RunConfig[keyof RunConfig]): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
