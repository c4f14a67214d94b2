import assert from "node:assert/strict";
import { keptTable } from "./kept_table.ts";
import { rowsOf } from "./table.ts";

Deno.test("keptTable() reads the verdicts, whose sides may begin with a sign, and names a missing file", async () => {
  const verdicts = rowsOf(await keptTable("claims/claims.csv"));
  const speeds = verdicts.find(({ claim }) => claim === "C15")!;
  assert.equal(speeds.sides, "-1 ten times as fast; 1 as fast");
  assert.equal(typeof speeds.effect, "number");
  await assert.rejects(keptTable("no_such.csv"), {
    name: "StoreError",
    message: /^Cannot read .*results.no_such\.csv: /,
  });
});
