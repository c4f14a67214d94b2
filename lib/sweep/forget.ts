import { rm } from "node:fs/promises";
import { StageUsers } from "../run/stages/stage_users.ts";
import { type KeptFile, keptFiles } from "../stages/stage_list.ts";
import { RunFolder } from "./run_folder.ts";
import type { SweepStore } from "./store.ts";
import { whenWriting } from "./store_error.ts";

/**
 * Removes the results of a sweep's runs and the stages that they depend on, so that everything is done
 * anew. Other runs that share those stages keep their results.
 *
 * @param stagesDir the folder of stages
 * @throws {StoreError} when something cannot be removed
 */
export async function forget(store: SweepStore, stagesDir: string): Promise<void> {
  try {
    for (const run of store.manifest.runs) await new RunFolder(store.dir, run).forget();
    const files: KeptFile[] = await Array.fromAsync(keptFiles(stagesDir));
    const users = new StageUsers(store.manifest.runs.map(({ config }) => config), files);
    for (const file of files) if (users.has(file)) await rm(file.path, { force: true });
  } catch (error) {
    throw whenWriting(store.dir, error);
  }
}
