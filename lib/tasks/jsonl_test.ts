import assert from "node:assert/strict";
import { suiteFromTasks } from "./collection.ts";
import { jsonlSuite } from "./jsonl.ts";
import type { TaskSuite } from "./task.ts";

const SIZE = { n_tasks: 2, n_heldout_tasks: 1, n_train: 3, n_validation: 1, n_test: 2, seed: 0 };
const LINES = ["a", "b", "c"].flatMap((task) =>
  [1, 2, 3, 4, 5, 6, 6].map((i, j) =>
    JSON.stringify({ task, input: `é${i}`, target: `${task}${j}` })
  )
);

async function read(content: string | Uint8Array, name = "x.jsonl"): Promise<TaskSuite> {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/${name}`;
  await Deno.writeFile(
    path,
    typeof content === "string" ? new TextEncoder().encode(content) : content,
  );
  return await jsonlSuite({ ...SIZE, data_file: path })
    .finally(() => Deno.remove(dir, { recursive: true }));
}

/** Fails unless the file is refused with `message`, in one line without control characters. */
async function refused(
  content: string | Uint8Array,
  message: RegExp,
  name?: string,
): Promise<void> {
  await assert.rejects(read(content, name), (error) => {
    assert.ok(error instanceof Error);
    assert.equal(error.name, "TaskFileError");
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /[\p{Cc}\ufeff\ufffd]|\p{Surrogate}/u);
    return true;
  });
}

/** `LINES` with another third line. */
const withThird = (line: string) => LINES.with(2, line).join("\n");
/** UTF-16 with its mark. */
const utf16 = (text: string) =>
  new Uint8Array(
    new Uint16Array([0xfeff, ...text.split("").map((unit) => unit.charCodeAt(0))]).buffer,
  );
const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

Deno.test("D1 jsonlSuite() refuses Latin-1 with file, line and byte", async () => {
  await refused(
    latin1(LINES.join("\n")),
    /x\.jsonl:1 as it must be UTF-8 text: byte 22 of line 1 is 0xE9/,
  );
  const third = new Uint8Array([
    ...new TextEncoder().encode(LINES.slice(0, 2).join("\n") + "\n"),
    ...latin1(LINES[2]!),
  ]);
  await refused(third, /x\.jsonl:3 .* of line 3 is 0xE9; save it as UTF-8/);
});

Deno.test("D2 jsonlSuite() passes over a byte order mark, and names what is no JSON lines file", async () => {
  const expected = await read(LINES.join("\n"));
  assert.deepEqual(await read("\ufeff" + LINES.join("\r\n") + "\r\n"), expected);
  await refused(utf16(LINES.join("\n")), /begins as UTF-16 does; save it as UTF-8: iconv/);
  const stream = new Blob([LINES.join("\n")]).stream().pipeThrough(new CompressionStream("gzip"));
  await refused(await new Response(stream).bytes(), /begins as gzip does; unpack it with gunzip/);
  await refused(
    "task,input,target\na,b,c\n",
    /x\.jsonl:1 as every line must be a JSON object .*looks like CSV.*end in \.csv/,
  );
  await refused("task\tinput\ttarget\n", /looks like TSV.*end in \.tsv/);
  await refused('{\n "task": 1\n}', /x\.jsonl:1 as it must hold one JSON object/);
  await refused("", /must have lines: it is empty/);
  await refused("\x1b[2J\x1b]0;title\x07", /x\.jsonl:1 as every line must be a JSON object/);
});

Deno.test("B7 jsonlSuite() says which keys a line has, and which it lacks", async () => {
  await refused(
    withThird(`{"question": "x", "answer": "y"}`),
    /x\.jsonl:3 .* there is no "task" among "question", "answer"; rename "question" to "input", "answer" to "target"/,
  );
  await refused(
    withThird(`{"task": "a", "input": "x", "output": "y"}`),
    /no "target" among "task", "input", "output"; rename "output" to "target"/,
  );
  await refused(withThird(`{"task": "a", "input": 7, "target": "y"}`), /"input" is 7/);
  await refused(
    withThird(`{"task": "a", "input": "x", "target": 7}`),
    /x\.jsonl:3: target as it must be a string/,
  );
  await refused(withThird(`{}`), /\(none\)/);
  const silent = LINES.map((line) => JSON.stringify({ ...JSON.parse(line), target: "" }));
  await refused(silent.join("\n"), /some target must be more than an empty string/);
});

Deno.test("jsonlSuite() reads the choices of each line, and refuses those that are none", async () => {
  const line = (more: object) => JSON.stringify({ task: "a", input: "é3", target: "x", ...more });
  const chosen = LINES.map((line, i) => {
    const choices = i % 2 === 0
      ? [JSON.parse(line).target, "other"]
      : ["other", JSON.parse(line).target];
    return JSON.stringify({ ...JSON.parse(line), choices });
  });
  const { training, heldOut } = await read(chosen.join("\n"));
  for (const { train, validation, test } of [...training, ...heldOut]) {
    for (const { targets, choices } of [...train, ...validation, ...test]) {
      // Lines of one input have the choices of all.
      assert.deepEqual(choices!.toSorted(), ["other", ...targets].toSorted());
    }
  }
  for (const choices of [["x"], ["x", "x"], ["y", "z"]]) {
    await refused(
      chosen.with(2, line({ choices })).join("\n"),
      /x\.jsonl:3: choices as they must be two or more different strings with a target among/,
    );
  }
  await refused(
    chosen.with(2, line({})).join("\n"),
    /x\.jsonl:3 as all examples of a task must have "choices", or none: the first of task "a" has some/,
  );
});

Deno.test("R13 jsonlSuite() refuses half a surrogate pair and a key twice, with file and line", async () => {
  await refused(
    withThird(String.raw`{"task": "a", "input": "x\ud800", "target": "y"}`),
    /x\.jsonl:3.*half of a surrogate pair/,
  );
  await refused(
    withThird(String.raw`{"task": "a", "input": "x", "target": ["y", "\uDE00\ud83d"]}`),
    /x\.jsonl:3.*half of a surrogate pair/,
  );
  await refused(
    withThird(String.raw`{"task": "\ud83d", "input": "x", "target": "y"}`),
    /x\.jsonl:3.*half of a surrogate pair/,
  );
  await refused(
    withThird(`{"task": "a", "input": "x", "input": "z", "target": "y"}`),
    /x\.jsonl:3 .*only once: "input"/,
  );
  await refused(
    withThird(String.raw`{"task": "a", "input": "x", "target": "y", "t\u0061rget": "z"}`),
    /only once: "target"/,
  );
  const whole = withThird(
    String.raw`{"task": "a", "input": "\ud83d\ude00", "target": "y", "note": NaN}`,
  );
  assert.equal((await read(whole)).training.length, 2);
});

Deno.test("D3 jsonlSuite() draws what all lines at once would give", async () => {
  const examples = (task: string) =>
    LINES.map((line) => JSON.parse(line)).filter((line) => line.task === task)
      .map(({ input, target }) => ({ input, targets: [target] }));
  const tasks = ["a", "b", "c"].map((name) => ({ name, examples: examples(name) }));
  assert.deepEqual(await read(LINES.join("\n")), suiteFromTasks("jsonl", tasks, SIZE, 0));
});

Deno.test("D3 jsonlSuite() reads a file that is larger than its memory", async () => {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/large.jsonl`;
  {
    using file = await Deno.open(path, { write: true, create: true });
    const filler = "x".repeat(100_000);
    for (let i = 0; i < 2000; i++) {
      const line = JSON.stringify({ task: `task${i % 4}`, input: `${i} ${filler}`, target: "y" });
      await file.write(new TextEncoder().encode(line + "\n"));
    }
  }
  const code = `import { jsonlSuite } from ${JSON.stringify(import.meta.resolve("./jsonl.ts"))};
    const { training } = await jsonlSuite(${JSON.stringify({ ...SIZE, data_file: path })});
    console.log(training.length);`;
  await Deno.writeTextFile(`${dir}/read.ts`, code);
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      ...["--config", new URL("../../deno.json", import.meta.url).pathname],
      "--no-check",
      "--allow-read",
      "--v8-flags=--max-old-space-size=80",
      `${dir}/read.ts`,
    ],
  }).output();
  assert.equal(new TextDecoder().decode(stdout).trim(), "2", new TextDecoder().decode(stderr));
  await Deno.remove(dir, { recursive: true });
});
