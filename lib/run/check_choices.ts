import type { Task, TaskSuite } from "../tasks/task.ts";
import type { RunConfig } from "./config.ts";

/**
 * Throws when settings need answer choices and the tasks have none: `rank_accuracy` needs a task with
 * choices among those trained on and among those held out, and the losses over choices one to train on.
 *
 * @throws {RangeError} naming the setting
 */
export function checkChoices(
  { further_scores, unlikelihood, length_normalised_choice }: RunConfig,
  { name, training, heldOut }: TaskSuite,
): void {
  const has = ({ train }: Task) => train.every(({ choices }) => choices !== undefined);
  const refuse = (what: string, which: string) => {
    const how = name === "jsonl"
      ? 'give its lines "choices"'
      : "use tasks with a finite set of answers";
    throw new RangeError(
      `Cannot ${what} as some task ${which} must have answer choices, and none of suite "${name}" has: ` +
        how,
    );
  };
  if (further_scores.includes("rank_accuracy")) {
    if (!training.some(has)) refuse("measure rank_accuracy", "to train on");
    if (heldOut.length > 0 && !heldOut.some(has)) {
      refuse("measure rank_accuracy", "that is held out");
    }
  }
  for (const [key, weight] of Object.entries({ unlikelihood, length_normalised_choice })) {
    if (weight > 0 && !training.some(has)) refuse(`train with ${key}`, "to train on");
  }
}
