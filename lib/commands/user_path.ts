/**
 * Paths as a person in a sub-folder means them: Deno runs a task in the project's folder, and says in
 * `INIT_CWD` where it was called.
 */
import { existsSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import process from "node:process";
import { environmentVariable } from "../util/environment.ts";

/**
 * A path to write to: from the folder of the person, whole where that is not the working directory.
 *
 * @param from the folder of the person; by default `INIT_CWD`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import process from "node:process";
 *
 * assert.equal(userPath("out", "/home/ann/notes"), "/home/ann/notes/out");
 * assert.equal(userPath("out", process.cwd()), "out");
 * assert.equal(userPath("/data", "/home/ann/notes"), "/data");
 * ```
 */
export function userPath(path: string, from: string | undefined = calledFrom()): string {
  if (from === undefined || isAbsolute(path) || resolve(from) === process.cwd()) return path;
  return resolve(from, path);
}

/**
 * A path to read: from the folder of the person, or from the project's where it is there only.
 *
 * @param from the folder of the person; by default `INIT_CWD`
 */
export function readablePath(path: string, from: string | undefined = calledFrom()): string {
  const own = userPath(path, from);
  return !existsSync(own) && existsSync(path) ? path : own;
}

/**
 * A path as a setting of runs: the same text for the same place, wherever a sweep was started. Below
 * the project it is relative to that, and elsewhere whole.
 *
 * @param key `base_model` may also be the name of a model on the hub, which is left as it is
 * @param from the folder of the person; by default `INIT_CWD`
 */
export function settingPath(
  key: "data_dir" | "data_file" | "base_model",
  path: string,
  from: string | undefined = calledFrom(),
): string {
  const own = readablePath(path, from);
  const isName = key === "base_model" && !existsSync(own) && !/^\.{1,2}([\\/]|$)/.test(path);
  if (own === path || isName) return path;
  const below = relative(process.cwd(), own);
  return below === "" ? "." : /^\.\.([\\/]|$)/.test(below) || isAbsolute(below) ? own : below;
}

/** The folder in which the person called the task; undefined when no task runs. */
function calledFrom(): string | undefined {
  return environmentVariable("INIT_CWD");
}
