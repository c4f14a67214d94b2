/** The code that makes the numbers of runs, by its content. */
import { createHash } from "node:crypto";

const LIB = new URL("../", import.meta.url);

/**
 * Places of `lib/` that make no number of a run: they spread runs over processes, keep results, read them
 * and show them. What is not listed here counts, so a new folder counts until somebody decides.
 */
export const NO_NUMBERS: readonly string[] = [
  ...[
    "bench",
    "browser",
    "claims",
    "commands",
    "figures",
    "fuzz",
    "report",
    "slurm",
    "statistics",
    "sweep",
  ],
  ...["tables", "testing"],
  ...["mod.ts", "results.ts"],
];

/** Files that are no code that runs do. */
const NO_CODE = /\.md$|_(?:test|bench)\.ts$/;

/**
 * The SHA-256 of the sources that can change a number of a run: of the list of their hashes and paths
 * below `lib/`, in the order of paths. Tests, pages of documentation and what only shows results do not
 * count.
 *
 * @param lib the folder of the sources
 * @returns null where the sources are not in a folder that can be read, as in a program from the web
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.match((await codeHash())!, /^[0-9a-f]{64}$/);
 * ```
 */
export async function codeHash(lib: URL = LIB): Promise<string | null> {
  if (lib.protocol !== "file:") return null;
  try {
    const list = createHash("sha256");
    for (const path of (await sources(lib, "")).sort()) {
      const bytes = await Deno.readFile(new URL(path, lib));
      list.update(`${createHash("sha256").update(bytes).digest("hex")}  ${path}\n`);
    }
    return list.digest("hex");
  } catch {
    return null;
  }
}

/** The paths of all files that count, below a folder that ends in a slash. */
async function sources(lib: URL, below: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(below, lib))) {
    const path = below + name;
    if (NO_NUMBERS.includes(path) || name.startsWith(".")) continue;
    if (isDirectory) paths.push(...await sources(lib, `${path}/`));
    else if (!NO_CODE.test(name)) paths.push(path);
  }
  return paths;
}
