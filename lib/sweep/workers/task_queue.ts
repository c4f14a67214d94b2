import { multiTaskText } from "../../run/stages/facts.ts";
import type { WorkerTask } from "./message.ts";

/** Tasks that one worker does at the same time: one run, or those of a company. */
export type Batch = readonly WorkerTask[];

/**
 * The runs that wait for a worker. One whose multi-task phase is being trained by another worker is put
 * off while others wait: it would wait there in vain, and find the phase done later. Those of a company are
 * taken together.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "../../run/config.ts";
 *
 * const task = (id: string, adaptation: "full" | "none", seed: number) => ({
 *   dir: "/out", keepAdapter: false, stagesDir: "/out/.stages",
 *   run: { id, config: parseRunConfig({ adaptation, seed }) },
 * });
 * const [a, b, c] = [task("a", "full", 0), task("b", "none", 0), task("c", "full", 1)];
 * const [d, e] = [task("d", "none", 2), task("e", "none", 3)].map((one) => ({ ...one, company: ["d", "e"] }));
 * const queue = new TaskQueue([a, b, c, d!, e!]);
 * assert.deepEqual([queue.take(), queue.take()], [[a], [c]]); // a and b train the same
 * queue.ended([a]);
 * assert.deepEqual([queue.take(), queue.take(), queue.take()], [[b], [d, e], undefined]);
 * ```
 */
export class TaskQueue {
  readonly #waiting: Batch[];
  readonly #texts = new Map<WorkerTask, string>();
  /** Multi-task phases that are being trained, and those that have been. */
  readonly #atWork = new Map<string, WorkerTask>();
  readonly #done = new Set<string>();

  /** @param tasks in the order in which they are to be done */
  constructor(tasks: readonly WorkerTask[]) {
    this.#waiting = batchesOf(tasks);
  }

  /** How many batches wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Takes the next batch; undefined when none waits. */
  take(): Batch | undefined {
    const isFree = (task: WorkerTask) => {
      const text = this.#textOf(task);
      return task.stagesDir === null || this.#done.has(text) || !this.#atWork.has(text);
    };
    const free = this.#waiting.findIndex((batch) => batch.every(isFree));
    const [batch] = this.#waiting.splice(Math.max(free, 0), 1);
    for (const task of batch ?? []) {
      const text = this.#textOf(task);
      if (!this.#atWork.has(text)) this.#atWork.set(text, task);
    }
    return batch;
  }

  /** Adds tasks behind all others. */
  push(...tasks: WorkerTask[]): void {
    this.#waiting.push(...batchesOf(tasks));
  }

  /** Tells that tasks have ended, however they did. */
  ended(batch: Batch): void {
    for (const task of batch) {
      const text = this.#textOf(task);
      this.#done.add(text);
      if (this.#atWork.get(text) === task) this.#atWork.delete(text);
      this.#texts.delete(task);
    }
  }

  #textOf(task: WorkerTask): string {
    let text = this.#texts.get(task);
    if (text === undefined) this.#texts.set(task, text = multiTaskText(task.run.config));
    return text;
  }
}

/** Tasks by their companies, in the order of the first of each. */
function batchesOf(tasks: readonly WorkerTask[]): Batch[] {
  const companyOf = ({ run: { id }, company = [id] }: WorkerTask) => JSON.stringify(company);
  return [...Map.groupBy(tasks, companyOf).values()];
}
