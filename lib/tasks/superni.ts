import { exists, isFolder, readText } from "../files/file_system.ts";
import { baseName } from "../files/path.ts";
import { type HoldOut, namedHoldOut, type SourceTask, suiteFromTasks } from "./collection.ts";
import type { SuiteSize, TaskSuite } from "./task.ts";
import {
  listTaskFiles,
  objectsAt,
  readTaskObject,
  refuseHalfPairs,
  stringsAt,
  TaskFileError,
} from "./task_file.ts";

/** The file in a folder of the data that says its download is not finished. */
export const UNFINISHED = ".unfinished";

/** Settings of {@linkcode superniSuite}. */
export interface SuperniOptions extends SuiteSize {
  /** A clone of Super-NaturalInstructions, or its folder of task files. */
  readonly data_dir: string;
  /**
   * What is held out: tasks drawn by seed; the tasks of `heldout_categories`; or the official test
   * tasks, listed in the clone's `splits/default`.
   */
  readonly split: "seeded" | "category" | "official";
  /** Categories held out; needed when `split` is "category". */
  readonly heldout_categories?: readonly string[];
  /** Names of the tasks held out, when `split` is "seeded"; drawn by seed when absent or empty. */
  readonly heldout_tasks?: readonly string[] | undefined;
  /** Seed of the draw of tasks and examples. */
  readonly seed: number;
}

/**
 * Tasks of Super-NaturalInstructions (Wang et al. 2022, arXiv 2204.07705) in the official JSON layout.
 *
 * An input is the task's definition and the instance, in the words of Tk-Instruct's zero-example
 * prompt; every output of an instance is a reference. Where the two are too long for a model, the
 * definition is shortened and not the instance.
 *
 * @throws {TaskFileError} when a folder or file is missing or malformed, naming file and key, or the
 * download of the folder is not finished
 * @throws {RangeError} when there are fewer tasks than asked for
 */
export async function superniSuite(options: SuperniOptions): Promise<TaskSuite> {
  const dir = await taskFolder(options.data_dir);
  const tasks: SourceTask[] = [];
  for (const path of await listTaskFiles(dir, ".json")) tasks.push(await readSuperniTask(path));
  return suiteFromTasks("superni", tasks, options, options.seed, await holdOut(options, tasks));
}

/**
 * The files that {@linkcode superniSuite} reads, whatever its seed: every task file, and for the official
 * split its two lists.
 *
 * @returns paths by the names that tell the files apart, in a fixed order
 * @throws {TaskFileError} when a folder is missing, or its download is not finished
 */
export async function superniFiles(
  { data_dir, split }: Pick<SuperniOptions, "data_dir" | "split">,
): Promise<Map<string, string>> {
  const tasks = await listTaskFiles(await taskFolder(data_dir), ".json");
  return new Map([
    ...tasks.map((path) => [baseName(path), path] as const),
    ...split !== "official"
      ? []
      : SPLIT_LISTS.map((name) => [name, `${data_dir}/${name}`] as const),
  ]);
}

/** The lists of the official split, in a clone: training tasks and test tasks. */
const SPLIT_LISTS = ["splits/default/train_tasks.txt", "splits/default/test_tasks.txt"];

/** What stands before the definition, and between it and the instance. */
const [DEFINITION, EXAMPLE] = ["Definition: ", "\n\nNow complete the following example -\nInput: "];

/**
 * Reads one task file.
 * @throws {TaskFileError} naming file and key
 */
export async function readSuperniTask(path: string): Promise<SourceTask> {
  const keys = ["Definition", "Categories", "Instances", "input", "output"];
  const file = await readTaskObject(path, keys);
  const definition = stringsAt(file.Definition, `${path}: Definition`).join(" ").trim();
  const [category] = stringsAt(file.Categories, `${path}: Categories`);
  const examples = objectsAt(file.Instances, `${path}: Instances`).map((instance, i) => {
    const place = `${path}: Instances[${i}]`;
    if (typeof instance.input !== "string") {
      throw new TaskFileError(`Cannot read ${place} as its input must be a string`);
    }
    refuseHalfPairs([instance.input], `${place}.input`);
    const asked = instance.input.trim();
    const before = `${DEFINITION}${definition}${EXAMPLE}`;
    return {
      input: `${before}${asked}\nOutput: `,
      targets: stringsAt(instance.output, `${place}.output`),
      definition: [DEFINITION.length, DEFINITION.length + definition.length] as const,
      instance: [before.length, before.length + asked.length] as const,
    };
  });
  return { name: baseName(path, ".json"), category: category!, examples };
}

async function taskFolder(dataDir: string): Promise<string> {
  if (!await isFolder(dataDir)) {
    throw new TaskFileError(
      `Cannot read tasks from "${dataDir}" as there is no such folder; set data_dir to the folder ` +
        `of a clone, or download one: deno task data superni`,
    );
  }
  if (await exists(`${dataDir}/${UNFINISHED}`)) {
    throw new TaskFileError(
      `Cannot read tasks from "${dataDir}" as its download is not finished: run deno task data ` +
        `superni ${dataDir} again`,
    );
  }
  return await isFolder(`${dataDir}/tasks`) ? `${dataDir}/tasks` : dataDir;
}

async function holdOut(options: SuperniOptions, tasks: readonly SourceTask[]): Promise<HoldOut> {
  const { split, heldout_tasks = [] } = options;
  if (split === "seeded") return namedHoldOut(heldout_tasks, tasks, options);
  if (heldout_tasks.length > 0) {
    throw new RangeError(
      `Cannot hold out heldout_tasks as split "${split}" says which tasks are held out: leave out one`,
    );
  }
  if (options.split === "category") {
    const wanted = options.heldout_categories ?? [];
    const present = new Set(tasks.map(({ category }) => category));
    const unknown = wanted.filter((category) => !present.has(category));
    if (wanted.length === 0 || unknown.length > 0) {
      throw new RangeError(
        `Cannot hold out categories ${JSON.stringify(unknown.length > 0 ? unknown : wanted)} as ` +
          `heldout_categories must name some of ${JSON.stringify([...present].sort())}`,
      );
    }
    const heldOut = tasks.filter(({ category }) => wanted.includes(category!));
    const training = tasks.filter(({ category }) => !wanted.includes(category!));
    return { training: namesOf(training), heldOut: namesOf(heldOut) };
  }
  const [training, heldOut] = await Promise.all(
    SPLIT_LISTS.map((name) => readNames(`${options.data_dir}/${name}`)),
  );
  return { training: training!, heldOut: heldOut! };
}

function namesOf(tasks: readonly SourceTask[]): Set<string> {
  return new Set(tasks.map(({ name }) => name));
}

async function readNames(path: string): Promise<Set<string>> {
  const text = await readText(path).catch((error: Error) => {
    throw new TaskFileError(
      `Cannot use the official split: ${error.message}; data_dir must be a whole clone, or what ` +
        `deno task data superni downloads; or set split to "seeded" or "category"`,
    );
  });
  return new Set(text.split(/\s+/).filter((name) => name !== ""));
}
