import assert from "node:assert/strict";
import cases from "../../testing/cases/generate_cases.json" with { type: "json" };
import { onEachBackend } from "../../testing/on_each_backend.ts";
import { GOLDEN } from "../../testing/golden.ts";
import { tableCall, tableModel, type TableOptions } from "../../testing/models/table_model.ts";
import * as tf from "../../tf.ts";
import type { LanguageModel } from "../base_model.ts";
import { generate } from "./generate.ts";
import type { GenerateOptions } from "./options.ts";
import { LlamaForCausalLM } from "../llama/model.ts";
import { readSafetensors } from "../../files/safetensors.ts";
import { T5ForConditionalGeneration } from "../t5/model.ts";

/** The prompts of the cases, padded as each kind of model is. */
const ENCODER_DECODER = {
  inputIds: [[4, 5, 6], [3, 6, 0], [2, 0, 0]],
  attentionMask: [[1, 1, 1], [1, 1, 0], [1, 0, 0]],
};
const DECODER = {
  inputIds: [[4, 5, 6], [0, 3, 6], [0, 0, 2]],
  attentionMask: [[1, 1, 1], [0, 1, 1], [0, 0, 1]],
};

function promptOf({ isEncoderDecoder, pad = 0 }: TableOptions) {
  const { inputIds, attentionMask } = isEncoderDecoder ? ENCODER_DECODER : DECODER;
  const padded = inputIds.map((row, b) =>
    row.map((id, l) => attentionMask[b]![l] === 1 ? id : pad)
  );
  return { inputIds: padded, attentionMask };
}

onEachBackend(
  "generate() writes what transformers writes with the same table, in as many passes",
  async () => {
    for (const { model, options, passes, expected } of cases.searches) {
      const table = {
        isEncoderDecoder: model.is_encoder_decoder,
        vocabSize: model.vocab_size,
        seed: model.seed,
        eosBias: model.eos_bias,
        eos: model.eos,
        pad: model.pad,
      };
      const what = JSON.stringify({ model, options });
      let steps = 0;
      const counting = tableModel(table, (step) => steps = step);
      const found = await generate(counting, promptOf(table), options as GenerateOptions);
      assert.deepEqual(found.map((row) => row.join(" ")), expected, what);
      const prefills = model.is_encoder_decoder ? 0 : 1;
      assert.equal(prefills + steps, passes, `passes of ${what}`);
    }
  },
);

onEachBackend(
  "M2 generate() honours every setting as transformers does, from the call and from a file",
  async () => {
    for (const { model, options, expected } of cases.settings) {
      const table = {
        isEncoderDecoder: model.is_encoder_decoder,
        vocabSize: model.vocab_size,
        seed: model.seed,
        eosBias: model.eos_bias,
        eos: model.eos,
        pad: model.pad,
      };
      const what = JSON.stringify({ model, options });
      const rows = (found: number[][]) => found.map((row) => row.join(" "));
      const asked = options as unknown as GenerateOptions;
      const prompt = promptOf(table);
      assert.deepEqual(rows(await generate(tableModel(table), prompt, asked)), expected, what);
      const generationConfig = {
        pad_token_id: model.pad,
        eos_token_id: model.eos,
        decoder_start_token_id: 3,
        ...options,
      };
      const byFile = tableModel({ ...table, generationConfig });
      assert.deepEqual(rows(await generate(byFile, prompt)), expected, `from a file: ${what}`);
      // What a call takes back is as if the file did not say it.
      const nothing = Object.fromEntries(
        Object.keys(options).filter((name) =>
          !name.endsWith("s_token_id") && name !== "pad_token_id"
        )
          .map((name) => [name, null]),
      );
      const ids = { eos_token_id: model.eos, pad_token_id: model.pad };
      assert.deepEqual(
        await generate(byFile, prompt, {
          ...nothing,
          ...ids,
          ...("forced_bos_token_id" in options && { forced_bos_token_id: null }),
          ...("forced_eos_token_id" in options && { forced_eos_token_id: null }),
        }),
        await generate(tableModel(table), prompt),
        `taken back: ${what}`,
      );
    }
  },
  { only: ["cpu"] },
);

