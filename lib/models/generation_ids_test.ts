import assert from "node:assert/strict";
import { join } from "node:path";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { smallLlama, smallT5 } from "../testing/models/small_models.ts";
import { AutoModelForCausalLM, AutoModelForSeq2SeqLM } from "./auto_model.ts";
import type { LanguageModel } from "./base_model.ts";
import { generate } from "./generation/generate.ts";
import { generationIdsOf, readGenerationIds } from "./generation_ids.ts";
import { saveBaseModel } from "./save_model.ts";

const LLAMA = { modelType: "llama", vocabSize: 11, isEncoderDecoder: false };
const T5 = { modelType: "t5", vocabSize: 11, isEncoderDecoder: true };

// What `generation_config.json` holds, and the ids that transformers 5.17.0 generates with. Where it
// has no pad id and no end, there is nothing to fill.
const DECODERS: [Record<string, unknown>, { pad: number | null; eos: number[] }][] = [
  [{}, { pad: null, eos: [] }],
  [{ eos_token_id: null, pad_token_id: null }, { pad: null, eos: [] }],
  [{ eos_token_id: 7 }, { pad: 7, eos: [7] }],
  [{ eos_token_id: [7, 9] }, { pad: 7, eos: [7, 9] }],
  [{ eos_token_id: [7, 9], pad_token_id: 4, temperature: 0.7 }, { pad: 4, eos: [7, 9] }],
  [{ eos_token_id: 7, pad_token_id: -1 }, { pad: 7, eos: [7] }],
  [{ eos_token_id: [-1, 11, 2], bos_token_id: 5 }, { pad: 2, eos: [2] }],
];
const STARTS: [Record<string, unknown>, number | null][] = [
  [{ decoder_start_token_id: 3 }, 3],
  [{ decoder_start_token_id: 3, bos_token_id: 4 }, 3],
  [{ bos_token_id: 4 }, 4],
  [{}, null],
];

Deno.test("readGenerationIds() reads what transformers reads", () => {
  for (const [raw, ids] of DECODERS) {
    assert.deepEqual(readGenerationIds(raw, LLAMA), { ...ids, decoderStart: null });
  }
  for (const [raw, start] of STARTS) {
    assert.equal(readGenerationIds(raw, T5).decoderStart, start);
  }
});

Deno.test("readGenerationIds() refuses what are no ids, by the name of the field", () => {
  const start = 'Cannot read the configuration of a "t5" as generation_config.';
  const wrong: [Record<string, unknown>, string, string][] = [
    [{ eos_token_id: "7" }, "TypeError", 'eos_token_id must be an id or a list of ids: got "7"'],
    [
      { eos_token_id: [7, "9"] },
      "TypeError",
      'eos_token_id must be an id or a list of ids: got [7,"9"]',
    ],
    [{ eos_token_id: 7.5 }, "TypeError", "eos_token_id must be an id or a list of ids: got 7.5"],
    [{ pad_token_id: [4] }, "TypeError", "pad_token_id must be an integer: got [4]"],
    [
      { decoder_start_token_id: "3" },
      "TypeError",
      'decoder_start_token_id must be an integer: got "3"',
    ],
    [
      { decoder_start_token_id: 99 },
      "RangeError",
      "decoder_start_token_id must be in [0, 10]: got 99",
    ],
    [{ bos_token_id: -1 }, "RangeError", "bos_token_id must be in [0, 10]: got -1"],
  ];
  for (const [raw, name, message] of wrong) {
    assert.throws(() => readGenerationIds(raw, T5), { name, message: start + message });
  }
});

/** Saves a model with a `generation_config.json`, and loads it. */
async function withGeneration<Model extends LanguageModel>(
  model: Model,
  Auto: { fromPretrained(dir: string): Promise<Model> },
  generation: Record<string, unknown>,
  test: (loaded: Model, dir: string) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await saveBaseModel(model, dir);
    await Deno.writeTextFile(join(dir, "generation_config.json"), JSON.stringify(generation));
    const loaded = await Auto.fromPretrained(dir);
    await test(loaded, dir);
    loaded.dispose();
  } finally {
    model.dispose();
    await Deno.remove(dir, { recursive: true });
  }
}

onEachBackend(
  "generate() of a decoder ends with any id that generation_config.json lists",
  async () => {
    const inputIds = [[5, 9, 3], [4, 4, 8]];
    const model = smallLlama({ eos_token_id: null });
    const [free, other] = await generate(model, { inputIds }, { max_new_tokens: 4 });
    const end = free![3]!;
    assert.ok(!other!.slice(3).includes(end));
    const pad = end === 1 ? 2 : 1;
    const generation = { eos_token_id: [28, end], pad_token_id: pad };
    await withGeneration(model, AutoModelForCausalLM, generation, async (loaded) => {
      assert.deepEqual(generationIdsOf(loaded), { pad, eos: [28, end], decoderStart: null });
      const rows = await generate(loaded, { inputIds }, { max_new_tokens: 4 });
      assert.deepEqual(rows, [[5, 9, 3, end, pad, pad, pad], other]);
    });
  },
  { only: ["cpu", "wasm"] },
);

