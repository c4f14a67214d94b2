/** Where a run finds the stages that have been made before, and leaves those that it makes. */
import { settleBackend } from "../../backend/backend.ts";
import type { StageContent, StageFacts } from "../../stages/stage.ts";
import type { MakeStages, ObtainedStage, StageStore } from "../../stages/stage_store.ts";
import { type Basis, checkpointFacts } from "./facts.ts";

/** What a run needs to share stages with others. */
export interface StageOptions {
  /** The folder of stages. */
  readonly store: Pick<StageStore, "obtainAll" | "read" | "write" | "remove">;
  /** What the numbers of the run depend on beside its settings. */
  readonly basis: Basis;
  /** Least time between two checkpoints of the multi-task phase in ms; 5 seconds when absent. */
  readonly checkpointEvery?: number;
}

/** What a run made of its stages, for its provenance. */
export interface StagesTold {
  /** Stages that were made in this run, by kind. */
  readonly made: Readonly<Record<string, number>>;
  /** Stages that were there, by kind. */
  readonly kept: Readonly<Record<string, number>>;
  /** The step from which the multi-task phase went on after it had been stopped; null otherwise. */
  readonly resumed_at_step: number | null;
}

/** Thrown in the middle of a run that was asked to stop; what it has done so far is kept. */
export class StoppedError extends Error {
  override readonly name = "StoppedError";
}

/** Time between two checkpoints in ms: the least, and the most where saving one takes long. */
const [CHECKPOINT_EVERY, CHECKPOINT_AT_LEAST_EVERY] = [5_000, 60_000];
/** The most of a run's time that saving may take, unless that would make checkpoints too rare. */
const SHARE_FOR_SAVING = 1 / 30;

/** The stages of one run. */
export class Keeper {
  readonly #options: StageOptions | null;
  readonly #signal: AbortSignal | undefined;
  readonly #made: Record<string, number> = {};
  readonly #kept: Record<string, number> = {};
  #resumedAtStep: number | null = null;
  #saved = performance.now();
  #saving = 0;

  /**
   * @param options where stages are kept; null to keep none
   * @param signal asks the run to stop
   */
  constructor(options: StageOptions | null, signal?: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** What the numbers of the run depend on beside its settings. */
  get basis(): Basis {
    return this.#options?.basis ?? {};
  }

  /** How the run came by its stages. */
  get told(): StagesTold {
    return { made: this.#made, kept: this.#kept, resumed_at_step: this.#resumedAtStep };
  }

  /** A stage that was made before, or else is made now. */
  async obtain(facts: StageFacts, make: () => Promise<StageContent>): Promise<ObtainedStage> {
    const [stage] = await this.obtainAll([facts], async function* () {
      yield [0, await make()];
    });
    return stage!;
  }

  /**
   * Several stages, of which those that were not made before are made together, and kept one by one.
   *
   * @param make makes the stages of the indices that it is given, in any order
   */
  async obtainAll(all: readonly StageFacts[], make: MakeStages): Promise<ObtainedStage[]> {
    this.stopIfAsked();
    const stages = this.#options === null
      ? await madeNow(all, settled(make))
      : await this.#options.store.obtainAll(all, settled(make));
    for (const [i, { isMade }] of stages.entries()) {
      const counts = isMade ? this.#made : this.#kept;
      counts[all[i]!.kind] = (counts[all[i]!.kind] ?? 0) + 1;
    }
    return stages;
  }

  /** @throws {StoppedError} when the run was asked to stop */
  stopIfAsked(): void {
    if (this.#signal?.aborted) throw new StoppedError("The run was asked to stop");
  }

  /** Where an earlier process left a stage in the middle; null when none did. */
  async checkpoint(facts: StageFacts): Promise<StageContent | null> {
    this.#saved = performance.now();
    return await this.#options?.store.read(checkpointFacts(facts)) ?? null;
  }

  /** Tells that the multi-task phase goes on from a step. */
  resumed(step: number): void {
    this.#resumedAtStep = step;
  }

  /** Saves where a stage is, when it is time to, or the run was asked to stop. */
  async saveCheckpoint(facts: StageFacts, read: () => Promise<StageContent>): Promise<void> {
    if (this.#options === null) return;
    const { store, checkpointEvery = CHECKPOINT_EVERY } = this.#options;
    const pause = Math.min(this.#saving / SHARE_FOR_SAVING, CHECKPOINT_AT_LEAST_EVERY);
    const started = performance.now();
    const isDue = started - this.#saved >= Math.max(checkpointEvery, pause);
    if (!isDue && !this.#signal?.aborted) return;
    await store.write(checkpointFacts(facts), await read());
    this.#saved = performance.now();
    this.#saving = this.#saved - started;
  }

  /** Removes the checkpoint of a stage that is whole. */
  async removeCheckpoint(facts: StageFacts): Promise<void> {
    await this.#options?.store.remove(checkpointFacts(facts));
  }
}

/** All stages, made now and not kept. */
async function madeNow(all: readonly StageFacts[], make: MakeStages): Promise<ObtainedStage[]> {
  const stages: ObtainedStage[] = [];
  for await (const [i, content] of make([...all.keys()])) stages[i] = { ...content, isMade: true };
  return stages;
}

/**
 * Stages of which each is given only after the device has told what it could not do, so that none is kept
 * whose numbers, or whose divergence, come of a device that failed.
 */
function settled(make: MakeStages): MakeStages {
  return async function* (missing) {
    for await (const made of make(missing)) {
      await settleBackend();
      yield made;
    }
  };
}
