import { multiTaskText } from "../../run/stages/facts.ts";
import type { WorkerTask } from "./message.ts";

/**
 * The runs that wait for a worker. One whose multi-task phase is being trained by another worker is put
 * off while others wait: it would wait there in vain, and find the phase done later.
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
 * const queue = new TaskQueue([a, b, c]);
 * assert.deepEqual([queue.take(), queue.take()], [a, c]); // a and b train the same
 * queue.ended(a);
 * assert.deepEqual([queue.take(), queue.take()], [b, undefined]);
 * ```
 */
export class TaskQueue {
  readonly #waiting: WorkerTask[];
  readonly #texts = new Map<WorkerTask, string>();
  /** Multi-task phases that are being trained, and those that have been. */
  readonly #atWork = new Map<string, WorkerTask>();
  readonly #done = new Set<string>();

  /** @param tasks in the order in which they are to be done */
  constructor(tasks: readonly WorkerTask[]) {
    this.#waiting = [...tasks];
  }

  /** How many tasks wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Takes the next task; undefined when none waits. */
  take(): WorkerTask | undefined {
    const free = this.#waiting.findIndex((task) => {
      const text = this.#textOf(task);
      return task.stagesDir === null || this.#done.has(text) || !this.#atWork.has(text);
    });
    const [task] = this.#waiting.splice(Math.max(free, 0), 1);
    if (task === undefined) return undefined;
    const text = this.#textOf(task);
    if (!this.#atWork.has(text)) this.#atWork.set(text, task);
    return task;
  }

  /** Adds a task behind all others. */
  push(task: WorkerTask): void {
    this.#waiting.push(task);
  }

  /** Tells that a task has ended, however it did. */
  ended(task: WorkerTask): void {
    const text = this.#textOf(task);
    this.#done.add(text);
    if (this.#atWork.get(text) === task) this.#atWork.delete(text);
    this.#texts.delete(task);
  }

  #textOf(task: WorkerTask): string {
    let text = this.#texts.get(task);
    if (text === undefined) this.#texts.set(task, text = multiTaskText(task.run.config));
    return text;
  }
}
