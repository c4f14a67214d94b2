import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { referenceCommand } from "../commands/reference.ts";
import { reportCommand } from "../commands/report.ts";
import { sweepCommand, type SweepCommandOptions } from "../commands/sweep/command.ts";
import { HubError } from "../hub/error.ts";
import { type Captured, captured } from "../testing/captured.ts";
import { randomStream } from "../util/random.ts";
import { lacking } from "../testing/lacking.ts";

const PROGRAM = fileURLToPath(new URL("../testing/fakes/fake_sweep.ts", import.meta.url));
const WORKER = new URL("../testing/fakes/fake_run_worker.ts", import.meta.url);
const TABLES = ["results.csv", "tasks.csv", "results.arrow", "leaderboard.md"];

/** A folder with a sweep's file in it, and the sweep's command. */
class Place implements AsyncDisposable {
  readonly file: string;
  readonly out: string;
  readonly journal: string;

  private constructor(readonly dir: string) {
    this.file = join(dir, "x.yaml");
    this.out = join(dir, "out");
    this.journal = join(dir, "journal");
  }

  static async with(yaml: string): Promise<Place> {
    const place = new Place(await Deno.makeTempDir());
    await Deno.writeTextFile(place.file, yaml);
    return place;
  }

  /** Runs the command in this process. */
  async sweep(...args: string[]): Promise<Captured> {
    const all = [this.file, "--out", this.out, ...args];
    return await captured((output) => sweepCommand(all, { ...output, worker: WORKER }));
  }

  /** Starts the command in a process group of its own. */
  start(...args: string[]): Deno.ChildProcess {
    return new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", PROGRAM, this.file, "--out", this.out, ...args],
      env: { FAKE_JOURNAL: this.journal },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      detached: true,
    }).spawn();
  }

  async journalLines(): Promise<string[]> {
    return existsSync(this.journal)
      ? (await Deno.readTextFile(this.journal)).split("\n").slice(0, -1)
      : [];
  }

  async runDirs(): Promise<string[]> {
    const runs = join(this.out, "runs");
    return (await Array.fromAsync(Deno.readDir(runs))).map(({ name }) => join(runs, name)).sort();
  }

  /** The results that are there, by path. */
  async results(): Promise<string[]> {
    if (!existsSync(join(this.out, "runs"))) return [];
    return (await this.runDirs()).map((dir) => join(dir, "result.json")).filter(existsSync);
  }

  async tables(): Promise<Uint8Array[]> {
    return await Promise.all(TABLES.map((name) => Deno.readFile(join(this.out, name))));
  }

  async [Symbol.asyncDispose]() {
    await Deno.remove(this.dir, { recursive: true });
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; !await condition();) {
    assert.ok(Date.now() < end, "it took too long");
    await pause(20);
  }
}

/** Ends a process and what it started, as a closing terminal or a crash would. */
function signalGroup(child: Deno.ChildProcess, signal: "KILL" | "INT"): void {
  new Deno.Command("kill", { args: [`-${signal}`, "--", `-${child.pid}`] }).outputSync();
}

