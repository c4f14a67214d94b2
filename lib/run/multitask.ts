/** The multi-task phase of a run: tasks are trained together, watched, and scored. */
import type { AnyBaseModel, PeftModel } from "../peft/peft_model.ts";
import type { EvaluationTask } from "../train/evaluate.ts";
import { gradientAlignment } from "../train/gradient_alignment.ts";
import { restoreSnapshot, type Snapshot, takeSnapshot } from "../train/snapshot.ts";
import { train, type TrainSettings } from "../train/train.ts";
import { mean } from "../util/vectors.ts";
import {
  finite,
  protocolOf,
  type RunState,
  scoreModel,
  scoresOf,
  taskScores,
  trainContext,
} from "./phase.ts";
import { meanScores } from "./score.ts";
import { stalledAt } from "./stalled.ts";

/** Examples of each task whose gradients are compared. */
const ALIGNMENT_EXAMPLES = 16;

/**
 * Trains all training tasks together. At regular steps it computes the validation loss and, if
 * asked for, the agreement of the tasks' gradients; the model ends with the values of the step with
 * the lowest validation loss. A phase that was dead to its end leaves the metric `stalled_at_step`.
 *
 * @throws {DivergedError} when a loss is not finite
 */
export async function trainTogether<E, Batch extends object, M extends AnyBaseModel>(
  run: RunState<E, Batch, M>,
  model: PeftModel<M>,
): Promise<void> {
  const { config, problem, log, metrics } = run;
  const { training } = problem.suite;
  const parameters = model.trainableParameters();
  const course = {
    losses: [] as number[],
    gradientNorms: [] as number[],
    validationLosses: [] as number[],
  };
  let best = null as { loss: number; step: number; snapshot: Snapshot } | null;
  const evaluate = async (step: number) => {
    if (config.n_validation > 0) {
      const loss = await validationLoss(run, model, step);
      await log.append({ phase: "validation", step, loss });
      course.validationLosses.push(loss);
      if (best === null || loss < best.loss) {
        best = { loss, step, snapshot: await takeSnapshot(parameters) };
      }
    }
    if (config.monitor_gradient_alignment && training.length > 1) {
      await monitorAlignment(run, model, step);
    }
  };
  const settings: TrainSettings = {
    ...protocolOf(config),
    steps: config.steps,
    batchSize: config.batch_size,
    accumulation: config.accumulation,
    learningRate: config.learning_rate,
    routerLearningRate: config.router_learning_rate,
  };
  const context = trainContext(run, training, "shuffle", "multitask");
  for await (
    const { step, loss, gradientNorm } of train(problem.trainable(model), settings, context)
  ) {
    await log.append({ phase: "multitask", step, loss, gradient_norm: gradientNorm });
    course.losses.push(loss);
    course.gradientNorms.push(gradientNorm);
    await run.advance(loss);
    const due = config.evaluate_every > 0 && step % config.evaluate_every === 0;
    if (due || step === config.steps) await evaluate(step);
  }
  const stalled = stalledAt(config, course);
  if (stalled !== null) metrics.stalled_at_step = stalled;
  if (best !== null) {
    restoreSnapshot(parameters, best.snapshot);
    metrics.best_step = best.step;
    metrics.validation_loss = best.loss;
  }
}

/** Scores the trained model on the test examples of the tasks it was trained on. */
export async function scoreSeen<E, Batch extends object, M extends AnyBaseModel>(
  { config, problem, metrics, tasks }: RunState<E, Batch, M>,
  model: PeftModel<M>,
): Promise<void> {
  const seen = problem.suite.training.map(
    ({ name, test }, taskId): EvaluationTask<E> => ({ name, taskId, examples: test }),
  );
  const scored = await scoreModel(problem, model, seen, config.steps);
  tasks.push(...taskScores(scored, "seen", 0));
  Object.assign(metrics, meanScores("seen", scoresOf(scored)));
}

/** The mean over tasks of the loss on validation examples. */
async function validationLoss<E, Batch extends object, M extends AnyBaseModel>(
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

/** Measures how the gradients of the tasks agree; the latest values are metrics of the run. */
async function monitorAlignment<E, Batch extends object, M extends AnyBaseModel>(
  { problem, log, metrics }: RunState<E, Batch, M>,
  model: PeftModel<M>,
  step: number,
): Promise<void> {
  const alignment = await gradientAlignment(
    problem.trainable(model),
    problem.suite.training,
    problem.encode,
    ALIGNMENT_EXAMPLES,
  );
  finite(alignment.gradient_coherence, step, "the coherence of gradients");
  await log.append({ phase: "alignment", step, ...alignment });
  Object.assign(metrics, alignment);
}
