import { join } from "node:path";
import type { LanguageModel } from "../models/base_model.ts";
import { type Noise, seededNoise } from "../ops/noise.ts";
import type { PeftModel } from "../poly/peft_model.ts";
import { type Task, type TaskSuite, trueAllocation } from "../tasks/task.ts";
import type { EvaluationTask } from "../train/evaluate.ts";
import { evaluateTokens } from "../train/evaluate.ts";
import type { MultiTaskModel } from "../train/multi_task_model.ts";
import { taskSampler } from "../train/sampler.ts";
import type { Encoding } from "../train/task_batch.ts";
import { DivergedError, train, type TrainSettings } from "../train/train.ts";
import { randomStream } from "../util/random.ts";
import { gradientAlignment } from "./gradient_alignment.ts";
import { adaptationModel, checkMethod, multiTaskModel } from "./method.ts";
import { MetricsLog } from "./metrics_log.ts";
import { openBase } from "./open_base.ts";
import { openSuite } from "./open_suite.ts";
import type { RunResult, TaskScore } from "./result.ts";
import { routingMetrics } from "./routing_metrics.ts";
import type { RunConfig } from "./run_config.ts";
import { mean, meanScores, type Scores, scoreTasks } from "./score.ts";
import { restoreSnapshot, type Snapshot, takeSnapshot } from "./snapshot.ts";
import type { PlannedRun } from "./sweep.ts";

/** What a run found, without where and when it ran. */
export type RunOutcome = Pick<RunResult, "status" | "metrics" | "tasks">;

/** Hears how far a run is: the share done, in [0, 1], and the loss of the latest step. */
export type Progress = (done: number, loss: number) => void;

/** Examples of each task whose gradients are compared. */
const ALIGNMENT_EXAMPLES = 16;

const isRouting = (name: string) => name.includes(".poly_router.");

/**
 * Does one run: multi-task training, evaluation on the tasks seen, adaptation to each task held out,
 * evaluation there. The same record gives the same metrics, byte for byte, on WebAssembly and the CPU.
 *
 * Divergence is a result: the run ends with status `diverged` and the metrics it has.
 *
 * Source: the protocol of Ponti et al. 2022 (arXiv 2202.13914) and Caccia et al. 2023
 * (arXiv 2211.03831), with the checkpoint chosen on validation examples and never on test examples.
 *
 * @param dir the run's folder; its `metrics.jsonl` is started anew
 * @throws {RangeError} or {SyntaxError} when the record's settings or files cannot be used
 */
export async function runRecord(
  { config }: Pick<PlannedRun, "config">,
  dir: string,
  report: Progress = () => {},
): Promise<RunOutcome> {
  checkMethod(config);
  const suite = await openSuite(config);
  const { base, tokenizer } = await openBase(config.base_model);
  const log = await MetricsLog.open(join(dir, "metrics.jsonl"));
  try {
    const encoding: Encoding = {
      tokenizer,
      isEncoderDecoder: base.isEncoderDecoder,
      maxInputTokens: config.max_input_tokens,
      maxTargetTokens: config.max_target_tokens,
    };
    return await new Run(config, suite, base, encoding, log, report).outcome();
  } finally {
    await log.close();
    base.dispose();
  }
}

/** The parts of one run, over what they share. */
class Run {
  readonly #metrics: Record<string, number | null> = {};
  readonly #tasks: TaskScore[] = [];
  readonly #truth: number[][] | null;
  readonly #noise: Noise;
  readonly #allSteps: number;
  #stepsDone = 0;

  constructor(
    readonly config: RunConfig,
    readonly suite: TaskSuite,
    readonly base: LanguageModel,
    readonly encoding: Encoding,
    readonly log: MetricsLog,
    readonly report: Progress,
  ) {
    this.#truth = trueAllocation(suite);
    this.#noise = seededNoise(config.seed);
    const adaptations = suite.heldOut.length * config.shot_splits;
    this.#allSteps = config.steps +
      (config.adaptation === "none" ? 0 : adaptations * config.adaptation_steps);
  }

