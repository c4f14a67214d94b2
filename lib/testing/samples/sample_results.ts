/** Results and logs of runs that were never trained, for tests of tables, figures and reports. */
import type { MetricsRow } from "../../run/metrics_log.ts";
import type { RunResult } from "../../run/result.ts";
import { parseRunConfig, type RunConfigInput } from "../../run/config.ts";
import { runId } from "../../run/id.ts";
import { randomStream } from "../../util/random.ts";

/** Settings with a list of values for each; every combination is a run. */
export interface SampleGrid {
  readonly n_skills?: readonly number[];
  readonly n_splits?: readonly number[];
  readonly n_tasks?: readonly number[];
  readonly method?: readonly NonNullable<RunConfigInput["method"]>[];
  readonly seed?: readonly number[];
}

/**
 * Makes results without any training, with plausible numbers: more skills and splits help up to a
 * point, seeds scatter. Unless `whole` is set, one in 13 runs diverged, and one in 17 failed.
 */
export function sampleResults(
  { n_skills = [1, 2, 4, 8, 16], n_splits = [1, 2, 4], n_tasks = [16], method = ["poly"], seed }:
    SampleGrid,
  { whole = false } = {},
): RunResult[] {
  const results: RunResult[] = [];
  for (const m of method) {
    for (const T of n_tasks) {
      for (const S of n_skills) {
        for (const H of n_splits) {
          for (const s of seed ?? [0, 1, 2, 3]) {
            results.push(sample({ method: m, n_tasks: T, n_skills: S, n_splits: H, seed: s }, {
              diverged: !whole && results.length % 13 === 5,
              failed: !whole && results.length % 17 === 11,
            }));
          }
        }
      }
    }
  }
  return results;
}

function sample(
  settings: Required<Pick<RunConfigInput, "method" | "n_tasks" | "n_skills" | "n_splits" | "seed">>,
  { diverged, failed }: { diverged: boolean; failed: boolean },
): RunResult {
  const config = parseRunConfig(settings);
  const id = runId(config, ["method", "n_tasks", "n_skills", "n_splits", "seed"]);
  const { n_skills: S, n_splits: H, n_tasks: T, method } = config;
  const stream = randomStream(config.seed, id);
  const noise = () => stream.uniform() + stream.uniform() - 1;
  const learns = method === "poly" || method === "expert";
  const level = learns ? 0.35 + 0.09 * Math.log2(S) - 0.012 * Math.log2(S) ** 2 : 0.3;
  const score = Math.min(1, level + 0.05 * Math.log2(H) + 0.002 * T + 0.06 * noise());
  const tasks = ["reverse", "sort", "swap case", "drop vowels"].map((task, i) => ({
    task,
    phase: "heldout" as const,
    split: 0,
    metrics: {
      exact_match: Math.max(0, score - 0.1 * i + 0.05 * noise()),
      loss: 2 - score + 0.2 * i,
    },
  }));
  const recovery = 0.2 + 0.6 * Math.min(1, S / 4) * (1 - 0.02 * Math.max(0, S - 4)) + 0.1 * noise();
  const provenance = {
    backend: "wasm",
    deno: "2.9.6",
    git_commit: "0123456789abcdef0123456789abcdef01234567",
    git_dirty: false,
    started_at: "2026-11-23T20:00:00.000Z",
    seconds: 10 + 5 * stream.uniform(),
  };
  const parameters = { parameters_multitask: 1000 * S + 16 * T * S * H };
  if (failed) {
    const error = 'RangeError: Cannot use n_splits as "q" has <12> features\n    at layer.ts:12';
    return { id, config, status: "failed", error, metrics: {}, tasks: [], provenance: {} };
  }
  if (diverged) {
    const metrics = { ...parameters, diverged_at_step: 30 };
    return { id, config, status: "diverged", metrics, tasks: [], provenance };
  }
  return {
    id,
    config,
    status: "done",
    metrics: {
      ...parameters,
      parameters_adaptation: (learns ? 250 * S : 1000) + H * S,
      seen_exact_match: Math.min(1, score + 0.1),
      recovery,
      recovery_null: 0.3,
      recovery_p: recovery > 0.55 ? 0.005 : 0.4,
      heldout_exact_match: tasks.reduce((sum, { metrics }) => sum + metrics.exact_match, 0) / 4,
      heldout_loss: tasks.reduce((sum, { metrics }) => sum + metrics.loss, 0) / 4,
    },
    tasks,
    provenance,
  };
}

/** Makes a log that the run of a sample result could have written. */
export function sampleMetrics({ config, status }: RunResult, steps = 60): MetricsRow[] {
  if (status === "failed" || status === "planned") return [];
  const stream = randomStream(config.seed, `log/${config.n_skills}/${config.n_splits}`);
  const rows: MetricsRow[] = [];
  const last = status === "diverged" ? steps / 2 : steps;
  for (let step = 1; step <= last; step++) {
    const fall = Math.exp(-step * Math.log2(1 + config.n_skills) / 40);
    const blowUp = status === "diverged" ? Math.exp((step - last) / 3 + 3) : 0;
    const loss = 0.5 + 2.5 * fall + 0.2 * stream.uniform() + blowUp;
    rows.push({ phase: "multitask", step, loss, gradient_norm: 1 + stream.uniform() });
    if (step % 10 !== 0) continue;
    rows.push({
      phase: "alignment",
      step,
      weight_gradient_alignment: 0.6 * (1 - fall) - 0.1 + 0.1 * stream.uniform(),
      weight_gradient_conflict: 0.3 * fall,
      weight_gradient_reliability: 0.7 - 0.2 * fall,
    });
    rows.push({ phase: "validation", step, loss: loss + 0.1 });
  }
  return rows;
}
