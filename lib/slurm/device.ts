/**
 * The device on which all elements of a sweep agree for runs that leave it to the machine: the first element
 * that has a graphics card measures, and the others that have one follow.
 */
import { join } from "node:path";
import { z } from "zod";
import { BACKENDS, type ChosenBackend } from "../backend/backend.ts";
import { writeFilesAtomically } from "../files/atomic_write.ts";
import { makeFolder, readTextIfThere } from "../files/file_system.ts";
import { lockFile } from "../files/lock.ts";
import { whenWriting } from "../sweep/store_error.ts";
import { SLURM } from "./record.ts";

const DEVICE = z.strictObject({ name: z.enum(BACKENDS), reason: z.string() });
const [FILE, LOCK] = ["device.json", ".device.lock"];

/**
 * The device of an element's runs. What is chosen first is written down for all; an element without a card
 * has nothing to choose, and writes nothing down.
 *
 * @param dir the sweep's folder
 * @param choose chooses, given what is written down
 */
export async function agreeOnDevice(
  dir: string,
  choose: (settled: ChosenBackend | null) => Promise<ChosenBackend | null>,
): Promise<ChosenBackend | null> {
  const folder = join(dir, SLURM);
  try {
    await makeFolder(folder);
    using _lock = await lockFile(join(folder, LOCK));
    const text = await readTextIfThere(join(folder, FILE));
    const chosen = await choose(text === null ? null : DEVICE.parse(JSON.parse(text)));
    if (text === null && chosen !== null) {
      const { name, reason } = chosen;
      await writeFilesAtomically(
        folder,
        new Map([[FILE, JSON.stringify({ name, reason }) + "\n"]]),
      );
    }
    return chosen;
  } catch (error) {
    throw whenWriting(folder, error);
  }
}
