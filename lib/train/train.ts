import type { Noise } from "../ops/noise.ts";
import * as tf from "../tf.ts";
import { Adafactor } from "./adafactor.ts";
import { AdamW } from "./adamw.ts";
import { clipGradients } from "./clip_gradients.ts";
import { disposeGradients, lossAndGradients } from "./gradients.ts";
import type { Trainable } from "./multi_task_model.ts";
import type { Optimizer, ParameterGroup } from "./optimizer.ts";
import { learningRateFactor, type ScheduleOptions } from "./schedule.ts";

/** The training protocol as settings. */
export interface TrainSettings extends ScheduleOptions {
  /** Examples in a batch; positive. */
  readonly batchSize: number;
  /** Batches whose mean gradient makes one step; positive. */
  readonly accumulation: number;
  /** The rule by which gradients move parameters. */
  readonly optimizer: "adamw" | "adafactor";
  /** Of the skills. */
  readonly learningRate: number;
  /** Of the routing: the papers' second speed. */
  readonly routerLearningRate: number;
  /** Of the skills; the routing is spared. */
  readonly weightDecay: number;
  /** Largest norm of the gradient; 0 for none. */
  readonly clip: number;
  /** Share of each target that is spread over all classes; in [0, 1]. */
  readonly labelSmoothing: number;
}

/** What training needs beside its settings. */
export interface TrainContext<Batch> {
  /** The next `count` examples, ready for the model. */
  nextBatch(count: number): Batch;
  /** Where the routing takes its noise from. */
  readonly noise: Noise;
  /** Whether a parameter belongs to the routing, by its name. */
  readonly isRouting: (name: string) => boolean;
}

/** What one step did. */
export interface TrainStep {
  /** Counted from 1. */
  readonly step: number;
  /** Mean over the step's batches. */
  readonly loss: number;
  /** Norm of the gradient before clipping. */
  readonly gradientNorm: number;
}

/** Thrown when a loss or a gradient is no longer a number; a result, not a fault of the program. */
export class DivergedError extends Error {
  /** The name of the class. */
  override readonly name = "DivergedError";
  /** An error about `what`, whose value is not finite. */
  constructor(
    /** The step that could not be taken, from 1. */
    readonly step: number,
    what: string,
    value: number,
  ) {
    super(`Training diverged at step ${step}: ${what} is ${value}`);
  }
}

/**
 * Trains a model, one step for each value asked for; the caller decides when to evaluate or to stop.
 *
 * @throws {DivergedError} when a step's loss or gradient is not finite; the parameters are then as
 * before that step
 */
export async function* train<Batch extends object>(
  model: Trainable<Batch>,
  settings: TrainSettings,
  context: TrainContext<Batch>,
): AsyncGenerator<TrainStep> {
  const parameters = model.trainableParameters();
  const optimizer = makeOptimizer(parameters, settings, context.isRouting);
  try {
    for (let step = 0; step < settings.steps; step++) {
      const { loss, gradients } = await accumulate(model, parameters, settings, context);
      try {
        const { gradients: clipped, norm } = clipGradients(gradients, settings.clip);
        try {
          const gradientNorm = (await norm.data())[0]!;
          if (!Number.isFinite(loss)) throw new DivergedError(step + 1, "the loss", loss);
          if (!Number.isFinite(gradientNorm)) {
            throw new DivergedError(step + 1, "the gradient's norm", gradientNorm);
          }
          optimizer.step(clipped, learningRateFactor(step, settings));
          yield { step: step + 1, loss, gradientNorm };
        } finally {
          tf.dispose([norm, ...clipped.values()]);
        }
      } finally {
        tf.dispose([...gradients.values()]);
      }
    }
  } finally {
    optimizer.dispose();
  }
}

/** Mean loss and mean gradients of the batches of one step. */
async function accumulate<Batch extends object>(
  model: Trainable<Batch>,
  parameters: ReadonlyMap<string, tf.Variable>,
  { batchSize, accumulation, labelSmoothing }: TrainSettings,
  { nextBatch, noise }: TrainContext<Batch>,
): Promise<{ loss: number; gradients: Map<string, tf.Tensor> }> {
  const sums = new Map<string, tf.Tensor>();
  let total = 0;
  for (let i = 0; i < accumulation; i++) {
    const batch = nextBatch(batchSize);
    const result = lossAndGradients(
      () => model.forward({ ...batch, training: true, noise, labelSmoothing }).loss,
      parameters,
    );
    total += (await result.loss.data())[0]!;
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
  return { loss: total / accumulation, gradients: sums };
}

function makeOptimizer(
  parameters: ReadonlyMap<string, tf.Variable>,
  settings: TrainSettings,
  isRouting: (name: string) => boolean,
): Optimizer {
  const entries = [...parameters];
  const groups: ParameterGroup[] = [
    {
      parameters: new Map(entries.filter(([name]) => !isRouting(name))),
      learningRate: settings.learningRate,
      weightDecay: settings.weightDecay,
    },
    {
      parameters: new Map(entries.filter(([name]) => isRouting(name))),
      learningRate: settings.routerLearningRate,
    },
  ];
  return settings.optimizer === "adamw" ? new AdamW(groups) : new Adafactor(groups);
}
