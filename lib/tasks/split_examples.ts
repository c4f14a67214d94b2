import { randomStream } from "../util/random.ts";
import { type Example, type Part, PARTS, type Task } from "./task.ts";

/** Numbers of examples in each part of a task. */
export interface ExampleCounts {
  readonly n_train: number;
  readonly n_validation: number;
  readonly n_test: number;
}

/**
 * Splits the examples of one task into parts that share no input.
 *
 * Test examples are taken first, then validation, then training, so a task with too few examples is
 * short of training examples and never of a fair test. Examples with the same input are merged, their
 * targets joined: an input could otherwise stand in two parts.
 *
 * @param examples all examples of the task
 * @param seed the run's seed; the order comes from its stream `split/<name>`
 * @throws {RangeError} when no example is left to train on
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const examples = ["a", "b", "c", "d"].map((input) => ({ input, targets: [input] }));
 * const parts = splitExamples("copy", examples, { n_train: 9, n_validation: 1, n_test: 1 }, 0);
 * assert.deepEqual([parts.train.length, parts.validation.length, parts.test.length], [2, 1, 1]);
 * ```
 */
export function splitExamples(
  name: string,
  examples: readonly Example[],
  counts: ExampleCounts,
  seed: number,
): Pick<Task, "train" | "validation" | "test"> {
  const merged = new Map<string, { readonly first: Example; readonly targets: Set<string> }>();
  for (const example of examples) {
    const known = merged.get(example.input);
    if (known === undefined) {
      merged.set(example.input, { first: example, targets: new Set(example.targets) });
    } else example.targets.forEach((target) => known.targets.add(target));
  }
  const distinct = [...merged.values()].map(({ first, targets }) => ({
    ...first,
    targets: [...targets],
  }));
  const parts = drawExamples(name, distinct.length, counts, seed);
  const take = (indices: readonly number[]) => indices.map((i) => distinct[i]!);
  return { train: take(parts.train), validation: take(parts.validation), test: take(parts.test) };
}

/** Indices of the examples of each part of a task. */
export interface DrawnExamples {
  readonly train: readonly number[];
  readonly validation: readonly number[];
  readonly test: readonly number[];
}

/** The parts that a person has put the examples of a task into. */
export interface OwnParts {
  /** The parts that are named for some example of some task. */
  readonly own: ReadonlySet<Part>;
  /** The part of each different input; null where none is named. */
  readonly parts: readonly (Part | null)[];
}

/** Of two parts that one input stands in, the part that keeps it: a test must not have been trained on. */
export function fairest(a: Part | null, b: Part | null): Part | null {
  return [a, b].toSorted((a, b) => rankOf(b) - rankOf(a))[0]!;
}

function rankOf(part: Part | null): number {
  return part === null ? -1 : PARTS.indexOf(part);
}

/**
 * Draws which of a task's examples go into which part, as {@linkcode splitExamples} does.
 *
 * @param count different inputs of the task, in order of their first appearance
 * @param given the parts that are named: each is drawn from its own, and others from those of `train`
 * @throws {RangeError} when no example is left to train on, or a part that is named for other tasks has
 * none of this
 */
export function drawExamples(
  name: string,
  count: number,
  { n_train, n_validation, n_test }: ExampleCounts,
  seed: number,
  { own, parts }: OwnParts = { own: new Set(), parts: [] },
): DrawnExamples {
  const order = randomStream(seed, `split/${name}`).shuffle(
    Array.from({ length: count }, (_, i) => i),
  );
  const taken = new Set<number>();
  const draw = (part: Part, most: number): number[] => {
    // Where no part is named, every example may go into any.
    const from = own.has(part) ? part : own.size > 0 ? "train" : null;
    const among = order.filter((index) => (parts[index] ?? null) === from);
    if (among.length === 0 && most > 0 && own.has(part)) {
      throw new RangeError(
        `Cannot split task ${
          JSON.stringify(name)
        } as it has no example of split "${part}", and other ` +
          `tasks have: give it some, or leave the task out`,
      );
    }
    const drawn = among.filter((index) => !taken.has(index)).slice(0, most);
    for (const index of drawn) taken.add(index);
    return drawn;
  };
  const test = draw("test", n_test);
  const validation = draw("validation", n_validation);
  const train = draw("train", n_train);
  if (train.length === 0) {
    throw new RangeError(
      `Cannot split task ${JSON.stringify(name)} as its ${count} different inputs leave none to ` +
        `train on after ${n_test} for test and ${n_validation} for validation; lower n_test and ` +
        `n_validation, or leave the task out`,
    );
  }
  return { train, validation, test };
}