Deno.test("M2 generate() refuses by name what it cannot do, and null takes it back", async () => {
  await tf.setBackend("cpu");
  const asked: Record<string, unknown> = {
    guidance_scale: 1.5,
    watermarking_config: { bias: 2 },
    stop_strings: ["."],
    max_time: 2,
    token_healing: true,
    penalty_alpha: 0.6,
    num_beam_groups: 2,
    force_words_ids: [[4]],
    prompt_lookup_num_tokens: 3,
    dola_layers: "low",
  };
  const ids = { pad_token_id: 0, eos_token_id: 1 };
  const plain = await generate(tableModel(TABLE), DECODER);
  for (const [name, value] of Object.entries(asked)) {
    const message = new RegExp(`Cannot generate as ${name} is not supported: got `);
    const inCall = { [name]: value } as GenerateOptions;
    await assert.rejects(generate(tableModel(TABLE), DECODER, inCall), { message });
    const generationConfig = { ...ids, [name]: value };
    const model = tableModel({ ...TABLE, generationConfig });
    await assert.rejects(generate(model, DECODER), {
      name: "RangeError",
      message: new RegExp(`${message.source}.* in generation_config.json; pass ${name}: null`),
    });
    assert.deepEqual(await generate(model, DECODER, { [name]: null }), plain);
  }
  const idle = {
    ...ids,
    guidance_scale: 1,
    num_beam_groups: 1,
    token_healing: false,
    temperature: 0,
  };
  assert.deepEqual(
    await generate(tableModel({ ...TABLE, generationConfig: idle }), DECODER),
    plain,
  );
  const drawing = tableModel({ ...TABLE, generationConfig: { ...ids, do_sample: true } });
  await assert.rejects(generate(drawing, DECODER), {
    name: "TypeError",
    message: /seed must be an integer: got undefined; the model's own configuration asks for it/,
  });
  const wrong = tableModel({ ...TABLE, generationConfig: { ...ids, num_beams: "4" } });
  await assert.rejects(generate(wrong, DECODER), {
    name: "TypeError",
    message: "Cannot generate as num_beams in generation_config.json must be a number: got string",
  });
});

Deno.test("M6 generate() without a pad id and a mask reads id 0 as it is", async () => {
  await tf.setBackend("cpu");
  const model = tableModel({ ...TABLE, generationConfig: {} });
  const inputIds = [[0, 4, 5], [0, 3, 6]];
  const all = { inputIds, attentionMask: [[1, 1, 1], [1, 1, 1]] };
  const padded = { inputIds, attentionMask: [[0, 1, 1], [0, 1, 1]] };
  const found = await generate(model, { inputIds });
  assert.deepEqual(found, await generate(model, all));
  assert.notDeepEqual(found, await generate(model, padded));
});

/** What transformers 5.17.0 writes with the base models for rows 1 to 3 of the reference cases. */
const BASES: readonly [string, GenerateOptions, readonly string[]][] = [
  ["t5_poly", { max_new_tokens: 7, num_beams: 4, length_penalty: 2, num_return_sequences: 2 }, [
    "0 37 37 37 37 37 37 37",
    "0 37 37 37 37 37 37 13",
    "0 25 45 45 45 45 45 45",
    "0 25 45 45 45 45 45 25",
    "0 25 25 25 45 45 45 45",
    "0 25 25 45 45 45 45 45",
  ]],
  ["t5_mhr", { max_new_tokens: 7 }, [
    "0 32 32 32 32 32 32 32",
    "0 46 46 46 46 46 46 46",
    "0 32 32 32 32 32 32 32",
  ]],
  ["llama_mhr", {
    max_new_tokens: 6,
    min_new_tokens: 2,
    num_beams: 4,
    length_penalty: -1,
    early_stopping: true,
  }, [
    "0 0 13 27 37 25 40 44 32 32 8 8 8 8 8",
    "0 0 0 0 38 43 40 30 12 12 30 30 30 30 30",
    "9 16 26 35 23 30 29 37 46 4 4 24 24 24 24",
  ]],
  ["qwen2_poly", {
    max_new_tokens: 6,
    num_beams: 4,
    length_penalty: 0.6,
    early_stopping: "never",
    num_return_sequences: 3,
  }, [
    "0 0 44 26 27 26 17 33 10 10 10 10 10 10 10",
    "0 0 44 26 27 26 17 33 10 10 10 10 10 10 31",
    "0 0 44 26 27 26 17 33 10 10 10 10 10 31 31",
    "0 0 0 0 34 37 10 4 5 10 10 31 31 31 31",
    "0 0 0 0 34 37 10 4 5 10 10 10 31 31 31",
    "0 0 0 0 34 37 10 4 5 10 10 10 10 31 31",
    "27 22 39 25 13 41 16 17 43 2 2 2 2 2 2",
    "27 22 39 25 13 41 16 17 43 7 7 7 7 7 7",
    "27 22 39 25 13 41 16 17 43 10 10 10 10 10 10",
  ]],
];

