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

const LONG = "x".repeat(100_000);
const MANY = Array(50_000).fill(0);
/** What was found once: a format, and what was not refused in a short line. */
const CORPUS: readonly (readonly [format: string, input: unknown])[] = [
  ["t5_config", { model_type: "t5", vocab_size: MANY }],
  ["t5_config", { model_type: "t5", feed_forward_proj: LONG }],
  ["t5_config", { model_type: "t5", feed_forward_proj: `-${LONG}` }],
  ["llama_config", { model_type: "qwen2", use_sliding_window: true, layer_types: [LONG] }],
  ["llama_config", { model_type: "llama", hidden_act: LONG }],
  ["generation_config", { eos_token_id: 1, sequence_bias: MANY }],
  ["checkpoint_index", { weight_map: { ids: MANY } }],
  ["checkpoint_index", { weight_map: { [LONG]: "b.safetensors" } }],
  ["checkpoint_index", { weight_map: { ids: LONG } }],
  ["tokenizer", { model: { type: "BPE", vocab: {}, merges: [], unk_token: MANY } }],
  ["tokenizer_config", { tokenizer_class: LONG }],
  ["adapter_config", { peft_type: "POLY", poly_type: LONG }],
  ["adapter_config", { peft_type: "POLY", poly_type: MANY }],
  ["adapter_config", { peft_type: "POLY", task_type: LONG }],
  ["adapter_config", { peft_type: "POLY", target_modules: [LONG] }],
  ["adapter_settings", { [LONG]: 1 }],
  ["adapter_settings", { router_temperature: MANY }],
  ["result", { [LONG]: 1 }],
  ["manifest", { [LONG]: 1 }],
  ["sweep_file", `seeds: ${JSON.stringify(Array(250_000).fill(0))}`],
  ["sweep_file", `metric: ${LONG.slice(50_000)}`],
  ["sweep_arguments", `-q${"{".repeat(600_000)}`],
  ["sweep_arguments", `-q"${"[".repeat(100_000)}`],
  ["sweep_arguments", `--jobs\n${LONG}`],
  ["sweep_arguments", `seed=[${MANY}]`],
];

Deno.test("what was found once is refused in a short line, at once", async () => {
  for (const [name, input] of CORPUS) {
    const bytes = new TextEncoder().encode(
      typeof input === "string" ? input : JSON.stringify(input),
    );
    await withFolder(async (dir) => {
      const started = performance.now();
      await assert.rejects(async () => await FORMATS[name]!.read(bytes, dir), (error) => {
        assert.equal(faultOf(error), null, name);
        assert.ok((error as Error).message.length < 2500, `${name}: ${error}`.slice(0, 300));
        return true;
      }, `${name}: ${JSON.stringify(input).slice(0, 100)}`);
      assert.ok(performance.now() - started < 2000, name);
    });
  }
});

Deno.test("damaged files of every format are read or refused, within 2 s and 512 MiB", async () => {
  const faults: string[] = [];
  const { inputs } = await fuzz({
    seed: 0,
    seconds: 15,
    inputs: 30,
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
