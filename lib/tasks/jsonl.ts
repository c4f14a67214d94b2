import { readText } from "../files/file_system.ts";
import { type SourceTask, suiteFromTasks } from "./collection.ts";
import type { Example, SuiteSize, TaskSuite } from "./task.ts";
import { stringsAt, TaskFileError } from "./task_file.ts";

/** Settings of {@linkcode jsonlSuite}. */
export interface JsonlOptions extends SuiteSize {
  /** A file of lines `{"task": …, "input": …, "target": …}`; a target may be a list of references. */
  readonly data_file: string;
  readonly seed: number;
}

/**
 * Anyone's own tasks, from one file of JSON lines. Empty lines are passed over.
 *
 * @throws {TaskFileError} when the file is missing or a line is malformed, naming file and line
 * @throws {RangeError} when there are fewer tasks than asked for
 */
export async function jsonlSuite(options: JsonlOptions): Promise<TaskSuite> {
  const path = options.data_file;
  const text = await readText(path).catch((error: Error) => {
    throw new TaskFileError(
      `Cannot read tasks: ${error.message}; set data_file to a JSON lines file`,
    );
  });
  const examples = new Map<string, Example[]>();
  text.split("\n").forEach((line, i) => {
    if (line.trim() === "") return;
    const { task, input, target } = parseLine(line, `${path}:${i + 1}`);
    const known = examples.get(task);
    const example = { input, targets: target };
    if (known === undefined) examples.set(task, [example]);
    else known.push(example);
  });
  const tasks = [...examples].map(([name, list]): SourceTask => ({ name, examples: list }));
  return suiteFromTasks("jsonl", tasks, options, options.seed);
}

function parseLine(line: string, place: string): { task: string; input: string; target: string[] } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new TaskFileError(`Cannot read ${place}: ${(error as Error).message}`);
  }
  const { task, input, target } = (value ?? {}) as Record<string, unknown>;
  if (typeof task !== "string" || typeof input !== "string") {
    throw new TaskFileError(`Cannot read ${place} as a line must have strings "task" and "input"`);
  }
  return { task, input, target: stringsAt(target, `${place}: target`) };
}
