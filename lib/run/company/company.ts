import { setImmediate } from "node:timers";
import { joinedGradients, type JoinedStep } from "../../peft/joined_model.ts";
import type { AnyBaseModel, PeftModel } from "../../peft/peft_model.ts";
import * as tf from "../../tf.ts";
import type { LossAndGradients } from "../../train/gradients.ts";
import { readTogether } from "../../train/read_together.ts";
import type { StepWork } from "../../train/train.ts";
import { canJoin, type RowsBatch } from "../../train/train_together.ts";
import { Meeting } from "../../util/meeting.ts";
import type { Problem } from "../problem.ts";

/** How long the others wait for a run that asks for a stage, in ms. */
const PATIENCE = 1000;

/**
 * Runs of one process whose multi-task phases are trained in the same batches. Each run goes its own way:
 * it has its own tasks, noise, schedule, optimiser, checkpoints and log, and where it trains, its step waits
 * for those of the others that train, too. Then the rows of all go through the base model at once. A run that
 * ends, fails or diverges leaves; the others go on.
 */
export class Company {
  /** Names of the runs, as they are recorded. */
  readonly ids: readonly string[];
  readonly #steps = new Meeting<AnyStep, LossAndGradients>(gradientsOf);
  readonly #bases = new Map<string, SharedBase>();
  #reads: WaitingRead[] = [];

  /** @param ids of the runs, all of one `batchKey()` */
  constructor(ids: readonly string[]) {
    this.ids = ids;
  }

  /** The place of a run in this company. */
  seatOf(id: string): Seat {
    const number = this.ids.indexOf(id);
    let patience: ReturnType<typeof setTimeout> | undefined;
    return {
      company: this.ids.filter((other) => other !== id),
      come: () => {
        clearTimeout(patience);
        this.#steps.enter(number);
      },
      linger: () => patience = setTimeout(() => this.#steps.leave(number), PATIENCE),
      leave: () => {
        clearTimeout(patience);
        this.#steps.leave(number);
      },
      work: (model, { trainable, alike }) => ({
        gradients: (inputs) =>
          this.#steps.ask(number, { model, inputs, trainable, alike } as unknown as AnyStep),
        read: (tensors) => this.#read(tensors),
      }),
      openBase: (key, open) => this.#openBase(key, open),
    };
  }

  /** Reads what several runs ask for at the same time by one read. */
  #read(tensors: readonly tf.Tensor[]): Promise<number[]> {
    return new Promise((give, fail) => {
      this.#reads.push({ tensors, give, fail });
      if (this.#reads.length === 1) setImmediate(() => void this.#readAll());
    });
  }

  async #readAll(): Promise<void> {
    const reads = this.#reads;
    this.#reads = [];
    try {
      const values = await readTogether(reads.flatMap(({ tensors }) => tensors));
      let at = 0;
      for (const { tensors, give } of reads) {
        const size = tensors.reduce((sum, tensor) => sum + tensor.size, 0);
        give(values.slice(at, at += size));
      }
    } catch (error) {
      for (const { fail } of reads) fail(error);
    }
  }

  async #openBase<Base extends Disposable>(
    key: string,
    open: () => Promise<Base>,
  ): Promise<Base> {
    let shared = this.#bases.get(key);
    if (shared === undefined) {
      shared = { opened: open(), users: 0 };
      this.#bases.set(key, shared);
    }
    const { opened } = shared;
    shared.users++;
    const base = await opened as Base;
    return {
      ...base,
      dispose: () => {
        if (--shared.users > 0) return;
        this.#bases.delete(key);
        base.dispose();
      },
    };
  }
}

/** What a run does with the company that it is in. */
export interface Seat {
  /** Names of the others. */
  readonly company: readonly string[];
  /** The run will train soon, and is waited for from now on. */
  come(): void;
  /** The run asks for a stage, for which another process may be at work: it is waited for a second. */
  linger(): void;
  /** The run does something else, and is not waited for. */
  leave(): void;
  /** What the training of a model shares with the others. */
  work<E, Batch extends RowsBatch, M extends AnyBaseModel>(
    model: PeftModel<M>,
    problem: Pick<Problem<E, Batch, M>, "trainable" | "alike">,
  ): StepWork<Batch>;
  /** Opens a base model once for all; each user disposes it, and the last frees it. */
  openBase<Base extends Disposable>(key: string, open: () => Promise<Base>): Promise<Base>;
}

interface Disposable {
  dispose(): void;
}

interface SharedBase {
  readonly opened: Promise<Disposable>;
  users: number;
}

interface WaitingRead {
  readonly tensors: readonly tf.Tensor[];
  readonly give: (values: number[]) => void;
  readonly fail: (error: unknown) => void;
}

/** A step of any kind of problem; those of one company are of one kind. */
interface AnyStep extends JoinedStep<RowsBatch, AnyBaseModel> {
  readonly alike?: Problem<unknown, RowsBatch, AnyBaseModel>["alike"];
}

/**
 * The gradients of steps. On WebGPU, where the same bytes are not promised, batches are made alike, so that
 * all go together; elsewhere those of the same sizes do, and the bytes of each are as if it were alone.
 */
function gradientsOf(steps: readonly AnyStep[]): LossAndGradients[] {
  if (!canJoin()) return steps.map((step) => joinedGradients([step])[0]!);
  const { alike } = steps[0]!;
  if (alike === undefined || tf.getBackend() !== "webgpu") return joinedGradients(steps);
  const batches = alike(steps.map(({ inputs }) => inputs));
  return joinedGradients(
    steps.map((step, i) => ({ ...step, inputs: { ...step.inputs, ...batches[i]! } })),
  );
}
