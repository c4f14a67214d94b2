import assert from "node:assert/strict";
import { lacking } from "../testing/lacking.ts";
import { HAS_SHARED, SHARED } from "../testing/shared.ts";
import { bbhSuite } from "./bbh.ts";
import { jsonlSuite } from "./jsonl.ts";
import { readSuperniTask, superniSuite } from "./superni.ts";

const SIZE = { n_tasks: 2, n_heldout_tasks: 1, n_train: 3, n_validation: 1, n_test: 2, seed: 0 };

async function folder(files: Record<string, string>): Promise<string> {
  const dir = await Deno.makeTempDir({ prefix: "tasks_" });
  for (const [name, text] of Object.entries(files)) {
    const parent = `${dir}/${name}`.replace(/\/[^/]*$/, "");
    await Deno.mkdir(parent, { recursive: true });
    await Deno.writeTextFile(`${dir}/${name}`, text);
  }
  return dir;
}

function superniFile(category: string, instances = 8): string {
  return JSON.stringify({
    Categories: [category],
    Definition: ["Say it ", "twice."],
    Instances: Array.from({ length: instances }, (_, i) => ({
      input: ` word ${i}\n`,
      output: [`${i} ${i}`, `${i}${i}`],
    })),
  });
}

Deno.test("readSuperniTask() puts definition and input into the prompt and keeps every reference", async () => {
  const dir = await folder({ "task1_say.json": superniFile("Speaking") });
  const { name, category, examples } = await readSuperniTask(`${dir}/task1_say.json`);
  assert.deepEqual([name, category, examples.length], ["task1_say", "Speaking", 8]);
  assert.deepEqual(examples[3], {
    definition: [12, 26],
    instance: [72, 78],
    input: "Definition: Say it  twice.\n\nNow complete the following example -\n" +
      "Input: word 3\nOutput: ",
    targets: ["3 3", "33"],
  });
});

Deno.test("superniSuite() reads a clone, and keeps to its official split", async () => {
  const data_dir = await folder({
    "tasks/task1_a.json": superniFile("A"),
    "tasks/task2_b.json": superniFile("B"),
    "tasks/task3_c.json": superniFile("C"),
    "splits/default/train_tasks.txt": "task1_a\ntask3_c\n",
    "splits/default/test_tasks.txt": "task2_b\n",
  });
  const suite = await superniSuite({ ...SIZE, data_dir, split: "official" });
  assert.deepEqual(suite.heldOut.map(({ name }) => name), ["task2_b"]);
  assert.deepEqual(suite.training.map(({ name }) => name).sort(), ["task1_a", "task3_c"]);
  const byCategory = await superniSuite({
    ...SIZE,
    data_dir,
    split: "category",
    heldout_categories: ["C"],
  });
  assert.deepEqual(byCategory.heldOut.map(({ category }) => category), ["C"]);
  await assert.rejects(
    () =>
      superniSuite({ ...SIZE, data_dir, split: "category", heldout_categories: ["C", "Nonsense"] }),
    { name: "RangeError", message: /categories \["Nonsense"\] .* \["A","B","C"\]/ },
  );
  await assert.rejects(
    () => superniSuite({ ...SIZE, data_dir: `${data_dir}/tasks`, split: "official" }),
    { name: "TaskFileError", message: /official split: .*data_dir must be a whole clone/ },
  );
});

