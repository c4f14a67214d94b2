import assert from "node:assert/strict";
import { fromArrow, fromCSV } from "arquero";
import fc from "fast-check";
import { runResult } from "../testing/samples/run_result.ts";
import { RUN_CONFIG_KEYS } from "../run/config.ts";
import { type Row, rowsOf, runsTable, tableOf, taskTable, toArrow, toCSV } from "./table.ts";

Deno.test("runsTable() has a column for every setting and for metrics that only later runs have", () => {
  const table = runsTable([
    runResult({ seed: 0, target_modules: ["q", "v"] }, { status: "planned" }),
    runResult({ seed: 1 }, { metrics: { seen_loss: 0.5 } }),
    runResult({ seed: 2 }, { metrics: { recovery: null, seen_loss: 0.25 } }),
    runResult({ seed: 3 }, { status: "failed", error: "no disk" }),
  ]);
  assert.deepEqual(table.columnNames(), [
    "id",
    "status",
    ...RUN_CONFIG_KEYS,
    "seen_loss",
    "recovery",
    "error",
  ]);
  const rows = rowsOf(table);
  assert.deepEqual(rows.map(({ seed, status }) => [seed, status]), [
    [0, "planned"],
    [1, "done"],
    [2, "done"],
    [3, "failed"],
  ]);
  assert.deepEqual(rows.map(({ seen_loss }) => seen_loss), [null, 0.5, 0.25, null]);
  assert.deepEqual(rows.map(({ recovery }) => recovery), [null, null, null, null]);
  assert.deepEqual(rows.map(({ error }) => error), [null, null, null, "no disk"]);
  assert.deepEqual([rows[0]!.target_modules, rows[1]!.target_modules], ['["q","v"]', "all-linear"]);
});

Deno.test("runsTable() refuses NaN by name, and shows a gap for it where the run diverged", () => {
  const wild = { metrics: { seen_loss: NaN } };
  assert.throws(() => runsTable([runResult({}, { id: "a", ...wild })]), {
    name: "RangeError",
    message: 'Cannot make a table as metrics must be finite: seen_loss of run "a" is NaN',
  });
  const [row] = rowsOf(runsTable([runResult({}, { status: "diverged", ...wild })]));
  assert.deepEqual([row!.status, row!.seen_loss], ["diverged", null]);
});

Deno.test("runsTable() and taskTable() refuse a metric with the name of another column", () => {
  const score = { task: "sort", phase: "seen", split: 0 } as const;
  const of = (name: string) => runResult({}, { id: "a", metrics: { [name]: 1 } });
  for (const name of ["n_skills", "id", "error"]) {
    assert.throws(() => runsTable([of(name)]), {
      name: "RangeError",
      message: `Cannot make a table as metric "${name}" of run "a" has the name of another column`,
    });
  }
  assert.throws(
    () => taskTable([runResult({}, { id: "a", tasks: [{ ...score, metrics: { phase: 1 } }] })]),
    /metric "phase" of seen task "sort" of run "a"/,
  );
});

Deno.test("taskTable() has a row for each run, task and draw, with settings and parameters", () => {
  const results = [
    runResult({ seed: 0 }, { status: "planned" }),
    runResult({ seed: 1 }, {
      metrics: { parameters_multitask: 100, seen_loss: 3 },
      tasks: [
        { task: "sort", phase: "seen", split: 0, metrics: { loss: 1 } },
        { task: "swap", phase: "heldout", split: 0, metrics: { loss: 2, rouge_l: 0.5 } },
        { task: "swap", phase: "heldout", split: 1, metrics: { loss: 4 } },
      ],
    }),
  ];
  const pick = (rows: Row[]) =>
    rows.map((row) => [row.seed, row.parameters_multitask, row.task, row.shot_split, row.rouge_l]);
  const table = taskTable(results);
  assert.deepEqual(pick(rowsOf(table)), [
    [1, 100, "sort", 0, null],
    [1, 100, "swap", 0, 0.5],
    [1, 100, "swap", 1, null],
  ]);
  // The setting of this name stays what it is, and metrics of the run do not stand beside a task's.
  assert.equal(rowsOf(table)[0]!.split, "seeded");
  assert.equal(table.columnNames().includes("seen_loss"), false);
  assert.deepEqual(rowsOf(taskTable(results, "seen")).map(({ loss }) => loss), [1]);
});

Deno.test("tableOf() makes a table of nothing", () => {
  assert.deepEqual(rowsOf(tableOf([])), []);
  assert.deepEqual(tableOf([], ["a"]).columnNames(), ["a"]);
  assert.deepEqual(rowsOf(runsTable([])), []);
  assert.equal(toCSV(tableOf([], ["a", "b"])).trim(), "a,b");
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

Deno.test("toArrow() round-trips every cell", () => {
  fc.assert(fc.property(fc.array(anyRow, { minLength: 1, maxLength: 6 }), (rows) => {
    const bytes = toArrow(tableOf(rows));
    assert.equal(new TextDecoder().decode(bytes.slice(0, 6)), "ARROW1");
    // −0 and 0 are one number in a column of whole numbers.
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

Deno.test("toCSV() writes numbers in full, gaps empty, and texts that read back", () => {
  const rows = [
    { name: 'a "b", c', value: 0.1 + 0.2, flag: true },
    { name: "two\nlines", value: null, flag: false },
    { name: '["q","v"]', value: 1e-300, flag: null },
  ];
  const csv = toCSV(tableOf(rows));
  assert.equal(csv.split("\n")[0], "name,value,flag");
  assert.match(csv, /,0\.30000000000000004,true\n/);
  assert.match(csv, /\n?"two\nlines",,false\n/);
  assert.deepEqual(rowsOf(fromCSV(csv)), rows);
});
