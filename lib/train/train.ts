/**
 * The training loop of every method, as an iterator of steps: the caller decides when to evaluate
 * and when to stop.
 */
import type { Noise } from "../ops/noise.ts";
import * as tf from "../tf.ts";
import { Adafactor } from "./adafactor.ts";
import { AdamW } from "./adamw.ts";
import { type Validation, withBest } from "./best_checkpoint.ts";
import { clipGradients } from "./clip_gradients.ts";
import { disposeGradients, type LossAndGradients, lossAndGradients } from "./gradients.ts";
import type { Trainable, TrainingInputs } from "./multi_task_model.ts";
import { readTogether } from "./read_together.ts";
import type { Optimizer, OptimizerState, ParameterGroup } from "./optimizer.ts";
import { learningRateFactor, type ScheduleOptions } from "./schedule.ts";

/** Settings of training; those left out have the values of {@linkcode TRAIN_DEFAULTS}. */
export interface TrainSettings {
  /** Number of steps. */
  readonly steps: number;
  /** Number of examples in a batch; positive. */
  readonly batchSize?: number;
  /** Number of batches whose mean gradient makes one step; positive. */
  readonly accumulation?: number;
  /** Optimiser that updates the parameters. */
  readonly optimizer?: "adamw" | "adafactor";
  /** Learning rate of everything but the router. */
  readonly learningRate?: number;
  /** Learning rate of the router, which the papers set apart from that of the skills. */
  readonly routerLearningRate?: number;
  /** Weight decay of everything but the router, which has none. */
  readonly weightDecay?: number;
  /** Share of the steps in which the learning rates rise linearly from near 0; in [0, 1]. */
  readonly warmup?: number;
  /**
   * Course of the learning rates after the warm-up: linearly to 0, constant, or along half a cosine
   * to 0.
   */
  readonly schedule?: ScheduleOptions["schedule"];
  /** Largest norm of the gradient; 0 for none. */
  readonly clip?: number;
  /** Share of each target that is spread over all classes; in [0, 1]. */
  readonly labelSmoothing?: number;
}

/** Default settings of multi-task training, the same as those of a run. */
export const TRAIN_DEFAULTS: Readonly<Required<Omit<TrainSettings, "steps">>> = {
  batchSize: 32,
  accumulation: 1,
  optimizer: "adamw",
  learningRate: 1e-2,
  routerLearningRate: 0.1,
  weightDecay: 0,
  warmup: 0.06,
  schedule: "linear",
  clip: 1,
  labelSmoothing: 0,
};

/** Sources of batches and random numbers for training. */
export interface TrainContext<Batch> {
  /** Returns a batch of the next `count` examples, in the form that the model takes. */
  nextBatch(count: number): Batch;
  /** Source of the random numbers of routing and dropout. */
  readonly noise: Noise;
  /**
   * Where earlier training was left, to go on from there; absent to begin. The caller restores the
   * parameters, and brings batches and noise to the same place.
   */
  readonly from?: TrainState | undefined;
  /**
   * How training is watched on other data: then it ends with the values of its best step, and early where
   * nothing gets better. Absent, it ends with the values of its last step.
   */
  readonly validation?: Validation | undefined;
  /** Called with every step when it is done, to show progress. */
  readonly onStep?: ((step: TrainStep) => void) | undefined;
  /**
   * Whether the caller looks at the model or the state after a step, counted from 1; after every step when
   * absent. The losses of steps at which nobody looks are read with those of the next at which somebody does,
   * so that a device is not waited for; they come late, with the same numbers.
   */
  readonly looks?: (step: number) => boolean;
}

/** The work of a training step that several trainings can do together. */
export interface StepWork<Batch> {
  /** The loss of a batch and its gradients by the trained parameters; the caller disposes both. */
  gradients(inputs: Batch & TrainingInputs): Promise<LossAndGradients>;
  /** The values of scalars and vectors, as {@linkcode readTogether} gives them. */
  read(tensors: readonly tf.Tensor[]): Promise<number[]>;
}

/** Where training is after a step, beside the values of the parameters. */
export interface TrainState {
  /** Number of steps that have been taken. */
  readonly step: number;
  /** What the optimiser remembers. */
  readonly optimizer: OptimizerState;
}

