/**
 * Trains many adapters in one step: a batch has the rows of all, and each has a loss, clipping and random
 * numbers of its own.
 */
import { isFused } from "../ops/fused.ts";
import type { Noise } from "../ops/noise.ts";
import * as tf from "../tf.ts";
import { clipParts } from "./clip_gradients.ts";
import { lossAndGradients } from "./gradients.ts";
import { readTogether } from "./read_together.ts";
import type { Trainable } from "./multi_task_model.ts";
import { learningRateFactor } from "./schedule.ts";
import {
  DivergedError,
  makeOptimizer,
  TRAIN_DEFAULTS,
  type TrainContext,
  type TrainSettings,
  type TrainStep,
} from "./train.ts";

/** A batch that can be put behind others: lists with an entry, or as many numbers, for each row. */
export type RowsBatch = { readonly taskIds: readonly number[] };

/** One step of one of many models that are trained together. */
export type JointStep = Omit<TrainStep, "state">;

/** What a step was for each owner; null for one that has diverged in an earlier step. */
export type StepOfOwners = readonly (JointStep | DivergedError | null)[];

/**
 * Whether {@linkcode trainTogether} is as good as `train()`. Adafactor looks at a parameter as a whole,
 * accumulated batches are not supported, and the compositions of plain operations multiply one owner's
 * values by another's zeros, so that a NaN of one would reach all.
 */
export function canTrainTogether(settings: TrainSettings): boolean {
  return allows(settings) && canJoin() && isFused("Route") && isFused("MixFactors");
}

/**
 * Whether the device keeps the rows of several adapters apart in a layer, so that a NaN of one does not
 * reach the others.
 */
export function canJoin(): boolean {
  return isFused("AdaptedLinear");
}

function allows({ optimizer, accumulation }: TrainSettings): boolean {
  return (optimizer ?? TRAIN_DEFAULTS.optimizer) === "adamw" &&
    (accumulation ?? TRAIN_DEFAULTS.accumulation) === 1;
}

/**
 * Trains a stack of models, task `i` of which belongs to owner `i`. Each owner is trained as by `train()`
 * alone: on the CPU and WebAssembly with the same bytes, as only batches whose lists have the same sizes
 * go through the model together; the batches of a step that differ go one after another.
 *
 * An owner that diverges does not disturb the others where the backend has the kernels of routing and
 * mixing ({@linkcode canTrainTogether}); its own values are of no use afterwards.
 *
 * @param model the stack, such as of `stackModels()`
 * @param given settings of every owner, with AdamW and without accumulation
 * @param owners where each owner's batches, all of its task 0, and random numbers come from
 * @returns an iterator of steps, which ends early when all have diverged
 * @throws {RangeError} when the settings do not allow it
 */
export async function* trainTogether<Batch extends RowsBatch>(
  model: Trainable<NoInfer<Batch>>,
  given: TrainSettings,
  owners: readonly TrainContext<Batch>[],
): AsyncGenerator<StepOfOwners> {
  if (!allows(given)) {
    throw new RangeError(
      `Cannot train owners together as optimizer must be "adamw" and accumulation 1: ` +
        `got ${given.optimizer} and ${given.accumulation}`,
    );
  }
  const settings = { ...TRAIN_DEFAULTS, ...given };
  const parameters = model.trainableParameters();
  const optimizer = makeOptimizer(parameters, model.trainableParameters("router"), settings);
  const diverged = new Set<number>();
  const looks = (step: number) =>
    step === settings.steps || owners.some(({ looks }) => looks === undefined || looks(step));
  let unread: UnreadStep[] = [];
  try {
    for (let step = 1; step <= settings.steps && diverged.size < owners.length; step++) {
      const batches = owners.flatMap(({ nextBatch }, owner) =>
        diverged.has(owner) ? [] : [{ owner, batch: nextBatch(settings.batchSize) }]
      );
      const { passes, gradients } = gradientsOf(model, parameters, settings, batches, owners);
      const { gradients: clipped, norms } = clipParts(gradients, settings.clip, owners.length);
      unread.push({ step, passes, norms });
      try {
        optimizer.step(clipped, learningRateFactor(step - 1, settings));
        if (looks(step)) {
          for (const numbers of await readSteps(unread)) {
            yield owners.map((_, owner) => diverged.has(owner) ? null : outcomeOf(numbers, owner));
          }
          unread = disposeSteps(unread);
        }
      } finally {
        tf.dispose([...clipped.values(), ...gradients.values()]);
      }
    }
  } finally {
    disposeSteps(unread);
    optimizer.dispose();
  }

  function outcomeOf({ step, losses, norms }: StepNumbers, owner: number) {
    const [loss, gradientNorm] = [losses.get(owner)!, norms[owner]!];
    if (Number.isFinite(loss) && Number.isFinite(gradientNorm)) return { step, loss, gradientNorm };
    diverged.add(owner);
    return Number.isFinite(loss)
      ? new DivergedError(step, "the gradient's norm", gradientNorm)
      : new DivergedError(step, "the loss", loss);
  }
}