for (const [name, options, expected] of BASES) {
  onEachBackend(
    `generate() writes what transformers writes with the base of ${name}`,
    async () => {
      const dir = `${GOLDEN}/${name}`;
      const config = JSON.parse(await Deno.readTextFile(`${dir}/base/config.json`));
      const weights = await readSafetensors(`${dir}/base/model.safetensors`);
      const tensors = new Map(
        [...weights].map((
          [name, { shape, data }],
        ) => [name, tf.tensor(data as Float32Array, [...shape])]),
      );
      const Model = name.startsWith("t5") ? T5ForConditionalGeneration : LlamaForCausalLM;
      const model: LanguageModel = Model.fromTensors(config, tensors, name);
      const batch = await readSafetensors(`${dir}/expected.safetensors`);
      const [inputIds, attentionMask] = ["input_ids", "attention_mask"].map((input) => {
        const { shape, data } = batch.get(input)!;
        const L = shape[1]!;
        return [1, 2, 3].map((row) => [...data.subarray(row * L, (row + 1) * L)].map(Number));
      });
      const found = await generate(model, { inputIds: inputIds!, attentionMask }, options);
      assert.deepEqual(found.map((row) => row.join(" ")), expected);
      model.dispose();
    },
    { only: ["wasm", "cpu"] },
  );
}

const TABLE: TableOptions = { isEncoderDecoder: false, vocabSize: 13, seed: 21, eosBias: 1 };

onEachBackend("generate() reads tensors as it reads arrays, and leaves them", async () => {
  const inputIds = tf.tensor2d(DECODER.inputIds, [3, 3], "int32");
  const attentionMask = tf.tensor2d(DECODER.attentionMask, [3, 3], "int32");
  const options = { max_new_tokens: 5, num_beams: 2 };
  assert.deepEqual(
    await generate(tableModel(TABLE), { inputIds, attentionMask }, options),
    await generate(tableModel(TABLE), DECODER, options),
  );
  tf.dispose([inputIds, attentionMask]);
});

onEachBackend("generate() without a mask leaves out a decoder's padding only", async () => {
  const withoutMask = (table: TableOptions) =>
    generate(tableModel(table), { inputIds: promptOf(table).inputIds });
  const withMask = (table: TableOptions) => generate(tableModel(table), promptOf(table));
  const unmasked = (table: TableOptions) => {
    const { inputIds } = promptOf(table);
    return generate(tableModel(table), {
      inputIds,
      attentionMask: inputIds.map((row) => row.map(() => 1)),
    });
  };
  const encoderDecoder = { ...TABLE, isEncoderDecoder: true, pad: 9 };
  const padEnds = { ...TABLE, pad: 1 };
  for (const table of [TABLE, encoderDecoder, padEnds]) {
    assert.notDeepEqual(await withMask(table), await unmasked(table));
  }
  assert.deepEqual(await withoutMask(TABLE), await withMask(TABLE));
  assert.deepEqual(await withoutMask(encoderDecoder), await unmasked(encoderDecoder));
  assert.deepEqual(await withoutMask(padEnds), await unmasked(padEnds));
}, { only: ["cpu"] });

