/**
 * What the phases of a run share: its state, the settings of training that both take, and how tasks are
 * scored.
 */
import { type Noise, seededNoise } from "../ops/noise.ts";
import type { AnyBaseModel, PeftModel } from "../peft/peft_model.ts";
import type { Task } from "../tasks/task.ts";
import type { EvaluationTask } from "../train/evaluate.ts";
import { taskSampler } from "../train/sampler.ts";
import { DivergedError, type TrainContext, type TrainSettings } from "../train/train.ts";
import { randomStream } from "../util/random.ts";
import type { RunConfig } from "./config.ts";
import type { MetricsLog } from "./metrics_log.ts";
import type { Problem } from "./problem.ts";
import type { TaskScore } from "./result.ts";
import type { Evaluation, Scores } from "./evaluation.ts";
import type { PredictionPhase, TaskPredictions } from "./predictions/file.ts";

/** Called with the progress of a run: the share that is done, in [0, 1], and the loss of a step. */
export type Progress = (done: number, loss: number) => void;

/** One run at work: what its phases read, and what they have found. */
export interface RunState<E, Batch extends object, M extends AnyBaseModel> {
  readonly config: RunConfig;
  readonly problem: Problem<E, Batch, M>;
  readonly log: MetricsLog;
  /** Noise of the run's seed; each phase has streams of its own. */
  readonly noise: Noise;
  /** Metrics of the run as a whole. Those that are here when a phase diverges are kept. */
  readonly metrics: Record<string, number | null>;
  /** Scores of single tasks, kept likewise. */
  readonly tasks: TaskScore[];
  /** What its models answered, kept likewise. */
  readonly predictions: TaskPredictions[];
  /** Reports a step of training, and lets the process attend to what is waiting. */
  advance(loss: number): Promise<void>;
}

/** The state of a run that begins. */
export function startRun<E, Batch extends object, M extends AnyBaseModel>(
  config: RunConfig,
  problem: Problem<E, Batch, M>,
  log: MetricsLog,
  report: Progress,
): RunState<E, Batch, M> {
  const adaptations = config.adaptation === "none"
    ? 0
    : problem.suite.heldOut.length * config.shot_splits;
  const steps = config.steps + adaptations * config.adaptation_steps;
  let done = 0;
  return {
    config,
    problem,
    log,
    noise: seededNoise(config.seed),
    metrics: {},
    tasks: [],
    predictions: [],
    async advance(loss) {
      report(++done / Math.max(1, steps), loss);
      await new Promise((resolve) => setTimeout(resolve, 0));
    },
  };
}

/** The settings of training that are the same in both phases. */
export function protocolOf(
  config: RunConfig,
): Pick<
  TrainSettings,
  "optimizer" | "weightDecay" | "warmup" | "schedule" | "clip" | "labelSmoothing"
> {
  return {
    optimizer: config.optimizer,
    weightDecay: config.weight_decay,
    warmup: config.warmup,
    schedule: config.schedule,
    clip: config.clip,
    labelSmoothing: config.label_smoothing,
  };
}

/**
 * Batches of tasks in an order of their own, with noise of their own.
 *
 * @param order name of the random stream that draws the batches
 * @param phase name before those of the noise's streams
 */
export function trainContext<E, Batch extends object, M extends AnyBaseModel>(
  { config, problem, noise }: RunState<E, Batch, M>,
  tasks: readonly Pick<Task<E>, "train">[],
  order: string,
  phase: string,
): TrainContext<Batch> {
  const sampler = taskSampler(tasks, randomStream(config.seed, order));
  return {
    nextBatch: (count) => problem.encode(sampler.next(count)),
    noise: { uniform: (name, shape) => noise.uniform(`${phase}/${name}`, shape) },
  };
}

/** A task with how good a model is at it. */
export interface Scored<E> extends Evaluation {
  readonly task: EvaluationTask<E>;
}

/**
 * Scores a model on the tasks that have test examples.
 *
 * @param step the step of training that the model has reached; above 0, a loss that is not finite is a
 * divergence
 * @throws {DivergedError} naming the task
 */
export async function scoreModel<E, Batch extends object, M extends AnyBaseModel>(
  problem: Problem<E, Batch, M>,
  model: PeftModel<M>,
  tasks: readonly EvaluationTask<E>[],
  step: number,
): Promise<Scored<E>[]> {
  const withTests = tasks.filter(({ examples }) => examples.length > 0);
  const evaluations = await problem.evaluate(model, withTests);
  return withTests.map((task, i) => {
    const evaluation = evaluations[i]!;
    if (step > 0) finite(evaluation.scores.loss, step, `the test loss of task "${task.name}"`);
    return { task, ...evaluation };
  });
}

/** The scores of tasks as rows of a result. */
export function taskScores<E>(
  scored: readonly Scored<E>[],
  phase: TaskScore["phase"],
  split: number,
): TaskScore[] {
  return scored.map(({ task, scores }) => ({
    task: task.name,
    phase,
    split,
    metrics: { ...scores },
  }));
}

/** The answers behind scores, as a run keeps them. */
export function taskPredictions<E>(
  scored: readonly Scored<E>[],
  phase: PredictionPhase,
  split: number,
): TaskPredictions[] {
  return scored.map(({ task, predictions }) => ({ phase, task: task.name, split, predictions }));
}

/** The scores alone. */
export function scoresOf<E>(scored: readonly Scored<E>[]): Scores[] {
  return scored.map(({ scores }) => scores);
}

/**
 * A number that must be finite in a run that goes well.
 *
 * @param what the number, for the message
 * @throws {DivergedError} when it is NaN or infinite
 */
export function finite(value: number, step: number, what: string): number {
  if (!Number.isFinite(value)) throw new DivergedError(step, what, value);
  return value;
}
