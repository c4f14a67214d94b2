import type { Example, Task } from "../tasks/task.ts";
import type { RandomStream } from "../util/random.ts";
import type { TaskExample } from "./task_batch.ts";

/** Gives training examples without end. */
export interface Sampler<E = Example> {
  /** The next `count` examples. */
  next(count: number): TaskExample<E>[];
}

/**
 * Draws a task uniformly, then the next of its training examples in an order that is shuffled anew
 * each time the task runs out.
 *
 * Source: uniform sampling of tasks, as in the Polytropon paper (arXiv 2202.13914, section 4).
 *
 * @param tasks at least one; a task's index in the list is its id
 * @param random the stream that the order is drawn from
 * @throws {RangeError} when there is no task
 *
 * @example Every example of a task comes once before any comes twice
 * ```ts
 * import assert from "node:assert/strict";
 * import { randomStream } from "../util/random.ts";
 *
 * const train = ["a", "b", "c"].map((input) => ({ input, targets: [input] }));
 * const sampler = taskSampler([{ train }], randomStream(0, "x"));
 * const inputs = sampler.next(3).map(({ example }) => example.input);
 * assert.deepEqual(inputs.sort(), ["a", "b", "c"]);
 * ```
 */
export function taskSampler<E>(
  tasks: readonly Pick<Task<E>, "train">[],
  random: RandomStream,
): Sampler<E> {
  if (tasks.length === 0) throw new RangeError("Cannot draw examples as there is no task");
  const left = tasks.map((): TaskExample<E>[] => []);
  return {
    next: (count) =>
      Array.from({ length: count }, () => {
        const taskId = random.integer(tasks.length);
        if (left[taskId]!.length === 0) {
          left[taskId] = random.shuffle(tasks[taskId]!.train)
            .map((example) => ({ taskId, example }));
        }
        return left[taskId]!.pop()!;
      }),
  };
}
