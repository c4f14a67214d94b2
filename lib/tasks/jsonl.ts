import { forEachLine, readLines, type TextLine } from "../files/text_lines.ts";
import { escaped } from "../files/escaped.ts";
import { drawTasks } from "./collection.ts";
import { drawExamples } from "./split_examples.ts";
import type { Example, SuiteSize, Task, TaskSuite } from "./task.ts";
import { parseTaskObject, refuseHalfPairs, stringsAt, TaskFileError } from "./task_file.ts";

/** Settings of {@linkcode jsonlSuite}. */
export interface JsonlOptions extends SuiteSize {
  /**
   * A file of lines `{"task": …, "input": …, "target": …}`; a target may be a list of references. A line
   * may have `"choices"` too, the answers to choose from, some target among them; if one line of a task
   * has them, all must.
   */
  readonly data_file: string;
  readonly seed: number;
}

/**
 * Anyone's own tasks, from one file of JSON lines. Empty lines are passed over.
 *
 * The file is read twice as a stream: once to check every line, and once for the examples that the suite
 * takes. What is held in between is a place in the file per line, so a file can be larger than memory.
 *
 * @throws {TaskFileError} when the file is missing or a line is malformed, naming file and line
 * @throws {RangeError} when there are fewer tasks than asked for
 */
export async function jsonlSuite(options: JsonlOptions): Promise<TaskSuite> {
  const { data_file: path, seed } = options;
  try {
    const sources = await readSources(path);
    const { training, heldOut } = drawTasks("jsonl", sources, options, seed);
    const read = (chosen: readonly JsonlTask[]) =>
      Promise.all(chosen.map((task) => readTask(path, task, options)));
    return { name: "jsonl", training: await read(training), heldOut: await read(heldOut) };
  } catch (error) {
    if (error instanceof TaskFileError || error instanceof RangeError) throw error;
    if (error instanceof SyntaxError) throw new TaskFileError(error.message);
    throw new TaskFileError(
      `Cannot read tasks: ${(error as Error).message}; set data_file to a JSON lines file`,
    );
  }
}

/** A task of the file: of each of its lines the place, and what tells its input from others. */
interface JsonlTask {
  readonly name: string;
  /** The number of each line, where it begins and where it ends, one after the other. */
  readonly places: number[];
  /** A hash of the input of each line. */
  readonly inputs: number[];
  /** Whether its lines say what answers there are to choose from. */
  readonly hasChoices: boolean;
}

/** Checks every line, and notes where it is. */
async function readSources(path: string): Promise<JsonlTask[]> {
  const tasks = new Map<string, JsonlTask>();
  let hasTargets = false;
  await forEachLine(path, (line) => {
    if (line.text.trim() === "") return;
    const { task: name, input, targets, choices } = parseLine(line, path);
    const hasChoices = choices !== undefined;
    let task = tasks.get(name);
    if (task === undefined) tasks.set(name, task = { name, places: [], inputs: [], hasChoices });
    if (task.hasChoices !== hasChoices) {
      throw new TaskFileError(
        `Cannot read ${path}:${line.number} as all lines of a task must have "choices", or none: ` +
          `the first of task ${escaped(JSON.stringify(name))} has ${hasChoices ? "none" : "some"}`,
      );
    }
    task.places.push(line.number, line.begin, line.end);
    task.inputs.push(hashOf(input));
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

/** Reads the examples of a task that its parts take. Lines of one input are merged, as elsewhere. */
async function readTask(path: string, task: JsonlTask, options: JsonlOptions): Promise<Task> {
  const { name, places, inputs } = task;
  const indexOf = new Map<number, number>(); // of a different input, by its hash
  for (const hash of inputs) if (!indexOf.has(hash)) indexOf.set(hash, indexOf.size);
  const drawn = drawExamples(name, indexOf.size, options, options.seed);
  const wanted = new Set([...drawn.test, ...drawn.validation, ...drawn.train]);
  const lines: (Omit<TextLine, "text"> & { readonly index: number })[] = [];
  inputs.forEach((hash, i) => {
    const index = indexOf.get(hash)!;
    if (!wanted.has(index)) return;
    const [number, begin, end] = places.slice(3 * i, 3 * i + 3) as [number, number, number];
    lines.push({ index, number, begin, end });
  });
  const examples = new Map<
    number,
    { input: string; targets: Set<string>; choices: Set<string> }
  >();
  (await readLines(path, lines)).forEach((line, i) => {
    const { index } = lines[i]!;
    const { task: itsTask, input, targets, choices } = parseLine(line, path);
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

function parseLine(
  { text, number }: TextLine,
  path: string,
): { task: string; input: string; targets: string[]; choices?: string[] } {
  const place = `${path}:${number}`;
  if (!/^\s*\{/.test(text)) throw notAnObject(text, path, place);
  const object = parseTaskObject(text, place);
  const { task, input, target } = object;
  const wrong = [["task", task], ["input", input]].find(([, value]) => typeof value !== "string");
  if (wrong !== undefined || !("target" in object)) {
    const keys = Object.keys(object).map((key) => JSON.stringify(key)).join(", ");
    const [key, value] = wrong ?? ["target", undefined];
    throw new TaskFileError(
      `Cannot read ${place} as a line must have strings "task" and "input", and "target": ` +
        escaped(
          value === undefined
            ? `there is no "${key}" among its keys ${keys || "(none)"}`
            : `"${key}" is ${JSON.stringify(value)}`,
        ),
    );
  }
  refuseHalfPairs([task as string, input as string], place);
  const line = {
    task: task as string,
    input: input as string,
    targets: stringsAt(target, `${place}: target`),
  };
  if (object.choices === undefined) return line;
  const choices = stringsAt(object.choices, `${place}: choices`);
  const isChoice = new Set(choices).size === choices.length && choices.length >= 2 &&
    line.targets.some((target) => choices.includes(target));
  if (isChoice) return { ...line, choices };
  throw new TaskFileError(
    `Cannot read ${place}: choices as they must be two or more different strings with a target among ` +
      `them: got ${escaped(JSON.stringify(choices))}`,
  );
}

/** What to do about a line that is no JSON object, by what its file seems to be. */
function notAnObject(text: string, path: string, place: string): TaskFileError {
  const start = text.trimStart();
  const [kind, read] = start.startsWith("[")
    ? ["a JSON array", `read_json(${JSON.stringify(path)})`]
    : text.includes("\t")
    ? ["a table of tab-separated values", `read_csv(${JSON.stringify(path)}, sep="\\t")`]
    : /[,;]/.test(text) && !/^["\d]*[:]/.test(start)
    ? ["CSV", `read_csv(${JSON.stringify(path)})`]
    : ["", ""];
  const found = kind === "" ? "got" : `it looks like ${kind},`;
  const remedy = kind === "" ? "" : `; with Python: import pandas; pandas.${read}` +
    `.to_json("tasks.jsonl", orient="records", lines=True)`;
  return new TaskFileError(
    `Cannot read ${place} as every line must be a JSON object {"task": …, "input": …, "target": …}: ` +
      `${found} ${escaped(start, 60)}${remedy}`,
  );
}

/**
 * A hash of a text with 53 bits, so that a million inputs share one with a chance of 1e-4 in all; a draw
 * that meets such a pair is refused.
 *
 * Source: cyrb53 by bryc, in the public domain
 */
function hashOf(text: string): number {
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
