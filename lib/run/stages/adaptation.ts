/** The few-shot phase of a run: a model of its own is adapted to every held-out task, and scored. */
import { adaptTogether, type Owner } from "../../peft/adapt_together.ts";
import type { AnyBaseModel, PeftModel } from "../../peft/peft_model.ts";
import type { StageContent } from "../../stages/stage.ts";
import type { Task } from "../../tasks/task.ts";
import type { EvaluationTask } from "../../train/evaluate.ts";
import { DivergedError, type TrainSettings } from "../../train/train.ts";
import type { RowsBatch } from "../../train/train_together.ts";
import { randomStream } from "../../util/random.ts";
import type { RunConfig } from "../config.ts";
import { adaptationModel } from "../method.ts";
import type { RunMetrics } from "../metrics/metric.ts";
import type { MetricsRow } from "../metrics_log.ts";
import { meanScores } from "../score.ts";
import { adaptationFacts, baseFacts, zeroShotFacts } from "./facts.ts";
import {
  asFound,
  checkFinite,
  evaluate,
  type Evaluated,
  protocolOf,
  type RunState,
  taskPredictions,
  taskScores,
  trainContext,
} from "./phase.ts";

/** What has been found in adapting to one task from one draw. */
interface Adapted {
  readonly rows: readonly MetricsRow[];
  readonly parameters_adaptation: number;
  /** Before the first step, and after the last. */
  readonly start: readonly Evaluated[];
  readonly adapted: readonly Evaluated[];
  /** The step at which training diverged; null when it did not. */
  readonly diverged_at_step: number | null;
}

/** One held-out task, by its number, and one draw of its few examples, from 0. */
interface Draw {
  readonly t: number;
  readonly split: number;
}

/**
 * Draws that are looked at together: those whose batches have the same sizes are trained in one step, and
 * kept before others begin.
 */
const DRAWS_AT_ONCE = 16;

/** The most values of the models of such draws, which are all held at once. */
const MOST_VALUES = 2 ** 24;

/**
 * Adapts to every held-out task, anew from every draw of its few examples. The base model is scored
 * before, and every adapted model before its first step and after its last. What was done before, by
 * this run or another of the same settings, is taken from there.
 *
 * Where nothing is adapted, the averaged adapter, which belongs to no task, is scored as it is.
 *
 * @param trained the model that the multi-task phase, or averaging, has trained
 * @param stage the key of the stage that has done so
 * @throws {DivergedError} when a loss is not finite
 */
export async function adaptToAll<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  run: RunState<E, Batch, M>,
  trained: PeftModel<M>,
  stage: string,
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
  if (config.adaptation === "none") {
    if (config.average_steps > 0) await scoreZeroShot(run, trained, stage);
    return;
  }
  const draws = [...heldOut.keys()].flatMap((t) =>
    Array.from({ length: config.shot_splits }, (_, split): Draw => ({ t, split }))
  );
  Object.assign(metrics, trivialMetrics(run, draws));
  const started: Evaluated[] = [];
  const adapted: Evaluated[] = [];
  const [values] = trained.getNbTrainableParameters(); // a held-out task's model has no more
  const atOnce = Math.max(1, Math.min(DRAWS_AT_ONCE, Math.floor(MOST_VALUES / values)));
  for (let at = 0; at < draws.length; at += atOnce) {
    const some = draws.slice(at, at + atOnce);
    const found = await adaptToDraws(run, trained, stage, some);
    for (const [i, { t, split }] of some.entries()) {
      const { rows, parameters_adaptation, start, adapted: after, diverged_at_step } = found[i]!;
      for (const row of rows) run.log.append(row);
      metrics.parameters_adaptation = parameters_adaptation;
      run.predictions.push(...taskPredictions(start, "start", split));
      started.push(...start);
      if (diverged_at_step !== null) {
        throw new DivergedError(diverged_at_step, `the loss of task "${heldOut[t]!.name}"`, NaN);
      }
      checkFinite(after, config.adaptation_steps);
      run.tasks.push(...taskScores(after, "heldout", split));
      run.predictions.push(...taskPredictions(after, "heldout", split));
      adapted.push(...after);
    }
  }
  Object.assign(metrics, meanScores("start_heldout", scoresOf(started)));
  Object.assign(metrics, meanScores("heldout", scoresOf(adapted)));
}

/** Scores the averaged adapter on the held-out tasks, of which it has seen no example. */
async function scoreZeroShot<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  run: RunState<E, Batch, M>,
  averaged: PeftModel<M>,
  average: string,
): Promise<void> {
  const { config, problem, metrics, keeper } = run;
  const { found } = await keeper.obtain(
    zeroShotFacts(config, average),
    async () =>
      asFound({
        heldout: await evaluate(problem, averaged, problem.suite.heldOut.map(asOnlyTask)),
      }),
  );
  const evaluated = found.heldout as unknown as readonly Evaluated[];
  checkFinite(evaluated, config.average_steps);
  run.tasks.push(...taskScores(evaluated, "heldout", 0));
  run.predictions.push(...taskPredictions(evaluated, "heldout", 0));
  Object.assign(metrics, meanScores("heldout", scoresOf(evaluated)));
}

