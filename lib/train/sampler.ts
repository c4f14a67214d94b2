import type { Example, Task } from "../tasks/task.ts";
import type { RandomStream } from "../util/random.ts";
import type { TaskExample } from "./task_batch.ts";

/** An endless source of training examples. */
export interface Sampler<E = Example> {
  /** The next `count` examples. */
  next(count: number): TaskExample<E>[];
}

/**
 * Draws a task uniformly, then takes its next training example. The order of a task's examples is
 * shuffled again each time all have been used.
 *
 * Source: uniform sampling of tasks, as in the Polytropon paper (arXiv 2202.13914, section 4).
 *
 * @param tasks at least one; the index of a task in the list is its id
 * @param random stream of the random numbers
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
  if (tasks.length === 0) {
    throw new RangeError("Cannot draw examples as there must be at least one task");
  }
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
