import { randomStream } from "../util/random.ts";
import { escapedValue } from "../files/escaped.ts";
import { withChoices } from "./answer_choices.ts";
import { splitExamples } from "./split_examples.ts";
import { checkSuiteSize, type Example, type SuiteSize, type Task, type TaskSuite } from "./task.ts";

/** A task as a file gives it, before its examples are split. */
export interface SourceTask {
  readonly name: string;
  readonly examples: readonly Example[];
  readonly category?: string;
}

/** Division of tasks into those to train on and those held out. */
export interface HoldOut {
  /** Names of the tasks to train on, when a list decides; drawn by seed otherwise. */
  readonly training?: ReadonlySet<string>;
  /** Names of the tasks that may be held out, when a list decides; the rest otherwise. */
  readonly heldOut?: ReadonlySet<string>;
}

/**
 * Makes a suite from tasks that were read from files: draws its tasks, as {@linkcode drawTasks} does,
 * and splits the examples of each.
 *
 * @throws {RangeError} when there are too few tasks, a name stands twice, or a task has too few examples
 */
export function suiteFromTasks(
  suiteName: string,
  tasks: readonly SourceTask[],
  size: SuiteSize,
  seed: number,
  holdOut: HoldOut = {},
): TaskSuite {
  const { training, heldOut } = drawTasks(suiteName, tasks, size, seed, holdOut);
  const split = ({ name, category, examples }: SourceTask): Task => ({
    name,
    ...(category === undefined ? {} : { category }),
    ...splitExamples(name, withChoices(examples), size, seed),
  });
  return { name: suiteName, training: training.map(split), heldOut: heldOut.map(split) };
}

/**
 * Draws which tasks are trained on, and which are held out.
 *
 * Which tasks are taken is drawn from the seed's stream "tasks", over the tasks in order of their
 * names, so it does not depend on the order of files on disk.
 *
 * @throws {RangeError} when there are too few tasks, or a name stands twice
 */
export function drawTasks<T extends { readonly name: string }>(
  suiteName: string,
  tasks: readonly T[],
  size: SuiteSize,
  seed: number,
  holdOut: HoldOut = {},
): { training: T[]; heldOut: T[] } {
  checkSuiteSize(size);
  const sorted = [...tasks].sort((a, b) => a.name < b.name ? -1 : 1);
  sorted.forEach(({ name }, i) => {
    if (sorted[i + 1]?.name === name) {
      throw new RangeError(
        `Cannot make suite "${suiteName}" as task ${JSON.stringify(name)} stands in it twice`,
      );
    }
  });
  const shuffled = randomStream(seed, "tasks").shuffle(sorted);
  const { n_tasks, n_heldout_tasks } = size;
  const drawn = holdOut.training === undefined && holdOut.heldOut === undefined;
  // Without a list, the held-out tasks come first: they stay the same when n_tasks is swept.
  const heldOut = shuffled
    .filter(({ name }) => holdOut.heldOut?.has(name) ?? !holdOut.training?.has(name))
    .slice(0, n_heldout_tasks);
  const training = shuffled
    .filter((task) => !heldOut.includes(task) && (holdOut.training?.has(task.name) ?? true))
    .slice(0, n_tasks);
  for (
    const [what, found, wanted] of [
      ["tasks to train on", training, n_tasks],
      ["tasks to hold out", heldOut, n_heldout_tasks],
    ] as const
  ) {
    if (found.length < wanted) {
      throw new RangeError(
        `Cannot make suite "${suiteName}" as ${wanted} ${what} were asked for and there are ` +
          `${found.length}, of ${tasks.length} tasks in all; set n_tasks and n_heldout_tasks to ` +
          `what the data has${drawn ? enough(tasks.length, size) : ""}`,
      );
    }
  }
  return { training, heldOut };
}

/** Numbers of tasks that there are enough for. */
function enough(count: number, { n_heldout_tasks }: SuiteSize): string {
  const heldOut = Math.min(n_heldout_tasks, Math.floor(count / 3));
  return `, such as n_tasks=${Math.max(1, count - heldOut)} n_heldout_tasks=${heldOut}`;
}

/**
 * The division of tasks by the names of those held out.
 *
 * @param names of the tasks held out; none, or an empty list, leaves the draw to the seed
 * @throws {RangeError} when there is no such task, one is named twice, or `n_heldout_tasks` says another
 * number
 */
export function namedHoldOut(
  names: readonly string[] | undefined,
  tasks: readonly { readonly name: string }[],
  { n_heldout_tasks }: SuiteSize,
): HoldOut {
  if (names === undefined || names.length === 0) return {};
  const present = tasks.map(({ name }) => name).sort();
  const unknown = names.filter((name) => !present.includes(name));
  if (unknown.length > 0) {
    const most = 20;
    const more = present.length > most ? `, and ${present.length - most} more` : "";
    throw new RangeError(
      `Cannot hold out ${
        escapedValue(unknown)
      } as heldout_tasks must name tasks of the data: there are ` +
        `${escapedValue(present.slice(0, most))}${more}`,
    );
  }
  const heldOut = new Set(names);
  if (heldOut.size === names.length && names.length === n_heldout_tasks) return { heldOut };
  throw new RangeError(
    `Cannot hold out ${
      escapedValue(names)
    } as heldout_tasks must name n_heldout_tasks different tasks: ` +
      `set n_heldout_tasks=${heldOut.size}, it is ${n_heldout_tasks}`,
  );
}
