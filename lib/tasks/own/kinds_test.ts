/** What people bring as data: each kind is read as the same tasks, or refused in words that say what to do. */
import assert from "node:assert/strict";
import { parseRunConfig, type RunConfigInput } from "../../run/config.ts";
import { openSuite, suiteFiles } from "../../run/open_suite.ts";
import { withFolder } from "../../testing/with_folder.ts";
import { jsonlSuite } from "../jsonl.ts";

const SIZE = { n_tasks: 2, n_heldout_tasks: 1, n_train: 3, n_validation: 1, n_test: 2 };
const ROWS = ["a", "b", "c"].flatMap((task) =>
  [1, 2, 3, 4, 5, 6].map((i) => ({ task, input: `é${i},\n"x"`, target: `${task} ${i}` }))
);
const lines = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).join("\n") + "\n";
const LINES = lines(ROWS);
const bytes = (text: string) => new TextEncoder().encode(text);
const utf16 = (text: string) =>
  new Uint8Array(new Uint16Array([...`\ufeff${text}`].map((c) => c.charCodeAt(0))).buffer);
const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const table = (rows: readonly object[], separator: string) => {
  const cell = (text: string) => /["\n,;|\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const rowOf = (cells: string[]) => cells.map(cell).join(separator);
  return [Object.keys(rows[0]!), ...rows.map((row) => Object.values(row) as string[])]
    .map(rowOf).join("\r\n");
};
const withoutTask = (task: string) =>
  ROWS.filter((row) => row.task === task).map(({ input, target }) => ({ input, target }));

type Files = Readonly<Record<string, string | Uint8Array>>;

async function open(files: Files, named: RunConfigInput = {}) {
  return await withFolder(async (dir) => {
    for (const [name, content] of Object.entries(files)) {
      await Deno.mkdir(`${dir}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeFile(
        `${dir}/${name}`,
        typeof content === "string" ? bytes(content) : content,
      );
    }
    const [first] = Object.keys(files);
    const data_file = first!.includes("/") ? `${dir}/${first!.split("/")[0]}` : `${dir}/${first}`;
    const config = parseRunConfig({ suite: "jsonl", data_file, ...SIZE, ...named });
    const suite = await openSuite(config);
    return { suite, files: [...(await suiteFiles(config))!.keys()] };
  });
}

/** What is read as the same examples of the same tasks. */
const READ: Readonly<Record<string, Files>> = {
  "JSON lines": { "x.jsonl": LINES },
  "JSON lines under another name": { "x.json": LINES, "y.txt": "" },
  "JSON lines without a name that says so": { "data": LINES },
  "Windows line ends": { "x.jsonl": LINES.replaceAll("\n", "\r\n") },
  "UTF-8 with a byte order mark": { "x.jsonl": `\ufeff${LINES}` },
  "a JSON list": { "x.json": JSON.stringify(ROWS) },
  "a JSON list over many lines, in JSON lines' clothes": {
    "x.jsonl": JSON.stringify(ROWS, null, 2),
  },
  "CSV": { "x.csv": table(ROWS, ",") },
  "CSV with a byte order mark and line ends of two systems": {
    "x.csv": `\ufeff${table(ROWS, ",").replace("\r\n", "\n")}\n\n`,
  },
  "CSV of a European Excel": { "x.csv": table(ROWS, ";") },
  "TSV": { "x.tsv": table(ROWS, "\t") },
  "a table with further columns in another order": {
    "x.csv": table(
      ROWS.map(({ task, input, target }, id) => ({ id: `${id}`, target, input, task })),
      ",",
    ),
  },
  "a folder with a file for each task": {
    "own/a.jsonl": lines(withoutTask("a")),
    "own/b.csv": table(withoutTask("b"), ","),
    "own/c.json": JSON.stringify(withoutTask("c")),
    "own/README.md": "Not data.",
  },
};

for (const [kind, files] of Object.entries(READ)) {
  Deno.test(`B7 ${kind}: read`, async () => {
    const { suite } = await open(files);
    assert.deepEqual(suite, (await open({ "x.jsonl": LINES })).suite);
    assert.deepEqual([suite.training.length, suite.heldOut.length], [2, 1]);
    const { name, test: [first] } = suite.heldOut[0]!;
    const [, i] = /^é(\d),\n"x"$/.exec(first!.input)!;
    assert.deepEqual(first!.targets, [`${name} ${i}`]);
  });
}

/** What is refused, and the words that say why and what to do. */
const REFUSED: Readonly<Record<string, readonly [Files, RegExp, RunConfigInput?]>> = {
  "fewer tasks than the default": [
    { "x.jsonl": LINES },
    /16 tasks to train on were asked for and there are 2, of 3 tasks in all; .* n_tasks=2 n_heldout_tasks=1$/,
    { n_tasks: 16 },
  ],
  "Latin-1": [
    { "x.csv": latin1(table(ROWS, ",")) },
    /UTF-8 text: byte \d+ of line 2 is 0xE9; save it/,
  ],
  "UTF-16": [
    { "x.csv": utf16(table(ROWS, ",")) },
    /begins as UTF-16 does; save it as UTF-8: iconv/,
  ],
  "gzip": [
    { "x.jsonl.gz": new Uint8Array([0x1f, 0x8b, 8, 0]) },
    /begins as gzip does; unpack it with gunzip/,
  ],
  "Excel": [{ "x.xlsx": latin1("PK\x03\x04") }, /Excel workbook does; unpack it/],
  "questions and answers": [
    { "x.csv": "category,question,answer\na,b,c\n" },
    /x\.csv:2 .* rename "category" to "task", "question" to "input", "answer" to "target"$/,
  ],
  "output in place of target": [
    { "x.jsonl": '{"task": "a", "input": "b", "output": "c"}' },
    /x\.jsonl:1 .* there is no "target" among .*; rename "output" to "target"/,
  ],
  "a table without names": [
    { "x.csv": "a,b,c\nd,e,f\n" },
    /x\.csv:1 as the first line must name the columns/,
  ],
  "one example for each task": [
    { "x.jsonl": lines(["a", "b", "c"].map((task) => ({ task, input: "x", target: "y" }))) },
    /its 1 different inputs leave none to train on after 2 for test .*; lower n_test/,
  ],
  "three examples in one task": [
    { "x.jsonl": LINES.replaceAll(/.*"task":"a".*é[456].*\n/g, "") },
    /task "a" as its 3 different inputs leave none .* or leave the task out/,
  ],
  "an empty file": [{ "x.jsonl": "" }, /must have lines: it is empty/],
  "an empty table": [{ "x.csv": "task,input,target\n" }, /must have lines: it is empty/],
  "empty targets everywhere": [
    { "x.csv": table(ROWS.map((row) => ({ ...row, target: "" })), ",") },
    /some target must be more than an empty string/,
  ],
  "data_dir in place of data_file": [
    { "x.jsonl": LINES },
    /without data_file: set it to a path; data_dir is for other suites, did you mean data_file\?/,
    { data_file: null, data_dir: "x.jsonl" },
  ],
  "no such file": [
    { "x.jsonl": LINES },
    /set data_file to a file of JSON lines, JSON, CSV or TSV/,
    {
      data_file: "/nowhere.csv",
    },
  ],
  "a cell too many": [
    { "x.csv": "task,input,target\na,b,c\na,b,c,d\n" },
    /x\.csv:3 as the first line names 3 columns and this one has 4: a text with separators/,
  ],
  "a quote that stays open": [
    { "x.csv": 'task,input,target\na,"b,c\nd\n' },
    /x\.csv:\d .*is not closed/,
  ],
  "a quote in the middle": [
    { "x.csv": 'task,input,target\na,b "q" c,d\n' },
    /x\.csv:2 .* in the middle/,
  ],
  "a column twice": [
    { "x.csv": "task,input,input\n" },
    /x\.csv:1 as two columns of this CSV .*"input"/,
  ],
  "a list of something else": [{ "x.json": "[1]" }, /x\.json, object 1 as it must be \{"task"/],
  "other JSON": [{ "x.json": '"task"' }, /x\.json as JSON begins with \{ or \[/],
  "a folder with something else in it": [
    { "own/a.jsonl": LINES, "own/b.docx": "" },
    /b\.docx as the files/,
  ],
  "an empty folder": [{ "own/README.md": "" }, /has no file named \*\.jsonl/],
};

for (const [kind, [files, message, named]] of Object.entries(REFUSED)) {
  Deno.test(`B7 ${kind}: refused`, async () => {
    await assert.rejects(open(files, named), (error: Error) => {
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /[\p{Cc}\ufeff\ufffd]|\p{Surrogate}/u);
      return true;
    });
  });
}

Deno.test("a table may have choices as JSON, and the references of one input in several lines", async () => {
  const rows = ROWS.flatMap((row) => [
    { ...row, choices: JSON.stringify([row.target, "no"]) },
    { ...row, target: "no", choices: JSON.stringify(["no", row.target]) },
  ]);
  const { suite } = await open({ "x.csv": table(rows, ",") });
  const { targets, choices } = suite.training[0]!.train[0]!;
  assert.deepEqual([targets.length, choices!.toSorted()], [2, targets.toSorted()]);
  await assert.rejects(
    open({ "x.csv": "task,input,target,choices\na,b,c,c or d\n" }),
    /x\.csv:2: choices as it must hold a JSON list/,
  );
});

/** Which of the given inputs each part of a task has. */
const partsOf = ({ suite }: Awaited<ReturnType<typeof open>>, name: string) => {
  const task = [...suite.training, ...suite.heldOut].find((task) => task.name === name)!;
  return [task.train, task.validation, task.test]
    .map((part) => part.map(({ input }) => input[1]).sort().join(""));
};

Deno.test("a column split and a folder of parts say which examples are trained on and tested", async () => {
  const split = (i: number) => i <= 3 ? "train" : i === 4 ? "validation" : "test";
  const rows = ROWS.map((row) => ({ ...row, split: split(Number(row.input[1])) }));
  const some = { n_train: 9, n_validation: 9, n_test: 9 };
  const column = await open({ "x.jsonl": lines(rows) }, some);
  for (const name of ["a", "b", "c"]) assert.deepEqual(partsOf(column, name), ["123", "4", "56"]);
  const ofPart = (part: string) =>
    rows.filter(({ split }) => split === part).map(({ split: _, ...row }) => row);
  const files = await open({
    "own/train/all.csv": table(ofPart("train"), ","),
    "own/validation.jsonl": lines(ofPart("validation")),
    "own/test/one.json": JSON.stringify(ofPart("test").slice(0, 3)),
    "own/test/two.json": JSON.stringify(ofPart("test").slice(3)),
  }, some);
  assert.deepEqual(files.suite, column.suite);
  assert.deepEqual(
    files.files,
    ["train/all.csv", "validation.jsonl", "test/one.json", "test/two.json"],
  );
  // What no example names is drawn from those to train on; a fair test keeps what stands in several parts.
  const two = rows.map((row) => ({ ...row, split: row.split === "test" ? "test" : "train" }));
  const leak = { ...two[0]!, split: "test", target: "leaked" };
  const [train, validation, test] = partsOf(
    await open({ "x.jsonl": lines([...two, leak]) }, { ...some, n_validation: 1 }),
    "a",
  );
  assert.deepEqual([`${train}${validation}`.length, test], [3, "156"]);
});

Deno.test("splits that contradict each other or lack an example are refused with the place", async () => {
  const rows = ROWS.map((row, i) => ({ ...row, split: i % 2 === 0 ? "train" : "test" }));
  const refused = (files: Files, message: RegExp) => assert.rejects(open(files), { message });
  await refused(
    { "x.jsonl": lines([...rows, { ...ROWS[0], split: "dev" }]) },
    /x\.jsonl:19: split as .* "dev"/,
  );
  await refused(
    { "x.jsonl": lines([...rows, ROWS[0]!]) },
    /x\.jsonl:19 as all examples must have "split"/,
  );
  const none = rows.map((row) => row.task === "b" ? { ...row, split: "train" } : row);
  await refused({ "x.jsonl": lines(none) }, /task "b" as it has no example of split "test"/);
  await refused(
    { "own/train.jsonl": lines(rows) },
    /train\.jsonl:2 as its split "test" is another than/,
  );
  await refused(
    { "own/train.jsonl": LINES, "own/b.jsonl": LINES },
    /has train\.jsonl and beside them b\.jsonl/,
  );
  await refused(
    { "own/x/b.jsonl": LINES, "own/a.jsonl": LINES },
    /folders must be train, validation, test/,
  );
});

Deno.test("heldout_tasks names the tasks held out", async () => {
  const heldOut = async (heldout_tasks: string[], n_heldout_tasks = heldout_tasks.length) => {
    const { suite } = await open({ "x.jsonl": LINES }, {
      n_tasks: 1,
      n_heldout_tasks,
      heldout_tasks,
    });
    return suite.heldOut.map(({ name }) => name).sort();
  };
  assert.deepEqual(await heldOut(["c", "a"]), ["a", "c"]);
  assert.deepEqual(await heldOut(["b"]), ["b"]);
  await assert.rejects(heldOut(["d"]), /Cannot hold out \["d"\] .*: there are \["a","b","c"\]/);
  await assert.rejects(heldOut(["a", "a"]), /different tasks: set n_heldout_tasks=1, it is 2/);
  await assert.rejects(heldOut(["a"], 2), /set n_heldout_tasks=1, it is 2/);
  const options = { ...SIZE, data_file: "experiments/own_data.csv", seed: 1 };
  assert.deepEqual(
    await jsonlSuite({ ...options, heldout_tasks: [] }),
    await jsonlSuite(options),
    "an empty list leaves the draw to the seed",
  );
});
