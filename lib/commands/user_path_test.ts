import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { readablePath, settingPath, userPath } from "./user_path.ts";

const ROOT = process.cwd();
const BELOW = join(ROOT, "experiments");

Deno.test("S5 a path to write to starts where the person stands", () => {
  assert.equal(userPath("out", BELOW), join(BELOW, "out"));
  assert.equal(userPath("../out", BELOW), join(ROOT, "out"));
  assert.equal(userPath("/out", BELOW), "/out");
  for (const from of [undefined, ROOT, `${ROOT}/`]) assert.equal(userPath("out", from), "out");
});

Deno.test("S5 a path to read is that of the project where it is there only", () => {
  assert.equal(readablePath("quick.yaml", BELOW), join(BELOW, "quick.yaml"));
  assert.equal(readablePath("experiments/quick.yaml", BELOW), "experiments/quick.yaml");
  assert.equal(readablePath("nope", BELOW), join(BELOW, "nope"));
});

Deno.test("S5 a path as a setting is the same text wherever a sweep was started", () => {
  const data = join(ROOT, "data");
  assert.equal(settingPath("base_model", "base", data), "data/base");
  assert.equal(settingPath("base_model", "data/base", data), "data/base");
  assert.equal(settingPath("base_model", "data/base", ROOT), "data/base");
  assert.equal(settingPath("base_model", "google/flan-t5-base", data), "google/flan-t5-base");
  assert.equal(settingPath("base_model", "./mine", data), "data/mine");
  assert.equal(settingPath("data_file", "mine.jsonl", data), "data/mine.jsonl");
  assert.equal(settingPath("data_file", "mine.jsonl", "/tmp"), "/tmp/mine.jsonl");
  assert.equal(settingPath("data_dir", "..", data), ".");
});
