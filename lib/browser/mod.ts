/**
 * What a page of your own needs beside the method: files, which a browser has none of, from a person's disk or
 * from an address.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const dir = await Deno.makeTempDir(); // in a browser any name, such as "base"
 * await putFiles(dir, new Map([["config.json", new TextEncoder().encode("{}")]]));
 * assert.equal((await takeFiles(dir)).get("config.json")!.length, 2);
 * await Deno.remove(dir, { recursive: true });
 * ```
 *
 * @module
 */
export { ADAPTER_FILES, BASE_FILES, fetchFiles, putFiles, takeFiles } from "./page_files.ts";
