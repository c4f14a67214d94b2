import { baseName } from "../files/path.ts";
import { namedHoldOut, type SourceTask, suiteFromTasks } from "./collection.ts";
import type { SuiteSize, TaskSuite } from "./task.ts";
import {
  listTaskFiles,
  objectsAt,
  readTaskObject,
  refuseHalfPairs,
  TaskFileError,
} from "./task_file.ts";

/** Settings of {@linkcode bbhSuite}. */
export interface BbhOptions extends SuiteSize {
  /** The folder of BIG-Bench-Hard's JSON files. */
  readonly data_dir: string;
  /** Names of the tasks held out; drawn by seed when absent or empty. */
  readonly heldout_tasks?: readonly string[] | undefined;
  /** Seed of the draw of tasks and examples. */
  readonly seed: number;
}

/**
 * Tasks of BIG-Bench-Hard (Suzgun et al. 2022, arXiv 2210.09261), one JSON file each.
 *
 * @throws {TaskFileError} when the folder or a file is missing or malformed, naming file and key
 * @throws {RangeError} when there are fewer tasks than asked for
 */
export async function bbhSuite(options: BbhOptions): Promise<TaskSuite> {
  const tasks: SourceTask[] = [];
  for (const path of await listTaskFiles(options.data_dir, ".json")) {
    const { examples } = await readTaskObject(path, ["examples", "input", "target"]);
    tasks.push({
      name: baseName(path, ".json"),
      examples: objectsAt(examples, `${path}: examples`).map(({ input, target }, i) => {
        if (typeof input !== "string" || typeof target !== "string") {
          throw new TaskFileError(
            `Cannot read ${path}: examples[${i}] as its input and target must be strings`,
          );
        }
        refuseHalfPairs([input, target], `${path}: examples[${i}]`);
        return { input, targets: [target] };
      }),
    });
  }
  const holdOut = namedHoldOut(options.heldout_tasks, tasks, options);
  return suiteFromTasks("bbh", tasks, options, options.seed, holdOut);
}
