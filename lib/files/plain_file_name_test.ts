import assert from "node:assert/strict";
import { isPlainFileName } from "./plain_file_name.ts";

Deno.test("isPlainFileName() accepts names and refuses everything that could leave the folder", () => {
  for (const name of ["a", "config.json", "model-00001-of-00002.safetensors", "...", "é b"]) {
    assert.ok(isPlainFileName(name), name);
  }
  for (const name of ["", ".", "..", "/etc/passwd", "../a", "a/b", "a\\b", "C:a", "a\0b", "a\nb"]) {
    assert.ok(!isPlainFileName(name), JSON.stringify(name));
  }
});
