import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { readText } from "../files/file_system.ts";
import { SweepError } from "../sweep/plan/sweep_error.ts";
import { suggest } from "../util/words.ts";

/**
 * The text of a file of YAML that a person named.
 *
 * @param what is read from it, for the message, such as `a sweep`
 * @throws {SweepError} when it cannot be read, with the nearest file beside it
 */
export async function yamlText(path: string, what: string): Promise<string> {
  try {
    return await readText(path);
  } catch (error) {
    if (error instanceof SyntaxError) throw new SweepError(error.message);
    const folder = dirname(path);
    const known = existsSync(folder)
      ? (await Array.fromAsync(Deno.readDir(folder)))
        .filter(({ name }) => /\.ya?ml$/.test(name))
        .map(({ name }) => join(folder, name))
      : [];
    const hint = known.length > 0 ? suggest(path, known) : "";
    throw new SweepError(`Cannot read ${what} from ${path}: ${(error as Error).message}${hint}`);
  }
}
