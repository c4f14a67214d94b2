import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sweepCommand, type SweepCommandOptions } from "../commands/sweep/command.ts";
import { resolveModel } from "../hub/hugging_face.ts";
import { parseRunConfig } from "../run/config.ts";
import { type Captured, captured } from "../testing/captured.ts";
import { sha256, TestHub } from "../testing/fakes/test_hub.ts";
import { runResult } from "../testing/samples/run_result.ts";
import { withFolder } from "../testing/with_folder.ts";
import { readsKey, readsNow, refuseChanges } from "./identity.ts";
import { SweepStore } from "./store.ts";

const WORKER = new URL("../testing/fakes/fake_run_worker.ts", import.meta.url);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Three examples of each of two tasks. */
const LINE = (answer: string) =>
  ["b", "c", "d", "e", "f", "g"].map((input, i) =>
    `{"task": "${i < 3 ? "a" : "z"}", "input": "${input}", "target": "${answer}"}\n`
  ).join("");
const BASE = fileURLToPath(new URL("../../data/base/", import.meta.url));
const BASE_FILES = ["config.json", "tokenizer_config.json", "model.safetensors"];

/** The weights of the base model with another last number. */
async function otherWeights(): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await Deno.readFile(BASE + "model.safetensors");
  bytes[bytes.length - 1]! ^= 1;
  return bytes;
}

const YAML = "set: { suite: jsonl, n_tasks: 1, n_heldout_tasks: 1, n_train: 1, n_validation: 1, " +
  "n_test: 1 }\nseeds: 0..1\n";

/** A folder with a sweep's file of two runs, a file of tasks and a base model. */
class Place implements AsyncDisposable {
  readonly data: string;
  readonly base: string;
  readonly out: string;
  readonly file: string;

  private constructor(readonly dir: string) {
    this.data = join(dir, "tasks.jsonl");
    this.base = join(dir, "base");
    this.out = join(dir, "out");
    this.file = join(dir, "x.yaml");
  }

  static async make(): Promise<Place> {
    const place = new Place(await Deno.makeTempDir());
    await Deno.writeTextFile(place.data, LINE("c"));
    await Deno.mkdir(place.base);
    for (const name of BASE_FILES) await Deno.copyFile(BASE + name, join(place.base, name));
    await Deno.writeTextFile(place.file, YAML);
    return place;
  }

  /** Runs the command with workers that only pretend to train. */
  sweep(args: readonly string[], options: SweepCommandOptions = {}): Promise<Captured> {
    const settings = [`data_file=${this.data}`, `base_model=${this.base}`];
    const given = args.some((arg) => arg.startsWith("base_model="))
      ? settings.slice(0, 1)
      : settings;
    return captured((output) =>
      sweepCommand([this.file, ...given, "--out", this.out, ...args], {
        worker: WORKER,
        ...output,
        ...options,
      })
    );
  }

  async provenances(): Promise<Record<string, unknown>[]> {
    const store = await SweepStore.read(this.out);
    return (await store.results()).map(({ provenance }) => provenance);
  }

  /** Changes what the results name, as if they were of another time. */
  async edit(change: Record<string, unknown>, which: (seed: number) => boolean = () => true) {
    const store = await SweepStore.read(this.out);
    for (const result of await store.results()) {
      if (!which(result.config.seed)) continue;
      const path = join(this.out, "runs", result.id, "result.json");
      const text = JSON.parse(await Deno.readTextFile(path));
      Object.assign(text.provenance, change);
      await Deno.writeTextFile(path, JSON.stringify(text));
    }
  }

  async [Symbol.asyncDispose]() {
    await Deno.remove(this.dir, { recursive: true });
  }
}

Deno.test("a changed data file is refused under the name of the same sweep, with both hashes", async () => {
  await using place = await Place.make();
  const data = sha256(new TextEncoder().encode(LINE("c")));
  assert.equal((await place.sweep([])).code, 0);
  assert.deepEqual((await place.provenances()).map(({ data_sha256 }) => data_sha256), [data, data]);
  // Again, and with more seeds, as long as the content is the same.
  await Deno.writeTextFile(place.data, LINE("c"));
  assert.equal((await place.sweep(["seed=0..2", "--extend"])).code, 0);
  const before = await Deno.readTextFile(join(place.out, "manifest.json"));

  await Deno.writeTextFile(place.data, LINE("d"));
  const now = sha256(new TextEncoder().encode(LINE("d"))).slice(0, 8);
  for (const args of [["seed=0..2"], ["seed=0..3", "--extend"], ["seed=0..2", "--mixed-code"]]) {
    const { code, stdout, stderr } = await place.sweep(args);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.equal(
      stderr,
      `Cannot go on with ${place.out} as data_file "${place.data}" has changed: 3 of its runs were ` +
        `done with the one of hash ${data.slice(0, 8)}, and its hash is ${now} now; name another ` +
        `folder with --out, or do all runs again with --fresh\n`,
    );
  }
  assert.equal(await Deno.readTextFile(join(place.out, "manifest.json")), before);
  const dry = await place.sweep(["seed=0..3", "--dry-run"]);
  assert.equal(dry.code, 0);
  assert.match(dry.stderr, /^Cannot go on with .* data_file .* has changed/m);

  const other = join(place.dir, "other");
  assert.equal((await place.sweep(["--out", other])).code, 0);
});

