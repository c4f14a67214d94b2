/** One run from beginning to end: the order of its phases, and what becomes of it. */
import type { RowsBatch } from "../train/train_together.ts";
import { join } from "node:path";
import type { AnyBaseModel, PeftModel } from "../peft/peft_model.ts";
import { writeRouting } from "../routing/file.ts";
import { learnedRouting } from "../routing/learned.ts";
import { routingMetrics } from "../routing/metrics.ts";
import type { Task, TaskSuite } from "../tasks/task.ts";
import { DivergedError } from "../train/train.ts";
import type { Seat } from "./company/company.ts";
import { checkAdapterOutput, checkMethod } from "./check_method.ts";
import type { RunConfig } from "./config.ts";
import { languageProblem } from "./language_problem.ts";
import { averagedModel, multiTaskModel } from "./method.ts";
import { declared } from "./metrics/metric.ts";
import { measuresRouting } from "./metrics/metric_names.ts";
import { MetricsLog } from "./metrics_log.ts";
import { plantedProblem } from "./planted.ts";
import { writePredictions } from "./predictions/file.ts";
import type { Problem } from "./problem.ts";
import type { RunResult } from "./result.ts";
import { adaptToAll } from "./stages/adaptation.ts";
import { Keeper, type StageOptions, type StagesTold } from "./stages/keeper.ts";
import { chooseMask } from "./stages/mask.ts";
import { scoreSeen, trainAverage, trainTogether } from "./stages/multitask.ts";
import { routingFacts } from "./stages/facts.ts";
import { asFound, type Progress, type RunState, startRun } from "./stages/phase.ts";

/** Findings of a run, without its provenance. */
export type RunOutcome = Pick<RunResult, "status" | "metrics" | "tasks"> & {
  /** Which stages were made, and which were there. */
  readonly stages: StagesTold;
};

/** Outputs that a run writes to. */
export interface RunOutput {
  /**
   * The run's folder. Its `metrics.jsonl` is started anew; the routing that was learned is left in
   * `routing.safetensors`, and every answer in `predictions.jsonl.gz`.
   */
  readonly dir: string;
  /** The folder that the adapter is saved to after multi-task training; by default it is not. */
  readonly adapterDir?: string | null;
  /** The folder that the base model is in, where that is known: the hub is not asked again. */
  readonly baseDir?: string;
  /** Called with the progress of the run. */
  readonly report?: Progress;
  /** Where stages are shared with other runs; by default the run keeps none and does all itself. */
  readonly stages?: StageOptions | null;
  /** The run's place among runs that are trained in the same batches; by default it is alone. */
  readonly seat?: Seat | null;
  /** Asks the run to stop at the next step, leaving a checkpoint where stages are shared. */
  readonly signal?: AbortSignal;
}

/**
 * Does one run: multi-task training, evaluation on the tasks seen, adaptation to each task held out,
 * evaluation there. The same config gives the same metrics, byte for byte, on WebAssembly and the CPU.
 *
 * Divergence is a result: the run ends with status `diverged` and the metrics it has. So is training
 * that was dead to its end: the run ends with status `stalled`, and all its metrics.
 *
 * With a place for stages, what another run of the same settings has done is taken from there, and a
 * run that was stopped or killed goes on from its last checkpoint. The bytes are the same either way.
 *
 * Source: the protocol of Ponti et al. 2022 (arXiv 2202.13914) and Caccia et al. 2023
 * (arXiv 2211.03831), with the checkpoint chosen on validation examples and never on test examples.
 *
 * @throws {StoppedError} when it was asked to stop
 * @throws {RangeError} or {SyntaxError} when the config's settings or files cannot be used
 */
export async function doRun(config: RunConfig, output: RunOutput): Promise<RunOutcome> {
  output.seat?.come();
  try {
    checkMethod(config);
    if (output.adapterDir) checkAdapterOutput(config);
    // Tasks, their examples and the planted base model are drawn from a seed that may be their own.
    const taskConfig = { ...config, seed: config.task_seed ?? config.seed };
    const { baseDir, seat } = output;
    return config.suite === "planted"
      ? await withLog(config, await plantedProblem(taskConfig), output)
      : await withLog(
        config,
        await languageProblem(taskConfig, baseDir, seat ?? undefined),
        output,
      );
  } finally {
    output.seat?.leave();
  }
}

