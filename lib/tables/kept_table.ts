import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { whenReading } from "../sweep/store_error.ts";
import { fromCsv } from "./from_csv.ts";
import type { ColumnTable } from "./table.ts";

const RESULTS = fileURLToPath(new URL("../../results", import.meta.url));

/**
 * Reads a table that is kept with the project as comma-separated values, such as the runs of the map or
 * the verdicts on the claims.
 *
 * @param path path of the file below `results/` of this project
 * @throws {StoreError} when the file cannot be read
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const map = await keptTable("map.csv");
 * assert.deepEqual([...new Set(map.array("shots"))], [2, 4, 8, 16, 32]);
 * ```
 */
export async function keptTable(path: string): Promise<ColumnTable> {
  const file = join(RESULTS, path);
  try {
    return fromCsv(await readFile(file, "utf8"));
  } catch (error) {
    throw whenReading(file, error);
  }
}
