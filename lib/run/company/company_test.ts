/** Runs that are trained in the same batches find what each finds alone. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { BackendUnderTest } from "../../testing/on_each_backend.ts";
import { onEachBackend } from "../../testing/on_each_backend.ts";
import { withBase } from "../../testing/samples/tiny_base.ts";
import { withFolder } from "../../testing/with_folder.ts";
import { StageStore } from "../../stages/stage_store.ts";
import * as tf from "../../tf.ts";
import { parseRunConfig, type RunConfigInput } from "../config.ts";
import { type MetricsRow, parseMetrics } from "../metrics_log.ts";
import { doRun, type RunOutcome, type RunOutput } from "../run.ts";
import { StoppedError } from "../stages/keeper.ts";
import { batchKey } from "./batch_key.ts";
import { Company } from "./company.ts";

const COMMON: RunConfigInput = {
  n_heldout_tasks: 1,
  n_train: 7,
  n_validation: 2,
  n_test: 1,
  r: 2,
  batch_size: 5,
  steps: 4,
  evaluate_every: 3,
  shots: 3,
  adaptation_steps: 2,
  adaptation_batch_size: 2,
};

/** Six runs that have little more in common than they must; the fourth diverges. */
const RUNS: readonly RunConfigInput[] = [
  { n_tasks: 3, n_skills: 3, n_splits: 2, seed: 1 },
  { n_tasks: 5, n_skills: 2, method: "private", learning_rate: 3e-2, clip: 0, steps: 3 },
  { n_tasks: 2, n_skills: 5, method: "uniform", router_granularity: "block", accumulation: 2 },
  { n_tasks: 4, n_skills: 2, learning_rate: 1e30, clip: 0, schedule: "constant", warmup: 0 },
  { n_tasks: 3, n_skills: 4, n_splits: 4, router_noise: "none", optimizer: "adafactor" },
  { n_tasks: 2, method: "shared", weight_decay: 0.1, seed: 7, schedule: "cosine" },
];

interface Left {
  readonly id: string;
  readonly outcome: Omit<RunOutcome, "stages"> | null;
  readonly rows: MetricsRow[];
}

async function run(
  settings: RunConfigInput,
  id: string,
  output: Omit<RunOutput, "dir">,
): Promise<Left> {
  return await withFolder(async (dir) => {
    const config = parseRunConfig({ ...COMMON, ...settings });
    const outcome = await doRun(config, { ...output, dir }).catch((error) => {
      if (!(error instanceof StoppedError) && error.message !== KILLED) throw error;
      return null;
    });
    const rows = parseMetrics(await Deno.readTextFile(join(dir, "metrics.jsonl")), "metrics.jsonl");
    if (outcome === null) return { id, outcome, rows };
    const { stages: _, ...others } = outcome;
    return { id, outcome: others, rows };
  });
}

/** Does runs in company, or one after another. */
async function runAll(
  runs: readonly RunConfigInput[],
  inCompany: boolean,
  output: (number: number) => Omit<RunOutput, "dir"> = () => ({}),
): Promise<Left[]> {
  const ids = runs.map((_, i) => `run ${i}`);
  if (inCompany) {
    const company = new Company(ids);
    return await Promise.all(
      runs.map((settings, i) =>
        run(settings, ids[i]!, { ...output(i), seat: company.seatOf(ids[i]!) })
      ),
    );
  }
  const left: Left[] = [];
  for (const [i, settings] of runs.entries()) {
    left.push(await run(settings, ids[i]!, output(i)));
  }
  return left;
}

/** How often a kernel of the running backend is called meanwhile. */
async function callsOf<T>(kernel: string, work: () => Promise<T>): Promise<[T, number]> {
  const registered = tf.getKernel(kernel, tf.getBackend()) as unknown as {
    kernelFunc: (call: unknown) => unknown;
  };
  const { kernelFunc } = registered;
  let calls = 0;
  registered.kernelFunc = (call) => (calls++, kernelFunc(call));
  try {
    return [await work(), calls];
  } finally {
    registered.kernelFunc = kernelFunc;
  }
}

