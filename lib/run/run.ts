import { join } from "node:path";
import { type Noise, seededNoise } from "../ops/noise.ts";
import type { AnyBaseModel, PeftModel } from "../peft/peft_model.ts";
import type { Task, TaskSuite } from "../tasks/task.ts";
import type { EvaluationTask } from "../train/evaluate.ts";
import { taskSampler } from "../train/sampler.ts";
import { DivergedError, train, type TrainContext, type TrainSettings } from "../train/train.ts";
import { randomStream } from "../util/random.ts";
import { gradientAlignment } from "../train/gradient_alignment.ts";
import { languageProblem } from "./language_problem.ts";
import { learnedRouting } from "../routing/learned.ts";
import type { Allocation } from "../poly/allocation.ts";
import { adaptationModel, checkMethod, multiTaskModel } from "./method.ts";
import { MetricsLog } from "./metrics_log.ts";
import { plantedProblem } from "./planted.ts";
import type { Problem } from "./problem.ts";
import type { RunResult, TaskScore } from "./result.ts";
import { writeRouting } from "../routing/file.ts";
import { routingMetrics } from "../routing/metrics.ts";
import type { RunConfig } from "./config.ts";
import { mean, meanScores, type Scores } from "./score.ts";
import { restoreSnapshot, type Snapshot, takeSnapshot } from "../train/snapshot.ts";

/** What a run found, without where and when it ran. */
export type RunOutcome = Pick<RunResult, "status" | "metrics" | "tasks">;

/** Hears how far a run is: the share done, in [0, 1], and the loss of the latest step. */
export type Progress = (done: number, loss: number) => void;

/** Examples of each task whose gradients are compared. */
const ALIGNMENT_EXAMPLES = 16;

/**
 * Does one run: multi-task training, evaluation on the tasks seen, adaptation to each task held out,
 * evaluation there. The same record gives the same metrics, byte for byte, on WebAssembly and the CPU.
 *
 * Divergence is a result: the run ends with status `diverged` and the metrics it has.
 *
 * Source: the protocol of Ponti et al. 2022 (arXiv 2202.13914) and Caccia et al. 2023
 * (arXiv 2211.03831), with the checkpoint chosen on validation examples and never on test examples.
 *
 * @param dir the run's folder; its `metrics.jsonl` is started anew, and what learned routing has
 * found is left in `routing.safetensors`
 * @param keepAdapter whether the adapter, after multi-task training, stays in `adapter` in that folder
 * @throws {RangeError} or {SyntaxError} when the record's settings or files cannot be used
 */
export async function runRecord(
  config: RunConfig,
  dir: string,
  report: Progress = () => {},
  keepAdapter = false,
): Promise<RunOutcome> {
  checkMethod(config);
  if (keepAdapter && config.router_straight_through) {
    throw new RangeError(
      `Cannot keep the adapter of a run with router_straight_through as PEFT's format cannot say that ` +
        `routing is rounded: leave out --adapters, or set router_straight_through to false`,
    );
  }
  const kept = keepAdapter ? join(dir, "adapter") : null;
  const posed = { ...config, seed: config.task_seed ?? config.seed };
  return config.suite === "planted"
    ? await work(config, await plantedProblem(posed), { dir, kept, report })
    : await work(config, await languageProblem(posed), { dir, kept, report });
}

/** What a run writes to. */
interface Place {
  readonly dir: string;
  /** The folder that the trained adapter goes to; null for none. */
  readonly kept: string | null;
  readonly report: Progress;
}

async function work<E, Batch extends object, M extends AnyBaseModel>(
  config: RunConfig,
  problem: Problem<E, Batch, M>,
  place: Place,
): Promise<RunOutcome> {
  try {
    const log = await MetricsLog.open(join(place.dir, "metrics.jsonl"));
    try {
      return await new Run(config, problem, place, log).outcome();
    } finally {
      await log.close();
    }
  } finally {
    problem.dispose();
  }
}

/** The parts of one run, over what they share. */
class Run<E, Batch extends object, M extends AnyBaseModel> {
  readonly #metrics: Record<string, number | null> = {};
  readonly #tasks: TaskScore[] = [];
  readonly #noise: Noise;
  readonly #allSteps: number;
  #stepsDone = 0;

  constructor(
    readonly config: RunConfig,
    readonly problem: Problem<E, Batch, M>,
    readonly place: Place,
    readonly log: MetricsLog,
  ) {
    this.#noise = seededNoise(config.seed);
    const adaptations = problem.suite.heldOut.length * config.shot_splits;
    this.#allSteps = config.steps +
      (config.adaptation === "none" ? 0 : adaptations * config.adaptation_steps);
  }

