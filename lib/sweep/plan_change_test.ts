import assert from "node:assert/strict";
import { changeLines, changeSuffix, planChange } from "./plan_change.ts";
import { readSweep } from "./plan/sweep.ts";

const runsOf = (...settings: string[]) => readSweep("", "x.yaml", settings).runs;
const change = (before: readonly string[], now: readonly string[]) =>
  planChange(runsOf(...before), runsOf(...now));

Deno.test("newcomer A6: changeLines() says which settings have changed, and from what to what", () => {
  for (
    const [before, now, lines, suffix] of [
      [["steps=150"], ["steps=300"], ["steps: 150 → 300"], ",steps=300"],
      [["n_skills=2,4"], ["n_skills=2,8"], ["n_skills: 2, 4 → 2, 8"], ",n_skills=2+8"],
      [
        ["steps=150", "method=poly"],
        ["steps=300", "method=uniform,shared"],
        ["method: poly → uniform, shared", "steps: 150 → 300"],
        ",method=uniform+shared,steps=300",
      ],
      [["r=1,2,3,4,5"], ["r=6"], ["r: 1..5 → 6"], ",r=6"],
      [
        ["suite=jsonl", "data_file=a.jsonl"],
        ["suite=jsonl", "data_file='b; rm *,c.jsonl'"],
        ["data_file: a.jsonl → b; rm *,c.jsonl"],
        ",data_file=b__rm__,c.jsonl",
      ],
      [
        ["target_modules=[q,v]", "task_seed=null"],
        ["target_modules=[k]", "task_seed=1"],
        ["task_seed: null → 1", 'target_modules: ["q","v"] → ["k"]'],
        ",task_seed=1,target_modules=k",
      ],
    ] as const
  ) {
    const found = change(before, now);
    assert.deepEqual(changeLines(found), lines);
    assert.equal(changeSuffix(found), suffix);
  }
});

Deno.test("newcomer A6: planChange() tells what is added, what is left, and what is left by its seed alone", () => {
  const counts = (before: readonly string[], now: readonly string[]) => {
    const { added, left, leftByCell, settings } = change(before, now);
    return [added.length, left.length, leftByCell, settings.length];
  };
  assert.deepEqual(counts(["seed=0,1"], ["seed=0..4"]), [3, 0, 0, 0], "seeds are added");
  assert.deepEqual(counts(["seed=0..4"], ["seed=0,1"]), [0, 3, 0, 0], "seeds are left");
  assert.deepEqual(counts(["n_skills=2,4"], ["n_skills=2,4,8"]), [1, 0, 0, 1], "a cell is added");
  assert.deepEqual(counts(["n_skills=2,4"], ["n_skills=2"]), [0, 1, 1, 1], "a cell is left");
  assert.deepEqual(counts(["n_skills=2", "seed=0,1"], ["n_skills=2,4", "seed=0"]), [1, 1, 0, 1]);
});

Deno.test("changeLines() names combinations where every setting keeps its values", () => {
  const cells = runsOf("n_skills=2,4", "n_splits=1,2");
  const found = planChange(cells, cells.slice(0, 3));
  assert.deepEqual(found.settings.length, 0);
  const other = planChange([cells[0]!, cells[3]!], [cells[1]!, cells[2]!]);
  assert.deepEqual(changeLines(other), [
    "no longer in it: n_skills=2, n_splits=1",
    "no longer in it: n_skills=4, n_splits=2",
  ]);
  assert.equal(changeSuffix(other), ",changed");
});

Deno.test("changeSuffix() is a plain and short end of a name, whatever changed", () => {
  const texts = ["../../x", " a b ", "ä\u0007\n", "C:\\x", "z".repeat(500), ".".repeat(9)];
  for (const text of texts) {
    const settings = [{ key: "base_model", before: ["a"], now: [text] }] as const;
    const suffix = changeSuffix({ settings, added: [], left: [], leftByCell: 0 });
    assert.match(suffix, /^,base_model(=[A-Za-z0-9.,=+_-]*[A-Za-z0-9])?$/, text);
    assert.ok(suffix.length <= 81);
  }
});