/** Adapts to some draws, or takes what was found before. */
async function adaptToDraws<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  run: RunState<E, Batch, M>,
  trained: PeftModel<M>,
  stage: string,
  draws: readonly Draw[],
): Promise<Adapted[]> {
  const { config, problem, keeper } = run;
  const facts = draws.map(({ t, split }) => {
    const { name } = problem.suite.heldOut[t]!;
    return adaptationFacts(config, stage, { name, index: t }, split);
  });
  const stages = await keeper.obtainAll(
    facts,
    (missing) => adapting(run, trained, missing.map((index) => ({ ...draws[index]!, index }))),
  );
  for (const { isMade } of stages) if (!isMade) await run.pass(config.adaptation_steps);
  return stages.map(({ found }) => found as unknown as Adapted);
}

/**
 * Trains a model on the few examples of each draw, and scores it before and after.
 *
 * @returns what was found for each, with its index, as soon as it is known
 */
async function* adapting<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  run: RunState<E, Batch, M>,
  trained: PeftModel<M>,
  draws: readonly (Draw & { readonly index: number })[],
): AsyncGenerator<readonly [number, StageContent]> {
  const { problem, keeper } = run;
  const { heldOut } = problem.suite;
  const models: PeftModel<M>[] = [];
  try {
    const owners: Owner<Batch, M>[] = [];
    const start: Evaluated[][] = [];
    for (const { t, split } of draws) {
      const model = startingModel(run, trained, t, split);
      models.push(model);
      owners.push({ model, ...trainingOf(run, heldOut[t]!, split) });
      start.push(await evaluate(problem, model, [asOnlyTask(heldOut[t]!)]));
    }
    const rows: MetricsRow[][] = draws.map(() => []);
    for await (const { owner, outcome } of adaptTogether(problem.trainable, owners)) {
      const { t, split, index } = draws[owner]!;
      const hasDiverged = outcome instanceof DivergedError;
      if (outcome === null || hasDiverged) {
        const model = models[owner]!;
        const found: Adapted = {
          rows: rows[owner]!,
          parameters_adaptation: model.getNbTrainableParameters()[0],
          start: start[owner]!,
          adapted: hasDiverged ? [] : await evaluate(problem, model, [asOnlyTask(heldOut[t]!)]),
          diverged_at_step: hasDiverged ? outcome.step : null,
        };
        yield [index, asFound(found)];
        continue;
      }
      const { step, loss } = outcome;
      rows[owner]!.push({ phase: "adaptation", task: heldOut[t]!.name, split, step, loss });
      await run.advance(loss);
      keeper.stopIfAsked();
    }
  } finally {
    for (const model of models) model.dispose();
  }
}

/** The model that adaptation to held-out task `t` starts from. */
function startingModel<E, Batch extends RowsBatch, M extends AnyBaseModel>(
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

/** How a model is trained on the few examples of one draw. */
function trainingOf<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  run: RunState<E, Batch, M>,
  task: Task<E>,
  split: number,
): Pick<Owner<Batch, M>, "settings" | "context"> {
  const { config } = run;
  const name = `${task.name}/${split}`;
  const shots = shotsOf(config, task, split);
  const settings: TrainSettings = {
    ...protocolOf(config),
    steps: config.adaptation_steps,
    batchSize: Math.min(config.adaptation_batch_size, shots.length),
    accumulation: 1,
    learningRate: config.adaptation_learning_rate,
    routerLearningRate: config.adaptation_router_learning_rate,
  };
  const streams = { order: `shuffle/${name}`, phase: name };
  return { settings, context: trainContext(run, [{ train: shots }], streams, settings) };
}

/** The few examples of one draw. */
function shotsOf<E>({ seed, shots }: RunConfig, { name, train }: Task<E>, split: number): E[] {
  return randomStream(seed, `shots/${name}/${split}`).shuffle(train).slice(0, shots);
}

/** What the test examples of the same draws score without a model; nothing where there are no texts. */
function trivialMetrics<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  { config, problem: { suite, trivial } }: RunState<E, Batch, M>,
  draws: readonly Draw[],
): RunMetrics {
  if (trivial === undefined) return {};
  const scores = draws
    .map(({ t, split }) => ({ task: suite.heldOut[t]!, split }))
    .filter(({ task }) => task.test.length > 0)
    .map(({ task, split }) => trivial(shotsOf(config, task, split), task.test));
  return {
    ...meanScores("constant_heldout", scores.map(({ constant }) => constant)),
    ...meanScores("copied_heldout", scores.map(({ copied }) => copied)),
    ...meanScores("trivial_heldout", scores.map(({ trivial }) => trivial)),
  };
}

/** The test examples of a task that has a model of its own. */
function asOnlyTask<E>({ name, test }: Task<E>): EvaluationTask<E> {
  return { name, taskId: 0, examples: test };
}

function scoresOf(evaluated: readonly Evaluated[]) {
  return evaluated.map(({ scores }) => scores);
}
