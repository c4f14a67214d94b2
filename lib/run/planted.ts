import type { ForwardModel } from "../peft/joined_model.ts";
import { Mlp } from "../models/mlp/model.ts";
import { getPeftModel, type PeftModel } from "../peft/peft_model.ts";
import { allocationLogits } from "../poly/allocation.ts";
import type { Allocation } from "../poly/allocation.ts";
import { PolyConfig } from "../poly/config.ts";
import type { Task } from "../tasks/task.ts";
import * as tf from "../tf.ts";
import type { EvaluationTask } from "../train/evaluate.ts";
import type { Trainable } from "../train/multi_task_model.ts";
import type { TaskExample } from "../train/task_batch.ts";
import { type RandomStream, randomStream } from "../util/random.ts";
import { mean } from "../util/vectors.ts";
import type { RunConfig } from "./config.ts";
import { checkPlanted, PLANTED_FEATURES } from "./planted_layers.ts";
import { plantedAllocation } from "./planted_allocation.ts";
import type { Problem } from "./problem.ts";
import type { Evaluation } from "./evaluation.ts";

/** Positions of an example. */
const POSITIONS = 4;

/** A few points and what the teacher makes of them. `P` positions, `F` features. */
export interface PlantedExample {
  /** `[P, F]`. */
  readonly features: Float32Array;
  /** `[P, F]`. */
  readonly outputs: Float32Array;
}

/** Examples of several tasks; `B` rows. */
export interface PlantedBatch {
  /** `[B, P, F]`. */
  readonly features: Float32Array;
  /** `[B, P, F]`. */
  readonly outputs: Float32Array;
  /** `[B]`. */
  readonly taskIds: readonly number[];
}

/**
 * Tasks of numbers with a known best answer: a random multi-layer perceptron is the frozen base, an
 * adapter with known skills and a known allocation sits on it as teacher, and students learn the
 * teacher's outputs on random features.
 *
 * The teacher has `teacher_n_skills` skills of rank `teacher_r` in every layer and `teacher_n_splits`
 * splits, each split with an allocation of its own, of which no two rows are the same. So the tasks are the
 * same whatever the student: `n_skills`, `n_splits` and `r` do not change them. A student with at least as
 * many of each reaches loss 0. `target_noise` is added to training and validation targets alone, as a
 * share of the standard deviation of the task's training targets. `teacher_gap` is the loss as a share of
 * the base's: 0 is the teacher, 1 the base.
 *
 * @throws {RangeError} as {@linkcode checkPlanted}
 */
export async function plantedProblem(
  config: RunConfig,
): Promise<Problem<PlantedExample, PlantedBatch, Mlp>> {
  checkPlanted(config);
  const truth = Array.from(
    { length: config.teacher_n_splits },
    (_, split) => plantedAllocation(config, randomStream(config.seed, `tasks/${split}`)),
  );
  const base = Mlp.fromConfig({
    model_type: "mlp",
    in_features: PLANTED_FEATURES,
    hidden_features: [PLANTED_FEATURES],
    out_features: PLANTED_FEATURES,
    loss: "mse",
  }, { seed: config.seed });
  const loss = (model: PeftModel<Mlp>, task: EvaluationTask<PlantedExample>) =>
    lossOf((batch) => trainable(model).forward(batch).loss, task);
  try {
    const tasks = await teach(base, config, truth);
    return {
      base,
      suite: {
        name: "planted",
        training: tasks.slice(0, config.n_tasks),
        heldOut: tasks.slice(config.n_tasks),
      },
      truth,
      trainable,
      encode,
      loss,
      async evaluate(model, tasks) {
        const evaluations: Evaluation[] = [];
        for (const task of tasks) {
          const ofStudent = await loss(model, task);
          const ofBase = await lossOf((batch) => base.forward(tensors(batch)).loss, task);
          const scores = { loss: ofStudent, teacher_gap: ofStudent / ofBase };
          evaluations.push({ scores, predictions: [] });
        }
        return evaluations;
      },
      dispose: () => base.dispose(),
    };
  } catch (error) {
    base.dispose();
    throw error;
  }
}

/** The tasks with the teacher's outputs; the teacher itself is gone afterwards. */
async function teach(
  base: Mlp,
  config: RunConfig,
  truth: readonly Allocation[],
): Promise<Task<PlantedExample>[]> {
  const teacher = plantedTeacher(base, config, truth);
  try {
    const tasks: Task<PlantedExample>[] = [];
    for (const taskId of truth[0]!.keys()) {
      const name = `t${String(taskId).padStart(2, "0")}`;
      const stream = randomStream(config.seed, `examples/${name}`);
      const count = config.n_train + config.n_validation + config.n_test;
      const features = Float32Array.from(
        { length: count * POSITIONS * PLANTED_FEATURES },
        () => stream.normal(),
      );
      const outputs = await outputsOf(teacher, features, new Array<number>(count).fill(taskId));
      addNoise(outputs, config, randomStream(config.seed, `noise/${name}`));
      const part = (values: Float32Array, i: number) =>
        values.slice(i * POSITIONS * PLANTED_FEATURES, (i + 1) * POSITIONS * PLANTED_FEATURES);
      const examples = Array.from(
        { length: count },
        (_, i) => ({ features: part(features, i), outputs: part(outputs, i) }),
      );
      tasks.push({
        name,
        train: examples.slice(0, config.n_train),
        validation: examples.slice(config.n_train, config.n_train + config.n_validation),
        test: examples.slice(config.n_train + config.n_validation),
      });
    }
    return tasks;
  } finally {
    teacher.dispose();
  }
}

