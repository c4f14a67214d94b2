import assert from "node:assert/strict";
import { join } from "node:path";
import {
  at,
  bytes,
  COMMIT,
  gitHash,
  LISTING,
  rejects,
  sha256,
  TestHub,
  WEIGHTS,
} from "../testing/fakes/test_hub.ts";
import { lacking } from "../testing/lacking.ts";
import { HAS_PYTHON, runPython } from "../testing/python.ts";
import { withEnvironment } from "../testing/with_environment.ts";
import { MODEL_FILES } from "./hugging_face.ts";

/** Puts files into the cache of a test as Python's client does. */
async function asPython(hub: TestHub, files: Iterable<string>, commit = COMMIT): Promise<string> {
  const dir = join(hub.cacheDir, "models--org--name");
  const snapshot = join(dir, "snapshots", commit);
  for (const folder of ["refs", "blobs", `snapshots/${commit}`]) {
    await Deno.mkdir(join(dir, folder), { recursive: true });
  }
  await Deno.writeTextFile(join(dir, "refs/main"), commit);
  for (const name of files) {
    const content = hub.files.get(name)!;
    const hash = name.endsWith(".safetensors") ? sha256(content) : gitHash(content);
    await Deno.writeFile(join(dir, "blobs", hash), content);
    await Deno.symlink(`../../blobs/${hash}`, join(snapshot, name));
  }
  return snapshot;
}

/** Every file below a folder, with its size and time. */
async function stateOf(dir: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(dir)) {
    const path = join(dir, name);
    if (isDirectory) found.push(...await stateOf(path));
    else {
      const { size, mtime } = await Deno.lstat(path);
      found.push(`${path} ${size} ${mtime?.getTime()}`);
    }
  }
  return found.sort();
}

const offline = (test: () => Promise<void>) => withEnvironment({ HF_HUB_OFFLINE: "1" }, test);

Deno.test("H4 what Python has downloaded is used as it is, with and without a network", async () => {
  await using hub = await TestHub.start();
  const snapshot = await asPython(hub, ["config.json", "model.safetensors"]);
  const before = await stateOf(hub.cacheDir);
  assert.equal(await hub.resolve(), snapshot);
  assert.deepEqual(hub.asked, [LISTING]);
  await offline(async () => assert.equal(await hub.resolve(), snapshot));
  await offline(async () => assert.equal(await hub.resolve({ revision: COMMIT }), snapshot));
  hub.trick = () => new Response("down", { status: 503 });
  assert.equal(await hub.resolve(), snapshot, "the hub is away");
  assert.deepEqual(await stateOf(hub.cacheDir), before);
});

Deno.test("H4 single files of Python's cache are not fetched again, nor changed", async () => {
  await using hub = await TestHub.start();
  await asPython(hub, ["model.safetensors"], "d".repeat(40)); // the weights of an older commit are the same
  const python = (state: string[]) => state.filter((line) => !line.includes("/refs/main"));
  const before = python(await stateOf(join(hub.cacheDir, "models--org--name")));
  assert.equal(await hub.resolve(), hub.dir);
  assert.deepEqual(hub.asked, [LISTING, at("config.json")]);
  const path = join(hub.dir, "model.safetensors");
  assert.deepEqual(await Deno.readFile(path), hub.files.get("model.safetensors"));
  // The next version must not be written into Python's file.
  hub.files.set("model.safetensors", bytes("other"));
  await hub.resolve();
  assert.deepEqual(await Deno.readFile(path), bytes("other"));
  const after = new Set(await stateOf(join(hub.cacheDir, "models--org--name")));
  assert.deepEqual(before.filter((line) => !after.has(line)), []);
});

Deno.test("H4 what is damaged or incomplete in Python's cache is not used", async () => {
  await using hub = await TestHub.start();
  const snapshot = await asPython(hub, ["config.json", "model.safetensors"]);
  const blob = await Deno.realPath(join(snapshot, "model.safetensors"));
  await Deno.writeFile(blob, new Uint8Array(1000)); // of the right size
  assert.equal(await hub.resolve(), hub.dir);
  assert.deepEqual(hub.asked, [LISTING, WEIGHTS]);

  await using other = await TestHub.start();
  await asPython(other, ["config.json"]);
  await offline(() =>
    rejects(
      other.resolve({ patterns: MODEL_FILES }),
      "unreachable",
      /nor .*models--org--name holds/,
    )
  );
  await Deno.writeTextFile(join(other.cacheDir, "models--org--name/refs/main"), "../../..");
  await offline(() =>
    rejects(other.resolve({ patterns: ["config.json"] }), "unreachable", /HF_HUB_OFF/)
  );
});

