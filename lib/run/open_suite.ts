import { basename } from "node:path";
import { bbhSuite } from "../tasks/bbh.ts";
import { jsonlSuite } from "../tasks/jsonl.ts";
import { recordFiles } from "../tasks/own/open_records.ts";
import { skillsSuite } from "../tasks/skills.ts";
import { superniFiles, superniSuite } from "../tasks/superni.ts";
import type { TaskSuite } from "../tasks/task.ts";
import { listTaskFiles } from "../tasks/task_file.ts";
import { checkChoices } from "./check_choices.ts";
import { wordsSuite } from "../tasks/words/suite.ts";
import type { RunConfig } from "./config.ts";

/**
 * The tasks of a config.
 *
 * @throws {RangeError} when a setting that the suite needs is absent, a count is out of range, or answer
 * choices are needed and no task has any
 * @throws {SyntaxError} when a file of tasks is missing or malformed
 */
export async function openSuite(config: RunConfig): Promise<TaskSuite> {
  const suite = await suiteOf(config);
  checkChoices(config, suite);
  return suite;
}

async function suiteOf(config: RunConfig): Promise<TaskSuite> {
  const path = neededData(config)?.path ?? "";
  switch (config.suite) {
    case "skills":
      return skillsSuite(config);
    case "words":
      return await wordsSuite(config);
    case "superni":
      return await superniSuite({ ...config, data_dir: path });
    case "bbh":
      return await bbhSuite({ ...config, data_dir: path });
    case "jsonl":
      return await jsonlSuite({ ...config, data_file: path });
    case "planted":
      throw new RangeError(`Cannot open suite "planted" as a suite of texts`);
  }
}

/**
 * The files that {@linkcode openSuite} may read, whatever the seed.
 *
 * @returns paths by the names that tell the files apart, in a fixed order; null for a suite that is made
 * by code
 * @throws {RangeError} when the setting that says where they are is absent
 * @throws {SyntaxError} when a folder is missing or holds no task file
 */
export async function suiteFiles(config: RunConfig): Promise<ReadonlyMap<string, string> | null> {
  const data = neededData(config);
  if (data === null) return null;
  const { key, path } = data;
  // A file is what it holds, whatever it is called; in a folder the name of a file is that of its task.
  if (key === "data_file") return await recordFiles(path);
  if (config.suite === "superni") return await superniFiles({ ...config, data_dir: path });
  const paths = await listTaskFiles(path, ".json");
  return new Map(paths.map((path) => [basename(path), path]));
}

/** The settings that say where the files of a suite are. */
const DATA = { superni: "data_dir", bbh: "data_dir", jsonl: "data_file" } as const;

/**
 * The setting that says where a suite's files are, and its path; null for a suite without files.
 *
 * @throws {RangeError} when the setting is absent
 */
export function neededData(
  { suite, ...config }: RunConfig,
): { readonly key: "data_dir" | "data_file"; readonly path: string } | null {
  if (suite === "skills" || suite === "words" || suite === "planted") return null;
  const key = DATA[suite];
  const path = config[key];
  if (path !== null) return { key, path };
  const other = key === "data_dir" ? "data_file" : "data_dir";
  const hint = config[other] === null ? "" : `; ${other} is for other suites, did you mean ${key}?`;
  throw new RangeError(`Cannot open suite "${suite}" without ${key}: set it to a path${hint}`);
}