async function drain(child: Deno.ChildProcess): Promise<{ code: number; stderr: string }> {
  const { code, stderr } = await child.output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

const GRID = "grid: { n_skills: [1, 2, 3, 4, 5, 6, 7, 8] }\nseeds: 0..19\n";
const N_RUNS = 160;
/** About as many runs as a sweep gets done before it is killed, at most: ten of them leave some. */
const MOST_RUNS = 8;

Deno.test({
  name: "deno task sweep survives kill -9 ten times in a row with exactly the table of one go",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using whole = await Place.with(GRID);
    await using place = await Place.with(GRID);
    const random = randomStream(Date.now() % 2 ** 31, "kills");
    let startup = 0; // how long the first result takes on this machine, as busy as it is now
    for (let kill = 0; kill < 10; kill++) {
      const before = (await place.results()).length;
      const started = Date.now();
      const child = place.start("--jobs", "2");
      const ended = drain(child);
      const since = () => Date.now() - started;
      if (kill === 0) {
        await until(async () => (await place.results()).length > 0);
        startup = since();
      } else {
        const moment = startup * (0.2 + 1.6 * random.uniform());
        await until(async () =>
          since() >= moment || (await place.results()).length >= before + MOST_RUNS
        );
      }
      if (kill % 2 === 0) signalGroup(child, "KILL");
      else child.kill("SIGKILL"); // its workers must find out by themselves
      assert.notEqual((await ended).code, 0, "it was killed at work");
    }
    await pause(300); // the last workers end
    const done = await place.results();
    assert.ok(done.length > 0 && done.length < N_RUNS, `${done.length} runs before the end`);
    const last = await drain(place.start("--jobs", "2"));
    assert.equal(last.code, 0, last.stderr);
    assert.match(last.stderr, new RegExp(`^\\[ *${done.length + 1}/${N_RUNS}\\] `), "it went on");

    assert.equal((await whole.sweep("--jobs", "3")).code, 0);
    assert.deepEqual(await place.tables(), await whole.tables());
    const lines = await place.journalLines();
    assert.deepEqual(lines.filter((line) => !line.startsWith("start ")), [], "none at work twice");
    for (
      const [dirs, { out }] of [[await place.runDirs(), place], [
        await whole.runDirs(),
        whole,
      ]] as const
    ) {
      assert.equal(dirs.length, N_RUNS, out);
      for (const dir of dirs) {
        const names = (await Array.fromAsync(Deno.readDir(dir))).map(({ name }) => name).sort();
        assert.deepEqual(names, [".lock", "metrics.jsonl", "result.json"]);
        assert.equal((await Deno.readTextFile(join(dir, "metrics.jsonl"))).split("\n").length, 6);
      }
    }
  },
});

Deno.test({
  name: "a worker ends at once with its parent, however busy it is",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using place = await Place.with("set: { data_file: block }");
    const child = place.start();
    const ended = drain(child);
    const owner = async () => {
      const [dir] = existsSync(join(place.out, "runs")) ? await place.runDirs() : [];
      return dir && existsSync(join(dir, "owner"))
        ? (await Deno.readTextFile(join(dir, "owner"))).split("\n")[0]!
        : "";
    };
    await until(async () => await owner() !== "");
    const pid = await owner();
    await pause(150); // it is in its endless loop by now
    assert.ok(existsSync(`/proc/${pid}`));
    child.kill("SIGKILL");
    await ended;
    const killed = Date.now();
    const isGone = async () =>
      await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "") === "";
    await until(isGone);
    assert.ok(Date.now() - killed < 3000);
  },
});