/** Result of one training step. */
export interface TrainStep {
  /** Number of the step, from 1. */
  readonly step: number;
  /** Mean loss over the step's batches. */
  readonly loss: number;
  /** Norm of the gradient before clipping. */
  readonly gradientNorm: number;
  /** Loss on validation data, at the steps at which it is asked for. */
  readonly validationLoss?: number;
  /** Reads where training is, to go on from there later; to be called before the next step. */
  state(): Promise<TrainState>;
}

/**
 * Thrown when a loss or gradient is not finite. That is a result of the settings, not a fault of
 * the program.
 */
export class DivergedError extends Error {
  /** The name of the class. */
  override readonly name = "DivergedError";
  /** Makes an error about `what`, whose value is not finite. */
  constructor(
    /** Number of the step that failed, from 1. */
    readonly step: number,
    what: string,
    value: number,
  ) {
    super(`Training diverged at step ${step}: ${what} is ${value}`);
  }
}

/**
 * Trains a model: an iterator of steps, each computed when it is asked for. So the caller decides
 * when to evaluate or to stop, and a loop over all steps trains the model.
 *
 * @param model the model to train, such as a `PeftModel`
 * @param given the number of `steps`, and settings that differ from {@linkcode TRAIN_DEFAULTS}
 * @param context sources of batches and random numbers
 * @throws {DivergedError} when a step's loss or gradient is not finite; the parameters keep their
 * values from before that step, unless it is one at which the caller does not look
 *
 * @example Two tasks with opposite answers to the same question
 * ```ts
 * import assert from "node:assert/strict";
 * import { T5ForConditionalGeneration } from "../models/t5/model.ts";
 * import { seededNoise } from "../ops/noise.ts";
 * import { getPeftModel } from "../peft/peft_model.ts";
 * import { PolyConfig } from "../poly/config.ts";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const config = { vocab_size: 11, d_model: 8, d_kv: 4, d_ff: 6, num_heads: 2, num_layers: 1 };
 * const base = T5ForConditionalGeneration.fromConfig({ ...config, dropout_rate: 0 }, { seed: 0 });
 * const poly = new PolyConfig({ target_modules: "all-linear", n_tasks: 2, n_skills: 2, r: 2 });
 * const model = getPeftModel(base, poly);
 * const batch = { inputIds: [[3, 1], [3, 1]], labels: [[4, 1], [5, 1]], taskIds: [0, 1] };
 * const losses: number[] = [];
 * const context = { nextBatch: () => batch, noise: seededNoise(0) };
 * for await (const { loss } of train(model, { steps: 25 }, context)) losses.push(loss);
 * assert.ok(losses.at(-1)! < losses[0]!);
 * ```
 */
// TypeScript infers the type of a batch from `nextBatch` alone, then checks that the model accepts
// it; until then `never` stands for the type, which every model accepts.
export async function* train<Batch extends object = never>(
  model: Trainable<NoInfer<Batch>>,
  given: TrainSettings,
  context: TrainContext<Batch>,
): AsyncGenerator<TrainStep> {
  const { validation, onStep } = context;
  // What is watched is looked at after every step.
  const watched = validation === undefined ? context : { ...context, looks: () => true };
  const steps = trainBy(model, given, watched, alone(model));
  const all = validation === undefined
    ? steps
    : withBest(steps, model.trainableParameters(), validation, given.steps);
  for await (const step of all) {
    onStep?.(step);
    yield step;
  }
}

/** What {@linkcode train} does, where the work of a step is shared with other trainings. */
export async function* trainBy<Batch extends object>(
  model: Trainable<Batch>,
  given: TrainSettings,
  context: TrainContext<Batch>,
  work: StepWork<Batch>,
): AsyncGenerator<TrainStep> {
  const settings = { ...TRAIN_DEFAULTS, ...given };
  const parameters = model.trainableParameters();
  const optimizer = makeOptimizer(parameters, model.trainableParameters("router"), settings);
  const { looks = () => true } = context;
  const state = (step: number) => async () => ({ step, optimizer: await optimizer.state() });
  let unread: UnreadStep[] = [];
  try {
    if (context.from !== undefined) optimizer.restore(context.from.optimizer);
    for (let step = (context.from?.step ?? 0) + 1; step <= settings.steps; step++) {
      const { losses, gradients } = await accumulate(work, settings, context);
      try {
        const { gradients: clipped, norm } = clipGradients(gradients, settings.clip);
        unread.push({ step, losses, norm });
        try {
          if (!looks(step) && step < settings.steps) {
            optimizer.step(clipped, learningRateFactor(step - 1, settings));
            continue;
          }
          const earlier = await readSteps(unread, work);
          unread = disposeSteps(unread);
          const last = earlier.pop()!;
          for (const before of earlier) yield { ...finiteStep(before), state: state(before.step) };
          finiteStep(last);
          optimizer.step(clipped, learningRateFactor(step - 1, settings));
          yield { ...last, state: state(step) };
        } finally {
          tf.dispose([...clipped.values()]);
        }
      } finally {
        tf.dispose([...gradients.values()]);
      }
    }
  } finally {
    disposeSteps(unread);
    optimizer.dispose();
  }
}

