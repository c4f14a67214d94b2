/**
 * The phases of a run in which all training tasks are trained together, watched, and scored: the multi-task
 * phase, and that of the averaged adapter.
 */
import type { RowsBatch } from "../../train/train_together.ts";
import type { AnyBaseModel, PeftModel } from "../../peft/peft_model.ts";
import { type StageContent, type StageFacts, stageKey } from "../../stages/stage.ts";
import type { EvaluationTask } from "../../train/evaluate.ts";
import { type AgreementAt, agreementAtLoss } from "../../train/gradient_agreement.ts";
import { gradientAlignment } from "../../train/gradient_alignment.ts";
import { restoreSnapshot, type Snapshot, takeSnapshot } from "../../train/snapshot.ts";
import { alone, DivergedError, trainBy, type TrainSettings } from "../../train/train.ts";
import { mean } from "../../util/vectors.ts";
import type { Seat } from "../company/company.ts";
import type { RunConfig } from "../config.ts";
import { declared, type RunMetrics } from "../metrics/metric.ts";
import { meanScores } from "../score.ts";
import { annealed } from "./annealed.ts";
import { withIbpPrior } from "./ibp_prior.ts";
import { stalledAt, type TrainingCourse } from "../stalled.ts";
import { type Best, checkpointFrom, checkpointOf } from "./checkpoint.ts";
import { averageFacts, multiTaskFacts, seenFacts } from "./facts.ts";
import {
  asFound,
  checkFinite,
  evaluate,
  type Evaluated,
  finite,
  LogRows,
  protocolOf,
  type RunState,
  taskPredictions,
  taskScores,
  trainContext,
} from "./phase.ts";

/** Examples of each task whose gradients are compared. */
const ALIGNMENT_EXAMPLES = 16;

/** What the multi-task phase has found, beside the values of the parameters. */
interface Trained {
  readonly rows: LogRows["rows"];
  readonly metrics: Readonly<RunMetrics>;
  /** The step at which training diverged; null when it did not. */
  readonly diverged_at_step: number | null;
}

/**
 * Trains all training tasks together, or takes what another run of the same settings has trained. At
 * regular steps it computes the validation loss and, if asked for, the agreement of the tasks'
 * gradients; the model ends with the values of the step with the lowest validation loss. A phase that
 * was dead to its end leaves the metric `stalled_at_step`.
 *
 * @returns the key of the stage, on which later stages depend
 * @throws {DivergedError} when a loss is not finite
 */
export async function trainTogether<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  run: RunState<E, Batch, M>,
  model: PeftModel<M>,
): Promise<string> {
  const { config, keeper } = run;
  return await trainPhase(run, model, {
    name: "multitask",
    prefix: "",
    facts: multiTaskFacts(config, keeper.basis),
    order: "shuffle",
    steps: config.steps,
    learningRate: config.learning_rate,
  });
}

/**
 * Trains the averaged adapter on all training tasks, with rows `average` and `average_validation` in the
 * log. It has a schedule of its own, and ends as {@linkcode trainTogether} does. Where routing is annealed,
 * it is the trained adapter itself that goes on, without validation on the way: only at the last step is its
 * routing all but the average, which is to be taken of it then.
 *
 * @param model the averaged adapter or, where routing is annealed, that of the multi-task phase
 * @param multitask the key of the multi-task phase's stage
 * @returns the key of the stage, on which later stages depend
 * @throws {DivergedError} when a loss is not finite
 */
export async function trainAverage<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  run: RunState<E, Batch, M>,
  model: PeftModel<M>,
  multitask: string,
): Promise<string> {
  const { config } = run;
  return await trainPhase(run, model, {
    name: "average",
    prefix: "average_",
    facts: averageFacts(config, multitask),
    order: "shuffle/average",
    steps: config.average_steps,
    learningRate: config.average_learning_rate ?? config.learning_rate,
  });
}