Deno.test("a changed base model is refused under the name of the same sweep", async () => {
  await using place = await Place.make();
  assert.equal((await place.sweep([])).code, 0);
  const [{ base_model_sha256: base }] = await place.provenances() as [Record<string, string>];
  await Deno.writeTextFile(join(place.base, "README.md"), "not read");
  assert.equal((await place.sweep([])).code, 0);
  await Deno.writeFile(join(place.base, "model.safetensors"), await otherWeights());
  const { code, stderr } = await place.sweep([]);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^Cannot go on with .* as base_model ".*\/base" has changed: 2 of its runs /,
  );
  assert.ok(stderr.includes(`hash ${base!.slice(0, 8)}, and its hash is `));
});

Deno.test("a model of the hub that has moved is refused, and base_model_revision keeps to a commit", async () => {
  await using place = await Place.make();
  await using hub = await TestHub.start();
  hub.files.clear();
  for (const name of BASE_FILES) hub.files.set(name, await Deno.readFile(BASE + name));
  const asked: (string | undefined)[] = [];
  const resolveBase: SweepCommandOptions["resolveBase"] = (name, options) => {
    asked.push(options.revision);
    const { endpoint, cacheDir } = hub;
    return resolveModel(name, { ...options, endpoint, cacheDir, token: "", retryDelays: [] });
  };
  assert.equal((await place.sweep(["base_model=org/name"], { resolveBase })).code, 0);
  const [{ base_model_commit }] = await place.provenances() as [Record<string, string>];
  assert.equal(base_model_commit, "c".repeat(40));
  hub.files.set("model.safetensors", await otherWeights());
  // What is done is shown again without the hub; what is to be done would have another base.
  assert.equal((await place.sweep(["base_model=org/name"], { resolveBase })).code, 0);
  const more = ["base_model=org/name", "seed=0..2", "--extend"];
  const { code, stderr } = await place.sweep(more, { resolveBase });
  assert.equal(code, 2);
  assert.match(stderr, /base_model "org\/name" has changed: 2 of its runs .*, commit cccccccc, /);
  assert.match(stderr, /set base_model_revision to a commit/);

  const pinned = ["base_model=org/name", `base_model_revision=${"c".repeat(40)}`];
  const out = ["--out", join(place.dir, "pinned")];
  assert.equal((await place.sweep([...pinned, ...out], { resolveBase })).code, 0);
  assert.deepEqual(asked, [undefined, undefined, "c".repeat(40)]);
  const folder = await place.sweep(["base_model_revision=main", "--out", join(place.dir, "no")]);
  assert.equal(folder.code, 2);
  assert.match(
    folder.stderr,
    /^Cannot use base_model_revision "main" as base_model .* is a folder/,
  );
  assert.ok(!existsSync(join(place.dir, "no")));
});

Deno.test("changed code is refused while runs are to be done, or goes on with --mixed-code", async () => {
  await using place = await Place.make();
  assert.equal((await place.sweep([])).code, 0);
  const commit = { git_commit: "e".repeat(40), git_dirty: true };
  await place.edit({ code_sha256: "a".repeat(64), ...commit });
  assert.equal((await place.sweep([])).code, 0, "nothing is to be done with the new code");
  const more = ["seed=0..2", "--extend"];
  const { code, stderr } = await place.sweep(more);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^Cannot go on with .* as the code has changed: 2 of its runs were done with the one of hash aaaaaaaa, commit eeeeeeee with changes, and its hash is [0-9a-f]{8} now; go on with --mixed-code, /,
  );
  assert.equal((await SweepStore.read(place.out)).manifest.runs.length, 2);
  assert.equal((await place.sweep([...more, "--mixed-code"])).code, 0);
  assert.equal((await SweepStore.read(place.out)).manifest.runs.length, 3);
});

