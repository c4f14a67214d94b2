import assert from "node:assert/strict";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { lacking } from "../testing/lacking.ts";
import { HAS_PYTHON, runTorch } from "../testing/python.ts";
import { GOLDEN } from "../testing/golden.ts";
import * as tf from "../tf.ts";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { readSafetensors, type TensorToStore, writeSafetensors } from "../files/safetensors.ts";

async function inTempDir(test: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await test(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const INDEX = "model.safetensors.index.json";
const CONFIG = { model_type: "custom", d_model: 3, dropout_rate: 0 };
const A = { shape: [2, 3], data: new Float32Array([1, -2, 3.5, 0, 1e-7, 6]) };
const B = { shape: [1], data: new Float32Array([0.25]) };
const C = { shape: [2], data: new Int32Array([7, -9]) };
const TENSORS: [string, TensorToStore][] = [["a", A], ["b", B], ["c", C]];

/** Writes the files of a checkpoint as they are; null for no file. */
async function checkpointOf(dir: string, files: Record<string, string | Uint8Array | null>) {
  const all = { "config.json": "{}", ...files };
  for (const [name, content] of Object.entries(all)) {
    if (typeof content === "string") await Deno.writeTextFile(`${dir}/${name}`, content);
    else if (content !== null) await Deno.writeFile(`${dir}/${name}`, content);
  }
}

function indexOf(weightMap: Record<string, unknown>): string {
  return JSON.stringify({ metadata: {}, weight_map: weightMap });
}

function listed(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
}

/** What a folder holds, its tensors on the host and disposed. */
async function contents(dir: string) {
  const { config, generationConfig, tensors } = await readCheckpoint(dir);
  const values: Record<string, TensorToStore> = {};
  for (const [name, tensor] of tensors) {
    values[name] = { shape: tensor.shape, data: await tensor.data<"float32">() };
    tensor.dispose();
  }
  return { config, generationConfig, values };
}

onEachBackend(
  "writeCheckpoint() then readCheckpoint() gives back config and tensors",
  () =>
    inTempDir(async (dir) => {
      await writeCheckpoint(`${dir}/new`, CONFIG, TENSORS);
      assert.deepEqual(listed(`${dir}/new`), ["config.json", "model.safetensors"]);
      const read = await contents(`${dir}/new`);
      assert.deepEqual(read, {
        config: CONFIG,
        generationConfig: null,
        values: { a: A, b: B, c: C },
      });
    }),
);

Deno.test("writeCheckpoint() fills shards in order, as transformers does, and readCheckpoint() reads them", () =>
  inTempDir(async (dir) => {
    // a has 24 bytes, b 4, c 8: a alone is too large, b and c fit together.
    await writeCheckpoint(dir, CONFIG, TENSORS, { maxShardBytes: 12 });
    const [first, second] = [
      "model-00001-of-00002.safetensors",
      "model-00002-of-00002.safetensors",
    ];
    assert.deepEqual(listed(dir), ["config.json", first, second, INDEX]);
    assert.equal(
      await Deno.readTextFile(`${dir}/${INDEX}`),
      `{\n  "metadata": {\n    "total_parameters": 9,\n    "total_size": 36\n  },\n  "weight_map": {\n` +
        `    "a": "${first}",\n    "b": "${second}",\n    "c": "${second}"\n  }\n}\n`,
    );
    assert.deepEqual([...(await readSafetensors(`${dir}/${second}`)).keys()], ["b", "c"]);
    assert.deepEqual((await contents(dir)).values, { a: A, b: B, c: C });
  }));

Deno.test("writeCheckpoint() counts halves at their stored size", () =>
  inTempDir(async (dir) => {
    const half = { dtype: "BF16" as const, shape: [4], data: new Float32Array(4) };
    await writeCheckpoint(dir, {}, [["a", half], ["b", half]], { maxShardBytes: 16 });
    assert.deepEqual(listed(dir), ["config.json", "model.safetensors"]);
  }));

Deno.test("writeCheckpoint() over an earlier one leaves nothing of it that would be read", () =>
  inTempDir(async (dir) => {
    await writeCheckpoint(dir, CONFIG, TENSORS);
    await Deno.writeTextFile(`${dir}/notes.txt`, "mine");
    await writeCheckpoint(dir, CONFIG, [["a", A], ["b", { ...B, data: new Float32Array([8]) }]], {
      maxShardBytes: 4,
    });
    assert.ok(!listed(dir).includes("model.safetensors"));
    assert.equal((await contents(dir)).values.b?.data[0], 8);
    await writeCheckpoint(dir, CONFIG, TENSORS);
    assert.deepEqual(listed(dir), ["config.json", "model.safetensors", "notes.txt"]);
  }));

Deno.test("writeCheckpoint() keeps the old checkpoint when it refuses the new one", () =>
  inTempDir(async (dir) => {
    await writeCheckpoint(dir, CONFIG, TENSORS);
    const write = (tensors: [string, TensorToStore][], config = {}, maxShardBytes = 5e9) =>
      writeCheckpoint(dir, config, tensors, { maxShardBytes });
    await assert.rejects(write([["a", { shape: [2], data: new Float32Array(3) }]]), RangeError);
    await assert.rejects(write([["a", A], ["a", A]], {}), RangeError);
    await assert.rejects(write(TENSORS, { dropout_rate: NaN }), RangeError);
    await assert.rejects(write(TENSORS, {}, 0), RangeError);
    await assert.rejects(write(TENSORS, {}, NaN), RangeError);
    assert.deepEqual((await contents(dir)).values, { a: A, b: B, c: C });
  }));

Deno.test("readCheckpoint() prefers the single file to shards, and reads the generation settings", () =>
  inTempDir(async (dir) => {
    await checkpointOf(dir, {
      "generation_config.json": `{"eos_token_id": [1, 2]}`,
      "model.safetensors": writeSafetensors([["a", A]]),
      [INDEX]: "broken",
    });
    const { generationConfig, values } = await contents(dir);
    assert.deepEqual(generationConfig, { eos_token_id: [1, 2] });
    assert.deepEqual(values, { a: A });
  }));

const shards = {
  "x.safetensors": writeSafetensors([["a", A]]),
  "y.safetensors": writeSafetensors([["b", B]]),
};

/** What is wrong, the files, the class, and what the message says. */
const REFUSED: [string, Record<string, string | Uint8Array | null>, string, RegExp][] = [
  ["no configuration", { "config.json": null }, "NotFound", /must be a folder with a config.json/],
  [
    "configuration that is no JSON",
    { "config.json": "{" },
    "SyntaxError",
    /config.json" as it must hold one JSON object/,
  ],
  [
    "configuration that is no object",
    { "config.json": "[1]" },
    "SyntaxError",
    /config.json" .* object: got \[1\]/,
  ],
  [
    "generation settings that are no object",
    { "generation_config.json": "null" },
    "SyntaxError",
    /generation_config.json" .* got null/,
  ],
  ["no weights", {}, "NotFound", /found neither/],
  [
    "a pickle",
    { "pytorch_model.bin": "" },
    "SyntaxError",
    /found pytorch_model.bin; convert .*save_pretrained/,
  ],
  ["pickled shards", { "pytorch_model.bin.index.json": "" }, "SyntaxError", /convert/],
  ["broken weights", { "model.safetensors": "{}" }, "SafetensorsError", /model.safetensors"/],
  [
    "an index that is no JSON",
    { [INDEX]: "" },
    "SyntaxError",
    /index.json" as it must hold one JSON object/,
  ],
  [
    "an index without weight_map",
    { [INDEX]: "{}" },
    "SyntaxError",
    /weight_map must be an object: found undefined/,
  ],
  [
    "a list as weight_map",
    { [INDEX]: `{"weight_map":[]}` },
    "SyntaxError",
    /weight_map must be an object: found \[\]/,
  ],
  [
    "a shard that is no text",
    { [INDEX]: indexOf({ a: 1 }) },
    "SyntaxError",
    /"a" is said to be in 1/,
  ],
  [
    "a shard outside the folder",
    { [INDEX]: indexOf({ a: "../x.safetensors" }) },
    "SyntaxError",
    /same folder: "a" .*"\.\.\/x/,
  ],
  [
    "a shard anywhere",
    { [INDEX]: indexOf({ a: "/etc/passwd" }) },
    "SyntaxError",
    /same folder: "a" .*"\/etc/,
  ],
  [
    "a missing shard",
    { ...shards, [INDEX]: indexOf({ a: "x.safetensors", c: "z.safetensors" }) },
    "NotFound",
    /z.safetensors is missing/,
  ],
  [
    "a tensor in no shard",
    { ...shards, [INDEX]: indexOf({ a: "x.safetensors", c: "x.safetensors" }) },
    "SyntaxError",
    /"c" is not in x.safetensors but in no shard/,
  ],
  [
    "a tensor in another shard",
    { ...shards, [INDEX]: indexOf({ a: "x.safetensors", b: "x.safetensors", z: "y.safetensors" }) },
    "SyntaxError",
    /"b" is not in x.safetensors but in y/,
  ],
  [
    "a tensor in two shards",
    {
      ...shards,
      "z.safetensors": writeSafetensors([["a", B]]),
      [INDEX]: indexOf({ a: "x.safetensors", b: "y.safetensors", c: "z.safetensors" }),
    },
    "SyntaxError",
    /"a" is in x.safetensors and in z/,
  ],
  [
    "a broken shard",
    {
      ...shards,
      "y.safetensors": "",
      [INDEX]: indexOf({ a: "x.safetensors", b: "y.safetensors" }),
    },
    "SafetensorsError",
    /y.safetensors"/,
  ],
];

for (const [what, files, name, message] of REFUSED) {
  Deno.test({
    name: `readCheckpoint() refuses: ${what}`,
    sanitizeResources: true, // a shard left open fails the test
    fn: () =>
      inTempDir(async (dir) => {
        await checkpointOf(dir, files);
        await assert.rejects(readCheckpoint(dir), { name, message });
      }),
  });
}

Deno.test("readCheckpoint() refuses a folder that is not there, or is a file", () =>
  inTempDir(async (dir) => {
    await Deno.writeTextFile(`${dir}/file`, "");
    await assert.rejects(readCheckpoint(`${dir}/absent`), Deno.errors.NotFound);
    await assert.rejects(readCheckpoint(`${dir}/file`), Deno.errors.NotADirectory);
  }));

onEachBackend(
  "readCheckpoint() disposes what it made when a later tensor cannot be read",
  () =>
    inTempDir(async (dir) => {
      await writeCheckpoint(dir, CONFIG, [["a", A], ["wide", {
        shape: [2],
        data: new Float32Array([0, NaN]),
      }]]);
      const path = `${dir}/model.safetensors`;
      const text = await Deno.readFile(path);
      const at = new TextDecoder("latin1").decode(text).indexOf(`F32","shape":[2]`);
      text.set(new TextEncoder().encode(`I64","shape":[1]`), at);
      await Deno.writeFile(path, text);
      const before = tf.memory().numTensors;
      await assert.rejects(readCheckpoint(dir), { name: "SafetensorsError", message: /"wide"/ });
      assert.equal(tf.memory().numTensors, before);
    }),
);

const MODELS = ["t5_poly", "llama_mhr", "qwen2_poly"];

Deno.test({
  name: "writeCheckpoint() gives back transformers' own files, byte by byte",
  fn: () =>
    inTempDir(async (dir) => {
      for (const model of MODELS) {
        const base = `${GOLDEN}/${model}/base`;
        const config = JSON.parse(await Deno.readTextFile(`${base}/config.json`));
        await writeCheckpoint(dir, config, await readSafetensors(`${base}/model.safetensors`));
        for (const file of ["config.json", "model.safetensors"]) {
          assert.deepEqual(
            await Deno.readFile(`${dir}/${file}`),
            await Deno.readFile(`${base}/${file}`),
          );
        }
      }
    }),
});

Deno.test({
  name: `writeCheckpoint() writes shards that transformers loads in full${
    lacking("Python with PEFT", HAS_PYTHON)
  }`,
  ignore: !HAS_PYTHON,
  fn: () =>
    inTempDir(async (dir) => {
      for (const model of MODELS) {
        const base = `${GOLDEN}/${model}/base`;
        const config = JSON.parse(await Deno.readTextFile(`${base}/config.json`));
        const tensors = await readSafetensors(`${base}/model.safetensors`);
        await writeCheckpoint(`${dir}/${model}`, config, tensors, { maxShardBytes: 20_000 });
        assert.ok(listed(`${dir}/${model}`).length > 4);
      }
      const script = `import sys, torch, transformers
for model in sys.argv[3:]:
    pair = []
    for folder in (f"{sys.argv[1]}/{model}/base", f"{sys.argv[2]}/{model}"):
        name = transformers.AutoConfig.from_pretrained(folder).architectures[0]
        loaded, info = getattr(transformers, name).from_pretrained(folder, output_loading_info=True)
        assert not any(info.values()), info
        pair.append(loaded.state_dict())
    assert pair[0].keys() == pair[1].keys()
    assert all(torch.equal(value, pair[1][name]) for name, value in pair[0].items())
    print(model, end=" ")`;
      assert.equal(await runTorch(script, [GOLDEN, dir, ...MODELS]), `${MODELS.join(" ")} `);
    }),
});