/** A phase in which all training tasks are trained together. */
interface Phase {
  /** Name of its rows in the log, and before those of its random numbers. */
  readonly name: "multitask" | "average";
  /** What stands before the names of its metrics, and of its rows of validation. */
  readonly prefix: "" | "average_";
  readonly facts: StageFacts;
  /** Name of the random stream that draws its batches. */
  readonly order: string;
  readonly steps: number;
  readonly learningRate: number;
}

async function trainPhase<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  run: RunState<E, Batch, M>,
  model: PeftModel<M>,
  phase: Phase,
): Promise<string> {
  const { facts } = phase;
  const seat = isAnnealed(run.config, phase) ? null : run.seat;
  run.seat?.linger();
  const { found, tensors, isMade } = await run.keeper.obtain(facts, async () => {
    seat?.come();
    return await training(run, model, phase, seat);
  }).finally(() => run.seat?.leave());
  const { rows, metrics, diverged_at_step } = found as unknown as Trained;
  if (!isMade) {
    for (const row of rows) run.log.append(row);
    await run.pass(phase.steps);
  }
  await run.keeper.removeCheckpoint(facts);
  Object.assign(run.metrics, metrics);
  if (diverged_at_step !== null) throw new DivergedError(diverged_at_step, "the loss", NaN);
  if (!isMade) restoreSnapshot(model.trainableParameters(), tensors);
  return stageKey(facts);
}

/** Whether routing goes over to the average in the course of a phase. */
function isAnnealed({ average_by }: RunConfig, { name }: Phase): boolean {
  return name === "average" && average_by === "anneal";
}

/** Trains, from the beginning or from where an earlier process was stopped. */
async function training<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  run: RunState<E, Batch, M>,
  model: PeftModel<M>,
  phase: Phase,
  seat: Seat | null,
): Promise<StageContent> {
  const { name, prefix, facts, order, steps, learningRate } = phase;
  const { config, problem, keeper } = run;
  const tasks = problem.suite.training;
  const parameters = model.trainableParameters();
  const log = new LogRows(run.log);
  const metrics: RunMetrics = {};
  let best = null as Best | null;
  const left = await keeper.checkpoint(facts);
  const from = left === null ? null : checkpointFrom(left);
  if (from !== null) {
    restoreSnapshot(parameters, from.parameters);
    for (const row of from.rows) log.append(row);
    Object.assign(metrics, from.metrics);
    best = from.best;
    await run.pass(from.state.step);
    keeper.resumed(from.state.step);
  }
  const anneals = isAnnealed(config, phase);
  const watch = async (step: number) => {
    let loss: number | null = null;
    if (config.n_validation > 0 && !anneals) {
      loss = await validationLoss(run, model, step);
      log.append({ phase: `${prefix}validation`, step, loss });
      if (best === null || loss < best.loss) {
        best = { loss, step, snapshot: await takeSnapshot(parameters) };
      }
    }
    if (name === "multitask" && config.monitor_gradient_alignment && tasks.length > 1) {
      const agreement = await agreementNow(run, model, step);
      log.append({
        phase: "alignment",
        step,
        ...agreement,
        weight_gradient_validation_loss: loss,
      });
      Object.assign(metrics, declared({ ...agreementOfRun(config, log.rows) }));
    }
  };
  const settings: TrainSettings = {
    ...protocolOf(config),
    steps,
    batchSize: config.batch_size,
    accumulation: config.accumulation,
    learningRate,
    routerLearningRate: config.router_learning_rate,
  };
  const streams = { order, phase: name };
  const { accumulation } = config;
  const trainable = withIbpPrior(
    anneals
      ? annealed(problem.trainable(model), steps, accumulation, from?.state.step ?? 0)
      : problem.trainable(model),
    model.adapters.get("default")!,
    name === "multitask" && config.method === "poly" ? config.ibp_weight : 0,
  );
  const isDue = (step: number) =>
    step === steps || (config.evaluate_every > 0 && step % config.evaluate_every === 0);
  const trained = trainContext(run, tasks, streams, settings, from ?? undefined);
  const looks = (step: number) => isDue(step) || trained.looks(step);
  const context = { ...trained, looks };
  const work = seat?.work(model, problem) ?? alone(trainable);
  const done = (diverged_at_step: number | null, tensors: Snapshot) => ({
    found: { rows: log.rows, metrics, diverged_at_step },
    tensors,
  });
  try {
    for await (const at of trainBy(trainable, settings, context, work)) {
      const { step, loss, gradientNorm } = at;
      log.append({ phase: name, step, loss, gradient_norm: gradientNorm });
      await run.advance(loss);
      if (!looks(step)) continue;
      if (isDue(step)) await watch(step);
      await keeper.saveCheckpoint(
        facts,
        () =>
          checkpointOf(at, {
            parameters,
            best,
            rows: log.rows,
            metrics,
            noise: context.positions(),
          }),
      );
      keeper.stopIfAsked();
    }
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error;
    return done(error.step, new Map());
  }
  const stalled = name === "multitask" ? stalledAt(config, courseOf(log.rows)) : null;
  if (stalled !== null) metrics.stalled_at_step = stalled;
  if (best !== null) {
    restoreSnapshot(parameters, best.snapshot);
    metrics[`${prefix}best_step`] = best.step;
    metrics[`${prefix}validation_loss`] = best.loss;
  }
  return done(null, await takeSnapshot(parameters));
}