/** Adds noise to all targets of a task but those of its test examples, which stay the teacher's. */
function addNoise(
  outputs: Float32Array,
  { target_noise, n_train, n_validation }: RunConfig,
  random: RandomStream,
): void {
  if (target_noise === 0) return;
  const numbers = (examples: number) => examples * POSITIONS * PLANTED_FEATURES;
  const ofTraining = Array.from(outputs.subarray(0, numbers(n_train)));
  const center = mean(ofTraining);
  const deviation = Math.sqrt(mean(ofTraining.map((value) => (value - center) ** 2)));
  for (let i = 0; i < numbers(n_train + n_validation); i++) {
    outputs[i]! += target_noise * deviation * random.normal();
  }
}

/**
 * An adapter whose skills are random and whose routing in evaluation is the truth.
 *
 * The skills of a layer share half their variance, as skills of one base do. Factors are only known up
 * to a change of basis, which all skills must share for their mixtures to be right: from a common part
 * students find one basis at the uniform start, without it many settle in several and stay there.
 *
 * @param base what it stands on; every linear layer is adapted
 * @param truth the allocation `[T, S]` of each split
 * @returns the teacher, to be disposed without its base
 */
export function plantedTeacher(
  base: Mlp,
  { seed, teacher_r: r }: Pick<RunConfig, "seed" | "teacher_r">,
  truth: readonly Allocation[],
): PeftModel<Mlp> {
  const [T, S, H] = [truth[0]!.length, truth[0]![0]!.length, truth.length];
  const poly = new PolyConfig({
    target_modules: "all-linear",
    n_tasks: T,
    n_skills: S,
    n_splits: H,
    r,
  });
  const teacher = getPeftModel(base, poly);
  // Each split's logits `[T, S]`, side by side `[T, H·S]`.
  const logits = truth.map((allocation) => allocationLogits(allocation, 1));
  const Z = Float32Array.from(
    { length: T * H * S },
    (_, i) => logits[Math.floor(i / S) % H]![Math.floor(i / (H * S)) * S + i % S]!,
  );
  for (const [name, { skillsA, skillsB, router }] of teacher.adapters.get("default")!.layers) {
    const normal = (what: string, shape: number[]) => {
      const stream = randomStream(seed, `teacher/${name}/${what}`);
      const size = shape.reduce((product, n) => product * n, 1);
      return tf.tensor(Float32Array.from({ length: size }, () => stream.normal()), shape);
    };
    const skills = (what: string, [splits, skills, rows, columns]: number[]) =>
      tf.mul(
        Math.SQRT1_2,
        tf.add(
          normal(what, [splits!, skills!, rows!, columns!]),
          normal(`${what}/common`, [splits!, 1, rows!, columns!]),
        ),
      );
    tf.tidy(() => {
      // So that x·A·B / r is half as large as x for a task of one skill.
      skillsA.assign(tf.div(skills("A", skillsA.shape), Math.sqrt(PLANTED_FEATURES)));
      skillsB.assign(tf.mul(skills("B", skillsB.shape), Math.sqrt(r) / 2));
      router.moduleLogits.assign(tf.tensor(Z, [T, H * S]));
    });
  }
  return teacher;
}

async function outputsOf(
  teacher: PeftModel<Mlp>,
  features: Float32Array,
  taskIds: readonly number[],
): Promise<Float32Array> {
  const logits = tf.tidy(() =>
    teacher.forward({ features: points(features, taskIds.length), taskIds }).logits
  );
  try {
    return Float32Array.from(await logits.data());
  } finally {
    logits.dispose();
  }
}

function trainable(model: ForwardModel<Mlp>): Trainable<PlantedBatch> {
  return {
    forward({ training, noise, uniformShare, parts, ...batch }) {
      const { taskIds } = batch;
      const inputs = { ...tensors(batch), taskIds, training, noise, uniformShare, parts };
      const { loss, losses } = model.forward(inputs);
      return losses === undefined ? { loss } : { loss, losses };
    },
    trainableParameters: (part) => model.trainableParameters(part),
  };
}

function encode(examples: readonly TaskExample<PlantedExample>[]): PlantedBatch {
  const size = POSITIONS * PLANTED_FEATURES;
  const features = new Float32Array(examples.length * size);
  const outputs = new Float32Array(examples.length * size);
  for (const [i, { example }] of examples.entries()) {
    features.set(example.features, i * size);
    outputs.set(example.outputs, i * size);
  }
  return { features, outputs, taskIds: examples.map(({ taskId }) => taskId) };
}

async function lossOf(
  forward: (batch: PlantedBatch) => tf.Scalar,
  { taskId, examples }: EvaluationTask<PlantedExample>,
): Promise<number> {
  const batch = encode(examples.map((example) => ({ taskId, example })));
  const loss = tf.tidy(() => forward(batch));
  try {
    return (await loss.data())[0]!;
  } finally {
    loss.dispose();
  }
}

function tensors({ features, outputs, taskIds }: PlantedBatch) {
  const rows = taskIds.length;
  return { features: points(features, rows), labels: points(outputs, rows) };
}

function points(values: Float32Array, rows: number): tf.Tensor3D {
  return tf.tensor3d(values, [rows, POSITIONS, PLANTED_FEATURES]);
}
