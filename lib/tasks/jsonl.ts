import { escaped } from "../files/escaped.ts";
import { drawTasks, namedHoldOut } from "./collection.ts";
import { openRecords } from "./own/open_records.ts";
import { checkRecord, type Records } from "./own/record.ts";
import { drawExamples, fairest } from "./split_examples.ts";
import type { Example, Part, SuiteSize, Task, TaskSuite } from "./task.ts";
import { TaskFileError } from "./task_file.ts";

/** Settings of {@linkcode jsonlSuite}. */
export interface JsonlOptions extends SuiteSize {
  /**
   * A file of examples, each with `task`, `input` and `target`, as JSON lines, a JSON list or a table (CSV,
   * TSV), or a folder of such files. A target may be a list of references; a table has the references of
   * one input in several lines. An example may have `choices` too, the answers to choose from, some target
   * among them, and `split`, the part of its task: train, validation or test.
   */
  readonly data_file: string;
  /** Names of the tasks held out; drawn by seed when absent or empty. */
  readonly heldout_tasks?: readonly string[] | undefined;
  /** Seed of the draw of tasks and examples. */
  readonly seed: number;
}

/**
 * Anyone's own tasks.
 *
 * JSON lines are read twice as a stream: once to check every line, and once for the examples that the suite
 * takes. What is held in between is a place in the file per line, so a file can be larger than memory.
 * Other formats are read whole.
 *
 * Where examples name their parts, each part is drawn from its own; a part that no example names is drawn
 * from those of `train`. An input that stands in several parts is kept in one: test before validation
 * before train.
 *
 * @throws {TaskFileError} when the file is missing or an example is malformed, naming file and line
 * @throws {RangeError} when there are fewer tasks than asked for, or held-out tasks that are not there
 */
export async function jsonlSuite(options: JsonlOptions): Promise<TaskSuite> {
  const { data_file: path, heldout_tasks, seed } = options;
  try {
    const records = await openRecords(path);
    const sources = await readSources(records, path);
    const holdOut = namedHoldOut(heldout_tasks, sources, options);
    const { training, heldOut } = drawTasks("jsonl", sources, options, seed, holdOut);
    const own = new Set(sources.flatMap(({ splits }) => splits.filter((split) => split !== null)));
    const read = (chosen: readonly OwnTask[]) =>
      Promise.all(chosen.map((task) => readTask(records, path, task, own, options)));
    return { name: "jsonl", training: await read(training), heldOut: await read(heldOut) };
  } catch (error) {
    if (error instanceof TaskFileError || error instanceof RangeError) throw error;
    if (error instanceof SyntaxError) throw new TaskFileError(error.message);
    throw new TaskFileError(
      `Cannot read tasks: ${
        (error as Error).message
      }; set data_file to a file of JSON lines, JSON, CSV ` +
        `or TSV, or to a folder of such files`,
    );
  }
}

/** A task of the file: of each of its examples the number, and what tells its input from others. */
interface OwnTask {
  readonly name: string;
  /** The number of each example in the file. */
  readonly numbers: number[];
  /** A hash of the input of each example. */
  readonly inputs: number[];
  /** The part of each example; null where the file names none. */
  readonly splits: (Part | null)[];
  /** Whether its examples say what answers there are to choose from. */
  readonly hasChoices: boolean;
}

/** Checks every example, and notes where it is. */
async function readSources(records: Records, path: string): Promise<OwnTask[]> {
  const tasks = new Map<string, OwnTask>();
  let hasTargets = false;
  let hasSplits = null as boolean | null;
  await records.forEach((record, index) => {
    const { task: name, input, targets, choices, split } = checkRecord(record);
    const hasChoices = choices !== undefined;
    let task = tasks.get(name);
    if (task === undefined) {
      tasks.set(name, task = { name, numbers: [], inputs: [], splits: [], hasChoices });
    }
    if (task.hasChoices !== hasChoices) {
      throw new TaskFileError(
        `Cannot read ${record.place} as all examples of a task must have "choices", or none: ` +
          `the first of task ${escaped(JSON.stringify(name))} has ${hasChoices ? "none" : "some"}`,
      );
    }
    hasSplits ??= split !== undefined;
    if (hasSplits !== (split !== undefined)) {
      throw new TaskFileError(
        `Cannot read ${record.place} as all examples must have "split", or none: the first has ` +
          (hasSplits ? "one" : "none"),
      );
    }
    task.numbers.push(index);
    task.inputs.push(textHash(input));
    task.splits.push(split ?? null);
    hasTargets ||= targets.some((target) => target !== "");
  });
  if (tasks.size === 0) {
    throw new TaskFileError(`Cannot read tasks from "${path}" as it must have lines: it is empty`);
  }
  if (!hasTargets) {
    throw new TaskFileError(
      `Cannot read tasks from "${path}" as some target must be more than an empty string`,
    );
  }
  return [...tasks.values()];
}

/**
 * Reads the examples of a task that its parts take. Those of one input are merged, as elsewhere.
 *
 * @param own the parts that the file names
 */
async function readTask(
  records: Records,
  path: string,
  { name, numbers, inputs, splits }: OwnTask,
  own: ReadonlySet<Part>,
  options: JsonlOptions,
): Promise<Task> {
  const indexOf = new Map<number, number>(); // of a different input, by its hash
  const parts: (Part | null)[] = []; // of each different input
  inputs.forEach((hash, i) => {
    const index = indexOf.get(hash) ?? indexOf.size;
    indexOf.set(hash, index);
    parts[index] = fairest(parts[index] ?? null, splits[i]!);
  });
  const drawn = drawExamples(name, indexOf.size, options, options.seed, { own, parts });
  const wanted = new Set([...drawn.test, ...drawn.validation, ...drawn.train]);
  const indices: number[] = [];
  const chosen = numbers.filter((_, i) => {
    const index = indexOf.get(inputs[i]!)!;
    // Of an input in several parts, what the part it is kept in says counts.
    const isWanted = wanted.has(index) && splits[i] === parts[index];
    if (isWanted) indices.push(index);
    return isWanted;
  });
  const examples = new Map<
    number,
    { input: string; targets: Set<string>; choices: Set<string> }
  >();
  (await records.again(chosen)).forEach((record, i) => {
    const index = indices[i]!;
    const { task: itsTask, input, targets, choices } = checkRecord(record);
    const known = examples.get(index) ?? { input, targets: new Set(), choices: new Set() };
    if (itsTask !== name || input !== known.input) {
      throw new TaskFileError(`Cannot read "${path}" as it has changed meanwhile; start again`);
    }
    targets.forEach((target) => known.targets.add(target));
    choices?.forEach((choice) => known.choices.add(choice));
    examples.set(index, known);
  });
  const take = (indices: readonly number[]): Example[] =>
    indices.map((index) => {
      const { input, targets, choices } = examples.get(index)!;
      const example = { input, targets: [...targets] };
      return choices.size === 0 ? example : { ...example, choices: [...choices] };
    });
  return {
    name,
    train: take(drawn.train),
    validation: take(drawn.validation),
    test: take(drawn.test),
  };
}

/**
 * A hash of a text with 53 bits, so that a million inputs share one with a chance of 1e-4 in all; a draw
 * that meets such a pair is refused.
 *
 * Source: cyrb53 by bryc, in the public domain
 */
export function textHash(text: string): number {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 2 ** 32 * (b & 0x1fffff) + (a >>> 0);
}
