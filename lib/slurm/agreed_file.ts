/** Files on which the elements of a sweep agree: the first writes what it has found, the others read it. */
import { join } from "node:path";
import type { z } from "zod";
import { writeFilesAtomically } from "../files/atomic_write.ts";
import { makeFolder, readTextIfThere } from "../files/file_system.ts";
import { lockFile } from "../files/lock.ts";
import { whenWriting } from "../sweep/store_error.ts";
import { SLURM } from "./record.ts";

/**
 * Changes a file of JSON in the folder `slurm` of a sweep, while no other process does.
 *
 * @param dir the sweep's folder
 * @param name of the file, such as `ways.json`
 * @param change is given what the file holds, null where there is none, and returns what it is to hold, the
 * same object to leave it as it is, and a result
 * @throws {StoreError} when the folder cannot be written
 */
export async function changeAgreed<Content, Result>(
  dir: string,
  name: string,
  schema: z.ZodType<Content>,
  change: (before: Content | null) => readonly [Content | null, Result],
): Promise<Result> {
  const folder = join(dir, SLURM);
  try {
    await makeFolder(folder);
    using _lock = await lockFile(join(folder, `.${name}.lock`));
    const text = await readTextIfThere(join(folder, name));
    const before = text === null ? null : schema.parse(JSON.parse(text));
    const [after, result] = change(before);
    if (after !== before) {
      await writeFilesAtomically(folder, new Map([[name, JSON.stringify(after) + "\n"]]));
    }
    return result;
  } catch (error) {
    throw whenWriting(folder, error);
  }
}