  async outcome(): Promise<RunOutcome> {
    const { config, suite } = this;
    const truth = this.#truth?.slice(0, suite.training.length) ?? null;
    const model = multiTaskModel(this.base, config, truth);
    try {
      this.#metrics.parameters_multitask = model.getNbTrainableParameters()[0];
      await this.#trainTogether(model);
      const seen = await this.#score(model, suite.training.map(asSeen), "seen", 0);
      Object.assign(this.#metrics, meanScores("seen", seen));
      if (config.method === "poly") {
        Object.assign(this.#metrics, await routingMetrics(model, truth, config.seed));
      }
      if (suite.heldOut.length > 0) await this.#adaptToAll(model);
      return { status: "done", metrics: this.#metrics, tasks: this.#tasks };
    } catch (error) {
      if (!(error instanceof DivergedError)) throw error;
      this.#metrics.diverged_at_step = error.step;
      return { status: "diverged", metrics: this.#metrics, tasks: this.#tasks };
    } finally {
      model.dispose();
    }
  }

  /** Multi-task training; leaves the model at the step that was best on validation examples. */
  async #trainTogether(model: PeftModel<LanguageModel>): Promise<void> {
    const { config, suite } = this;
    const parameters = model.trainableParameters();
    let best: { loss: number; step: number; snapshot: Snapshot } | null = null;
    const evaluate = async (step: number) => {
      if (config.monitor_gradient_alignment && suite.training.length > 1) {
        const alignment = await gradientAlignment(
          asMultiTask(model),
          suite.training,
          this.encoding,
          ALIGNMENT_EXAMPLES,
          (name) => !isRouting(name),
        );
        await this.log.append({ phase: "alignment", step, ...alignment });
        Object.assign(this.#metrics, alignment);
      }
      if (config.n_validation === 0) return;
      const loss = await this.#validationLoss(model);
      if (!Number.isFinite(loss)) throw new DivergedError(step, "the validation loss", loss);
      await this.log.append({ phase: "validation", step, loss });
      if (best === null || loss < best.loss) {
        best = { loss, step, snapshot: await takeSnapshot(parameters) };
      }
    };
    const settings: TrainSettings = {
      ...this.#protocol(),
      steps: config.steps,
      batchSize: config.batch_size,
      accumulation: config.accumulation,
      learningRate: config.learning_rate,
      routerLearningRate: config.router_learning_rate,
    };
    const sampler = taskSampler(suite.training, randomStream(config.seed, "shuffle"));
    const steps = train(asMultiTask(model), settings, {
      sampler,
      encoding: this.encoding,
      noise: inPhase(this.#noise, "multitask"),
      isRouting,
    });
    for await (const { step, loss, gradientNorm } of steps) {
      await this.log.append({ phase: "multitask", step, loss, gradient_norm: gradientNorm });
      await this.#advance(loss);
      const due = config.evaluate_every > 0 && step % config.evaluate_every === 0;
      if (due || step === config.steps) await evaluate(step);
    }
    const chosen = best as { loss: number; step: number; snapshot: Snapshot } | null;
    if (chosen !== null) {
      restoreSnapshot(parameters, chosen.snapshot);
      this.#metrics.best_step = chosen.step;
      this.#metrics.validation_loss = chosen.loss;
    }
  }

  async #validationLoss(model: PeftModel<LanguageModel>): Promise<number> {
    const losses: number[] = [];
    for (const [taskId, { name, validation }] of this.suite.training.entries()) {
      if (validation.length === 0) continue;
      const task = { name, taskId, examples: validation };
      const { loss } = await evaluateTokens(
        asMultiTask(model),
        task,
        this.encoding,
        this.config.evaluation_batch_size,
      );
      losses.push(loss);
    }
    return mean(losses);
  }

  /** Few-shot adaptation to every held-out task, from every draw of its examples. */
  async #adaptToAll(trained: PeftModel<LanguageModel>): Promise<void> {
    const { config, suite } = this;
    const heldOut = suite.heldOut.map(asAlone);
    const untouched = await trained.disableAdapter(() => this.#score(trained, heldOut, null, 0));
    Object.assign(this.#metrics, meanScores("base_heldout", untouched));
    if (config.adaptation === "none") return;
    const [started, adapted]: [Scores[], Scores[]] = [[], []];
    for (const [t, task] of suite.heldOut.entries()) {
      for (let split = 0; split < config.shot_splits; split++) {
        const model = this.#adaptationModel(trained, t, split);
        try {
          this.#metrics.parameters_adaptation = model.getNbTrainableParameters()[0];
          started.push(...await this.#score(model, [asAlone(task)], null, split));
          await this.#adapt(model, task, split);
          adapted.push(...await this.#score(model, [asAlone(task)], "heldout", split));
        } finally {
          model.dispose();
        }
      }
    }
    Object.assign(this.#metrics, meanScores("start_heldout", started));
    Object.assign(this.#metrics, meanScores("heldout", adapted));
  }

  #adaptationModel(trained: PeftModel<LanguageModel>, t: number, split: number) {
    const { config, suite } = this;
    const T = suite.training.length;
    const truth = this.#truth === null
      ? null
      : { training: this.#truth.slice(0, T), heldOut: this.#truth[T + t]! };
    const place = `adaptation/${suite.heldOut[t]!.name}/${split}`;
    const seed = randomStream(config.seed, place).integer(2 ** 31);
    return adaptationModel(this.base, config, trained.adapters.get("default")!, truth, seed);
  }

  async #adapt(model: PeftModel<LanguageModel>, task: Task, split: number): Promise<void> {
    const { config } = this;
    const place = `${task.name}/${split}`;
    const shots = randomStream(config.seed, `shots/${place}`).shuffle(task.train)
      .slice(0, config.shots);
    const settings: TrainSettings = {
      ...this.#protocol(),
      steps: config.adaptation_steps,
      batchSize: Math.min(config.adaptation_batch_size, shots.length),
      accumulation: 1,
      learningRate: config.adaptation_learning_rate,
      routerLearningRate: config.adaptation_router_learning_rate,
    };
    const steps = train(asMultiTask(model), settings, {
      sampler: taskSampler([{ train: shots }], randomStream(config.seed, `shuffle/${place}`)),
      encoding: this.encoding,
      noise: inPhase(this.#noise, place),
      isRouting,
    });
    for await (const { step, loss } of steps) {
      await this.log.append({ phase: "adaptation", task: task.name, split, step, loss });
      await this.#advance(loss);
    }
  }

  /** Scores tasks; under a phase they become rows of the result. */
  async #score(
    model: PeftModel<LanguageModel>,
    tasks: readonly EvaluationTask[],
    phase: TaskScore["phase"] | null,
    split: number,
  ): Promise<Scores[]> {
    const withTests = tasks.filter(({ examples }) => examples.length > 0);
    const scores = await scoreTasks(asMultiTask(model), withTests, this.encoding, {
      batchSize: this.config.evaluation_batch_size,
      numBeams: this.config.num_beams,
    });
    if (phase !== null) {
      withTests.forEach(({ name }, i) =>
        this.#tasks.push({ task: name, phase, split, metrics: { ...scores[i]! } })
      );
    }
    return scores;
  }

  #protocol(): Pick<TrainSettings, "optimizer" | "weightDecay" | "warmup" | "schedule" | "clip"> {
    const { optimizer, weight_decay, warmup, schedule, clip } = this.config;
    return { optimizer, weightDecay: weight_decay, warmup, schedule, clip };
  }

  /** Tells how far the run is, and lets the process attend to what is waiting. */
  async #advance(loss: number): Promise<void> {
    this.report(++this.#stepsDone / Math.max(1, this.#allSteps), loss);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** A model with adapters as training sees it. */
function asMultiTask(model: PeftModel<LanguageModel>): MultiTaskModel {
  return model as unknown as MultiTaskModel;
}

/** The test examples of a task under the id it has in the multi-task model. */
function asSeen({ name, test }: Task, taskId: number): EvaluationTask {
  return { name, taskId, examples: test };
}

/** The test examples of a task that has a model of its own. */
function asAlone({ name, test }: Task): EvaluationTask {
  return { name, taskId: 0, examples: test };
}

/** Noise whose streams are those of one phase. */
function inPhase(noise: Noise, phase: string): Noise {
  return { uniform: (place, shape) => noise.uniform(`${phase}/${place}`, shape) };
}
