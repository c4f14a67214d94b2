/** What a person can do about a sweep that is not the one its folder holds. */
import { isAbsolute, relative, resolve } from "node:path";
import { changeLines, changeSuffix, type PlanChange } from "../../sweep/plan_change.ts";
import { environmentVariable } from "../../util/environment.ts";
import { commandLine } from "../shell.ts";

/** Options of `deno task sweep` that name the folder of results, with their value in the next word. */
const OUT = /^(--out|-o)$/;
/** The same with the value in the same word. */
const OUT_WITH_VALUE = /^(--out=|-o.)/;

/** The words of `deno task sweep` with another folder of results. */
function withOut(args: readonly string[], out: string): string[] {
  const rest = args.filter((word, i) =>
    !OUT.test(word) && !OUT_WITH_VALUE.test(word) && !(i > 0 && OUT.test(args[i - 1]!))
  );
  return [...rest.filter((word) => word !== "--dry-run"), "--out", out];
}

/**
 * The folder for a sweep that is not the one in `dir`: beside that, with what has changed in its name, such
 * as `results/quick,steps=300`.
 */
export function offeredFolder(dir: string, change: PlanChange): string {
  return dir.replace(/[\\/]+$/, "") + changeSuffix(change);
}

/**
 * What has changed since a sweep ran in a folder, and the commands that run it all the same.
 *
 * @param args the words after `deno task sweep`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const settings = [{ key: "steps", before: [150], now: [300] }] as const;
 * const change = { settings, added: [], left: [], leftByCell: 16 };
 * assert.equal(
 *   describeChange("results/quick", change, ["steps=300"]),
 *   "results/quick holds another sweep. Since it ran there, this has changed:\n" +
 *     "  steps: 150 → 300\n" +
 *     "To run it into a folder of its own:\n" +
 *     "  deno task sweep steps=300 --out results/quick,steps=300\n" +
 *     "To keep what is there beside it, in one table:\n" +
 *     "  deno task sweep steps=300 --extend",
 * );
 * ```
 */
export function describeChange(dir: string, change: PlanChange, args: readonly string[]): string {
  // The option is read from the folder in which the person calls.
  const from = environmentVariable("INIT_CWD") ?? ".";
  const offered = offeredFolder(dir, change);
  const own = isAbsolute(dir) ? offered : relative(from, resolve(offered));
  const words = args.filter((word) => word !== "--dry-run");
  return [
    `${dir} holds another sweep. Since it ran there, this has changed:`,
    ...changeLines(change).map((line) => `  ${line}`),
    "To run it into a folder of its own:",
    `  ${commandLine("sweep", withOut(args, own))}`,
    "To keep what is there beside it, in one table:",
    `  ${commandLine("sweep", [...words, "--extend"])}`,
  ].join("\n");
}