Deno.test("sweepCommand() runs everything, tells each run, and writes and prints the tables", async () => {
  await using place = await Place.with("grid: { n_skills: [2, 4] }\nseeds: 0..1\n");
  const { code, stdout, stderr } = await place.sweep();
  assert.equal(code, 0);
  const lines = stderr.trim().split("\n");
  const told = lines.filter((line) =>
    /^\[\d\/4\] n_skills=[24],seed=[01] heldout_exact_match=0\.\d{3} \d\.\ds$/.test(line)
  );
  assert.deepEqual([told.length, new Set(told).size], [4, 4], stderr);
  assert.match(lines[4]!, /^4 runs: 4 done in \d+s\.$/);
  assert.deepEqual(lines.slice(5), [
    `Table:    ${place.out}/leaderboard.md; every number: results.csv, results.arrow, tasks.csv, ` +
    `task_summary.csv`,
    `Report:   ${place.out}/report.html`,
    `Notebook: SWEEP=${place.out} deno task jupyter notebooks/quick.ipynb`,
  ]);
  assert.match(await Deno.readTextFile(join(place.out, "report.html")), /^<!doctype html>/);
  assert.equal(stdout, await Deno.readTextFile(join(place.out, "leaderboard.md")));
  assert.equal(
    (await Deno.readTextFile(join(place.out, "results.csv"))).trim().split("\n").length,
    5,
  );
  assert.equal(
    (await Deno.readTextFile(join(place.out, "tasks.csv"))).trim().split("\n").length,
    9,
  );

  const again = await place.sweep("--quiet");
  assert.equal(again.code, 0);
  assert.equal(again.stdout, stdout);
  assert.doesNotMatch(again.stderr, /\[/, "nothing was left to do");
});

Deno.test("sweepCommand() names failed runs, goes on without them, and tries only them again", async () => {
  await using place = await Place.with(
    "zip: { data_file: [fine, fail, die, diverge, also], r: [1, 2, 3, 4, 5] }",
  );
  const first = await place.sweep("--jobs", "1");
  assert.equal(first.code, 1);
  assert.match(first.stderr, /^5 runs: 2 done, 1 diverged, 2 failed in /m);
  const failed = (await place.runDirs()).filter((dir) => existsSync(join(dir, "error.txt")));
  assert.equal(failed.length, 2);
  for (const dir of failed) assert.ok(first.stderr.includes(`\n  ${join(dir, "error.txt")}\n`));
  assert.match(first.stderr, /^Failed: .*r=2,.*: RangeError: Cannot train as asked$/m);
  assert.match(
    first.stderr,
    /^Failed: .*r=3,.*: The worker ended with SIGKILL in the middle/m,
  );
  assert.match(first.stderr, /^\[4\/5\] .*r=4,.* diverged$/m);
  assert.match(first.stderr, /^ {2}deno task sweep \S+ --out \S+ --jobs 1 --only failed$/m);
  assert.match(
    await Deno.readTextFile(join(failed[1]!, "error.txt")),
    /\n {2}in two lines\n {4}at /,
  );

  const fifth = (await place.runDirs()).find((dir) => dir.includes("r=5"))!;
  await Deno.remove(fifth, { recursive: true });
  const again = await place.sweep("--only", "failed");
  assert.equal(again.code, 1);
  const ended = again.stderr.split("\n").filter((line) => line.startsWith("["));
  assert.deepEqual(ended.map((line) => /r=\d/.exec(line)![0]).sort(), [
    "r=2",
    "r=3",
  ]);
  assert.match(again.stderr, /1 planned/);
});

Deno.test("sweepCommand() stops at the first failure when asked to fail fast", async () => {
  await using place = await Place.with(
    "zip: { data_file: [fail, a, b, c], r: [1, 2, 3, 4] }",
  );
  const { code, stderr } = await place.sweep("--fail-fast", "--jobs", "1");
  assert.equal(code, 1);
  assert.match(stderr, /^4 runs: 1 failed, 3 planned in /m);
  assert.match(stderr, /^Stopped as 1 run has failed, and --max-failures is 1\.$/m);
});

Deno.test("newcomer A5: a sweep whose first runs fail alike stops, says so, and leaves the others", async () => {
  await using place = await Place.with("set: { data_file: fail }\nseeds: 0..9\n");
  const { code, stderr } = await place.sweep("--jobs", "1");
  assert.equal(code, 1);
  assert.match(stderr, /^10 runs: 3 failed, 7 planned in /m);
  assert.match(
    stderr,
    /^Stopped as the first 3 runs failed alike: RangeError: Cannot train as asked\.\n7 runs are left\. To go on, once that is mended:\n {2}deno task sweep \S+ --out \S+ --jobs 1\n$/m,
  );
  assert.doesNotMatch(stderr, /^(Table|Report|Notebook|To try them again):/m, "nothing to see");
  const failed = await place.sweep("--jobs", "1", "--only", "failed", "--max-failures", "1");
  assert.match(failed.stderr, /^10 runs: 3 failed, 7 planned in /m);
  assert.match(failed.stderr, /^2 runs are left\. To go on/m, "of those that were asked for");

  await using mixed = await Place.with(
    "zip: { data_file: [fine, fail, fail, fail, fail], r: [1, 2, 3, 4, 5] }",
  );
  assert.match((await mixed.sweep("--jobs", "1")).stderr, /^5 runs: 1 done, 4 failed in /m);
  await using few = await Place.with("set: { data_file: fail }\nseeds: 0..2\n");
  const all = await few.sweep("--jobs", "1");
  assert.match(all.stderr, /^3 runs: 3 failed in /m);
  assert.doesNotMatch(all.stderr, /Stopped/, "there is nothing to stop");
});

Deno.test("sweepCommand() --max-failures stops at as many failed runs", async () => {
  await using place = await Place.with(
    "zip: { data_file: [a, fail, die, b, c], r: [1, 2, 3, 4, 5] }",
  );
  const { code, stderr } = await place.sweep("--max-failures", "2", "--jobs", "1");
  assert.equal(code, 1);
  assert.match(stderr, /^5 runs: 1 done, 2 failed, 2 planned in /m);
  assert.match(
    stderr,
    /^Stopped as 2 runs have failed, and --max-failures is 2\.\n2 runs are left\./m,
  );
  const rest = await place.sweep("--jobs", "1");
  assert.match(rest.stderr, /^5 runs: 3 done, 2 failed in /m);
});

Deno.test("sweepCommand() --retry tries failed runs again, and records how often", async () => {
  await using place = await Place.with(
    "zip: { data_file: [fail once, fail, fine], r: [1, 2, 3] }",
  );
  const { code, stderr } = await place.sweep("--retry", "2", "--jobs", "2");
  assert.equal(code, 1);
  assert.match(stderr, /^3 runs: 2 done, 1 failed in /m);
  assert.match(stderr, /^.*r=1,.* failed and is tried again: Error: The device was lost$/m);
  assert.equal(stderr.match(/r=2,\S+ failed and is tried again/g)!.length, 2);
  assert.match(stderr, /^\[3\/3\] /m, "each run is counted once");
  const dirs = await place.runDirs();
  const [once, never, fine] = [1, 2, 3].map((n) => dirs.find((dir) => dir.includes(`r=${n}`)));
  const provenance = async (dir: string) =>
    JSON.parse(await Deno.readTextFile(join(dir, "result.json"))).provenance;
  assert.equal((await provenance(once!)).attempts, 2);
  assert.equal((await provenance(fine!)).attempts, undefined);
  assert.match(
    await Deno.readTextFile(join(never!, "error.txt")),
    /^RangeError: Cannot train as asked\n[^]*\n\nTried 3 times\n$/,
  );
});

Deno.test("sweepCommand() leaves a run as failed that was to be tried again when the sweep stopped", async () => {
  await using place = await Place.with("set: { data_file: fail }\nseeds: 0..9\n");
  const { stderr } = await place.sweep("--retry", "1", "--jobs", "1");
  assert.match(stderr, /^10 runs: 3 failed, 7 planned in /m);
  assert.match(stderr, /^Stopped as the first 3 runs failed alike: /m);
});

Deno.test("sweepCommand() adds to a sweep with --extend, and refuses an edited one without", async () => {
  await using place = await Place.with("grid: { n_skills: [2, 4] }\nseeds: 0..1\n");
  assert.equal((await place.sweep()).code, 0);
  const before = await place.tables();
  const refused = await place.sweep("n_skills=4,8");
  assert.equal(refused.code, 2);
  assert.match(
    refused.stderr,
    /^\S+ holds another sweep\. .*\n {2}n_skills: 2, 4 → 4, 8\n[^]* --extend\n$/,
  );
  assert.deepEqual(await place.tables(), before);
  const extended = await place.sweep("n_skills=4,8", "--extend");
  assert.equal(extended.code, 0);
  assert.equal(extended.stderr.split("\n").filter((line) => line.startsWith("[")).length, 2);
  assert.match(extended.stderr, /^6 runs: 6 done in /m);
});

Deno.test("sweepCommand() gives the same bytes with any number of jobs and any order of runs", async () => {
  await using one = await Place.with("grid: { n_skills: [2, 4, 8] }\nseeds: 0..2\n");
  await using other = await Place.with("grid: { n_skills: [2, 4, 8] }\nseeds: 0..2\n");
  assert.equal((await one.sweep("--jobs", "1")).code, 0);
  assert.equal((await other.sweep("--jobs", "3")).code, 0);
  assert.deepEqual(await one.tables(), await other.tables());
});

Deno.test("sweepCommand() --dry-run shows cells and what is left, and writes nothing", async () => {
  await using place = await Place.with("question: Why?\ngrid: { n_skills: [2, 4] }\nseeds: 0..2\n");
  const fresh = await place.sweep("--dry-run");
  assert.equal(fresh.code, 0);
  assert.ok(!existsSync(place.out));
  assert.equal(
    fresh.stdout,
    `Why?\n2 cells, 6 runs in ${place.out}: 0 done, 0 failed, 6 to do\n\n` +
      "n_skills  seeds  done  failed  to do\n" +
      "2         0 1 2  0     0       3\n" +
      "4         0 1 2  0     0       3\n",
  );
  await place.sweep("seed=0..2");
  const [dir] = await place.runDirs();
  await Deno.remove(join(dir!, "result.json"));
  const rest = await place.sweep("--dry-run", "--jobs", "2");
  assert.match(rest.stdout, /: 5 done, 0 failed, 1 to do, about \ds with 2 at once$/m);
  assert.match(rest.stdout, /^2 {9}0 1 2 {2}2 {5}0 {7}1$/m);
});

Deno.test("sweepCommand() compares with the baseline, and by another metric without running again", async () => {
  await using place = await Place.with(
    "question: Why?\nbaseline: { n_skills: 2 }\nset: { task_seed: 0 }\n" +
      "grid: { n_skills: [2, 4] }\nseeds: 0..2\n",
  );
  const first = await place.sweep();
  assert.match(
    first.stdout,
    /^# x\n\nWhy\?\n\nMean of `heldout_exact_match` over seeds with its 95 %/,
  );
  assert.match(first.stdout, /\nDifference to the baseline, n_skills=2, paired on task and seed,/);
  assert.match(first.stdout, /\| n_skills \| +difference \|.*\n.*\n\| +4 \|/);
  const other = await place.sweep("metric=heldout_loss");
  assert.equal(other.code, 0);
  assert.doesNotMatch(other.stderr, /^\[/m, "no run was done again");
  assert.match(other.stdout, /\nRatio to the baseline, n_skills=2, paired on seed,/);
  const means = [
    ...other.stdout.split("\nRatio to the baseline")[0]!.matchAll(/^\| +[24] \| +([\d.]+)/gm),
  ]
    .map(([, mean]) => Number(mean));
  assert.ok(means.length === 2 && means[0]! <= means[1]!, "less loss is better");
  const unknown = await place.sweep("metric=heldout_los");
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /no column "heldout_los": did you mean "heldout_loss"\? The runs/);
});

Deno.test("sweepCommand() keeps adapters when asked, and tells how many runs were done without", async () => {
  await using place = await Place.with("grid: { n_skills: [2, 4] }");
  assert.doesNotMatch((await place.sweep()).stderr, /Adapters/);
  const [first, second] = await place.runDirs();
  await Deno.remove(second!, { recursive: true });
  const { code, stderr } = await place.sweep("--adapters");
  assert.equal(code, 0);
  assert.ok(
    stderr.includes(
      `\nAdapters: ${place.out}/runs/*/adapter; 1 of 2 runs were done without: remove their folders`,
    ),
    stderr,
  );
  assert.deepEqual([first, second].map((dir) => existsSync(join(dir!, "adapter"))), [false, true]);
});

Deno.test("sweepCommand() downloads base models before its runs, each once, and says why it cannot", async () => {
  await using place = await Place.with("grid: { base_model: [a/b, c/d], n_skills: [2, 4] }");
  const args = [place.file, "--out", place.out];
  const asked: string[] = [];
  type Resolve = NonNullable<SweepCommandOptions["resolveBase"]>;
  const sweep = (resolveBase: Resolve, ...more: string[]) =>
    captured((output) =>
      sweepCommand([...args, ...more], { ...output, worker: WORKER, resolveBase })
    );
  const refused = await sweep(() => {
    throw new HubError("not_found", "Cannot download a/b as there is none");
  });
  assert.deepEqual([refused.code, refused.stdout], [2, ""]);
  assert.equal(refused.stderr, "Cannot download a/b as there is none\n");
  assert.deepEqual(await place.results(), []);

  const stopped = await sweep(() => Promise.reject(new DOMException("", "AbortError")));
  assert.equal(stopped.code, 130);
  assert.match(stopped.stderr, /^Stopped in the download of .* To go on:\n {2}deno task sweep /);

  const resolve: Resolve = (base, { onProgress } = {}) => {
    asked.push(base);
    const file = { file: "model.safetensors", files: 1, fileIndex: 0, total: 2_000_000 };
    for (const received of [1_000_000, 2_000_000]) onProgress!({ ...file, received });
    return Promise.resolve("/cache");
  };
  const done = await sweep(resolve);
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(asked, ["a/b", "c/d"]);
  assert.match(done.stderr, /^Downloading model\.safetensors, 2\.0 MB\n\[1\/4\] /);
  await sweep(resolve);
  assert.equal(asked.length, 2, "nothing is left to do");
  const planted = await sweep(resolve, "suite=planted", "--extend");
  assert.equal(planted.code, 0, planted.stderr);
  assert.equal(asked.length, 2, "planted tasks have a base of their own");
});

Deno.test("sweepCommand() says when no run is done", async () => {
  await using place = await Place.with("set: { data_file: fail }\nbaseline: { n_skills: 99 }");
  const { code, stdout } = await place.sweep();
  assert.deepEqual([code, stdout], [1, "# x\n\nNo run is done: 1 failed.\n"]);
  const other = await place.sweep("data_file=fine", "--extend");
  assert.match(other.stdout, /\nNo run has the baseline's settings, n_skills=99\.\n$/);
});

Deno.test("newcomer A9: a stalled run is said, counted and in no mean, and is not done again", async () => {
  await using place = await Place.with("zip: { data_file: [a, stall], r: [1, 2] }");
  const { code, stdout, stderr } = await place.sweep("--jobs", "1");
  assert.equal(code, 0);
  assert.match(stderr, /^\[2\/2\] data_file=stall,r=2,seed=0 stalled heldout_exact_match=0\.000$/m);
  assert.match(stderr, /^2 runs: 1 done, 1 stalled in /m);
  const table = stdout.split("\n").filter((line) => line.startsWith("|"))
    .map((line) => line.split("|").map((text) => text.trim()).filter((text) => text !== ""));
  const at = table[0]!.indexOf("n_stalled");
  assert.equal(table[0]![at - 1], "n_diverged");
  assert.deepEqual(table.slice(2).map((row) => row[at]), ["0", "1"]);
  assert.equal(table[3]![table[0]!.indexOf("mean")], "—");
  const page = await Deno.readTextFile(join(place.out, "report.html"));
  assert.match(page, /2 runs with 1 seed: 1 done, 1 stalled\./);
  assert.match(page, /stalled from step 2 on/);
  assert.doesNotMatch((await place.sweep()).stderr, /^\[/m);
  await using dead = await Place.with("set: { data_file: stall }");
  assert.equal((await dead.sweep()).stdout, "# x\n\nNo run is done: 1 stalled.\n");
});

Deno.test("sweepCommand() names a damaged result and loses nothing", async () => {
  await using place = await Place.with("grid: { n_skills: [2, 4] }");
  const { stdout } = await place.sweep();
  const tables = await place.tables();
  const path = join((await place.runDirs())[1]!, "result.json");
  const whole = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, whole.slice(0, whole.length / 2));
  const refused = await place.sweep();
  assert.equal(refused.code, 2);
  assert.ok(refused.stderr.startsWith(`Cannot read ${path} as it is damaged: `), refused.stderr);
  assert.deepEqual(await place.tables(), tables);
  await Deno.remove(path);
  assert.equal((await place.sweep()).stdout, stdout);
  assert.deepEqual(await place.tables(), tables);
});

Deno.test("R23 a run whose folder is removed while it is at work, or later in the sweep, has failed", async () => {
  await using place = await Place.with(
    "zip: { data_file: [fine, vanish, vanish others], r: [1, 2, 3] }",
  );
  const { code, stderr } = await place.sweep("--jobs", "1");
  assert.equal(code, 1, stderr);
  assert.match(stderr, /^3 runs: 1 done, 2 failed in/m);
  assert.match(
    stderr,
    /^\[2\/3\] .*r=2,.* failed: Error: Cannot finish .*removed or replaced/m,
  );
  assert.match(stderr, /^Failed: .*r=1,.*: The result of the run was removed after it had/m);
  const again = await place.sweep("--jobs", "1", "--only", "failed");
  assert.match(again.stderr, /^\[\d\/\d\] .*r=1,.* heldout_exact_match=/m);
});

Deno.test("R11 a log that is emptied, halved, zeroed, removed or edited is told by sweep, report and copy", async () => {
  await using place = await Place.with("grid: { n_skills: [2, 4] }");
  const clean = await place.sweep();
  assert.doesNotMatch(clean.stderr, /Changed/);
  const [dir] = await place.runDirs();
  const path = join(dir!, "metrics.jsonl");
  const whole = await Deno.readTextFile(path);
  const half = whole.split("\n").slice(0, 2).join("\n") + "\n";
  const changes: [() => Promise<void>, RegExp][] = [
    [() => Deno.truncate(path), /metrics\.jsonl has 0 bytes in place of \d+$/m],
    [() => Deno.writeTextFile(path, half), /metrics\.jsonl has \d+ bytes in place of \d+$/m],
    [
      () => Deno.writeTextFile(path, " ".repeat(whole.length)),
      /metrics\.jsonl has other content$/m,
    ],
    [
      () => Deno.writeTextFile(path, whole.replace(/\d}/, "7}")),
      /metrics\.jsonl has other content$/m,
    ],
    [() => Deno.remove(path), /metrics\.jsonl is gone$/m],
    [
      () => Deno.writeTextFile(join(dir!, "routing.safetensors"), "x"),
      /routing\.safetensors is not of this run$/m,
    ],
  ];
  for (const [change, told] of changes) {
    await change();
    const report = await captured((output) => reportCommand([place.out], output));
    const sweep = await place.sweep();
    const page = await Deno.readTextFile(join(place.out, "report.html"));
    if (!existsSync(join(dir!, "routing.safetensors"))) {
      assert.equal(report.code, 0, report.stderr);
      for (const { stderr } of [report, sweep]) {
        assert.match(stderr, /^Changed since the run ended: n_skills=2,seed=0: /m);
        assert.match(stderr, told);
        assert.match(stderr, /Remove the folder of such a run to run it again\.$/m);
      }
      assert.match(page, /Changed since the runs ended:/);
      assert.match(page, new RegExp(told.source.replace("$", "</li>")));
    }
    const copy = await captured((output) =>
      referenceCommand([place.out], { ...output, reference: join(place.dir, "copies") })
    );
    assert.equal(copy.code, 2);
    assert.match(copy.stderr, /a file is no longer what its run has written/);
    await Deno.writeTextFile(path, whole);
  }
  await Deno.remove(join(dir!, "routing.safetensors"));
  const restored = await captured((output) => reportCommand([place.out], output));
  assert.equal(restored.stderr, "");
  assert.equal(
    (await captured((output) =>
      referenceCommand([place.out], { ...output, reference: join(place.dir, "copies") })
    )).code,
    0,
  );
  const copied = await captured((output) =>
    reportCommand([join(place.dir, "copies", "out")], output)
  );
  assert.deepEqual(
    [copied.code, copied.stderr],
    [0, ""],
    "the copy of a log is what is written of it",
  );
});

Deno.test("sweepCommand() says what is wrong with its arguments, file or folder", async () => {
  await using place = await Place.with("grid: { n_skills: [2, 4] }");
  for (
    const [args, why] of [
      [
        ["--drry-run"],
        /^Unknown option --drry-run, did you mean "--dry-run"\? See deno task sweep --help$/m,
      ],
      [["--jobs", "none"], /^Cannot read --jobs none as it must be an integer of at least 1; see/m],
      [
        ["--retry", "1.5"],
        /^Cannot read --retry 1\.5 as it must be an integer of at least 0; see/m,
      ],
      [
        ["--max-failures", "0"],
        /^Cannot read --max-failures 0 as it must be an integer of at least 1; see/m,
      ],
      [
        ["--fail-fast", "--max-failures", "5"],
        /^Cannot use --fail-fast with --max-failures 5 as it means --max-failures 1: write one/m,
      ],
      [["--only", "done"], /^Cannot read --only done as only failed runs/m],
      [["other.yaml"], /^Cannot run several sweeps at once: .*x\.yaml, other\.yaml; name one/m],
      [
        ["n_skils=2"],
        /^Cannot read argument "n_skils=2": unknown setting, did you mean "n_skills"/m,
      ],
      [["--out", join(place.file, "below")], /^Cannot write results to .*below: .*; make it/m],
    ] as const
  ) {
    const { code, stderr } = await place.sweep(...args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, why);
  }
  const { code, stderr } = await command([join(place.dir, "y.yaml")]);
  assert.equal(code, 2);
  assert.match(stderr, /^Cannot read a sweep from .*y\.yaml: .*did you mean ".*x\.yaml"\?$/m);
  const help = await command(["--help"]);
  assert.equal(help.code, 0);
  assert.match(
    help.stdout,
    /--extend .*\n[^]*n_skills=4 +Skills in the inventory of each layer; /,
  );
});

const command = (args: string[]) => captured((output) => sweepCommand(args, output));

Deno.test({
  name: "Ctrl-C stops a sweep without a failed run, and tells how to go on",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using place = await Place.with("zip: { data_file: [a, hang, hang], r: [1, 2, 3] }");
    const child = place.start("--jobs", "2", "--quiet");
    const ended = drain(child);
    await until(async () => (await place.journalLines()).length === 3);
    signalGroup(child, "INT"); // as a terminal does: to the workers too
    child.kill("SIGINT"); // as `deno task` does: once more
    const { code, stderr } = await ended;
    assert.equal(code, 130);
    assert.equal(
      stderr,
      `Stopped with 1 of 3 runs done. To go on:\n` +
        `  deno task sweep ${place.file} --out ${place.out} --jobs 2 --quiet\n`,
    );
    for (const dir of await place.runDirs()) assert.ok(!existsSync(join(dir, "error.txt")));
  },
});

