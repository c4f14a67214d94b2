import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { openSafetensors } from "../files/safetensors.ts";
import { type StageFacts, stageHeader } from "./stage.ts";

/** A file in a folder of stages. */
export interface KeptFile {
  readonly path: string;
  readonly bytes: number;
  /** What the stage depends on; null for a file that is no whole stage. */
  readonly facts: StageFacts | null;
}

/**
 * Lists the files of a folder of stages, by kind; nothing where there is no such folder. Tensors are not
 * read.
 */
export async function* keptFiles(dir: string): AsyncGenerator<KeptFile> {
  if (!existsSync(dir)) return;
  const paths = (await readdir(dir, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
  for (const path of paths) {
    try {
      const { size } = await stat(path);
      yield { path, bytes: size, facts: await factsIn(path) };
    } catch (error) {
      if ((error as { code?: unknown }).code !== "ENOENT") throw error; // removed meanwhile
    }
  }
}

async function factsIn(path: string): Promise<StageFacts | null> {
  if (!path.endsWith(".safetensors")) return null;
  try {
    using file = await openSafetensors(path);
    return stageHeader(file.metadata?.stage ?? "", path).facts;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
