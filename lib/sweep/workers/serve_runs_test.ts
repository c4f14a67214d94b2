import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readLines, type WorkerEvent, type WorkerTask } from "./message.ts";
import { RunFolder } from "../run_folder.ts";
import { type PlannedRun, readSweep } from "../plan/sweep.ts";

const WORKER = fileURLToPath(new URL("../../testing/fakes/fake_run_worker.ts", import.meta.url));

/** A worker process that can be given one run after another. */
class FakeWorker implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #tasks: WritableStreamDefaultWriter<Uint8Array>;
  readonly #events: AsyncGenerator<string>;

  constructor(readonly dir: string) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", WORKER],
      env: { FAKE_JOURNAL: join(dir, "journal") },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#tasks = this.#child.stdin.getWriter();
    this.#events = readLines(this.#child.stdout);
  }

  /** What the worker tells of a run. */
  async do(run: PlannedRun): Promise<WorkerEvent[]> {
    const task = JSON.stringify(
      { dir: this.dir, run, keepAdapter: false, stagesDir: null } satisfies WorkerTask,
    );
    await this.#tasks.write(new TextEncoder().encode(`${task}\n`));
    const events: WorkerEvent[] = [];
    do {
      events.push(JSON.parse((await this.#events.next()).value!));
    } while (events.at(-1)!.kind === "progress");
    return events;
  }

  /** Runs it has begun, in order. */
  journal(): string[] {
    const path = join(this.dir, "journal");
    return existsSync(path) ? Deno.readTextFileSync(path).trim().split("\n") : [];
  }

  async [Symbol.asyncDispose]() {
    await this.#tasks.close();
    assert.equal((await this.#child.status).code, 0, "an idle worker ends well with its input");
    await Deno.remove(this.dir, { recursive: true });
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test("serveRuns() does a run once, and tells how far it is a few times a second", async () => {
  await using worker = new FakeWorker(await Deno.makeTempDir());
  const [run] = readSweep("", "x.yaml").runs;
  const finished = { kind: "finished", id: run!.id, status: "done" };
  const first = await worker.do(run!);
  assert.deepEqual(first.at(-1), finished);
  assert.ok(first.length >= 2 && first.length < 6, `${first.length - 1} events of five reports`);
  const path = join(new RunFolder(worker.dir, run!).dir, "result.json");
  const result = await Deno.readTextFile(path);
  assert.deepEqual(await worker.do(run!), [finished]);
  assert.deepEqual(worker.journal(), [`start ${run!.id}`]);
  assert.equal(await Deno.readTextFile(path), result);
});

Deno.test("serveRuns() waits while another process is at work on the run, and then leaves it as done", async () => {
  await using worker = new FakeWorker(await Deno.makeTempDir());
  const [run] = readSweep("", "x.yaml").runs;
  const folder = new RunFolder(worker.dir, run!);
  let told: WorkerEvent[] | undefined;
  const lock = await folder.begin();
  const telling = worker.do(run!).then((events) => told = events);
  await pause(700);
  assert.equal(told, undefined);
  await folder.finish({ ...run!, status: "diverged", metrics: {}, tasks: [], provenance: {} });
  lock[Symbol.dispose]();
  await telling;
  assert.deepEqual(told, [{ kind: "finished", id: run!.id, status: "diverged" }]);
  assert.deepEqual(worker.journal(), []);
});

Deno.test("serveRuns() tells failures with their place, and a folder that cannot be written apart", async () => {
  await using worker = new FakeWorker(await Deno.makeTempDir());
  const [bad, good] = readSweep("grid: { data_file: [fail, fine] }", "x.yaml").runs;
  const failed = (await worker.do(bad!)).at(-1)!;
  assert.equal(failed.kind, "failed");
  assert.match(
    (failed as { error: string }).error,
    /^RangeError: Cannot train as asked\n.*\n {4}at /,
  );
  await Deno.writeTextFile(join(worker.dir, "runs", good!.id), "a file in the way");
  const stopped = (await worker.do(good!)).at(-1)!;
  assert.equal(stopped.kind, "stopped");
  assert.match((stopped as { error: string }).error, /^Cannot write results to .*: .*; make it/);
});
