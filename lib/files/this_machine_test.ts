import assert from "node:assert/strict";
import { withFolder } from "../testing/with_folder.ts";
import type { Machine } from "./machine.ts";
import { machine } from "./this_machine.ts";
import { memoryFiles } from "./memory_files.ts";
import { nodeFiles } from "./node_files.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** What every file system does alike, each thing as what it gives or the class of what it throws. */
async function behaviour(files: Machine, dir: string): Promise<unknown[]> {
  const found: unknown[] = [];
  const note = async (work: () => unknown) => {
    try {
      found.push(await work());
    } catch (error) {
      const { NotFound, NotADirectory } = files.errors;
      found.push(error instanceof NotFound ? "NotFound" : error instanceof NotADirectory);
    }
  };
  const names = async (path: string) => {
    const all: string[] = [];
    for await (const { name } of files.readDir(path)) all.push(name);
    return all.sort();
  };
  const write = async (path: string, content: string) => {
    const file = await files.open(path, { write: true, create: true });
    await file.truncate();
    await file.write(bytes(content));
    await file.sync();
    file.close();
  };
  const a = `${dir}/a`;
  await note(() => files.stat(a));
  await note(() => files.readFile(a));
  await note(() => files.open(a));
  await note(() => files.remove(a));
  await note(() => files.rename(a, `${dir}/b`));
  await note(() => files.realPath(a));
  await note(() => write(`${dir}/x/y/a`, "no folder"));
  await note(() => files.mkdir(`${dir}/x/y`));
  await note(() => files.mkdir(`${dir}/x/y`, { recursive: true }));
  await note(() => names(dir));
  await write(a, "longer text");
  await write(a, "text");
  await note(() => files.statSync(a).size);
  await note(() => files.open(a, { write: true, createNew: true }));
  await note(() => files.mkdir(`${a}/b`, { recursive: true }));
  await note(() => files.link(a, `${dir}/linked`));
  await note(() => files.copyFile(a, `${dir}/copy`));
  await write(a, "new");
  for (const name of ["a", "linked", "copy"]) {
    await note(async () => text(await files.readFile(`${dir}/${name}`)));
  }
  await note(async () => (await files.stat(a)).ino === (await files.stat(`${dir}/linked`)).ino);
  await note(async () => (await files.stat(a)).ino === (await files.stat(`${dir}/copy`)).ino);
  await note(() => files.rename(a, `${dir}/copy`));
  await note(() => names(`${dir}/`));
  await note(() => files.statSync(`${dir}/x`).isDirectory);
  await note(() => files.remove(`${dir}/x/y`));
  await note(() => files.statSync(`${dir}/x/y`));

  const file = await files.open(`${dir}/copy`, { read: true, write: true });
  const into = new Uint8Array(2);
  await note(async () => [await file.read(into), text(into), file.readSync(into), into[0]]);
  await note(() => file.read(into));
  await note(
    async () => [await file.seek(1, 0), file.writeSync(bytes("abc")), file.seekSync(0, 0)],
  );
  await note(async () => [(await file.stat()).size, file.readSync(into), text(into)]);
  file.truncateSync(3);
  await note(async () => (await file.stat()).size);
  file.close();
  return found;
}

Deno.test("Deno's files, Node's and those in memory do alike", () =>
  withFolder(async (folder) => {
    const ways: [Machine, string][] = [[machine, "deno"], [nodeFiles(), "node"], [
      memoryFiles(),
      "memory",
    ]];
    const [deno, node, memory] = await Promise.all(ways.map(async ([files, name]) => {
      const dir = `${folder}/${name}`;
      await files.mkdir(dir, { recursive: true });
      return await behaviour(files, dir);
    }));
    assert.deepEqual(deno!.slice(0, 8), Array(8).fill("NotFound"));
    assert.deepEqual(deno!.slice(15, 20), ["new", "new", "text", true, false]);
    assert.deepEqual(node, deno);
    assert.deepEqual(memory, deno);
  }));

Deno.test("the lock of a file that is not Deno's is held by one at a time", async () => {
  const files = memoryFiles();
  const [one, two] = [
    await files.open("lock", { write: true, create: true }),
    await files.open("./lock"),
  ];
  await one.lock(true);
  assert.equal(await two.tryLock(true), false);
  const order: string[] = [];
  const waiting = two.lock(true).then(() => order.push("two has it"));
  await Promise.resolve();
  order.push("one closes");
  one.close();
  await waiting;
  assert.deepEqual(order, ["one closes", "two has it"]);
  two.close();
  assert.equal(await (await files.open("lock")).tryLock(true), true);
});