onEachBackend("generate() samples alike with one seed and otherwise with another", async () => {
  const sampled = (seed: number) =>
    generate(tableModel({ ...TABLE, eosBias: -3 }), DECODER, {
      max_new_tokens: 8,
      do_sample: true,
      num_return_sequences: 2,
      seed,
    });
  const first = await sampled(3);
  assert.equal(first.length, 6);
  assert.deepEqual(
    first.map((row) => row.slice(0, 3)),
    [0, 0, 1, 1, 2, 2].map((row) => DECODER.inputIds[row]),
  );
  assert.notDeepEqual(first[0], first[1]);
  assert.deepEqual(await sampled(3), first);
  assert.notDeepEqual(await sampled(4), first);
});

onEachBackend("generate() samples the best token when no other may be drawn", async () => {
  const greedy = await generate(tableModel(TABLE), DECODER);
  for (const narrow of [{ top_k: 1 }, { top_p: 0 }, { temperature: 1e-4 }]) {
    const options = { do_sample: true, seed: 0, ...narrow };
    assert.deepEqual(await generate(tableModel(TABLE), DECODER, options), greedy);
  }
}, { only: ["cpu"] });

onEachBackend("generate() takes the call as it is, and copies of it for copied rows", async () => {
  const call = tableCall([5, 6, 7]);
  const used: unknown[] = [];
  const model = tableModel(TABLE, (_, stepCall) => used.push(stepCall));
  await generate(model, DECODER, { num_beams: 2, max_new_tokens: 4 }, call);
  const [copies] = call.selected;
  assert.deepEqual(copies!.rows, [5, 5, 6, 6, 7, 7]);
  assert.ok(used.length > 0 && used.every((stepCall) => stepCall === copies));
  assert.equal(copies!.isDisposed, true);
  assert.equal(call.isDisposed, false);

  used.length = 0;
  await generate(model, DECODER, { max_new_tokens: 4 }, call);
  assert.ok(used.length > 0 && used.every((stepCall) => stepCall === call));
  assert.equal(call.isDisposed, false);
  assert.equal(call.selected.length, 1);
}, { only: ["cpu"] });

onEachBackend("generate() frees everything when a step throws or is aborted", async () => {
  for (const num_beams of [1, 3]) {
    for (const isEncoderDecoder of [true, false]) {
      const table = { ...TABLE, isEncoderDecoder, eos: [] };
      const options = { num_beams, max_new_tokens: 6 };
      const call = tableCall([0, 1, 2]);
      const failing = tableModel(table, (step) => {
        if (step === 3) throw new Error("out of memory");
      });
      await assert.rejects(generate(failing, promptOf(table), options, call), /out of memory/);

      const abort = new AbortController();
      let steps = 0;
      const slow = tableModel(table, (step) => {
        steps = step;
        if (step === 2) abort.abort(new Error("changed my mind"));
      });
      const aborted = generate(slow, promptOf(table), { ...options, signal: abort.signal }, call);
      await assert.rejects(aborted, /changed my mind/);
      assert.equal(steps, 2);
      assert.ok(call.selected.every((copy) => copy.isDisposed));
      assert.equal(call.isDisposed, false);

      const never = { ...options, signal: AbortSignal.abort(new Error("too late")) };
      await assert.rejects(generate(slow, promptOf(table), never), /too late/);
      assert.equal(steps, 2);
    }
  }
});

onEachBackend("generate() refuses scores that are not finite", async () => {
  for (const bad of [NaN, Infinity]) {
    const sound = tableModel(TABLE);
    const broken: LanguageModel = {
      ...sound,
      prefill(prompt, call) {
        const { logits, state } = sound.prefill(prompt, call);
        const values = logits!.arraySync();
        logits!.dispose();
        values[1]![4] = bad;
        return { logits: tf.tensor2d(values), state };
      },
    };
    for (const num_beams of [1, 2]) {
      const row = num_beams === 1 ? 1 : 2;
      await assert.rejects(generate(broken, DECODER, { num_beams }), {
        name: "RangeError",
        message:
          `Cannot choose the next token as scores must be finite: row ${row} has ${bad} for token 4`,
      });
    }
  }
}, { only: ["cpu"] });
