import assert from "node:assert/strict";
import { runResult } from "../testing/samples/run_result.ts";
import { groupBySettings, metricOf } from "./groups.ts";
import { otherSettings } from "./varying.ts";
import { runsTable } from "./study.ts";
import { rowsOf, tableOf } from "./table.ts";

const runs = runsTable([
  runResult({ n_skills: 2, target_modules: ["q"], seed: 0 }, { metrics: { recovery: 0.5 } }),
  runResult({ n_skills: 2, target_modules: ["q"], seed: 1 }, { status: "planned" }),
  runResult({ n_skills: 4, seed: 0 }, { status: "diverged", metrics: { recovery: 0.25 } }),
]);

Deno.test("groupBySettings() takes every setting that varies, but the seed, from otherSettings()", () => {
  const groups = groupBySettings(runs, otherSettings(runs, []));
  assert.deepEqual(groups.map(({ settings }) => settings), [
    { n_skills: 2, target_modules: '["q"]' },
    { n_skills: 4, target_modules: "all-linear" },
  ]);
  assert.deepEqual(groups.map(({ rows }) => rows.map(({ seed }) => seed)), [[0, 1], [0]]);
  assert.deepEqual(
    groupBySettings(runs.slice(2), otherSettings(runs.slice(2), []))[0]!.settings,
    {},
  );
  assert.deepEqual(groupBySettings(tableOf([]), []), []);
});

Deno.test("groupBySettings() takes the columns given, and refuses unknown ones", () => {
  assert.deepEqual(groupBySettings(runs, ["seed"]).map(({ settings }) => settings), [
    { seed: 0 },
    { seed: 1 },
  ]);
  assert.throws(() => groupBySettings(runs, ["n_skils"]), {
    name: "RangeError",
    message: 'Cannot group as there is no column "n_skils": did you mean "n_skills"?',
  });
});

Deno.test("metricOf() counts runs that are done alone, and refuses what is not a metric", () => {
  const metricsOf = (metric: string) => rowsOf(runs).map((run) => metricOf(run, metric));
  assert.deepEqual(metricsOf("recovery"), [0.5, null, null]);
  // Before any run is done no metric is known.
  assert.deepEqual(rowsOf(runs).slice(1).map((run) => metricOf(run, "seen_loss")), [null, null]);
  assert.throws(() => metricsOf("recovry"), {
    name: "RangeError",
    message: 'Cannot compare runs as there is no column "recovry": did you mean "recovery"?',
  });
  assert.throws(() => metricsOf("method"), {
    name: "RangeError",
    message: 'Cannot compare runs as metric "method" must hold numbers: got "poly"',
  });
});
