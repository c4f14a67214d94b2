import assert from "node:assert/strict";

/** The items of PEFT's own suite that bear on Poly: of configurations, matching, forward passes and
 * training, adapter management, and files. */
const ITEMS = Object.entries({ C: 8, M: 9, F: 13, A: 18, S: 10 }).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, i) => `${letter}${i + 1}`)
);

Deno.test("each item of PEFT's suite is a test of its name, or the page of lib/peft says why not", async () => {
  const tested = new Set<string>();
  const files: string[] = [];
  for (const folder of ["../../poly", "..", "."]) {
    const dir = `${import.meta.dirname}/${folder}`;
    for await (const { name } of Deno.readDir(dir)) {
      if (name.endsWith("_test.ts")) files.push(`${dir}/${name}`);
    }
  }
  for (const file of files) {
    const text = await Deno.readTextFile(file);
    // A test's name begins with its items, or names a second one after a comma: "A6 A8 after …".
    for (const [, items] of text.matchAll(/(?:["`]|, )((?:[CMFAS]\d+ )+)/g)) {
      for (const item of items!.trim().split(" ")) tested.add(item);
    }
  }
  const readme = await Deno.readTextFile(new URL("../README.md", import.meta.url));
  const absent = [...readme.matchAll(/^\| ((?:[CMFAS]\d+(?:, )?)+): /gm)]
    .flatMap(([, items]) => items!.split(", "));
  assert.deepEqual(absent.filter((item) => tested.has(item)), [], "said to be absent, yet tested");
  assert.deepEqual(ITEMS.filter((item) => !tested.has(item) && !absent.includes(item)), []);
});