  async outcome(): Promise<RunOutcome> {
    const { config, problem: { base, suite, truth } } = this;
    const ofTraining = truth?.map((rows) => rows.slice(0, suite.training.length)) ?? null;
    const model = multiTaskModel(base, config, ofTraining?.[0] ?? null);
    try {
      this.#metrics.parameters_multitask = model.getNbTrainableParameters()[0];
      await this.#trainTogether(model);
      if (this.place.kept !== null) await model.savePretrained(this.place.kept);
      const seen = await this.#score(model, suite.training.map(asSeen), config.steps);
      this.#keep(seen, "seen", 0);
      Object.assign(this.#metrics, meanScores("seen", scoresOf(seen)));
      if (config.method === "poly") {
        const routers = await learnedRouting(model.adapters.get("default")!);
        Object.assign(this.#metrics, routingMetrics(routers, ofTraining, config.seed));
        await writeRouting(this.place.dir, {
          tasks: suite.training.map((task) => taskLabel(task, suite)),
          routers,
          truth: ofTraining,
        });
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
  async #trainTogether(model: PeftModel<M>): Promise<void> {
    const { config, problem: { suite } } = this;
    const parameters = model.trainableParameters();
    let best = null as { loss: number; step: number; snapshot: Snapshot } | null;
    const evaluate = async (step: number) => {
      if (config.n_validation > 0) {
        const loss = await this.#validationLoss(model, step);
        await this.log.append({ phase: "validation", step, loss });
        if (best === null || loss < best.loss) {
          best = { loss, step, snapshot: await takeSnapshot(parameters) };
        }
      }
      if (config.monitor_gradient_alignment && suite.training.length > 1) {
        await this.#monitorAlignment(model, step);
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
    const context = this.#context(suite.training, "shuffle", "multitask");
    const steps = train(this.problem.trainable(model), settings, context);
    for await (const { step, loss, gradientNorm } of steps) {
      await this.log.append({ phase: "multitask", step, loss, gradient_norm: gradientNorm });
      await this.#advance(loss);
      const due = config.evaluate_every > 0 && step % config.evaluate_every === 0;
      if (due || step === config.steps) await evaluate(step);
    }
    if (best !== null) {
      restoreSnapshot(parameters, best.snapshot);
      this.#metrics.best_step = best.step;
      this.#metrics.validation_loss = best.loss;
    }
  }

  async #validationLoss(model: PeftModel<M>, step: number): Promise<number> {
    const losses: number[] = [];
    for (const [taskId, { name, validation }] of this.problem.suite.training.entries()) {
      if (validation.length === 0) continue;
      losses.push(await this.problem.loss(model, { name, taskId, examples: validation }));
    }
    return finite(mean(losses), step, "the validation loss");
  }

  async #monitorAlignment(model: PeftModel<M>, step: number): Promise<void> {
    const { problem } = this;
    const alignment = await gradientAlignment(
      problem.trainable(model),
      problem.suite.training,
      problem.encode,
      ALIGNMENT_EXAMPLES,
    );
    finite(alignment.gradient_coherence, step, "the coherence of gradients");
    await this.log.append({ phase: "alignment", step, ...alignment });
    Object.assign(this.#metrics, alignment);
  }

  /** Few-shot adaptation to every held-out task, from every draw of its examples. */
  async #adaptToAll(trained: PeftModel<M>): Promise<void> {
    const { config, problem: { suite } } = this;
    const heldOut = suite.heldOut.map(asAlone);
    const untouched = await trained.disableAdapter(() => this.#score(trained, heldOut, 0));
    Object.assign(this.#metrics, meanScores("base_heldout", scoresOf(untouched)));
    if (config.adaptation === "none") return;
    const [started, adapted]: [Scored<E>[], Scored<E>[]] = [[], []];
    for (const [t, task] of suite.heldOut.entries()) {
      for (let split = 0; split < config.shot_splits; split++) {
        const model = this.#adaptationModel(trained, t, split);
        try {
          this.#metrics.parameters_adaptation = model.getNbTrainableParameters()[0];
          started.push(...await this.#score(model, [asAlone(task)], 0));
          await this.#adapt(model, task, split);
          const scored = await this.#score(model, [asAlone(task)], config.adaptation_steps);
          this.#keep(scored, "heldout", split);
          adapted.push(...scored);
        } finally {
          model.dispose();
        }
      }
    }
    Object.assign(this.#metrics, meanScores("start_heldout", scoresOf(started)));
    Object.assign(this.#metrics, meanScores("heldout", scoresOf(adapted)));
  }

  #adaptationModel(trained: PeftModel<M>, t: number, split: number): PeftModel<M> {
    const { config, problem: { base, suite, truth } } = this;
    const T = suite.training.length;
    const rows: Allocation | null = truth?.[0] ?? null;
    const place = `adaptation/${suite.heldOut[t]!.name}/${split}`;
    return adaptationModel(
      base,
      config,
      trained.adapters.get("default")!,
      rows === null ? null : { training: rows.slice(0, T), heldOut: rows[T + t]! },
      randomStream(config.seed, place).integer(2 ** 31),
    );
  }

  async #adapt(model: PeftModel<M>, task: Task<E>, split: number): Promise<void> {
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
    const context = this.#context([{ train: shots }], `shuffle/${place}`, place);
    for await (const { step, loss } of train(this.problem.trainable(model), settings, context)) {
      await this.log.append({ phase: "adaptation", task: task.name, split, step, loss });
      await this.#advance(loss);
    }
  }

  /** Batches of tasks in an order of their own, with noise of their own. */
  #context(
    tasks: readonly Pick<Task<E>, "train">[],
    order: string,
    phase: string,
  ): TrainContext<Batch> {
    const sampler = taskSampler(tasks, randomStream(this.config.seed, order));
    return {
      nextBatch: (count) => this.problem.encode(sampler.next(count)),
      noise: inPhase(this.#noise, phase),
    };
  }

  /**
   * Scores the tasks that have test examples.
   *
   * @param step of training after which this is; above 0, a loss that is not finite is a divergence
   */
  async #score(
    model: PeftModel<M>,
    tasks: readonly EvaluationTask<E>[],
    step: number,
  ): Promise<Scored<E>[]> {
    const withTests = tasks.filter(({ examples }) => examples.length > 0);
    const scores = await this.problem.score(model, withTests);
    return withTests.map((task, i) => {
      if (step > 0) finite(scores[i]!.loss, step, `the test loss of task "${task.name}"`);
      return { task, scores: scores[i]! };
    });
  }

  /** Makes scores rows of the result. */
  #keep(scored: readonly Scored<E>[], phase: TaskScore["phase"], split: number): void {
    for (const { task, scores } of scored) {
      this.#tasks.push({ task: task.name, phase, split, metrics: { ...scores } });
    }
  }

  #protocol(): Pick<
    TrainSettings,
    "optimizer" | "weightDecay" | "warmup" | "schedule" | "clip" | "labelSmoothing"
  > {
    const { optimizer, weight_decay, warmup, schedule, clip, label_smoothing } = this.config;
    return {
      optimizer,
      weightDecay: weight_decay,
      warmup,
      schedule,
      clip,
      labelSmoothing: label_smoothing,
    };
  }

  /** Tells how far the run is, and lets the process attend to what is waiting. */
  async #advance(loss: number): Promise<void> {
    this.place.report(++this.#stepsDone / Math.max(1, this.#allSteps), loss);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** A task with how good a model is at it. */
interface Scored<E> {
  readonly task: EvaluationTask<E>;
  readonly scores: Scores;
}

/** What a task is called where people read it: its name, and its skills where they are known. */
function taskLabel<E>({ name, skills }: Task<E>, { skillNames }: TaskSuite<E>): string {
  if (skills === undefined || skillNames === undefined) return name;
  return `${name} ${skills.map((skill) => skillNames[skill]).join(" + ")}`;
}

function scoresOf<E>(scored: readonly Scored<E>[]): Scores[] {
  return scored.map(({ scores }) => scores);
}

function finite(value: number, step: number, what: string): number {
  if (!Number.isFinite(value)) throw new DivergedError(step, what, value);
  return value;
}

/** The test examples of a task under the id it has in the multi-task model. */
function asSeen<E>({ name, test }: Task<E>, taskId: number): EvaluationTask<E> {
  return { name, taskId, examples: test };
}

/** The test examples of a task that has a model of its own. */
function asAlone<E>({ name, test }: Task<E>): EvaluationTask<E> {
  return { name, taskId: 0, examples: test };
}

/** Noise whose streams are those of one phase. */
function inPhase(noise: Noise, phase: string): Noise {
  return { uniform: (place, shape) => noise.uniform(`${phase}/${place}`, shape) };
}
