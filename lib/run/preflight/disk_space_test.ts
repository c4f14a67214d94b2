import assert from "node:assert/strict";
import { join } from "node:path";
import { sampleResults } from "../../testing/samples/sample_results.ts";
import { writeSampleSweep } from "../../testing/samples/sample_sweep.ts";
import { withFolder } from "../../testing/with_folder.ts";
import { bytesOfRun, freeSpace } from "./disk_space.ts";

Deno.test("freeSpace() is that of the disk on which a folder will be", () =>
  withFolder((dir) => {
    const [there, later] = [freeSpace(dir), freeSpace(join(dir, "a", "b"))];
    assert.ok("bytes" in there && "bytes" in later);
    assert.ok(there.bytes > 0);
    assert.ok(Math.abs(there.bytes - later.bytes) < 0.5 * there.bytes);
    return Promise.resolve();
  }));

Deno.test("bytesOfRun() is at least what a run leaves, and of its order", () =>
  withFolder(async (dir) => {
    const results = sampleResults({ n_skills: [2], n_splits: [1], seed: [0] }, { whole: true });
    await writeSampleSweep(dir, {}, results);
    let bytes = 0;
    for await (const { name } of Deno.readDir(join(dir, "runs"))) {
      for await (const file of Deno.readDir(join(dir, "runs", name))) {
        bytes += (await Deno.stat(join(dir, "runs", name, file.name))).size;
      }
    }
    const estimate = bytesOfRun(results[0]!.config, null);
    assert.ok(bytes < estimate && estimate < 100 * bytes, `${bytes} and ${estimate}`);
  }));
