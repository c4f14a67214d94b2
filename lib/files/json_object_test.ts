import assert from "node:assert/strict";
import { parseJsonObject, parseStrictJsonObject, readJsonObject } from "./json_object.ts";

Deno.test("readJsonObject() refuses what is no object, and says which file", async () => {
  const path = await Deno.makeTempFile();
  try {
    for (const text of ["", "{", "[]", "null", "1", `"a"`]) {
      await Deno.writeTextFile(path, text);
      const start = `Cannot read "${path}" as it must hold one JSON object: `;
      await assert.rejects(
        () => readJsonObject(path),
        (error: Error) => error.name === "SyntaxError" && error.message.startsWith(start),
      );
    }
    await assert.rejects(() => readJsonObject(`${path}/..`));
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("of a key that stands twice, only parseStrictJsonObject() complains", async () => {
  const path = await Deno.makeTempFile();
  try {
    const text = '{"r": 2, "r": 4}';
    await Deno.writeTextFile(path, text);
    assert.deepEqual(await readJsonObject(path), { r: 4 });
    assert.throws(() => parseStrictJsonObject(text, "a.json"), {
      name: "SyntaxError",
      message: 'Cannot read "a.json" as it says "r" twice',
    });
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("R16 parseJsonObject() refuses 20 MB of nested lists before they are built", () => {
  const begin = performance.now();
  for (const parse of [parseJsonObject, parseStrictJsonObject]) {
    assert.throws(() => parse(`{"a":${"[".repeat(20_000_000)}`, "config.json"), {
      name: "SyntaxError",
      message: 'Cannot read "config.json" as it must hold one JSON object: ' +
        "it nests more than 128 lists and objects",
    });
  }
  assert.ok(performance.now() - begin < 20_000); // it took 40 s and more, twice
});

Deno.test("D2 parseJsonObject() quotes no control characters", () => {
  for (const text of ["[\x1b[2J", "\x1b]0;title\x07", '{"a": \x9b2J}']) {
    assert.throws(() => parseJsonObject(text, "config.json"), (error: Error) => {
      assert.match(error.message, /must hold one JSON object: /);
      assert.doesNotMatch(error.message, /\p{Cc}/u);
      return true;
    });
  }
});

Deno.test("parseJsonObject() shows in one line, and harmlessly, where JSON breaks off", () => {
  assert.throws(() => parseJsonObject('{\n"a": \x1b[2J\n}', "a.json"), (error: Error) => {
    assert.match(error.message, /^Cannot read "a\.json" as it must hold one JSON object: .*\\x1b/);
    return !/\p{Cc}/u.test(error.message);
  });
});
