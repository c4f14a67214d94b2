/** One question with the answers that count as right. */
export interface Example {
  /** Input of the model. */
  readonly input: string;
  /** Reference answers, at least one; the first is what training aims at. */
  readonly targets: readonly string[];
  /** Answers to choose from, a target among them, where there is a finite number of them. */
  readonly choices?: readonly string[];
  /**
   * Where the definition of the task stands in the input, from its first to before its last character in
   * UTF-16 units, ahead of the instance. It is shortened first when the input is too long; absent when
   * there is none.
   */
  readonly definition?: readonly [number, number];
  /** Where what is to be answered stands in the input, likewise; all of the input when absent. */
  readonly instance?: readonly [number, number];
}

/** A named task with examples, of text unless said otherwise, that no two of its parts share. */
export interface Task<E = Example> {
  /** Its name, under which tables list it. */
  readonly name: string;
  /** Examples to train on. */
  readonly train: readonly E[];
  /** Examples on which checkpoints are chosen. */
  readonly validation: readonly E[];
  /** Examples on which results are reported. */
  readonly test: readonly E[];
  /** Indices of the skills the task is made of, where they are known. */
  readonly skills?: readonly number[];
  /** Category of the task, if the source has one. */
  readonly category?: string;
}

/** The parts that a task's examples are divided into. */
export const PARTS = ["train", "validation", "test"] as const;

/** One of the parts of a task. */
export type Part = (typeof PARTS)[number];

/** Whether a value is the name of a part. */
export function isPart(value: unknown): value is Part {
  return (PARTS as readonly unknown[]).includes(value);
}

/** Tasks to train on together, and tasks held out to adapt to afterwards. */
export interface TaskSuite<E = Example> {
  /** The name of the suite. */
  readonly name: string;
  /** Tasks to train on together; a task's index here is its id in a model. */
  readonly training: readonly Task<E>[];
  /** Tasks that training does not see. */
  readonly heldOut: readonly Task<E>[];
  /** Names of the skills behind the tasks, where they are known. */
  readonly skillNames?: readonly string[];
}

/** Numbers of tasks and examples in a suite; numbers of examples are per task. */
export interface SuiteSize {
  /** Tasks to train on; at least 1. */
  readonly n_tasks: number;
  /** Tasks held out; 0 or more. */
  readonly n_heldout_tasks: number;
  /** Training examples; at least 1. */
  readonly n_train: number;
  /** Validation examples, on which checkpoints are chosen. */
  readonly n_validation: number;
  /** Test examples, on which results are reported. */
  readonly n_test: number;
}

/**
 * Throws unless every count is an integer in range.
 * @throws {RangeError} naming the count
 */
export function checkSuiteSize(size: SuiteSize): void {
  const least: Record<keyof SuiteSize, number> = {
    n_tasks: 1,
    n_heldout_tasks: 0,
    n_train: 1,
    n_validation: 0,
    n_test: 0,
  };
  for (const [key, minimum] of Object.entries(least) as [keyof SuiteSize, number][]) {
    if (!Number.isSafeInteger(size[key]) || size[key] < minimum) {
      throw new RangeError(
        `Cannot make tasks as ${key} must be an integer of at least ${minimum}: got ${size[key]}`,
      );
    }
  }
}

/**
 * The allocation of skills to tasks as a 0/1 matrix `[T, S]`, training tasks first.
 * @returns null when some task's skills are not known
 */
export function trueAllocation(suite: TaskSuite): number[][] | null {
  const names = suite.skillNames;
  const tasks = [...suite.training, ...suite.heldOut];
  if (names === undefined || tasks.some(({ skills }) => skills === undefined)) return null;
  return tasks.map(({ skills }) => names.map((_, skill) => skills!.includes(skill) ? 1 : 0));
}