/** A hub with weights in files of any name, and the index that names them. */
async function sharded(names: readonly string[], map?: unknown): Promise<TestHub> {
  const hub = await TestHub.start();
  hub.files.delete("model.safetensors");
  names.forEach((name, i) => hub.files.set(name, new Uint8Array(100).fill(i)));
  const weight_map = map ?? Object.fromEntries(names.map((name, i) => [`layer.${i}`, name]));
  hub.files.set("model.safetensors.index.json", bytes(JSON.stringify({ weight_map })));
  return hub;
}

Deno.test("H4 the files that a model's index names are fetched, whatever they are called", async () => {
  await using hub = await sharded(["weights.fp32-1.safetensors", "b.safetensors"]);
  hub.files.set("model-00001-of-00009.safetensors", bytes("of another index"));
  const dir = await hub.resolve();
  const fetched = [
    "config.json",
    "model.safetensors.index.json",
    "weights.fp32-1.safetensors",
    "b.safetensors",
  ];
  assert.deepEqual(hub.asked, [LISTING, ...fetched.map(at)]);
  hub.asked.length = 0;
  assert.equal(await hub.resolve(), dir);
  assert.deepEqual(hub.asked, [LISTING]);
  await Deno.remove(await Deno.realPath(join(dir, "b.safetensors")));
  await offline(() => rejects(hub.resolve(), "unreachable", /HF_HUB_OFFLINE/));
  await hub.resolve();
  assert.deepEqual(hub.asked.slice(1), [LISTING, at("b.safetensors")]);
  await offline(async () => assert.equal(await hub.resolve(), dir));
});

Deno.test("H4 an index is not fetched beside whole weights", async () => {
  await using hub = await TestHub.start();
  hub.files.set("model.safetensors.index.json", bytes(`{"weight_map":{"a":"x.safetensors"}}`));
  await hub.resolve();
  assert.deepEqual(hub.asked, [LISTING, at("config.json"), WEIGHTS]);
});

Deno.test("H4 an index that names what the hub lacks, or what is outside, is refused", async () => {
  const cases: [unknown, RegExp][] = [
    [
      { a: "absent.safetensors" },
      /its index is wrong: it names absent\.safetensors, which is not among/,
    ],
    [
      { a: "../../x.safetensors" },
      /its index is wrong: .*must name files of the same folder: found "\.\./,
    ],
    [{ a: 7 }, /must name files of the same folder/],
    [[], /must name files of the same folder/],
  ];
  for (const [map, message] of cases) {
    await using hub = await sharded(["a.safetensors"], map);
    await rejects(hub.resolve(), "content", message);
    assert.ok(!hub.asked.includes(at("a.safetensors")));
  }
});

Deno.test("H4 a sharded model of Python's cache is found whole, or not", async () => {
  await using hub = await sharded(["a.safetensors", "b.safetensors"]);
  const all = ["config.json", "model.safetensors.index.json", "a.safetensors"];
  const snapshot = await asPython(hub, all);
  await offline(() => rejects(hub.resolve(), "unreachable", /HF_HUB_OFFLINE/));
  await asPython(hub, ["b.safetensors"]);
  await offline(async () => assert.equal(await hub.resolve(), snapshot));
  assert.equal(await hub.resolve(), snapshot);
  assert.deepEqual(hub.asked, [LISTING]);
});

Deno.test("H4 what is downloaded lies as Python's client keeps it", async () => {
  await using hub = await TestHub.start();
  const dir = await hub.resolve();
  const model = join(hub.cacheDir, "models--org--name");
  assert.equal(await Deno.readTextFile(join(model, "refs/main")), COMMIT);
  for (const name of ["config.json", "model.safetensors"]) {
    assert.deepEqual(await Deno.readFile(hub.blob(name)), hub.files.get(name));
    if (Deno.build.os === "windows") continue; // which may forbid symbolic links
    const [blob] = hub.blob(name).split(/[/\\]/).slice(-1);
    assert.equal(await Deno.readLink(join(dir, name)), `../../blobs/${blob}`);
  }
  const blobs = (await stateOf(join(model, "blobs"))).length;
  // Another branch of the same commit brings a name, and nothing is fetched.
  hub.asked.length = 0;
  await hub.resolve({ revision: "refs/pr/1" });
  assert.deepEqual(hub.asked, ["/api/models/org/name/revision/refs%2Fpr%2F1"]);
  assert.equal((await stateOf(join(model, "blobs"))).length, blobs);
});