/** A step whose numbers are still on the device: the losses of its batches, and the gradient's norm. */
interface UnreadStep {
  readonly step: number;
  readonly losses: readonly tf.Scalar[];
  readonly norm: tf.Scalar;
}

/** The numbers of some steps, read from the device at once. */
async function readSteps(
  steps: readonly UnreadStep[],
  { read }: Pick<StepWork<object>, "read">,
): Promise<Omit<TrainStep, "state">[]> {
  const values = await read(steps.flatMap(({ losses, norm }) => [...losses, norm]));
  let at = 0;
  return steps.map(({ step, losses }) => {
    const loss = values.slice(at, at += losses.length).reduce((sum, value) => sum + value, 0) /
      losses.length;
    return { step, loss, gradientNorm: values[at++]! };
  });
}

/** Frees the numbers of steps; returns none. */
function disposeSteps(steps: readonly UnreadStep[]): UnreadStep[] {
  tf.dispose(steps.flatMap(({ losses, norm }) => [...losses, norm]));
  return [];
}

/** A step whose numbers must be finite. */
function finiteStep<Step extends Omit<TrainStep, "state">>(step: Step): Step {
  const { loss, gradientNorm } = step;
  if (!Number.isFinite(loss)) throw new DivergedError(step.step, "the loss", loss);
  if (!Number.isFinite(gradientNorm)) {
    throw new DivergedError(step.step, "the gradient's norm", gradientNorm);
  }
  return step;
}

/** The work of a training that shares it with no other. */
export function alone<Batch extends object>(model: Trainable<Batch>): StepWork<Batch> {
  const parameters = model.trainableParameters();
  return {
    gradients: (inputs) =>
      Promise.resolve(lossAndGradients(() => model.forward(inputs).loss, parameters)),
    read: readTogether,
  };
}

/** Computes the losses of the batches of one step, and their mean gradients. */
async function accumulate<Batch extends object>(
  { gradients }: Pick<StepWork<Batch>, "gradients">,
  { batchSize, accumulation, labelSmoothing }: Required<TrainSettings>,
  { nextBatch, noise }: TrainContext<Batch>,
): Promise<{ losses: tf.Scalar[]; gradients: Map<string, tf.Tensor> }> {
  const sums = new Map<string, tf.Tensor>();
  const losses: tf.Scalar[] = [];
  for (let i = 0; i < accumulation; i++) {
    const batch = nextBatch(batchSize);
    const result = await gradients({ ...batch, training: true, noise, labelSmoothing });
    losses.push(tf.clone(result.loss));
    for (const [name, gradient] of result.gradients) {
      const sum = sums.get(name);
      const share = tf.tidy(() => {
        const part = accumulation === 1 ? tf.clone(gradient) : tf.div(gradient, accumulation);
        return sum === undefined ? part : tf.add(sum, part);
      });
      sum?.dispose();
      sums.set(name, share);
    }
    disposeGradients(result);
  }
  return { losses, gradients: sums };
}

/** The optimiser of the settings; the router has a learning rate of its own. */
export function makeOptimizer(
  parameters: ReadonlyMap<string, tf.Variable>,
  router: ReadonlyMap<string, tf.Variable>,
  { optimizer, learningRate, routerLearningRate, weightDecay }: Required<TrainSettings>,
): Optimizer {
  const others = new Map([...parameters].filter(([name]) => !router.has(name)));
  const groups: ParameterGroup[] = [
    { parameters: others, learningRate, weightDecay },
    { parameters: router, learningRate: routerLearningRate },
  ];
  return optimizer === "adamw" ? new AdamW(groups) : new Adafactor(groups);
}
