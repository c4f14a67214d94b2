/** Where a run finds the stages that have been made before, and leaves those that it makes. */
import type { Json, StageContent, StageFacts } from "../../stages/stage.ts";
import type { StageStore } from "../../stages/stage_store.ts";
import type { Basis } from "./facts.ts";

/** What a run needs to share stages with others. */
export interface StageOptions {
  /** The folder of stages. */
  readonly store: Pick<StageStore, "obtain" | "read" | "write" | "remove">;
  /** What the numbers of the run depend on beside its settings. */
  readonly basis: Basis;
  /** Time between two checkpoints of the multi-task phase in ms; a minute when absent. */
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

const CHECKPOINT_EVERY = 60_000;

/** The stages of one run. */
export class Keeper {
  readonly #options: StageOptions | null;
  readonly #signal: AbortSignal | undefined;
  readonly #made: Record<string, number> = {};
  readonly #kept: Record<string, number> = {};
  #resumedAtStep: number | null = null;
  #saved = performance.now();

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
  async obtain(
    facts: StageFacts,
    make: () => Promise<StageContent>,
  ): Promise<StageContent & { readonly isMade: boolean }> {
    this.stopIfAsked();
    const content = this.#options === null
      ? { ...await make(), isMade: true }
      : await this.#options.store.obtain(facts, make);
    const counts = content.isMade ? this.#made : this.#kept;
    counts[facts.kind] = (counts[facts.kind] ?? 0) + 1;
    return content;
  }

  /** @throws {StoppedError} when the run was asked to stop */
  stopIfAsked(): void {
    if (this.#signal?.aborted) throw new StoppedError("The run was asked to stop");
  }

  /** Where an earlier process left a stage in the middle; null when none did. */
  async checkpoint(facts: StageFacts): Promise<StageContent | null> {
    this.#saved = performance.now();
    return await this.#options?.store.read(halfOf(facts)) ?? null;
  }

  /** Tells that the multi-task phase goes on from a step. */
  resumed(step: number): void {
    this.#resumedAtStep = step;
  }

  /** Saves where a stage is, when it is time to, or the run was asked to stop. */
  async saveCheckpoint(facts: StageFacts, read: () => Promise<StageContent>): Promise<void> {
    if (this.#options === null) return;
    const { store, checkpointEvery = CHECKPOINT_EVERY } = this.#options;
    const isDue = performance.now() - this.#saved >= checkpointEvery;
    if (!isDue && !this.#signal?.aborted) return;
    await store.write(halfOf(facts), await read());
    this.#saved = performance.now();
  }

  /** Removes the checkpoint of a stage that is whole. */
  async removeCheckpoint(facts: StageFacts): Promise<void> {
    await this.#options?.store.remove(halfOf(facts));
  }
}

/** The facts of a stage's checkpoint. */
function halfOf({ kind, ...others }: StageFacts): StageFacts {
  return { kind: "checkpoint", of: kind, ...others as Record<string, Json> };
}
