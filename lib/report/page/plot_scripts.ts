import { fileURLToPath } from "node:url";
import { readFile } from "node:fs/promises";

let read: Promise<string[]> | undefined;

/**
 * The texts of the drawing library for a page, what it stands on first, from the packages themselves: so a page
 * draws with the version that its files are drawn with. They set `d3` and `Plot`.
 */
export function plotScripts(): Promise<string[]> {
  return read ??= readScripts();
}

async function readScripts(): Promise<string[]> {
  // Imported here, as the import makes Deno fetch the packages; the scripts are beside what is imported.
  await Promise.all([import("d3"), import("@observablehq/plot")]);
  return await Promise.all([
    scriptOf(import.meta.resolve("d3"), "../dist/d3.min.js"),
    scriptOf(import.meta.resolve("@observablehq/plot"), "../dist/plot.umd.min.js"),
  ]);
}

async function scriptOf(place: string, path: string): Promise<string> {
  return await readFile(fileURLToPath(new URL(path, place)), "utf8");
}
