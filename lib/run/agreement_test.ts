import assert from "node:assert/strict";
import { useBackend } from "../backend/backend.ts";
import { ByteTokenizer } from "../models/tokenizers/byte_tokenizer.ts";
import { smallLlama, smallT5 } from "../testing/models/small_models.ts";
import { PeftModel } from "../peft/peft_model.ts";
import { answerIds, compare } from "./agreement.ts";
import { openBase } from "./open_base.ts";
import { openSuite } from "./open_suite.ts";
import { RUN_CONFIG } from "./config.ts";
import { scoreTasks } from "./score.ts";

const BASE = new URL("../../data/base", import.meta.url).pathname;

Deno.test("M3 compare() says where tokenizer and model disagree, one sentence for each", async () => {
  await useBackend("cpu");
  const tokenizer = new ByteTokenizer();
  const said = (changes: Record<string, unknown>, generationConfig: object | null = null) => {
    const model = smallLlama({ vocab_size: 384, eos_token_id: 1, pad_token_id: 0, ...changes });
    const identity = { ...model.identity, generationConfig: generationConfig as null };
    const sentences = compare(tokenizer, { ...model, vocabSize: model.vocabSize, identity });
    model.dispose();
    return sentences;
  };
  assert.deepEqual(said({}), []);
  assert.deepEqual(said({ vocab_size: 512 }), []);
  assert.deepEqual(said({ vocab_size: 300 }), [
    "The tokenizer has 384 ids and the model reads 300: a text with an id of 300 or above is refused.",
  ]);
  assert.deepEqual(said({ eos_token_id: null }), [
    "Targets end with the tokenizer's end token 1, and the model's files end generation at nothing: " +
    "answers end at any of them.",
  ]);
  assert.match(said({}, { eos_token_id: [2, 7] }).join(), /end generation at 2 or 7/);
  assert.match(said({}, { eos_token_id: "</s>" })[0]!, /cannot be used: .*eos_token_id must be/);
  assert.deepEqual(said({ pad_token_id: 5 }), [
    "The tokenizer pads with 0 and the model's files with 5: batches are padded with the tokenizer's.",
  ]);
  assert.deepEqual(said({ pad_token_id: null }), []);
  assert.match(said({ unk_token_id: 400 }).join(), /unknown token 400/);
  assert.deepEqual(said({ unk_token_id: 2 }), []);
  assert.deepEqual(said({ unk_token_id: 7 }), [
    "The tokenizer writes 2 for what it does not know, and the model's files call 7 unknown.",
  ]);
  const starting = { ...tokenizer, padId: 0, eosId: 1, unkId: null, vocabSize: 384 };
  const encode = (_: string, { addSpecialTokens = true } = {}) => addSpecialTokens ? [9, 3] : [3];
  const decoder = smallLlama({ vocab_size: 384, eos_token_id: 1, bos_token_id: 2 });
  const bos = compare({ ...starting, encode } as unknown as ByteTokenizer, decoder);
  assert.deepEqual(bos, [
    "The tokenizer puts 9 before a text, and the model's files call 2 its start.",
  ]);
  decoder.dispose();
  const t5 = smallT5({ vocab_size: 384 });
  const identity = { ...t5.identity, generationConfig: { ...t5.identity.config, eos_token_id: 1 } };
  const moved = { ...identity.generationConfig, decoder_start_token_id: 6 };
  const whole = (generationConfig: object) => ({
    vocabSize: 384,
    isEncoderDecoder: true,
    identity: { ...identity, generationConfig: generationConfig as typeof moved },
  });
  assert.deepEqual(compare(tokenizer, whole(identity.generationConfig)), []);
  assert.match(
    compare(tokenizer, whole(moved)).join(),
    /trained from the start token 0, .* from 6/,
  );
  assert.equal(answerIds(tokenizer, whole(moved)).decoder_start_token_id, 0);
  t5.dispose();
});

Deno.test("M3 scores do not change with what a base model's files say of generation", async () => {
  await useBackend("wasm");
  const config = RUN_CONFIG.parse({ n_tasks: 2, n_heldout_tasks: 0, n_train: 4, n_test: 6 });
  const suite = await openSuite(config);
  const tasks = suite.training.map(({ name, test }, taskId) => ({
    name,
    taskId,
    examples: test.slice(0, 6),
  }));
  const scoresOf = async (dir: string) => {
    const warnings: string[] = [];
    const { base, tokenizer } = await openBase(dir, (warning) => warnings.push(warning));
    const encoding = { tokenizer, isEncoderDecoder: true, maxInputTokens: 64, maxTargetTokens: 24 };
    const ids = answerIds(tokenizer, base);
    const options = { batchSize: 6, numBeams: 1, ids };
    const scores = await scoreTasks(new PeftModel(base), tasks, encoding, options);
    base.dispose();
    return { scores, warnings };
  };
  const expected = await scoresOf(BASE);
  assert.deepEqual(expected.warnings, []);
  const dir = await Deno.makeTempDir();
  for (const name of ["config.json", "model.safetensors", "tokenizer_config.json"]) {
    await Deno.copyFile(`${BASE}/${name}`, `${dir}/${name}`);
  }
  const files: [string, RegExp | null][] = [
    ['{"decoder_start_token_id":0,"pad_token_id":0}', /files end generation at nothing/],
    ['{"decoder_start_token_id":0,"pad_token_id":0,"eos_token_id":2}', /end generation at 2/],
    [
      '{"decoder_start_token_id":0,"pad_token_id":0,"eos_token_id":1,"num_beams":3,"min_length":9,' +
      '"repetition_penalty":3.0,"suppress_tokens":[5],"guidance_scale":2.0,"do_sample":true,' +
      '"max_new_tokens":2,"forced_eos_token_id":7}',
      null,
    ],
    ['{"decoder_start_token_id":5,"pad_token_id":7,"eos_token_id":1}', /trained from the start/],
    ['{"eos_token_id":"</s>"}', /cannot be used/],
    ["no JSON", /is passed over/],
  ];
  for (const [text, warning] of files) {
    await Deno.writeTextFile(`${dir}/generation_config.json`, text);
    const { scores, warnings } = await scoresOf(dir);
    assert.deepEqual(scores, expected.scores, text);
    if (warning === null) assert.deepEqual(warnings, []);
    else assert.match(warnings.join(" "), warning);
  }
  await Deno.remove(dir, { recursive: true });
});