/** A step whose numbers are still on the device. */
interface UnreadStep {
  readonly step: number;
  readonly passes: readonly Pass[];
  /** Norms of all owners' gradients, `[owners]`. */
  readonly norms: tf.Tensor;
}

/** The numbers of a step: losses of the owners that took it, and norms of all. */
interface StepNumbers {
  readonly step: number;
  readonly losses: ReadonlyMap<number, number>;
  readonly norms: readonly number[];
}

/** The numbers of some steps, read from the device at once. */
async function readSteps(steps: readonly UnreadStep[]): Promise<StepNumbers[]> {
  const values = await readTogether(
    steps.flatMap(({ passes, norms }) => [...passes.map(({ losses }) => losses), norms]),
  );
  let at = 0;
  return steps.map(({ step, passes, norms }) => ({
    step,
    losses: new Map(passes.flatMap(({ owners }) => owners).map((owner) => [owner, values[at++]!])),
    norms: values.slice(at, at += norms.size),
  }));
}

/** Frees the numbers of steps; returns none. */
function disposeSteps(steps: readonly UnreadStep[]): UnreadStep[] {
  for (const { passes, norms } of steps) tf.dispose([norms, ...passes.map(({ losses }) => losses)]);
  return [];
}

/** A batch with the owner of its rows. */
interface Owned<Batch> {
  readonly owner: number;
  readonly batch: Batch;
}

/** One pass through the model: whose batches, and their losses, one of each. */
interface Pass {
  readonly owners: readonly number[];
  readonly losses: tf.Tensor;
}

/** The losses of the owners, and the gradients of all, in as many passes as there are sizes of batches. */
function gradientsOf<Batch extends RowsBatch>(
  model: Trainable<Batch>,
  parameters: ReadonlyMap<string, tf.Variable>,
  { labelSmoothing }: Required<TrainSettings>,
  batches: readonly Owned<Batch>[],
  owners: readonly TrainContext<Batch>[],
): { passes: Pass[]; gradients: Map<string, tf.Tensor> } {
  const passes: Pass[] = [];
  const gradients = new Map<string, tf.Tensor>();
  for (const group of Map.groupBy(batches, ({ batch }) => sizesOf(batch)).values()) {
    const parts = group.length;
    const rows = group[0]!.batch.taskIds.length;
    const batch = {
      ...joined(group.map(({ batch }) => batch)),
      taskIds: group.flatMap(({ owner }) => new Array<number>(rows).fill(owner)),
    };
    const noise = noiseOfParts(group.map(({ owner }) => owners[owner]!.noise));
    let ofParts: tf.Tensor | undefined;
    const pass = lossAndGradients(() => {
      const { loss, losses } = model.forward({
        ...batch,
        training: true,
        noise,
        labelSmoothing,
        parts,
      });
      ofParts = tf.keep(tf.clone(losses === undefined ? loss : losses));
      return loss;
    }, parameters);
    passes.push({ owners: group.map(({ owner }) => owner), losses: ofParts! });
    pass.loss.dispose();
    for (const [name, gradient] of pass.gradients) {
      const sum = gradients.get(name);
      gradients.set(name, sum === undefined ? gradient : tf.add(sum, gradient));
      if (sum !== undefined) tf.dispose([sum, gradient]);
    }
  }
  return { passes, gradients };
}

/** Random numbers of several parts one behind another, each from a source of its own. */
export function noiseOfParts(sources: readonly Noise[]): Noise {
  if (sources.length === 1) return sources[0]!;
  return {
    ...sources.every(({ numbers }) => numbers !== undefined) && {
      numbers: (place: string, count: number) => {
        const values = new Float32Array(count);
        const own = count / sources.length;
        sources.forEach((source, i) => values.set(source.numbers!(place, own), i * own));
        return values;
      },
    },
    uniform: (place, [rows, ...rest]) =>
      tf.tidy(() => {
        const shape = [rows! / sources.length, ...rest];
        return tf.concat(sources.map((source) => source.uniform(place, shape)));
      }),
  };
}

/** The sizes of all lists of a batch, as text: batches of the same can be joined. */
export function sizesOf(batch: object): string {
  return Object.entries(batch).map(([name, value]) => {
    const sizes: number[] = [];
    for (let list = value as unknown; isList(list); list = list[0]) sizes.push(list.length);
    return `${name} ${sizes.join("×")}`;
  }).join(", ");
}

/** The lists of batches one behind another. */
export function joined<Batch extends object>(batches: readonly Batch[]): Batch {
  const all = batches as unknown as Readonly<Record<string, readonly unknown[] | Float32Array>>[];
  return Object.fromEntries(
    Object.keys(all[0]!).map((name) => [name, joinLists(all.map((batch) => batch[name]!))]),
  ) as unknown as Batch;
}

function joinLists(lists: readonly (readonly unknown[] | Float32Array)[]) {
  if (!(lists[0] instanceof Float32Array)) return lists.flatMap((list) => [...list]);
  const values = new Float32Array(lists.reduce((size, list) => size + list.length, 0));
  lists.reduce((at, list) => (values.set(list as Float32Array, at), at + list.length), 0);
  return values;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) || value instanceof Float32Array;
}
