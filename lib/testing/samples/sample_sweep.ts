import { join } from "node:path";
import type { RunResult } from "../../run/result.ts";
import { RunFolder } from "../../sweep/run_folder.ts";
import type { PlannedRun, Sweep } from "../../sweep/plan/sweep.ts";
import { SweepStore } from "../../sweep/store.ts";
import { sampleMetrics, sampleResults } from "./sample_results.ts";

/**
 * Writes a sweep of sample results into a folder, as `deno task sweep` would leave it: done,
 * diverged, failed and planned runs, with their logs.
 */
export async function writeSampleSweep(
  dir: string,
  about: Partial<Pick<Sweep, "question" | "metric" | "baseline" | "varying">> = {},
  results: readonly RunResult[] = sampleResults({ n_splits: [1, 4] }),
): Promise<void> {
  const runs: PlannedRun[] = results.map(({ id, config }) => ({ id, config }));
  const sweep: Sweep = {
    name: "sample",
    question: "Do more skills and splits help?",
    metric: "heldout_exact_match",
    baseline: { n_skills: 1, n_splits: 1 },
    varying: ["n_skills", "n_splits", "seed"],
    runs,
    ...about,
  };
  const store = await SweepStore.open(dir, sweep);
  for (const result of results) {
    if (result.status === "planned") continue;
    const folder = new RunFolder(store.dir, result);
    using _lock = await folder.begin();
    const log = sampleMetrics(result);
    if (log.length > 0) {
      const text = log.map((row) => `${JSON.stringify(row)}\n`).join("");
      await Deno.writeTextFile(join(folder.dir, "metrics.jsonl"), text);
    }
    if (result.status === "failed") await folder.fail(result.error!);
    else await folder.finish(result);
  }
}
