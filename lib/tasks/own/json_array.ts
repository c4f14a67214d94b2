import { isJsonObject } from "../../files/json_object.ts";
import { escaped } from "../../files/escaped.ts";
import { parseTaskJson, TaskFileError } from "../task_file.ts";
import { heldRecords, readWhole } from "./held_records.ts";
import type { Records } from "./record.ts";

/**
 * The examples of a file that is one JSON list of objects.
 *
 * @throws {SyntaxError} from its methods, when it is something else, naming the file and the place in
 * the list
 */
export function jsonArray(path: string): Records {
  return heldRecords("JSON", async () => {
    const list = parseTaskJson(await readWhole(path), path, "a list of objects");
    if (!Array.isArray(list)) {
      throw new TaskFileError(`Cannot read ${path} as it must hold a list of objects`);
    }
    return list.map((fields: unknown, i) => {
      const place = `${path}, object ${i + 1}`;
      if (isJsonObject(fields)) return { fields, place };
      throw new TaskFileError(
        `Cannot read ${place} as it must be {"task": …, "input": …, "target": …}: got ` +
          escaped(JSON.stringify(fields), 60),
      );
    });
  });
}
