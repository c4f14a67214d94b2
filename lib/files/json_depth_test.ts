import assert from "node:assert/strict";
import { isTooDeep, MAX_JSON_DEPTH } from "./json_depth.ts";

Deno.test("R16 isTooDeep() counts lists and objects, and not what is in strings", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  assert.equal(isTooDeep(nested(MAX_JSON_DEPTH)), false);
  assert.equal(isTooDeep(nested(MAX_JSON_DEPTH + 1)), true);
  assert.equal(isTooDeep(`{"a":`.repeat(129)), true);
  assert.equal(isTooDeep(JSON.stringify("[".repeat(500))), false);
  assert.equal(isTooDeep(`["\\"${"[".repeat(500)}"]`), false);
  assert.equal(isTooDeep(`["\\\\"${"[".repeat(500)}`), true);
  assert.equal(isTooDeep("[],".repeat(500)), false);
  assert.equal(isTooDeep('"never ends' + "[".repeat(500)), false);
});