Deno.test("task files that are missing or malformed are refused by file and key", async () => {
  const good = superniFile("A");
  const refused = async (files: Record<string, string>, message: RegExp) => {
    const data_dir = await folder(files);
    await assert.rejects(() => superniSuite({ ...SIZE, data_dir, split: "seeded" }), {
      name: "TaskFileError",
      message,
    });
  };
  await refused({}, /has no file named \*\.json/);
  await refused(
    { "a.json": "{" },
    /Cannot read .*a\.json" as it must hold one JSON object: .*JSON/,
  );
  await refused({ "a.json": "[]" }, /a\.json" as it must hold one JSON object/);
  await refused({ "a.json": good.replace("Definition", "Def") }, /a\.json: Definition as it must/);
  await refused({ "a.json": good.replace('["A"]', "[7]") }, /a\.json: Categories as it must/);
  await refused(
    { "a.json": good.replace(/"Instances":.*/, '"Instances":[]}') },
    /a\.json: Instances/,
  );
  await refused(
    { "a.json": good.replace('" word 0\\n"', "0") },
    /Instances\[0\] as its input must/,
  );
  await refused(
    { "a.json": good.replace('["0 0","00"]', "[]") },
    /Instances\[0\]\.output as it must/,
  );
  await assert.rejects(() => superniSuite({ ...SIZE, data_dir: "/nowhere", split: "seeded" }), {
    name: "TaskFileError",
    message: /"\/nowhere" as there is no such folder; set data_dir .*: deno task data superni$/,
  });
});

Deno.test("bbhSuite() reads input and target", async () => {
  const text = JSON.stringify({
    examples: [1, 2, 3, 4, 5, 6].map((i) => ({ input: `q${i}`, target: `a${i}` })),
  });
  const data_dir = await folder({ "x.json": text, "y.json": text, "z.json": text });
  const suite = await bbhSuite({ ...SIZE, data_dir });
  assert.equal(suite.training.length, 2);
  for (const { input, targets } of suite.training[0]!.train) {
    assert.deepEqual(targets, [input.replace("q", "a")]);
  }
  await Deno.writeTextFile(
    `${data_dir}/x.json`,
    text.replace("{", '{"url": [NaN], "note": "NaN",'),
  );
  assert.deepEqual(await bbhSuite({ ...SIZE, data_dir }), suite, "Python's NaN is passed over");
  await Deno.writeTextFile(`${data_dir}/y.json`, text.replace('"a2"', "2"));
  await assert.rejects(() => bbhSuite({ ...SIZE, data_dir }), {
    message: /y\.json: examples\[1\]/,
  });
});

Deno.test("R22 readSuperniTask() reads very long strings, with escapes, beside Python's numbers", async () => {
  const long = 'x\\n\\\\"'.repeat(3_000_000);
  const text = superniFile("A").replace('" word 0\\n"', JSON.stringify(long))
    .replace("{", '{"a": [NaN, Infinity, -Infinity], "b": "NaN, \\\\",');
  const dir = await folder({ "task1_a.json": text });
  const { examples } = await readSuperniTask(`${dir}/task1_a.json`);
  assert.ok(examples[0]!.input.includes(long.trim()));
  await Deno.remove(dir, { recursive: true });
});

Deno.test("D1 task files and lists that are not UTF-8 are refused with file, line and byte", async () => {
  const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
  const data_dir = await folder({
    "tasks/task1_a.json": superniFile("A"),
    "tasks/task2_b.json": superniFile("B"),
    "tasks/task3_c.json": superniFile("C"),
    "splits/default/train_tasks.txt": "task1_a\ntask3_c\n",
    "splits/default/test_tasks.txt": "\ufefftask2_b\n",
  });
  const suite = () => superniSuite({ ...SIZE, data_dir, split: "official" });
  assert.deepEqual(
    (await suite()).heldOut.map(({ name }) => name),
    ["task2_b"],
    "D2 with its mark",
  );
  const list = `${data_dir}/splits/default/train_tasks.txt`;
  await Deno.writeFile(list, latin1("task1_a\ntask3_\xe9\n"));
  await assert.rejects(suite, {
    name: "TaskFileError",
    message: /train_tasks\.txt".*byte 7 of line 2/,
  });
  await Deno.writeFile(`${data_dir}/tasks/task1_a.json`, latin1(superniFile("\xc4")));
  await assert.rejects(suite, {
    name: "TaskFileError",
    message: /task1_a\.json".* of line 1 is 0xC4/,
  });
  await assert.rejects(() => bbhSuite({ ...SIZE, data_dir: `${data_dir}/tasks` }), {
    name: "TaskFileError",
    message: /task1_a\.json".* of line 1 is 0xC4/,
  });
});

Deno.test("R13 task files with half a surrogate pair or a key twice are refused", async () => {
  const refused = async (text: string, message: RegExp) => {
    const dir = await folder({ "task1_a.json": text });
    await assert.rejects(readSuperniTask(`${dir}/task1_a.json`), {
      name: "TaskFileError",
      message,
    });
    await Deno.remove(dir, { recursive: true });
  };
  const good = superniFile("A");
  await refused(
    good.replace("word 1", String.raw`word \ud800`),
    /task1_a\.json: Instances\[1\]\.input .*half of a surrogate pair, \\ud800/,
  );
  await refused(good.replace("{", `{"Instances": [],`), /task1_a\.json" .*only once: "Instances"/);
  await refused(good.replace(`"output"`, `"input"`), /only once: "input"/);
});

Deno.test("jsonlSuite() gathers lines by task, and names the line it cannot read", async () => {
  const lines = ["a", "b", "c"].flatMap((task) =>
    [1, 2, 3, 4, 5, 6].map((i) => JSON.stringify({ task, input: `${i}`, target: `${task}${i}` }))
  );
  const dir = await folder({ "good.jsonl": lines.join("\n") + "\n\n" });
  const suite = await jsonlSuite({ ...SIZE, data_file: `${dir}/good.jsonl` });
  assert.equal(suite.training.length + suite.heldOut.length, 3);
  const { name, test } = suite.heldOut[0]!;
  assert.deepEqual(test[0]!.targets, [name + test[0]!.input]);
  for (
    const bad of [
      "{",
      `{"task": 1, "input": "x", "target": "y"}`,
      `{"task": "a", "input": "x"}`,
      "null",
    ]
  ) {
    await Deno.writeTextFile(`${dir}/bad.jsonl`, [...lines.slice(0, 2), bad].join("\n"));
    await assert.rejects(() => jsonlSuite({ ...SIZE, data_file: `${dir}/bad.jsonl` }), {
      name: "TaskFileError",
      message: /bad\.jsonl:3/,
    });
  }
});

Deno.test({
  name: `superniSuite() and bbhSuite() read the real files${lacking("../shared", HAS_SHARED)}`,
  ignore: !HAS_SHARED,
  async fn() {
    const size = { n_train: 20, n_validation: 5, n_test: 10, seed: 0 };
    const superni = await superniSuite({
      ...size,
      n_tasks: 150,
      n_heldout_tasks: 50,
      data_dir: `${SHARED}/data/superni/tasks`,
      split: "seeded",
    });
    assert.equal(superni.training.length + superni.heldOut.length, 200);
    const bbh = await bbhSuite({
      ...size,
      n_tasks: 20,
      n_heldout_tasks: 7,
      data_dir: `${SHARED}/data/bbh`,
    });
    assert.equal(bbh.training.length + bbh.heldOut.length, 27);
  },
});
