import assert from "node:assert/strict";
import { tableModel } from "../../testing/models/table_model.ts";
import { checkOptions, type GenerateOptions } from "./options.ts";
import { DEFAULTS } from "./settings.ts";

const MODEL = tableModel({ isEncoderDecoder: false, vocabSize: 11, seed: 0 });

Deno.test("checkOptions() fills in transformers' defaults, also for undefined", () => {
  const defaults = DEFAULTS;
  assert.deepEqual(checkOptions(MODEL, {}), defaults);
  const given = { num_beams: undefined, length_penalty: -0.5 } as unknown as GenerateOptions;
  assert.deepEqual(checkOptions(MODEL, given), { ...defaults, length_penalty: -0.5 });
});

Deno.test("checkOptions() takes every option at the border of its range", () => {
  for (
    const options of [
      { max_new_tokens: 1, min_new_tokens: 1 },
      { num_beams: 4, num_return_sequences: 4, early_stopping: "never" as const },
      { do_sample: true, seed: -3, top_k: 0, top_p: 0, temperature: 1e-9, num_return_sequences: 9 },
      { top_p: 1, signal: new AbortController().signal },
    ]
  ) assert.deepEqual({ ...checkOptions(MODEL, options), ...options }, checkOptions(MODEL, options));
});

const REFUSED: readonly [Record<string, unknown>, "TypeError" | "RangeError", RegExp][] = [
  [{ num_beam: 2 }, "TypeError", /no option "num_beam"; the options are max_new_tokens, /],
  [{ max_new_tokens: 0 }, "RangeError", /max_new_tokens must be at least 1: got 0/],
  [{ max_new_tokens: 2.5 }, "TypeError", /max_new_tokens must be an integer: got 2.5/],
  [{ max_new_tokens: Infinity }, "TypeError", /max_new_tokens must be an integer: got Infinity/],
  [{ max_new_tokens: "8" }, "TypeError", /max_new_tokens must be a number: got string/],
  [{ min_new_tokens: -1 }, "RangeError", /min_new_tokens must be at least 0: got -1/],
  [{ min_new_tokens: 21 }, "RangeError", /at most max_new_tokens: got 21 and 20/],
  [{ num_beams: 0 }, "RangeError", /num_beams must be at least 1: got 0/],
  [{ num_return_sequences: 0 }, "RangeError", /num_return_sequences must be at least 1: got 0/],
  [{ num_return_sequences: 2 }, "RangeError", /at most num_beams without do_sample: got 2/],
  [{ num_beams: 2, num_return_sequences: 3 }, "RangeError", /got 3, num_beams is 2/],
  [{ length_penalty: NaN }, "RangeError", /length_penalty must be finite: got NaN/],
  [{ early_stopping: "always" }, "TypeError", /true, false or "never": got always/],
  [{ do_sample: 1 }, "TypeError", /do_sample must be true or false: got 1/],
  [{ do_sample: true }, "TypeError", /with do_sample as seed must be an integer: got undefined/],
  [
    { do_sample: true, seed: 0.5 },
    "TypeError",
    /with do_sample as seed must be an integer: got 0.5/,
  ],
  [{ do_sample: true, seed: 1, num_beams: 2 }, "RangeError", /beam search does not sample/],
  [{ temperature: 0 }, "RangeError", /temperature must be finite and above 0: got 0/],
  [{ temperature: Infinity }, "RangeError", /temperature must be finite and above 0: got Infinity/],
  [{ top_k: -1 }, "RangeError", /top_k must be at least 0: got -1/],
  [{ top_k: 1.5 }, "TypeError", /top_k must be an integer: got 1.5/],
  [{ top_p: 1.1 }, "RangeError", /top_p must be in \[0, 1\]: got 1.1/],
  [{ signal: {} }, "TypeError", /signal must be an AbortSignal: got object/],
];

for (const [options, name, message] of REFUSED) {
  Deno.test(`checkOptions() refuses ${Deno.inspect(options)}`, () => {
    assert.throws(() => checkOptions(MODEL, options as GenerateOptions), { name, message });
  });
}

Deno.test("checkOptions() refuses what the model cannot do", () => {
  const tiny = tableModel({ isEncoderDecoder: false, vocabSize: 2, seed: 0, eos: [0, 1] });
  assert.throws(() => checkOptions(tiny, { num_beams: 2 }), {
    name: "RangeError",
    message: /must have at least 3 tokens, .*: got 2/,
  });
  const encoderDecoder = tableModel({ isEncoderDecoder: true, vocabSize: 9, seed: 0 });
  const startless = {
    ...encoderDecoder,
    identity: {
      ...encoderDecoder.identity,
      generationIds: { ...encoderDecoder.identity.generationIds, decoderStart: null },
    },
  };
  assert.throws(() => checkOptions(startless, {}), {
    name: "RangeError",
    message: /set decoder_start_token_id/,
  });
});
