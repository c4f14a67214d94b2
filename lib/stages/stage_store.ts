import { rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolder, removeIfThere } from "../files/file_system.ts";
import { type FileLock, lockPassing } from "../files/lock.ts";
import {
  canBeKept,
  type StageContent,
  type StageFacts,
  stageFromBytes,
  stageKey,
  stageToBytes,
} from "./stage.ts";

/** A stage, and whether it was made by the call that obtained it. */
export type ObtainedStage = StageContent & { readonly isMade: boolean };

/** Makes the stages of some indices, and gives each with its index when it is made. */
export type MakeStages = (
  missing: readonly number[],
) => AsyncIterable<readonly [index: number, content: StageContent]>;

/**
 * A folder of stages, one file each. A stage is whole or absent, and one process at a time makes it:
 * others that want it wait, and take what it has made.
 *
 * Files are not flushed to disk one by one, which would take longer than many a stage: each has a
 * digest, and one that a loss of power has torn is as good as absent.
 */
export class StageStore {
  /** @param dir the folder; made when the first stage is kept */
  constructor(readonly dir: string) {}

  /** The path of a stage's file. */
  path(facts: StageFacts): string {
    const key = stageKey(facts);
    return join(this.dir, facts.kind, key.slice(0, 2), `${key}.safetensors`);
  }

  /** A stage that is kept; null when there is none that is whole. */
  async read(facts: StageFacts): Promise<StageContent | null> {
    const path = this.path(facts);
    try {
      const { facts: stored, ...content } = stageFromBytes(await Deno.readFile(path), path);
      return stageKey(stored) === stageKey(facts) ? content : null;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return null;
      throw error;
    }
  }

  /** Keeps a stage. */
  async write(facts: StageFacts, content: StageContent): Promise<void> {
    const path = this.path(facts);
    const temporary = `${path}.${crypto.randomUUID()}.tmp`;
    await makeFolder(dirname(path));
    try {
      await Deno.writeFile(temporary, stageToBytes(facts, content));
      await rename(temporary, path);
    } finally {
      await removeIfThere(temporary);
    }
  }

  /** Removes a stage, if it is there. */
  async remove(facts: StageFacts): Promise<void> {
    await removeIfThere(this.path(facts));
  }

  /**
   * Stages, of which those that are not kept are made together. Each is kept as soon as it is made, unless
   * its findings are not all finite.
   *
   * @param make makes the stages of the indices that it is given, in any order; one process at a time is in it
   * @throws whatever `make` throws; what it has not made is not kept
   * @returns the stages in the order of `all`
   */
  async obtainAll(all: readonly StageFacts[], make: MakeStages): Promise<ObtainedStage[]> {
    const found: (StageContent | null)[] = await Promise.all(all.map((facts) => this.read(facts)));
    const missing = [...all.keys()].filter((i) => found[i] === null);
    using locks = new DisposableStack();
    // Everybody locks in one order, so that nobody waits for one who waits for them.
    for (const i of missing.toSorted((a, b) => stageKey(all[a]!) < stageKey(all[b]!) ? -1 : 1)) {
      locks.use(await this.#lock(all[i]!));
      found[i] = await this.read(all[i]!);
    }
    const left = missing.filter((i) => found[i] === null);
    if (left.length > 0) {
      for await (const [i, content] of make(left)) {
        found[i] = content;
        if (canBeKept(content.found)) await this.write(all[i]!, content);
      }
    }
    return found.map((content, i) => ({ ...content!, isMade: left.includes(i) }));
  }

  async #lock(facts: StageFacts): Promise<FileLock> {
    const path = this.path(facts);
    await makeFolder(dirname(path));
    return await lockPassing(`${path}.lock`);
  }
}
