/** The few-shot phase of a run: a model of its own is adapted to every held-out task, and scored. */
import type { AnyBaseModel, PeftModel } from "../peft/peft_model.ts";
import type { Task } from "../tasks/task.ts";
import type { EvaluationTask } from "../train/evaluate.ts";
import { train, type TrainSettings } from "../train/train.ts";
import { randomStream } from "../util/random.ts";
import { adaptationModel } from "./method.ts";
import {
  protocolOf,
  type RunState,
  type Scored,
  scoreModel,
  scoresOf,
  taskPredictions,
  taskScores,
  trainContext,
} from "./phase.ts";
import { meanScores } from "./score.ts";

/**
 * Adapts to every held-out task, anew from every draw of its few examples. The base model is scored
 * before, and every adapted model before its first step and after its last.
 *
 * @param trained the model that the multi-task phase has trained
 * @throws {DivergedError} when a loss is not finite
 */
export async function adaptToAll<E, Batch extends object, M extends AnyBaseModel>(
  run: RunState<E, Batch, M>,
  trained: PeftModel<M>,
): Promise<void> {
  const { config, problem, metrics } = run;
  const { heldOut } = problem.suite;
  const untouched = await trained.disableAdapter(() =>
    scoreModel(problem, trained, heldOut.map(asOnlyTask), 0)
  );
  run.predictions.push(...taskPredictions(untouched, "base", 0));
  Object.assign(metrics, meanScores("base_heldout", scoresOf(untouched)));
  if (config.adaptation === "none") return;
  const started: Scored<E>[] = [];
  const adapted: Scored<E>[] = [];
  for (const [t, task] of heldOut.entries()) {
    for (let split = 0; split < config.shot_splits; split++) {
      const model = startingModel(run, trained, t, split);
      try {
        metrics.parameters_adaptation = model.getNbTrainableParameters()[0];
        const before = await scoreModel(problem, model, [asOnlyTask(task)], 0);
        run.predictions.push(...taskPredictions(before, "start", split));
        started.push(...before);
        await adapt(run, model, task, split);
        const scored = await scoreModel(
          problem,
          model,
          [asOnlyTask(task)],
          config.adaptation_steps,
        );
        run.tasks.push(...taskScores(scored, "heldout", split));
        run.predictions.push(...taskPredictions(scored, "heldout", split));
        adapted.push(...scored);
      } finally {
        model.dispose();
      }
    }
  }
  Object.assign(metrics, meanScores("start_heldout", scoresOf(started)));
  Object.assign(metrics, meanScores("heldout", scoresOf(adapted)));
}

/** The model that adaptation to held-out task `t` starts from. */
function startingModel<E, Batch extends object, M extends AnyBaseModel>(
  { config, problem: { base, suite, truth } }: RunState<E, Batch, M>,
  trained: PeftModel<M>,
  t: number,
  split: number,
): PeftModel<M> {
  const T = suite.training.length;
  const rows = truth?.[0] ?? null;
  const stream = randomStream(config.seed, `adaptation/${suite.heldOut[t]!.name}/${split}`);
  return adaptationModel(
    base,
    config,
    trained.adapters.get("default")!,
    rows === null ? null : { training: rows.slice(0, T), heldOut: rows[T + t]! },
    stream.integer(2 ** 31),
  );
}

/** Trains a model on the few examples of one draw. */
async function adapt<E, Batch extends object, M extends AnyBaseModel>(
  run: RunState<E, Batch, M>,
  model: PeftModel<M>,
  task: Task<E>,
  split: number,
): Promise<void> {
  const { config, problem, log } = run;
  const name = `${task.name}/${split}`;
  const shots = randomStream(config.seed, `shots/${name}`).shuffle(task.train)
    .slice(0, config.shots);
  const settings: TrainSettings = {
    ...protocolOf(config),
    steps: config.adaptation_steps,
    batchSize: Math.min(config.adaptation_batch_size, shots.length),
    accumulation: 1,
    learningRate: config.adaptation_learning_rate,
    routerLearningRate: config.adaptation_router_learning_rate,
  };
  const context = trainContext(run, [{ train: shots }], `shuffle/${name}`, name);
  for await (const { step, loss } of train(problem.trainable(model), settings, context)) {
    await log.append({ phase: "adaptation", task: task.name, split, step, loss });
    await run.advance(loss);
  }
}

/** The test examples of a task that has a model of its own. */
function asOnlyTask<E>({ name, test }: Task<E>): EvaluationTask<E> {
  return { name, taskId: 0, examples: test };
}