/** Rows of the same steps, no number of which is far off, measured by the largest of its name. */
function assertNear(actual: readonly MetricsRow[], expected: readonly MetricsRow[]) {
  const places = (rows: readonly MetricsRow[]) => rows.map(({ phase, step }) => [phase, step]);
  assert.deepEqual(places(actual), places(expected));
  for (const name of ["loss", "gradient_norm"]) {
    const column = (rows: readonly MetricsRow[]) => rows.map((row) => row[name] as number ?? 0);
    const [found, values] = [column(actual), column(expected)];
    const largest = Math.max(...values.map(Math.abs));
    for (const [i, value] of values.entries()) {
      const bound = (expected[i]!.step === 1 ? 1e-5 : 1e-4) * largest;
      const apart = Math.abs(found[i]! - value);
      assert.ok(apart <= bound, `${name} of row ${i}: ${found[i]} and ${value}`);
    }
  }
}

async function sameAsAlone(runs: readonly RunConfigInput[], { name }: BackendUnderTest) {
  const keys = runs.map((settings) => batchKey(parseRunConfig({ ...COMMON, ...settings })));
  assert.equal(new Set(keys).size, 1);
  const [alone, apart] = await callsOf("LinearGradFactors", () => runAll(runs, false));
  const [together, joint] = await callsOf("LinearGradFactors", () => runAll(runs, true));
  assert.ok(joint < 0.7 * apart, `${joint} backward passes of layers in company, ${apart} alone`);
  assert.deepEqual(
    together.map(({ outcome }) => outcome?.status),
    runs.map(({ learning_rate }) => learning_rate === 1e30 ? "diverged" : "done"),
  );
  if (name === "wasm") return assert.deepEqual(together, alone);
  for (const [i, { rows, outcome }] of together.entries()) {
    const { metrics } = alone[i]!.outcome!;
    assert.deepEqual(Object.keys(outcome!.metrics).sort(), Object.keys(metrics).sort());
    assert.equal(outcome!.metrics.diverged_at_step, metrics.diverged_at_step);
    assertNear(rows, alone[i]!.rows);
  }
}

const PLANTED = { suite: "planted", task_seed: 3 } as const;

onEachBackend("six runs in company find what each finds alone, one diverges", async (backend) => {
  const all = { ...PLANTED, n_heldout_tasks: 0 };
  await sameAsAlone(RUNS.map((settings) => ({ ...settings, ...all })), backend);
}, { only: ["wasm", "webgpu"] });

onEachBackend(
  "runs in company find what each finds alone in texts of any length",
  async (backend) => {
    await withBase("t5", async (base_model) => {
      const few = { base_model, n_heldout_tasks: 0, n_validation: 0, steps: 2 };
      // On WebGPU lists are filled up; elsewhere only batches of the same sizes go together.
      const lengths = backend.name === "webgpu"
        ? { max_input_tokens: 20, max_target_tokens: 3 }
        : { max_input_tokens: 8, max_target_tokens: 1 };
      await sameAsAlone(
        [RUNS[0]!, RUNS[4]!].map((settings) => ({ ...settings, ...few, ...lengths })),
        backend,
      );
    });
  },
  { only: ["wasm", "webgpu"] },
);

onEachBackend("a company that is stopped or killed goes on from where each run was", async () => {
  const runs = [RUNS[0]!, RUNS[1]!, RUNS[2]!].map((settings) => ({ ...settings, ...PLANTED }));
  const alone = await runAll(runs, false);
  for (const isKilled of [false, true]) {
    await withFolder(async (dir) => {
      const stop = new AbortController();
      const stages = { store: new StageStore(dir), basis: { code: "1" }, checkpointEvery: 0 };
      let taken = 0;
      const left = await runAll(runs, true, () => ({
        stages,
        signal: stop.signal,
        report: () => ++taken < 7 ? undefined : isKilled ? fail() : stop.abort(),
      }));
      assert.deepEqual(left.map(({ outcome }) => outcome), [null, null, null]);
      assert.deepEqual(await runAll(runs, true, () => ({ stages })), alone);
    });
  }
}, { only: ["wasm"] });

const KILLED = "killed";

/** Ends a run as by a kill: nothing is asked, nothing is saved at that moment. */
function fail(): never {
  throw new Error(KILLED);
}
