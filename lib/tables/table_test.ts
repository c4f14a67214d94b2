import assert from "node:assert/strict";
import { fromArrow, fromCSV } from "arquero";
import fc from "fast-check";
import { rowsOf, tableOf } from "./table.ts";

Deno.test("tableOf() makes a table of nothing", () => {
  assert.deepEqual(rowsOf(tableOf([])), []);
  assert.deepEqual(tableOf([], ["a"]).columnNames(), ["a"]);
  assert.equal(tableOf([], ["a", "b"]).toCSV().trim(), "a,b");
});

const number = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }));
const anyRow = fc.record({
  share: number,
  count: fc.option(fc.integer()),
  large: fc.option(fc.maxSafeInteger()),
  text: fc.option(fc.string({ unit: "grapheme" })),
  flag: fc.option(fc.boolean()),
  gap: fc.constant(null),
});

Deno.test("Arrow files round-trip every cell", () => {
  fc.assert(fc.property(fc.array(anyRow, { minLength: 1, maxLength: 6 }), (rows) => {
    const bytes = tableOf(rows).toArrowIPC({ format: "file" });
    assert.equal(new TextDecoder().decode(bytes.slice(0, 6)), "ARROW1");
    // −0 and 0 are one number in a column of integers.
    const plain = rows.map((row) => ({ ...row, share: row.share === null ? null : row.share + 0 }));
    assert.deepEqual(
      rowsOf(fromArrow(bytes)).map((row) => ({
        ...row,
        share: row.share === null ? null : row.share as number + 0,
      })),
      plain,
    );
  }));
});

Deno.test("CSV has numbers in full, missing values empty, and texts that read back", () => {
  const rows = [
    { name: 'a "b", c', value: 0.1 + 0.2, flag: true },
    { name: "two\nlines", value: null, flag: false },
    { name: '["q","v"]', value: 1e-300, flag: null },
  ];
  const csv = tableOf(rows).toCSV();
  assert.equal(csv.split("\n")[0], "name,value,flag");
  assert.match(csv, /,0\.30000000000000004,true\n/);
  assert.match(csv, /\n?"two\nlines",,false\n/);
  assert.deepEqual(rowsOf(fromCSV(csv)), rows);
});
