import type { Example } from "../tasks/task.ts";
import { encodeExamples, type Encoding, type TaskBatch, type TaskExample } from "./task_batch.ts";

/** A batch with a row for each answer that an example's choices offer. `B` rows. */
export interface ChoiceBatch extends TaskBatch {
  /**
   * Which example each row belongs to, from 0; `[B]`. The rows of an example follow one another, and the
   * first of them has the right answer.
   */
  readonly examples: readonly number[];
}

/**
 * Turns examples into a batch with one row for an example's first target, and one for each choice that is
 * none of its targets. An example without choices has one row.
 *
 * @throws {RangeError} when there is no example
 */
export function encodeChoices(examples: readonly TaskExample[], encoding: Encoding): ChoiceBatch {
  const rows = examples.flatMap(({ taskId, example }, index) =>
    [example.targets[0]!, ...wrongChoices(example)].map((answer) => ({
      index,
      row: { taskId, example: { ...example, targets: [answer] } },
    }))
  );
  return {
    ...encodeExamples(rows.map(({ row }) => row), encoding),
    examples: rows.map(({ index }) => index),
  };
}

/** The choices of an example that are none of its targets. */
export function wrongChoices({ targets, choices = [] }: Example): string[] {
  return choices.filter((choice) => !targets.includes(choice));
}