/** Does the run with its log open; log and problem are closed however it ends. */
async function withLog<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  config: RunConfig,
  problem: Problem<E, Batch, M>,
  { dir, adapterDir = null, report = () => {}, stages = null, signal, seat = null }: RunOutput,
): Promise<RunOutcome> {
  try {
    const log = await MetricsLog.open(join(dir, "metrics.jsonl"));
    try {
      for (const message of problem.warnings ?? []) log.append({ phase: "warning", message });
      const run = startRun(config, problem, log, new Keeper(stages, signal), report, seat);
      const found = await outcome(run, dir, adapterDir);
      await writePredictions(dir, run.predictions);
      return { ...found, stages: run.keeper.told };
    } finally {
      await log.close();
    }
  } finally {
    problem.dispose();
  }
}

async function outcome<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  run: RunState<E, Batch, M>,
  dir: string,
  adapterDir: string | null,
): Promise<Omit<RunOutcome, "stages">> {
  const { config, problem, metrics, tasks } = run;
  const { base, suite, truth } = problem;
  const model = multiTaskModel(base, config, truth?.[0]?.slice(0, suite.training.length) ?? null);
  try {
    Object.assign(metrics, problem.whole);
    metrics.parameters_multitask = model.getNbTrainableParameters()[0];
    await chooseMask(run, model);
    const multitask = await trainTogether(run, model);
    if (adapterDir !== null) await model.savePretrained(adapterDir);
    await scoreSeen(run, model, multitask);
    if (measuresRouting(config)) await keepRouting(run, model, multitask, dir);
    if (config.average_steps === 0) {
      if (suite.heldOut.length > 0) await adaptToAll(run, model, multitask);
    } else {
      await averageSkills(run, model, multitask);
    }
    const status = metrics.stalled_at_step === undefined ? "done" : "stalled";
    return { status, metrics, tasks };
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error;
    metrics.diverged_at_step = error.step;
    return { status: "diverged", metrics, tasks };
  } finally {
    model.dispose();
  }
}

/** Averages the trained skills, before they are trained on or after, and goes on with the one adapter. */
async function averageSkills<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  run: RunState<E, Batch, M>,
  model: PeftModel<M>,
  multitask: string,
): Promise<void> {
  const { config, problem: { base, suite }, metrics } = run;
  const average = () => averagedModel(base, config, model.adapters.get("default")!);
  const isAnnealed = config.average_by === "anneal";
  let averaged = isAnnealed ? null : average();
  try {
    const trained = averaged ?? model;
    metrics.parameters_average = trained.getNbTrainableParameters()[0];
    const stage = await trainAverage(run, trained, multitask);
    averaged ??= average();
    if (suite.heldOut.length > 0) await adaptToAll(run, averaged, stage);
  } finally {
    averaged?.dispose();
  }
}

/** Measures the routing that was learned, and writes it into the run's folder. */
async function keepRouting<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  { config, problem: { suite, truth }, metrics, keeper }: RunState<E, Batch, M>,
  model: PeftModel<M>,
  multitask: string,
  dir: string,
): Promise<void> {
  const routers = await learnedRouting(model.adapters.get("default")!);
  const ofTraining = truth?.map((rows) => rows.slice(0, suite.training.length)) ?? null;
  const { found } = await keeper.obtain(
    routingFacts(multitask),
    () =>
      Promise.resolve(
        asFound({ metrics: declared(routingMetrics(routers, ofTraining, config.seed)) }),
      ),
  );
  Object.assign(metrics, found.metrics);
  const labels = suite.training.map((task) => taskLabel(task, suite));
  await writeRouting(dir, { tasks: labels, routers, truth: ofTraining });
}

/** Name of a task for people, with its skills when they are known. */
function taskLabel<E>({ name, skills }: Task<E>, { skillNames }: TaskSuite<E>): string {
  if (skills === undefined || skillNames === undefined) return name;
  return `${name} ${skills.map((skill) => skillNames[skill]).join(" + ")}`;
}
