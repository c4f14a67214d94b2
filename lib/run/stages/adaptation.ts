/** The few-shot phase of a run: a model of its own is adapted to every held-out task, and scored. */
import type { AnyBaseModel, PeftModel } from "../../peft/peft_model.ts";
import type { StageContent } from "../../stages/stage.ts";
import type { Task } from "../../tasks/task.ts";
import type { EvaluationTask } from "../../train/evaluate.ts";
import { DivergedError, train, type TrainSettings } from "../../train/train.ts";
import { randomStream } from "../../util/random.ts";
import { adaptationModel } from "../method.ts";
import { meanScores } from "../score.ts";
import { adaptationFacts, baseFacts } from "./facts.ts";
import {
  asFound,
  checkFinite,
  evaluate,
  type Evaluated,
  LogRows,
  protocolOf,
  type RunState,
  taskPredictions,
  taskScores,
  trainContext,
} from "./phase.ts";

/** What has been found in adapting to one task from one draw. */
interface Adapted {
  readonly rows: LogRows["rows"];
  readonly parameters_adaptation: number;
  /** Before the first step, and after the last. */
  readonly start: readonly Evaluated[];
  readonly adapted: readonly Evaluated[];
  /** The step at which training diverged; null when it did not. */
  readonly diverged_at_step: number | null;
}

/**
 * Adapts to every held-out task, anew from every draw of its few examples. The base model is scored
 * before, and every adapted model before its first step and after its last. What was done before, by
 * this run or another of the same settings, is taken from there.
 *
 * @param trained the model that the multi-task phase has trained
 * @param multitask the key of that phase's stage
 * @throws {DivergedError} when a loss is not finite
 */
export async function adaptToAll<E, Batch extends object, M extends AnyBaseModel>(
  run: RunState<E, Batch, M>,
  trained: PeftModel<M>,
  multitask: string,
): Promise<void> {
  const { config, problem, metrics, keeper } = run;
  const { heldOut } = problem.suite;
  const { found } = await keeper.obtain(
    baseFacts(config, keeper.basis),
    () =>
      trained.disableAdapter(async () =>
        asFound({ base: await evaluate(problem, trained, heldOut.map(asOnlyTask)) })
      ),
  );
  const untouched = found.base as unknown as readonly Evaluated[];
  run.predictions.push(...taskPredictions(untouched, "base", 0));
  Object.assign(metrics, meanScores("base_heldout", scoresOf(untouched)));
  if (config.adaptation === "none") return;
  const started: Evaluated[] = [];
  const adapted: Evaluated[] = [];
  for (const [t, task] of heldOut.entries()) {
    for (let split = 0; split < config.shot_splits; split++) {
      const found = await adaptTo(run, trained, multitask, t, split);
      metrics.parameters_adaptation = found.parameters_adaptation;
      run.predictions.push(...taskPredictions(found.start, "start", split));
      started.push(...found.start);
      if (found.diverged_at_step !== null) {
        throw new DivergedError(found.diverged_at_step, `the loss of task "${task.name}"`, NaN);
      }
      checkFinite(found.adapted, config.adaptation_steps);
      run.tasks.push(...taskScores(found.adapted, "heldout", split));
      run.predictions.push(...taskPredictions(found.adapted, "heldout", split));
      adapted.push(...found.adapted);
    }
  }
  Object.assign(metrics, meanScores("start_heldout", scoresOf(started)));
  Object.assign(metrics, meanScores("heldout", scoresOf(adapted)));
}

/** Adapts to held-out task `t` from one draw, or takes what was found before. */
async function adaptTo<E, Batch extends object, M extends AnyBaseModel>(
  run: RunState<E, Batch, M>,
  trained: PeftModel<M>,
  multitask: string,
  t: number,
  split: number,
): Promise<Adapted> {
  const { config, problem, keeper } = run;
  const { name } = problem.suite.heldOut[t]!;
  const facts = adaptationFacts(config, multitask, { name, index: t }, split);
  const { found, isMade } = await keeper.obtain(facts, async () => {
    const model = startingModel(run, trained, t, split);
    try {
      return await adapting(run, model, problem.suite.heldOut[t]!, split);
    } finally {
      model.dispose();
    }
  });
  const adapted = found as unknown as Adapted;
  if (!isMade) {
    for (const row of adapted.rows) await run.log.append(row);
    await run.pass(config.adaptation_steps);
  }
  return adapted;
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

/** Trains a model on the few examples of one draw, and scores it. */
async function adapting<E, Batch extends object, M extends AnyBaseModel>(
  run: RunState<E, Batch, M>,
  model: PeftModel<M>,
  task: Task<E>,
  split: number,
): Promise<StageContent> {
  const { config, problem, keeper } = run;
  const log = new LogRows(run.log);
  const found = {
    rows: log.rows,
    parameters_adaptation: model.getNbTrainableParameters()[0],
    start: await evaluate(problem, model, [asOnlyTask(task)]),
    adapted: [] as readonly Evaluated[],
    diverged_at_step: null as number | null,
  };
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
  const streams = { order: `shuffle/${name}`, phase: name };
  const context = trainContext(run, [{ train: shots }], streams, settings);
  try {
    for await (const { step, loss } of train(problem.trainable(model), settings, context)) {
      await log.append({ phase: "adaptation", task: task.name, split, step, loss });
      await run.advance(loss);
      keeper.stopIfAsked();
    }
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error;
    return asFound({ ...found, diverged_at_step: error.step });
  }
  return asFound({ ...found, adapted: await evaluate(problem, model, [asOnlyTask(task)]) });
}

/** The test examples of a task that has a model of its own. */
function asOnlyTask<E>({ name, test }: Task<E>): EvaluationTask<E> {
  return { name, taskId: 0, examples: test };
}

function scoresOf(evaluated: readonly Evaluated[]) {
  return evaluated.map(({ scores }) => scores);
}
