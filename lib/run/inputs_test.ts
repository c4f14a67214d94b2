import assert from "node:assert/strict";
import { join } from "node:path";
import { sha256, TestHub } from "../testing/fakes/test_hub.ts";
import { withFolder } from "../testing/with_folder.ts";
import * as tf from "../tf.ts";
import { parseRunConfig, type RunConfigInput } from "./config.ts";
import { openBase } from "./open_base.ts";
import { inputsOf, knownInputs, refuseChangedInputs } from "./inputs.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const dataOf = async (settings: RunConfigInput) =>
  (await inputsOf(parseRunConfig({ base_model: "data/base", ...settings }))).data_sha256;

Deno.test("inputsOf() of suites that code makes names no data, and of planted tasks no base model", async () => {
  const skills = await inputsOf(parseRunConfig({ suite: "skills" }));
  assert.equal(skills.data_sha256, null);
  assert.notEqual(skills.base_model_sha256, null);
  assert.deepEqual(await inputsOf(parseRunConfig({ suite: "planted" })), {
    data_sha256: null,
    base_model_sha256: null,
    base_model_commit: null,
  });
});

Deno.test("inputsOf() names a data_file by its content alone, and sees that it has changed", async () => {
  await withFolder(async (dir) => {
    const path = join(dir, "a.jsonl");
    await Deno.writeTextFile(path, "first");
    const first = await dataOf({ suite: "jsonl", data_file: path });
    assert.equal(first, sha256(bytes("first")));
    const copy = join(dir, "b.jsonl");
    await Deno.copyFile(path, copy);
    assert.equal(await dataOf({ suite: "jsonl", data_file: copy }), first);
    await Deno.writeTextFile(path, "third");
    assert.equal(await dataOf({ suite: "jsonl", data_file: path }), sha256(bytes("third")));
    await Deno.remove(path);
    await assert.rejects(() => dataOf({ suite: "jsonl", data_file: path }), Deno.errors.NotFound);
  });
});

Deno.test("inputsOf() names a folder of tasks by names and contents, as sha256sum would", async () => {
  await withFolder(async (dir) => {
    await Deno.writeTextFile(join(dir, "b.json"), "{}");
    await Deno.writeTextFile(join(dir, "a.json"), "[]");
    await Deno.writeTextFile(join(dir, "README.md"), "not read");
    const list = `${sha256(bytes("[]"))}  a.json\n${sha256(bytes("{}"))}  b.json\n`;
    const settings = { suite: "bbh", data_dir: dir } as const;
    assert.equal(await dataOf(settings), sha256(bytes(list)));
    await Deno.writeTextFile(join(dir, "README.md"), "changed");
    assert.equal(await dataOf(settings), sha256(bytes(list)));
    await Deno.rename(join(dir, "b.json"), join(dir, "c.json"));
    assert.notEqual(await dataOf(settings), sha256(bytes(list)));
  });
});

Deno.test("inputsOf() counts the lists of superni's official split where they are read, and only there", async () => {
  await withFolder(async (dir) => {
    for (const folder of ["tasks", "splits/default"]) {
      await Deno.mkdir(join(dir, folder), { recursive: true });
    }
    await Deno.writeTextFile(join(dir, "tasks/a.json"), "{}");
    const lists = ["train_tasks.txt", "test_tasks.txt"].map((n) => join(dir, "splits/default", n));
    for (const list of lists) await Deno.writeTextFile(list, "a");
    const all = () =>
      Promise.all(
        (["seeded", "official"] as const).map((split) =>
          dataOf({ suite: "superni", data_dir: dir, split })
        ),
      );
    const before = await all();
    assert.notEqual(before[0], before[1]);
    // The folder of tasks alone has the same tasks.
    const folder = join(dir, "tasks");
    assert.equal(await dataOf({ suite: "superni", data_dir: folder }), before[0]);
    await Deno.writeTextFile(lists[0]!, "b");
    const after = await all();
    assert.deepEqual([after[0] === before[0], after[1] === before[1]], [true, false]);
  });
});

Deno.test("inputsOf() names a base model by the files that loading reads", async () => {
  await withFolder(async (dir) => {
    const config = parseRunConfig({ base_model: dir });
    const write = (name: string, text: string) => Deno.writeTextFile(join(dir, name), text);
    await write("config.json", "{}");
    await write("model.safetensors", "weights");
    const first = (await inputsOf(config)).base_model_sha256;
    // What loading does not read; an index beside the whole weights is not read either.
    for (const name of ["provenance.json", "pytorch_model.bin", "model.safetensors.index.json"]) {
      await write(name, "{}");
    }
    assert.equal((await inputsOf(config)).base_model_sha256, first);
    await write("tokenizer_config.json", "{}");
    const second = (await inputsOf(config)).base_model_sha256;
    assert.notEqual(second, first);
    await write("model.safetensors", "WEIGHTS");
    assert.notEqual((await inputsOf(config)).base_model_sha256, second);
    await Deno.remove(join(dir, "model.safetensors"));
    await write("model.safetensors.index.json", `{"weight_map":{"w":"part-1.safetensors"}}`);
    await write("part-1.safetensors", "weights");
    const third = (await inputsOf(config)).base_model_sha256;
    await write("part-1.safetensors", "WEIGHTS");
    assert.notEqual((await inputsOf(config)).base_model_sha256, third);
  });
});

Deno.test("inputsOf() of a hub's model names its commit, and its files as those of a folder", async () => {
  await using hub = await TestHub.start();
  const dir = await hub.resolve();
  const config = parseRunConfig({ base_model: "org/name" });
  const found = await inputsOf(config, dir);
  assert.equal(found.base_model_commit, "c".repeat(40));
  await withFolder(async (copy) => {
    for (const name of ["config.json", "model.safetensors"]) {
      await Deno.copyFile(join(dir, name), join(copy, name));
    }
    const { base_model_sha256, base_model_commit } = await inputsOf(config, copy);
    assert.deepEqual([base_model_sha256, base_model_commit], [found.base_model_sha256, null]);
  });
});

Deno.test("refuseChangedInputs() sees what changes while a sweep runs, and not what is written again", async () => {
  await withFolder(async (dir) => {
    const path = join(dir, "a.jsonl");
    await Deno.writeTextFile(path, "first");
    const config = parseRunConfig({ suite: "jsonl", data_file: path, base_model: "data/base" });
    const known = await knownInputs(config);
    await refuseChangedInputs(config, known);
    await Deno.writeTextFile(path, "first");
    await Deno.utime(path, 1, 1);
    await refuseChangedInputs(config, known);
    await Deno.writeTextFile(path, "other");
    const [before, after] = ["first", "other"].map((text) => sha256(bytes(text)).slice(0, 8));
    await assert.rejects(() => refuseChangedInputs(config, known), {
      message:
        `Cannot use the result of this run as data_file "${path}" has changed since the sweep ` +
        `began: its hash was ${before} and is ${after}; run the same command again`,
    });
  });
});

Deno.test("a base model whose folder is known is opened without asking the hub, under its own name", async () => {
  await tf.setBackend("cpu");
  const { base } = await openBase("org/name", () => {}, { foundIn: "data/base", endpoint: "none" });
  assert.equal(base.identity.nameOrPath, "org/name");
  base.dispose();
});
