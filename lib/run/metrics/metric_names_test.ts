import assert from "node:assert/strict";
import { join } from "node:path";
import { withFolder } from "../../testing/with_folder.ts";
import * as tf from "../../tf.ts";
import { parseRunConfig } from "../config.ts";
import { FORMER_MEASURES } from "./metric.ts";
import { metricNames } from "./metric_names.ts";
import { parseResult } from "../result.ts";
import { doRun } from "../run.ts";

/** Metrics of runs that end otherwise than done. */
const ENDS = ["diverged_at_step", "stalled_at_step"];

const FORMER = Object.keys(FORMER_MEASURES);
/** Metrics that results of earlier versions do not have. */
const LATER = /^(constant|copied|trivial)_heldout_|^whole_/;

Deno.test("A4 every metric that results have was known before their runs", async () => {
  const reference = "results/reference";
  let runs = 0;
  for await (const { name: sweep } of Deno.readDir(reference)) {
    for await (const { name: run } of Deno.readDir(join(reference, sweep, "runs"))) {
      const path = join(reference, sweep, "runs", run, "result.json");
      const { config, metrics, status } = parseResult(await Deno.readTextFile(path), path);
      const isFormer = FORMER.some((name) => name in metrics);
      const known: readonly string[] = metricNames(config)
        .filter((name) => !(isFormer && name.startsWith("weight_gradient_")));
      assert.deepEqual(known.filter((name) => FORMER.includes(name)), []);
      const measured = Object.keys(metrics).filter((name) => !FORMER.includes(name));
      assert.deepEqual(measured.filter((name) => !known.includes(name)), [], path);
      const isEarlier = !measured.some((name) => LATER.test(name));
      const ended = known.filter((name) =>
        !ENDS.includes(name) && !(isEarlier && LATER.test(name))
      );
      if (status === "done") assert.deepEqual(ended.toSorted(), measured.toSorted(), path);
      runs++;
    }
  }
  assert.ok(runs > 100);
});

Deno.test("A4 a run of planted tasks measures what its settings say", async () => {
  await tf.setBackend("cpu");
  for (
    const more of [{}, { n_heldout_tasks: 0 }, { adaptation: "none", n_validation: 0 }] as const
  ) {
    const config = parseRunConfig({
      suite: "planted",
      n_tasks: 2,
      n_heldout_tasks: 1,
      n_train: 4,
      n_test: 2,
      steps: 1,
      adaptation_steps: 1,
      monitor_gradient_alignment: true,
      ...more,
    });
    const { metrics } = await withFolder((dir) => doRun(config, { dir }));
    const known = metricNames(config).filter((name) => !ENDS.includes(name));
    assert.deepEqual(Object.keys(metrics).toSorted(), known.toSorted());
  }
});
