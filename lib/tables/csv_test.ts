import assert from "node:assert/strict";
import { toCsv } from "./csv.ts";
import { fromCsv } from "./from_csv.ts";
import { rowsOf, tableOf } from "./table.ts";

Deno.test("R19 toCsv() keeps spreadsheets from running a cell, and numbers as they are", () => {
  const cells = [
    ["=cmd|'/C calc'!A0", "'=cmd|'/C calc'!A0"],
    ["+1+cmd", "'+1+cmd"],
    ["-2+3", "'-2+3"],
    ["@SUM(1,2)", '"\'@SUM(1,2)"'],
    ["\t=1", "'\t=1"],
    ["\r=1", "'\uFFFD=1"],
    ["-", "'-"],
    ["-1e-5", "-1e-5"],
    ["+.5", "+.5"],
    [-0.25, "-0.25"],
    [1e-7, "1e-7"],
    [null, ""],
    [true, "true"],
    ['["q","v"]', '"[""q"",""v""]"'],
    ["a\nb", '"a\nb"'],
    ["\x1b[2Jgone", "\uFFFD[2Jgone"],
  ] as const;
  for (const [cell, expected] of cells) {
    assert.equal(toCsv(tableOf([{ c: cell }])), `c\n${expected}\n`, JSON.stringify(cell));
  }
  assert.equal(toCsv(tableOf([{ "=a": 1 }])), "'=a\n1\n", "a metric's name may come from a file");
  assert.equal(toCsv(tableOf([], ["a", "b"])), "a,b\n");
});

Deno.test("toCsv() writes what arquero writes where there is nothing to disarm", () => {
  const table = tableOf([
    { id: "n_skills=2,seed=0--0123abcd", mean: 2 / 3, error: 'Error: "why"\n    at x' },
    { id: "", mean: null, error: null },
  ]);
  assert.equal(toCsv(table), table.toCSV());
});

Deno.test("fromCsv() reads what toCsv() has written, disarmed cells too", () => {
  const rows = [
    { id: "a", mean: 2 / 3, sides: '-1 fast, 1 "slow"', ok: true, error: "=1+1" },
    { id: "'quoted'", mean: -1e-7, sides: "a\nb", ok: false, error: null },
    { id: "2026-11-26", mean: null, sides: "@x", ok: null, error: "+1+cmd" },
  ];
  assert.deepEqual(rowsOf(fromCsv(toCsv(tableOf(rows)))), rows);
  const empty = fromCsv("a,b\n");
  assert.deepEqual([empty.columnNames(), empty.numRows()], [["a", "b"], 0]);
});
