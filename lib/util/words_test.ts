import assert from "node:assert/strict";
import { duration } from "./words.ts";

Deno.test("duration() rounds up to seconds that are there", () => {
  assert.deepEqual(
    [0, 0.2, 59.5, 60, 3599.1, 86_399].map(duration),
    ["0s", "1s", "1:00", "1:00", "1:00:00", "23:59:59"],
  );
});