onEachBackend(
  "generate() of a T5 starts as generation_config.json says, training as config.json",
  async () => {
    const labels = [[7, 12, 1]];
    const inputIds = [[5, 9, 3]];
    const generation = { decoder_start_token_id: 6, eos_token_id: [1, 2], pad_token_id: 4 };
    await withGeneration(smallT5(), AutoModelForSeq2SeqLM, generation, async (loaded) => {
      const [row] = await generate(loaded, { inputIds }, { max_new_tokens: 3 });
      assert.equal(row![0], 6);
      const shifted = loaded.forward({ inputIds, labels });
      const given = loaded.forward({ inputIds, labels, decoderInputIds: [[0, 7, 12]] });
      assert.deepEqual(await shifted.logits.data(), await given.logits.data());
      for (const out of [shifted, given]) Object.values(out).forEach((tensor) => tensor.dispose());
    });
  },
  { only: ["cpu", "wasm"] },
);

onEachBackend(
  "saveBaseModel() keeps generation_config.json, and removes another model's",
  async () => {
    const generation = {
      eos_token_id: [2, 3],
      pad_token_id: 4,
      temperature: 2,
      unknown: { a: [1] },
    };
    await withGeneration(smallLlama(), AutoModelForCausalLM, generation, async (loaded, dir) => {
      const path = join(dir, "again", "generation_config.json");
      await saveBaseModel(loaded, join(dir, "again"));
      const text = await Deno.readTextFile(path);
      assert.deepEqual(JSON.parse(text), generation);
      assert.match(text, /"temperature": 2\.0/); // transformers refuses a whole number here
      const again = await AutoModelForCausalLM.fromPretrained(join(dir, "again"));
      assert.deepEqual(generationIdsOf(again), { pad: 4, eos: [2, 3], decoderStart: null });
      again.dispose();

      const other = smallLlama();
      await saveBaseModel(other, join(dir, "again"));
      await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
      other.dispose();
    });
  },
  { only: ["cpu"] },
);

onEachBackend(
  "M5 a model loads and trains whatever generation_config.json says, and generate() refuses what it needs",
  async () => {
    const wrong = {
      name: "TypeError",
      message: /generation_config\.eos_token_id must be an id or/,
    };
    const far = { name: "RangeError", message: /pad_token_id must be in \[0, 29\): got 29; set/ };
    const inputIds = [[5, 9, 3], [4, 4, 8]];
    const model = smallLlama({ eos_token_id: null });
    const [free, other] = await generate(model, { inputIds }, { max_new_tokens: 4 });
    const end = free![3]!;
    assert.ok(!other!.slice(3).includes(end));
    await withGeneration(model, AutoModelForCausalLM, { eos_token_id: "</s>" }, async (loaded) => {
      const { loss, logits } = loaded.forward({ inputIds, labels: inputIds });
      assert.ok(Number.isFinite((await loss.data())[0]));
      loss.dispose();
      logits.dispose();
      await assert.rejects(generate(loaded, { inputIds }), wrong);
      const rows = await generate(loaded, { inputIds }, { eos_token_id: null, max_new_tokens: 4 });
      assert.deepEqual(rows, [free, other]);
    });
    const padded = { pad_token_id: 29, eos_token_id: end };
    await withGeneration(smallLlama(), AutoModelForCausalLM, padded, async (loaded) => {
      const one = await generate(loaded, { inputIds: [inputIds[0]!] }, { max_new_tokens: 4 });
      assert.deepEqual(one, [[...inputIds[0]!, end]]); // nothing to fill up
      await assert.rejects(generate(loaded, { inputIds }, { max_new_tokens: 4 }), far);
      const rows = await generate(loaded, { inputIds }, { max_new_tokens: 4, pad_token_id: 2 });
      assert.deepEqual(rows, [[...inputIds[0]!, end, 2, 2, 2], other]);
    });
  },
  { only: ["cpu"] },
);

onEachBackend(
  "M5 a generation_config.json that is no JSON is passed over, with a warning",
  async () => {
    const model = smallLlama({ num_beams: 2, eos_token_id: 7 });
    const dir = await Deno.makeTempDir();
    await saveBaseModel(model, dir);
    for (const text of ["", "{", "{'eos_token_id': 7}", "\ufeff\ufeff{}"]) {
      await Deno.writeTextFile(join(dir, "generation_config.json"), text);
      const loaded = await AutoModelForCausalLM.fromPretrained(dir);
      assert.match(
        loaded.identity.warnings.join(),
        /generation_config\.json" is passed over/,
        text,
      );
      assert.equal(loaded.identity.generationConfig, null);
      assert.deepEqual(generationIdsOf(loaded).eos, [7]);
      const prompt = { inputIds: [[5, 9, 3]] };
      assert.deepEqual(await generate(loaded, prompt), await generate(model, prompt));
      loaded.dispose();
    }
    await Deno.writeTextFile(join(dir, "generation_config.json"), "[]");
    await assert.rejects(AutoModelForCausalLM.fromPretrained(dir), SyntaxError);
    const infinite = '{"sequence_bias": [[[5], -Infinity]], "a": "-Infinity"}';
    await Deno.writeTextFile(join(dir, "generation_config.json"), infinite);
    const loaded = await AutoModelForCausalLM.fromPretrained(dir);
    const expected = { sequence_bias: [[[5], -Infinity]], a: "-Infinity" };
    assert.deepEqual(loaded.identity.generationConfig, expected);
    loaded.dispose();
    model.dispose();
    await Deno.remove(dir, { recursive: true });
  },
  { only: ["cpu"] },
);