Deno.test("two sweeps at once: the second is refused, and the first is not disturbed", async () => {
  await using place = await Place.with("set: { data_file: hang }");
  const child = place.start();
  const ended = drain(child);
  await until(async () => (await place.journalLines()).length === 1);
  const { code, stderr } = await place.sweep();
  assert.equal(code, 2);
  assert.equal(
    stderr,
    `Cannot run a sweep in ${place.out} as another one is at work there (process ${child.pid}); ` +
      `wait until it has ended, or name another folder with --out\n`,
  );
  child.kill("SIGTERM");
  assert.equal((await ended).code, 130);
});

/** Mounts a file system of `size` at `dir`; false where that is not permitted. */
async function mountSmall(dir: string, size: string, ...options: string[]): Promise<boolean> {
  const args = ["-t", "tmpfs", "-o", [...options, `size=${size}`].join(","), "tmpfs", dir];
  const done = await new Deno.Command("mount", { args }).output().catch(() => null);
  return done?.success === true;
}

async function unmount(dir: string): Promise<void> {
  await new Deno.Command("umount", { args: [dir] }).output();
}

async function canMount(): Promise<boolean> {
  const dir = await Deno.makeTempDir();
  const can = await mountSmall(dir, "64k");
  if (can) await unmount(dir);
  await Deno.remove(dir);
  return can;
}

