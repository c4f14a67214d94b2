import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { withFolder } from "../testing/with_folder.ts";
import { readSweep } from "./plan/sweep.ts";
import { isAtWork, isSteered, Steering, STOPPED_BY_HAND, wish } from "./steering.ts";
import { runInPool } from "./workers/pool.ts";

const worker = new URL("../testing/fakes/fake_worker.ts", import.meta.url);

/** What becomes of runs that do as they are called, while somebody wishes something. */
async function endsOf(
  dir: string,
  doings: string[],
  on: (kind: string, id: string) => Promise<void>,
) {
  const text = `zip: { data_file: [${doings}], r: [${doings.map((_, i) => i + 1)}] }`;
  const { runs } = readSweep(text, "x.yaml");
  using steering = await Steering.listen(dir);
  const ends = new Map<number, string>();
  const tasks = runs.map((run) => ({ dir: "", run, keepAdapter: false, stagesDir: null }));
  for await (const event of runInPool(tasks, { jobs: 1, worker, steering })) {
    await on(event.kind, event.id);
    steering.look();
    const { r } = runs.find(({ id }) => id === event.id)!.config;
    if (event.kind === "finished") ends.set(r, "finished");
    if (event.kind === "failed") ends.set(r, event.error);
  }
  return [...ends];
}

Deno.test("a wish to begin no other run lets the one at work end", () =>
  withFolder(async (dir) => {
    const ends = await endsOf(dir, ["ok", "hang", "hang"], async (kind) => {
      if (kind === "progress") await wish(dir, null);
    });
    assert.deepEqual(ends, [[1, "finished"]]);
  }));

Deno.test("a wish to stop a run stops that one alone", () =>
  withFolder(async (dir) => {
    const ends = await endsOf(dir, ["hang", "ok"], async (kind, id) => {
      if (kind === "progress" && /^data_file=hang/.test(id)) await wish(dir, id);
    });
    assert.deepEqual(ends, [[1, STOPPED_BY_HAND], [2, "finished"]]);
  }));

Deno.test("wishes of before are forgotten, and no id leads elsewhere", () =>
  withFolder(async (dir) => {
    assert.equal(await isSteered(dir), false);
    await wish(dir, null);
    const path = join(dir, ".steering", "hold");
    assert.ok(existsSync(path));
    {
      using steering = await Steering.listen(dir);
      assert.deepEqual([existsSync(path), await isSteered(dir)], [false, true]);
      steering.look();
      assert.equal(steering.hold.aborted, false);
    }
    assert.equal(await isSteered(dir), false);
    await assert.rejects(
      wish(dir, "../x"),
      /Cannot stop run "\.\.\/x" as its id must name a folder/,
    );
    assert.equal(await isAtWork(dir, "../x"), false);
  }));
