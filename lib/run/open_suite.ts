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
  const needed = (key: "data_dir" | "data_file"): string => {
    const value = config[key];
    if (value !== null) return value;
    const other = key === "data_dir" ? "data_file" : "data_dir";
    const given = config[other] === null
      ? ""
      : `; ${other} is for other suites, did you mean ${key}?`;
    throw new RangeError(
      `Cannot open suite "${config.suite}" without ${key}: set it to a path${given}`,
    );
  };
  switch (config.suite) {
    case "skills":
      return skillsSuite(config);
    case "superni":
      return await superniSuite({ ...config, data_dir: needed("data_dir") });
    case "bbh":
      return await bbhSuite({ ...config, data_dir: needed("data_dir") });
    case "jsonl":
      return await jsonlSuite({ ...config, data_file: needed("data_file") });
    case "planted":
      throw new RangeError(`Cannot open suite "planted" as a suite of texts`);
  }
}
