import assert from "node:assert/strict";
import { captured } from "../testing/captured.ts";
import { withFolder } from "../testing/with_folder.ts";
import { fuzzCommand } from "../commands/fuzz.ts";
import { FORMATS } from "./formats.ts";
import { fuzz } from "./fuzz.ts";
import { seedBytes } from "./input.ts";
import { faultOf } from "./verdict.ts";

Deno.test("every format reads its own valid inputs", async () => {
  for (const [name, format] of Object.entries(FORMATS)) {
    for (const [i, seed] of seedBytes(format).entries()) {
      await withFolder(async (dir) => {
        await assert.doesNotReject(
          async () => await format.read(seed.slice(), dir),
          `${name} ${i}`,
        );
      });
    }
  }
});

Deno.test("damaged files of every format are read or refused, within 2 s and 512 MiB", async () => {
  const faults: string[] = [];
  const { inputs } = await fuzz({
    seed: 0,
    seconds: 15,
    inputs: 60,
    onFinding: ({ format, number, fault }) => faults.push(`${format} ${number}: ${fault}`),
  });
  assert.deepEqual(faults, []);
  // Each format has had its turn, also where a machine is slow.
  assert.ok(Object.values(inputs).every((count) => count > 0), JSON.stringify(inputs));
});

Deno.test("what is no refusal is a fault", () => {
  const faults = [
    new TypeError("Cannot read properties of undefined (reading 'a')"),
    new TypeError('Cannot read "a.json": x.map is not a function'),
    new RangeError("Cannot read the arguments: Maximum call stack size exceeded"),
    new RangeError("Invalid array length"),
    new RangeError("Array buffer allocation failed"),
    new Error("assertion failed"),
    new SyntaxError(`Cannot read ${"x".repeat(100_000)}`),
    "text",
  ];
  for (const fault of faults) assert.notEqual(faultOf(fault), null, String(fault).slice(0, 100));
  assert.equal(faultOf(new SyntaxError("Unexpected end of JSON input")), null);
  assert.equal(faultOf(new RangeError("Cannot load as n_tasks must be above 0: got -1")), null);
});

Deno.test("deno task fuzz reads files, and refuses what it cannot understand", async () => {
  await withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/a.jsonl`, "{");
    const call = (...args: string[]) => captured((output) => fuzzCommand(args, output));
    const read = await call("--only", "jsonl", `--out=${dir}/found`, `${dir}/a.jsonl`);
    assert.equal(read.code, 0, read.stderr);
    assert.match(read.stdout, /^jsonl +1 inputs\n1 inputs, 0 found, at most \d+ MiB of memory\n$/);
    for (
      const [args, message] of [
        [["--only", "jsno"], /there is no format "jsno", only safetensors, /],
        [["--seconds", "0"], /--seconds must be above 0/],
        [["--seed", "x"], /--seed must be an integer: got x/],
        [[`${dir}/a.jsonl`], /--only must name the files' format/],
        [["--only=jsonl", "no such file"], /there is no file "no such file"/],
      ] as const
    ) {
      const { code, stderr } = await call(...args);
      assert.equal(code, 2);
      assert.match(stderr, message);
    }
  });
});
