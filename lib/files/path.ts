/**
 * The path of `name` inside a folder. A slash between the two serves on every system that Deno runs on.
 *
 * @param dir the folder; an empty one is the current folder
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(pathIn("data/base", "config.json"), "data/base/config.json");
 * assert.equal(pathIn("data/base/", "config.json"), "data/base/config.json");
 * ```
 */
export function pathIn(dir: string, name: string): string {
  return dir === "" || /[/\\]$/.test(dir) ? dir + name : `${dir}/${name}`;
}

/**
 * The folder that a path is in, as Node's `dirname` says it; a file without a folder is in `.`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(parentOf("data/base/config.json"), "data/base");
 * assert.equal(parentOf("data/base/"), "data");
 * assert.equal(parentOf("data"), ".");
 * assert.equal(parentOf("/data"), "/");
 * ```
 */
export function parentOf(path: string): string {
  const at = path.replace(/(?<=[^/\\])[/\\]+$/, "");
  const end = Math.max(at.lastIndexOf("/"), at.lastIndexOf("\\"));
  if (end < 0) return ".";
  return at.slice(0, end).replace(/(?<=[^/\\])[/\\]+$/, "") || at[0]!;
}

/**
 * The last part of a path, without an ending where one is given.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(baseName("tasks/task1_say.json", ".json"), "task1_say");
 * assert.equal(baseName("notes.txt", ".json"), "notes.txt");
 * ```
 */
export function baseName(path: string, ending = ""): string {
  const name = path.replace(/^.*[/\\]/s, "");
  return name.endsWith(ending) ? name.slice(0, name.length - ending.length) : name;
}