Deno.test("H4 a part that Python's client has left is gone on with", async () => {
  await using hub = await TestHub.start();
  const content = hub.files.get("model.safetensors")!;
  const blob = hub.blob("model.safetensors");
  await Deno.mkdir(join(blob, ".."), { recursive: true });
  await Deno.writeFile(`${blob}.incomplete`, content.slice(0, 400));
  await hub.resolve();
  assert.deepEqual(hub.asked, [LISTING, at("config.json"), `${WEIGHTS} bytes=400-`]);
  assert.deepEqual(await Deno.readFile(blob), content);
});

Deno.test("H4 what an earlier version has downloaded is used, and what of it is still right kept", async () => {
  await using hub = await TestHub.start();
  await Deno.mkdir(hub.ownDir, { recursive: true });
  const names = ["config.json", "model.safetensors"];
  const files = names.map((name) => {
    const content = hub.files.get(name)!;
    const [hash] = hub.blob(name).split(/[/\\]/).slice(-1);
    return { name, size: content.length, hash };
  });
  for (const name of names) await Deno.writeFile(join(hub.ownDir, name), hub.files.get(name)!);
  const listing = JSON.stringify({ commit: "d".repeat(40), files });
  await Deno.writeTextFile(join(hub.ownDir, ".listing.json"), listing);
  await offline(async () => assert.equal(await hub.resolve(), hub.ownDir));
  assert.equal(await hub.resolve(), hub.ownDir);
  assert.deepEqual(hub.asked, [LISTING]);

  hub.files.set("config.json", bytes(`{"model_type":"mt5"}`));
  hub.asked.length = 0;
  assert.equal(await hub.resolve(), hub.dir);
  assert.deepEqual(hub.asked, [LISTING, at("config.json")]);
  for (const name of names) {
    assert.deepEqual(await Deno.readFile(join(hub.dir, name)), hub.files.get(name));
  }
  await offline(async () => assert.equal(await hub.resolve(), hub.dir));
});

/** Python's client finds the first cache without a network, and fills the second. */
const IN_PYTHON = `
import os, sys
endpoint, ours, theirs = sys.argv[1:]
os.environ.update(HF_HUB_OFFLINE="0", HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_PROGRESS_BARS="1")
from huggingface_hub import hf_hub_download, scan_cache_dir, snapshot_download
print(snapshot_download("org/name", cache_dir=ours, local_files_only=True))
print(hf_hub_download("org/name", "config.json", cache_dir=ours, local_files_only=True))
print(scan_cache_dir(ours).warnings, [(repo.repo_id, repo.size_on_disk, sorted(repo.refs)) for repo in scan_cache_dir(ours).repos])
for name in ["config.json", "model.safetensors"]:
    print(hf_hub_download("org/name", name, cache_dir=theirs, endpoint=endpoint, token=False))
`;

Deno.test({
  name: "H4 Python's client finds what is downloaded here, and the other way round" +
    lacking("Python with huggingface_hub", HAS_PYTHON),
  ignore: !HAS_PYTHON,
  async fn() {
    await using hub = await TestHub.start();
    const theirs = await Deno.makeTempDir();
    const dir = await hub.resolve();
    const printed = await runPython(IN_PYTHON, [hub.endpoint, hub.cacheDir, theirs]);
    const snapshot = join(theirs, "models--org--name", "snapshots", COMMIT);
    assert.deepEqual(printed.trim().split("\n"), [
      dir,
      join(dir, "config.json"),
      "[] [('org/name', 1019, ['main'])]",
      join(snapshot, "config.json"),
      join(snapshot, "model.safetensors"),
    ]);
    await offline(async () => assert.equal(await hub.resolve({ cacheDir: theirs }), snapshot));
    hub.asked.length = 0;
    assert.equal(await hub.resolve({ cacheDir: theirs }), snapshot);
    assert.deepEqual(hub.asked, [LISTING]);
    await Deno.remove(theirs, { recursive: true });
  },
});
