/** Examples of files that are read whole: what one line of them means, only those before it say. */
import { fileSize, readText } from "../../files/file_system.ts";
import { MOST_BYTES } from "../../files/strict_text.ts";
import { TaskFileError } from "../task_file.ts";
import type { Records, TaskRecord } from "./record.ts";

/** Records that are read at once, when they are first asked for. */
export function heldRecords(kind: string, read: () => Promise<readonly TaskRecord[]>): Records {
  let held: Promise<readonly TaskRecord[]> | null = null;
  const records = () => held ??= read();
  return {
    kind,
    async forEach(take) {
      (await records()).forEach(take);
    },
    async again(indices) {
      const all = await records();
      return indices.map((index) => all[index]!);
    },
  };
}

/**
 * The text of a file that cannot be read a line at a time.
 *
 * @throws {SyntaxError} when it is not UTF-8, or too long for one text
 */
export async function readWhole(path: string): Promise<string> {
  const size = await fileSize(path) ?? 0;
  if (size <= MOST_BYTES) return await readText(path);
  throw new TaskFileError(
    `Cannot read "${path}" as it must have at most ${MOST_BYTES} bytes: it has ${size}; write JSON ` +
      `lines, which are read one at a time`,
  );
}