const CAN_MOUNT = await canMount();

Deno.test({
  name: "a full disk ends the sweep with a clear error, and finished runs stay" +
    lacking("right to mount a disk", CAN_MOUNT),
  ignore: !CAN_MOUNT,
  async fn() {
    await using place = await Place.with(
      "zip: { data_file: [a, fill, b, fill unseen], r: [1, 2, 3, 4] }",
    );
    await Deno.mkdir(place.out);
    assert.ok(await mountSmall(place.out, "128k"));
    try {
      const full = /Cannot write results to .*: No space left on device|ENOSPC/;
      const first = await place.sweep("--jobs", "1");
      assert.equal(first.code, 2, first.stderr);
      assert.match(first.stderr, full);
      assert.match(first.stderr, /run the same command again: finished runs are kept$/m);
      assert.match(first.stderr, /^\[1\/4\] /m);
      const still = await place.sweep("--jobs", "1");
      assert.equal(still.code, 2);
      assert.match(still.stderr, full);
      assert.ok(await mountSmall(place.out, "4m", "remount"));
      const rest = await place.sweep("--jobs", "1");
      assert.equal(rest.code, 0, rest.stderr);
      assert.match(rest.stderr, /^\[2\/4\] /);
    } finally {
      await unmount(place.out);
    }
  },
});
