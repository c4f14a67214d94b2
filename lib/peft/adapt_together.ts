/**
 * Adapts to many held-out tasks and draws at once: those whose first batches have the same sizes are
 * trained as one stack of models, in the same bytes as one after another.
 */
import type { AnyBaseModel, PeftModel } from "./peft_model.ts";
import { isStackable } from "../poly/stack.ts";
import { stackModels, unstackModels } from "./stack_models.ts";
import type { Trainable } from "../train/multi_task_model.ts";
import {
  DivergedError,
  train,
  TRAIN_DEFAULTS,
  type TrainContext,
  type TrainSettings,
} from "../train/train.ts";
import {
  canTrainTogether,
  type JointStep,
  type RowsBatch,
  sizesOf,
  trainTogether,
} from "../train/train_together.ts";

/** Most owners in one stack: of more, a step's tensors no longer fit the caches of a processor. */
const MOST_OWNERS = 8;

/** Most values of adapters in one stack; the stack, its gradients and its moments hold as many each. */
const MOST_VALUES = 2 ** 24;

/**
 * Most rows of a batch times values of the base model: beyond it a step's time is that of its products,
 * which more rows make no faster. (On WebGPU the limit may lie higher; it was measured on processors.)
 */
const MOST_WORK = 2 ** 25;

/** One held-out task and draw: the model that is adapted to it, and what it is trained on. */
export interface Owner<Batch, M extends AnyBaseModel> {
  /** A model with one adapter of one task, whose values training changes. */
  readonly model: PeftModel<M>;
  readonly settings: TrainSettings;
  readonly context: TrainContext<Batch>;
}

/** What a step was for an owner. */
export interface OwnerStep {
  /** Index of the owner. */
  readonly owner: number;
  /**
   * The step. Null comes after an owner's last step, when its model has the trained values; an error is the
   * last of an owner, too.
   */
  readonly outcome: JointStep | DivergedError | null;
}

/**
 * Trains the models of all owners, each as by `train()` alone: the same losses, and on the CPU and
 * WebAssembly the same bytes. An owner that diverges is told by its error and does not disturb the others;
 * the values of its model are of no use.
 *
 * @param trainable a model as training sees it
 * @param owners all on the same base
 * @param options `most` owners in one stack
 * @returns an iterator of steps, in an order that depends on the owners alone: those of one owner are in
 * order
 */
export async function* adaptTogether<Batch extends RowsBatch, M extends AnyBaseModel>(
  trainable: (model: PeftModel<M>) => Trainable<NoInfer<Batch>>,
  owners: readonly Owner<Batch, M>[],
  { most = MOST_OWNERS }: { readonly most?: number } = {},
): AsyncGenerator<OwnerStep> {
  for (const group of groupsOf(owners, most)) {
    if (group.length === 1) yield* alone(trainable, group[0]!);
    else yield* together(trainable, group);
  }
}

/** An owner with its number, whose first batch has been looked at. */
type Numbered<Batch, M extends AnyBaseModel> = Owner<Batch, M> & { readonly owner: number };

/** The owners that are trained in one stack, in the order of the first of each. */
function groupsOf<Batch extends RowsBatch, M extends AnyBaseModel>(
  owners: readonly Owner<Batch, M>[],
  most: number,
): Numbered<Batch, M>[][] {
  const numbered = owners.map((owner, i) => {
    const { model, settings } = owner;
    const { size } = model.base.parameters;
    const rows = settings.batchSize ?? TRAIN_DEFAULTS.batchSize;
    const values = model.getNbTrainableParameters()[1] - size;
    const fits = settings.steps > 0 && canTrainTogether(settings) &&
      [...model.adapters.values()].every(isStackable) &&
      rows * size <= MOST_WORK;
    const [context, sizes] = fits ? peek(owner.context, rows) : [owner.context, ""];
    const key = fits ? `${JSON.stringify(settings)} ${sizes} ${values}` : `alone ${i}`;
    return { key, owner: { ...owner, context, owner: i }, room: Math.floor(MOST_VALUES / values) };
  });
  return [...Map.groupBy(numbered, ({ key }) => key).values()].flatMap((alike) => {
    const size = Math.max(1, Math.min(most, alike[0]!.room));
    return Array.from(
      { length: Math.ceil(alike.length / size) },
      (_, i) => alike.slice(i * size, (i + 1) * size).map(({ owner }) => owner),
    );
  });
}

/** An owner's context that still has its first batch, and the sizes of that batch. */
function peek<Batch extends RowsBatch>(
  context: TrainContext<Batch>,
  count: number,
): readonly [TrainContext<Batch>, string] {
  let first: Batch | null = context.nextBatch(count);
  const sizes = sizesOf(first);
  const nextBatch = (count: number) => {
    const batch = first ?? context.nextBatch(count);
    first = null;
    return batch;
  };
  return [{ ...context, nextBatch }, sizes];
}

async function* alone<Batch extends RowsBatch, M extends AnyBaseModel>(
  trainable: (model: PeftModel<M>) => Trainable<NoInfer<Batch>>,
  { owner, model, settings, context }: Numbered<Batch, M>,
): AsyncGenerator<OwnerStep> {
  try {
    for await (const step of train<Batch>(trainable(model), settings, context)) {
      const { state: _, ...outcome } = step;
      yield { owner, outcome };
    }
    yield { owner, outcome: null };
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error;
    yield { owner, outcome: error };
  }
}

async function* together<Batch extends RowsBatch, M extends AnyBaseModel>(
  trainable: (model: PeftModel<M>) => Trainable<NoInfer<Batch>>,
  group: readonly Numbered<Batch, M>[],
): AsyncGenerator<OwnerStep> {
  const models = group.map(({ model }) => model);
  const stack = stackModels(models);
  const diverged = new Set<number>();
  try {
    const contexts = group.map(({ context }) => context);
    for await (
      const step of trainTogether<Batch>(trainable(stack), group[0]!.settings, contexts)
    ) {
      for (const [i, outcome] of step.entries()) {
        if (outcome === null) continue;
        if (outcome instanceof DivergedError) diverged.add(i);
        yield { owner: group[i]!.owner, outcome };
      }
    }
    unstackModels(stack, models);
    for (const [i, { owner }] of group.entries()) {
      if (!diverged.has(i)) yield { owner, outcome: null };
    }
  } finally {
    stack.dispose();
  }
}
