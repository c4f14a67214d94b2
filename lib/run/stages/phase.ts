/**
 * What the stages of a run share: its state, the settings of training that both phases take, and how
 * tasks are scored.
 */
import { setImmediate } from "node:timers";
import type { RowsBatch } from "../../train/train_together.ts";
import { type NoisePositions, seededNoise } from "../../ops/noise.ts";
import type { AnyBaseModel, PeftModel } from "../../peft/peft_model.ts";
import type { StageContent } from "../../stages/stage.ts";
import type { Task } from "../../tasks/task.ts";
import * as tf from "../../tf.ts";
import type { EvaluationTask } from "../../train/evaluate.ts";
import { taskSampler } from "../../train/sampler.ts";
import {
  DivergedError,
  TRAIN_DEFAULTS,
  type TrainContext,
  type TrainSettings,
  type TrainState,
} from "../../train/train.ts";
import { randomStream } from "../../util/random.ts";
import type { Seat } from "../company/company.ts";
import type { RunConfig } from "../config.ts";
import type { Evaluation } from "../evaluation.ts";
import type { RunMetrics } from "../metrics/metric.ts";
import type { MetricsLog, MetricsRow } from "../metrics_log.ts";
import type { PredictionPhase, TaskPredictions } from "../predictions/file.ts";
import type { Problem } from "../problem.ts";
import type { TaskScore } from "../result.ts";
import type { Keeper } from "./keeper.ts";

/** Called with the progress of a run: the share that is done, in [0, 1], and the loss of a step. */
export type Progress = (done: number, loss: number) => void;

/** One run at work: what its stages read, and what they have found. */
export interface RunState<E, Batch extends RowsBatch, M extends AnyBaseModel> {
  readonly config: RunConfig;
  readonly problem: Problem<E, Batch, M>;
  readonly log: MetricsLog;
  /** Where stages are found and kept. */
  readonly keeper: Keeper;
  /** Its place among runs that are trained in the same batches; null for a run alone. */
  readonly seat: Seat | null;
  /** Metrics of the run as a whole. Those that are here when a phase diverges are kept. */
  readonly metrics: RunMetrics;
  /** Scores of single tasks, kept likewise. */
  readonly tasks: TaskScore[];
  /** Answers to test examples, kept likewise. */
  readonly predictions: TaskPredictions[];
  /** Reports a step of training, and lets the process attend to what is waiting. */
  advance(loss: number): Promise<void>;
  /** Reports steps that another run has done. */
  pass(steps: number): Promise<void>;
}

/** The state of a run that begins. */
export function startRun<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  config: RunConfig,
  problem: Problem<E, Batch, M>,
  log: MetricsLog,
  keeper: Keeper,
  report: Progress,
  seat: Seat | null = null,
): RunState<E, Batch, M> {
  const adaptations = config.adaptation === "none"
    ? 0
    : problem.suite.heldOut.length * config.shot_splits;
  const steps = config.steps + config.average_steps + adaptations * config.adaptation_steps;
  let [done, latest] = [0, NaN];
  const pass = async (count: number) => {
    report((done += count) / Math.max(1, steps), latest);
    // A timer of no length waits a millisecond or more, which is as long as a step of a small model.
    await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    config,
    problem,
    log,
    keeper,
    seat,
    metrics: {},
    tasks: [],
    predictions: [],
    pass,
    async advance(loss) {
      latest = loss;
      await pass(1);
    },
  };
}

/** Rows that go to a run's log, and stay in the stage that has made them. */
export class LogRows {
  readonly rows: MetricsRow[] = [];

  /** @param log the log of the run at work */
  constructor(readonly log: MetricsLog) {}

  append(row: MetricsRow): void {
    this.log.append(row);
    this.rows.push(row);
  }
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
 * How many steps' losses are read at once: a graphics card would have to be waited for at each, while other
 * devices compute before they return.
 */
export function readEvery(): number {
  return tf.getBackend() === "webgpu" ? 8 : 1;
}

/** Where earlier training was left. */
export interface LeftAt {
  readonly state: TrainState;
  readonly noise: NoisePositions;
}

/** What a phase is trained on, and where its noise is. */
interface RunContext<Batch> extends TrainContext<Batch> {
  looks(step: number): boolean;
  positions(): NoisePositions;
}

/**
 * Batches of tasks in an order of their own, with noise of their own.
 *
 * @param order name of the random stream that draws the batches
 * @param phase name before those of the noise's streams
 * @param settings of the training, whose batches are passed over up to where it was left
 * @param left where earlier training was left; absent to begin
 */
export function trainContext<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  { config, problem }: RunState<E, Batch, M>,
  tasks: readonly Pick<Task<E>, "train">[],
  names: { readonly order: string; readonly phase: string },
  settings: TrainSettings,
  left?: LeftAt,
): RunContext<Batch> {
  const sampler = taskSampler(tasks, randomStream(config.seed, names.order));
  const { batchSize, accumulation } = { ...TRAIN_DEFAULTS, ...settings };
  const batches = (left?.state.step ?? 0) * accumulation;
  for (let i = 0; i < batches; i++) sampler.next(batchSize);
  const noise = seededNoise(config.seed, left?.noise);
  return {
    nextBatch: (count) => problem.encode(sampler.next(count)),
    noise: {
      uniform: (name, shape) => noise.uniform(`${names.phase}/${name}`, shape),
      numbers: (name, count) => noise.numbers(`${names.phase}/${name}`, count),
    },
    from: left?.state,
    looks: (step) => step % readEvery() === 0,
    positions: () => noise.positions(),
  };
}

/** How good a model is at a task, by the task's name. */
export interface Evaluated extends Evaluation {
  readonly task: string;
}

/** Evaluates a model on the tasks that have test examples. */
export async function evaluate<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  problem: Problem<E, Batch, M>,
  model: PeftModel<M>,
  tasks: readonly EvaluationTask<E>[],
): Promise<Evaluated[]> {
  const withTests = tasks.filter(({ examples }) => examples.length > 0);
  const evaluations = await problem.evaluate(model, withTests);
  return withTests.map(({ name }, i) => ({ task: name, ...evaluations[i]! }));
}

/** Findings as the content of a stage without tensors. */
export function asFound(found: object): StageContent {
  return { found: found as StageContent["found"], tensors: new Map() };
}

/** The scores of tasks as rows of a result. */
export function taskScores(
  evaluated: readonly Evaluated[],
  phase: TaskScore["phase"],
  split: number,
): TaskScore[] {
  return evaluated.map(({ task, scores }) => ({ task, phase, split, metrics: { ...scores } }));
}

/** The answers of tasks, with where in the run they were given. */
export function taskPredictions(
  evaluated: readonly Evaluated[],
  phase: PredictionPhase,
  split: number,
): TaskPredictions[] {
  return evaluated.map(({ task, predictions }) => ({ task, phase, split, predictions }));
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

/** Throws when a model that has been trained has a test loss that is not finite. */
export function checkFinite(evaluated: readonly Evaluated[], step: number): void {
  if (step === 0) return; // a model that nobody has trained may be without sense from the start
  for (const { task, scores } of evaluated) {
    finite(scores.loss, step, `the test loss of task "${task}"`);
  }
}
