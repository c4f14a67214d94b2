import { shellWord } from "../util/shell_word.ts";

/**
 * How to write a command for a shell.
 *
 * @param task the task's name in `deno.json`
 * @param args the words after it
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(
 *   commandLine("sweep", ["my sweep.yaml", "n_skills=2,4"]),
 *   "deno task sweep 'my sweep.yaml' n_skills=2,4",
 * );
 * ```
 */
export function commandLine(task: string, args: readonly string[]): string {
  return [`deno task ${task}`, ...args.map(shellWord)].join(" ");
}
