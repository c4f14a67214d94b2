import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { withFolder } from "../testing/with_folder.ts";
import { codeHash, NO_NUMBERS } from "./code_hash.ts";

const LIB = fileURLToPath(new URL("../", import.meta.url));
const IMPORT = /\b(?:import|export)\b[^"';]*?["'](\.[^"']+)["']|\bimport\(\s*["'](\.[^"']+)["']/g;

/** The files that doing a run loads, by their path below `lib/`. */
async function loadedByRuns(): Promise<Set<string>> {
  const found = new Set<string>();
  const visit = async (file: string): Promise<void> => {
    if (found.has(file)) return;
    found.add(file);
    const text = await Deno.readTextFile(join(LIB, file));
    for (const match of text.matchAll(IMPORT)) {
      const path = relative(LIB, join(LIB, dirname(file), match[1] ?? match[2]!));
      if (path.endsWith(".ts")) await visit(path);
    }
  };
  await visit("run/run.ts");
  return found;
}

const folderOf = (file: string) => file.includes("/") ? file.slice(0, file.indexOf("/")) : file;

Deno.test("the code that counts is in the folders that doing a run loads, and in no others", async () => {
  const loaded = new Set([...await loadedByRuns()].map(folderOf));
  assert.deepEqual(NO_NUMBERS.filter((place) => loaded.has(place)), []);
  for await (const { name, isDirectory } of Deno.readDir(LIB)) {
    const counts = (isDirectory || /(?<!_test)\.ts$/.test(name)) && !NO_NUMBERS.includes(name);
    assert.equal(counts, loaded.has(name), `${name} must be in NO_NUMBERS, or be part of a run`);
  }
});

Deno.test("codeHash() changes with a source and its name, not with tests, pages and what shows results", async () => {
  await withFolder(async (dir) => {
    const write = async (path: string, text: string) => {
      await Deno.mkdir(dirname(join(dir, path)), { recursive: true });
      await Deno.writeTextFile(join(dir, path), text);
      return await codeHash(pathToFileURL(`${dir}/`));
    };
    await write("tf.ts", "1");
    await write("run/run.ts", "1");
    const first = await write("backend/wasm/matmul.as", "1");
    assert.match(first!, /^[0-9a-f]{64}$/);
    for (
      const path of [
        ...["README.md", "run/README.md", "run/run_test.ts", "ops/matmul_bench.ts"],
        ...[
          "mod.ts",
          "tables/study.ts",
          "report/page/page.ts",
          "testing/models/toy.ts",
          ".DS_Store",
        ],
      ]
    ) {
      assert.equal(await write(path, "2"), first, path);
    }
    const hashes = [first];
    for (const path of ["run/run.ts", "backend/wasm/matmul.as", "new/idea.ts"]) {
      hashes.push(await write(path, "2"));
    }
    await Deno.rename(join(dir, "new/idea.ts"), join(dir, "new/thought.ts"));
    hashes.push(await codeHash(pathToFileURL(`${dir}/`)));
    assert.equal(new Set(hashes).size, hashes.length);
  });
});

Deno.test("codeHash() is null where there are no sources to read", async () => {
  assert.equal(await codeHash(new URL("https://example.org/lib/")), null);
  assert.equal(await codeHash(new URL("file:///no/such/folder/")), null);
});
