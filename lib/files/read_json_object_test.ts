import assert from "node:assert/strict";
import { readJsonObject } from "./read_json_object.ts";

Deno.test("readJsonObject() refuses what is no object, and says which file", async () => {
  const path = await Deno.makeTempFile();
  try {
    for (const text of ["", "{", "[]", "null", "1", `"a"`]) {
      await Deno.writeTextFile(path, text);
      await assert.rejects(() => readJsonObject(path), {
        name: "SyntaxError",
        message: `Cannot read "${path}" as it must hold one JSON object`,
      });
    }
    await assert.rejects(() => readJsonObject(`${path}/..`));
  } finally {
    await Deno.remove(path);
  }
});