Deno.test("results that do not name what they were computed from are never refused", async () => {
  const run = runResult({}, { provenance: { deno_lock_sha256: "b".repeat(64), git_commit: "c" } });
  const reads = await readsNow(
    [{ config: parseRunConfig({ base_model: "data/base" }) }],
    new Map(),
  );
  assert.equal(reads.size, 1);
  const code = { code_sha256: "a".repeat(64), deno_lock_sha256: "c".repeat(64) };
  refuseChanges("x", [run], reads, code);
  const named = { ...run, provenance: { ...run.provenance, code_sha256: "a".repeat(64) } };
  assert.throws(
    () => refuseChanges("x", [named], reads, code),
    /deno\.lock has changed: 1 of its runs was done/,
  );
  refuseChanges("x", [named], reads, { code_sha256: "a".repeat(64), deno_lock_sha256: null });
});

Deno.test("readsKey() is the same for settings that read the same files", () => {
  const key = (settings: Parameters<typeof parseRunConfig>[0]) =>
    readsKey(parseRunConfig(settings));
  assert.equal(key({ n_skills: 2, seed: 1, data_file: "unused" }), key({}));
  assert.notEqual(key({ base_model: "other" }), key({}));
  assert.notEqual(key({ suite: "planted" }), key({}));
  const superni = { suite: "superni", data_dir: "d" } as const;
  assert.notEqual(key({ ...superni, split: "official" }), key(superni));
});

Deno.test("the manifest keeps the text of the sweep and its command line, for every extension", async () => {
  await using place = await Place.make();
  await place.sweep(["--dry-run"]);
  assert.ok(!existsSync(place.out));
  assert.equal((await place.sweep(["--jobs", "1"])).code, 0);
  const sources = async () => (await SweepStore.read(place.out)).manifest.sources!;
  const [first] = await sources();
  assert.equal(first!.yaml, await Deno.readTextFile(place.file));
  assert.match(first!.command, /^deno task sweep .*x\.yaml data_file=.* --jobs 1$/);
  assert.equal((await place.sweep(["--jobs", "2"])).code, 0);
  assert.equal((await sources()).length, 1, "the same plan");
  assert.equal((await place.sweep(["seed=0..2", "--extend"])).code, 0);
  const [, second, ...others] = await sources();
  assert.match(second!.command, / seed=0\.\.2 --extend$/);
  assert.deepEqual(others, []);
});

/** A sweep of one run, of two steps. */
const TINY = `set: {
  backend: cpu, suite: planted, n_tasks: 3, n_heldout_tasks: 1, n_train: 12, n_validation: 2,
  n_test: 2, n_skills: 5, r: 2, steps: 2, evaluate_every: 0, shots: 4, adaptation_steps: 2,
  adaptation_batch_size: 4
}`;

Deno.test("code that is edited between two calls of a sweep is refused, pages and tests are not", async () => {
  await withFolder(async (dir) => {
    for (const name of ["deno.json", "deno.lock"]) {
      await Deno.copyFile(ROOT + name, join(dir, name));
    }
    const copy = new Deno.Command("cp", { args: ["-R", `${ROOT}lib`, `${ROOT}experiments`, dir] });
    assert.equal((await copy.output()).code, 0);
    await Deno.writeTextFile(join(dir, "tiny.yaml"), TINY);
    const sweep = async (...args: string[]) => {
      const program = ["run", "-A", "--quiet", "experiments/sweep.ts", "tiny.yaml", "-j", "1"];
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [...program, "--out", "out", ...args],
        cwd: dir,
        env: { NO_COLOR: "1", INIT_CWD: "" },
        stdin: "null",
      }).output();
      const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      return { code, stdout: textOf(stdout), stderr: textOf(stderr) };
    };
    const first = await sweep("seed=0");
    assert.equal(first.code, 0, first.stderr);
    const edit = (path: string) =>
      Deno.writeTextFile(join(dir, path), "\n// edited\n", { append: true });
    for (const path of ["lib/README.md", "lib/run/run_test.ts", "lib/tables/markdown.ts"]) {
      await edit(path);
    }
    const second = await sweep("seed=0,1", "--extend");
    assert.equal(second.code, 0, second.stderr);
    assert.doesNotMatch(second.stdout, /code_hash/);
    await edit("lib/poly/allocation.ts");
    const refused = await sweep("seed=0..2", "--extend");
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(refused.stderr, /as the code has changed: 2 of its runs were done with /);
    const mixed = await sweep("seed=0..2", "--extend", "--mixed-code");
    assert.equal(mixed.code, 0, mixed.stderr);
    assert.match(mixed.stdout, /^Runs differ in their code: 2 runs have [0-9a-f]{8}, 1 run has /m);
    const rows = mixed.stdout.split("\n").filter((line) => /^\| [0-9a-f]{8} /.test(line));
    const done = rows.map((row) => row.split("|").map((cell) => cell.trim())[5]);
    assert.deepEqual(done.sort(), ["1", "2"]);
  });
});
