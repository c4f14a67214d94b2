import { bbhSuite } from "../tasks/bbh.ts";
import { jsonlSuite } from "../tasks/jsonl.ts";
import { skillsSuite } from "../tasks/skills.ts";
import { superniSuite } from "../tasks/superni.ts";
import type { TaskSuite } from "../tasks/task.ts";
import type { RunConfig } from "./config.ts";

/**
 * The tasks of a config.
 *
 * @throws {RangeError} when a setting that the suite needs is absent, or a count is out of range
 * @throws {SyntaxError} when a file of tasks is missing or malformed
 */
export async function openSuite(config: RunConfig): Promise<TaskSuite> {
  const path = neededData(config)?.path ?? "";
  switch (config.suite) {
    case "skills":
      return skillsSuite(config);
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
  if (suite === "skills" || suite === "planted") return null;
  const key = DATA[suite];
  const path = config[key];
  if (path !== null) return { key, path };
  const other = key === "data_dir" ? "data_file" : "data_dir";
  const hint = config[other] === null ? "" : `; ${other} is for other suites, did you mean ${key}?`;
  throw new RangeError(`Cannot open suite "${suite}" without ${key}: set it to a path${hint}`);
}