/** The course of training, from the rows of its log. */
function courseOf(rows: LogRows["rows"]): TrainingCourse {
  const column = (phase: string, key: string) =>
    rows.filter((row) => row.phase === phase).map((row) => row[key] as number);
  return {
    losses: column("multitask", "loss"),
    gradientNorms: column("multitask", "gradient_norm"),
    validationLosses: column("validation", "loss"),
  };
}

/** Scores the trained model on the test examples of the tasks it was trained on. */
export async function scoreSeen<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  run: RunState<E, Batch, M>,
  model: PeftModel<M>,
  multitask: string,
): Promise<void> {
  const { config, problem, metrics, tasks } = run;
  const seen = problem.suite.training.map(
    ({ name, test }, taskId): EvaluationTask<E> => ({ name, taskId, examples: test }),
  );
  const { found } = await run.keeper.obtain(
    seenFacts(config, multitask),
    async () => asFound({ seen: await evaluate(problem, model, seen) }),
  );
  const evaluated = found.seen as unknown as readonly Evaluated[];
  checkFinite(evaluated, config.steps);
  tasks.push(...taskScores(evaluated, "seen", 0));
  run.predictions.push(...taskPredictions(evaluated, "seen", 0));
  Object.assign(metrics, meanScores("seen", evaluated.map(({ scores }) => scores)));
}

/** The mean over tasks of the loss on validation examples. */
async function validationLoss<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  { problem }: RunState<E, Batch, M>,
  model: PeftModel<M>,
  step: number,
): Promise<number> {
  const losses: number[] = [];
  for (const [taskId, { name, validation }] of problem.suite.training.entries()) {
    if (validation.length === 0) continue;
    losses.push(await problem.loss(model, { name, taskId, examples: validation }));
  }
  return finite(mean(losses), step, "the validation loss");
}

/** How the gradients of the tasks agree. */
async function agreementNow<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  { problem }: RunState<E, Batch, M>,
  model: PeftModel<M>,
  step: number,
) {
  const { parameters } = problem.base;
  const names = model.targetedModuleNames.map((name) => parameters.storage(`${name}.weight`));
  const agreement = await gradientAlignment(
    problem.trainable(model),
    new Map(names.map((name) => [name, parameters.get(name)])),
    problem.suite.training,
    problem.encode,
    ALIGNMENT_EXAMPLES,
  );
  finite(agreement.weight_gradient_reliability ?? 0, step, "the reliability of gradients");
  return agreement;
}

/** The agreement that is a metric of the run: that at the loss asked for, or else the latest. */
function agreementOfRun(
  { alignment_validation_loss: loss }: RunConfig,
  rows: LogRows["rows"],
): AgreementAt {
  const course = rows.flatMap(({ phase, step: _, ...agreement }) =>
    phase === "alignment" ? [agreement as unknown as AgreementAt] : []
  );
  return loss === null ? course.at(-1)! : agreementAtLoss(course, loss);
}
