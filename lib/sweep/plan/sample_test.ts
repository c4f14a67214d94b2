import assert from "node:assert/strict";
import { readSweep } from "./sweep.ts";

const valuesOf = (
  text: string,
  key: "r" | "seed" | "learning_rate",
  words: string[] = [],
) => [...new Set(readSweep(text, "x.yaml", words).runs.map(({ config }) => config[key]))];
const refuses = (text: string, message: RegExp, words: string[] = []) =>
  assert.throws(() => readSweep(text, "x.yaml", words), { name: "SweepError", message });

Deno.test("a range may have equal ratios or equal distances, in the file and on the command line", () => {
  const rates = [1e-4, 0.000562341, 0.00316228, 0.0177828, 0.1]; // 10^-4, 10^-3.25, …, to six digits
  assert.deepEqual(valuesOf("grid: { learning_rate: 1e-4..1e-1:log5 }", "learning_rate"), rates);
  assert.deepEqual(valuesOf("", "learning_rate", ["learning_rate=1e-4..1e-1:log5"]), rates);
  assert.deepEqual(valuesOf("", "learning_rate", ["learning_rate=0..0.5:lin3,0.7"]), [
    0,
    0.25,
    0.5,
    0.7,
  ]);
  assert.deepEqual(valuesOf("", "learning_rate", ["learning_rate=.5..2:log2"]), [0.5, 2]);
  assert.deepEqual(valuesOf("", "r", ["r=1..64:log7"]), [1, 2, 4, 8, 16, 32, 64]);
  assert.deepEqual(valuesOf("", "r", ["r=1..10:lin4"]), [1, 4, 7, 10]);
  assert.deepEqual(valuesOf("", "r", ["r=2..20:log4"]), [2, 4, 9, 20], "integers are rounded");
  assert.deepEqual(valuesOf("seeds: 0..100:lin5", "seed"), [0, 25, 50, 75, 100]);
  assert.deepEqual(valuesOf("", "r", ["r=3..5"]), [3, 4, 5]);
});

Deno.test("a range that cannot be is refused with its place", () => {
  const words = (word: string, message: RegExp) => refuses("", message, [word]);
  words(
    "learning_rate=0..1:log5",
    /argument "learning_rate=0\.\.1:log5".* must be positive: got 0/,
  );
  words("learning_rate=1e-1..1e-4:log5", /upwards: write 1e-4\.\.1e-1:log5/);
  words("learning_rate=0..1:lin1", /at least 2 values: got 1/);
  words("learning_rate=0..1:lin999999", /999,999 values of one setting/);
  words(
    "learning_rate=1e-4..1e-1",
    /a range has integers .* or says how many values it has, such as 1e-4\.\.1e-1:log4/,
  );
  words("r=0.1..0.9:lin3", /r is 0\.1/);
  refuses(
    "grid: { learning_rate: 0..1:log5 }",
    /x\.yaml:1:9 grid\.learning_rate: .* must be positive/,
  );
});

const GRID = "grid: { r: 1..10, n_skills: 1..10 }\nzip: { n_splits: [1, 2], steps: [5, 6] }\n";
const sampleOf = (text: string, words: string[] = []) =>
  readSweep(text, "x.yaml", words).runs
    .map(({ config }) => [config.r, config.n_skills, config.n_splits, config.steps].join());

Deno.test("sample draws cells of the grid without putting back, the same for the same seed", () => {
  const [all, ten, thirty, other] = [
    "",
    "sample: { n: 10 }",
    "sample: { n: 30, seed: 0 }",
    "sample: { n: 10, seed: 1 }",
  ]
    .map((sample) => sampleOf(GRID + sample));
  assert.deepEqual([all!.length, ten!.length, thirty!.length], [200, 10, 30]);
  assert.deepEqual(new Set(thirty).size, 30);
  assert.ok(thirty!.every((cell) => all!.includes(cell)), "zipped axes move together");
  assert.deepEqual(thirty!.slice(0, 10), ten, "a larger sample begins with a smaller one");
  assert.notDeepEqual(new Set(other), new Set(ten));
  // Every value of r is expected in 1 of 10 cells; a fair draw of 100 has each at least once.
  assert.equal(
    new Set(sampleOf(`${GRID}sample: { n: 100 }`).map((cell) => cell.split(",")[0])).size,
    10,
  );
});

Deno.test("sample leaves out what exclude matches, adds what include names, and crosses seeds", () => {
  const excluded = sampleOf(`${GRID}exclude: [{ n_splits: 1 }]\nsample: { n: 40 }`);
  assert.deepEqual([excluded.length, excluded.filter((cell) => /,1,5$/.test(cell)).length], [
    40,
    0,
  ]);
  const some =
    `${GRID}include: [{ r: 99, n_skills: 3, n_splits: 1 }]\nseeds: 0..1\nsample: { n: 4 }`;
  assert.equal(sampleOf(some).length, 10);
  assert.equal(
    sampleOf(`${GRID}sample: { n: 5 }`, ["r=7"]).filter((cell) => cell.startsWith("7,")).length,
    5,
  );
  const notes: string[] = [];
  const note = (sentence: string) => void notes.push(sentence);
  const { runs } = readSweep("grid: { r: [1, 2] }\nsample: { n: 5 }", "x.yaml", [], { note });
  assert.deepEqual([runs.length, notes], [2, [
    "x.yaml:2:1 sample asks for 5 cells and there are 2: all are run",
  ]]);
});

Deno.test("sample draws from a grid that is too large to be made", () => {
  const axes = ["n_skills", "n_tasks", "n_train", "n_test", "r", "steps", "batch_size", "shots"];
  const text = `grid: { ${
    axes.map((key) => `${key}: 1..99`).join(", ")
  } }\nsample: { n: 50, seed: 3 }`;
  const { runs, varying } = readSweep(text, "x.yaml");
  assert.equal(runs.length, 50);
  assert.ok(axes.every((key) => varying.includes(key as "r")));
  assert.deepEqual(readSweep(text, "x.yaml").runs, runs);
  assert.deepEqual(
    readSweep(text.replace("50", "60"), "x.yaml").runs.slice(0, 50).map(({ config }) => config),
    runs.map(({ config }) => config),
  );
});

Deno.test("sample that cannot be is refused with its place", () => {
  refuses("sample: 20", /x\.yaml:1:1 sample as it must be written \{ n: 20, seed: 0 \}/);
  refuses(
    "sample: { seed: 1 }",
    /sample as n must be a number of cells, at least 1: got undefined/,
  );
  refuses("sample: { n: 0 }", /at least 1: got 0/);
  refuses(
    "sample: { n: 2, seed: x }",
    /x\.yaml:1:17 sample\.seed as it must be an integer: got "x"/,
  );
  refuses("sample: { n: 2, sed: 1 }", /x\.yaml:1:17 sample\.sed: unknown key, did you mean "seed"/);
  refuses("sample: { n: 300000 }\ngrid: { r: 1..1000, n_skills: 1..1000 }", /has 300,000 runs/);
});
