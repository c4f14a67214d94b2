import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteTokenizer } from "../models/tokenizers/byte_tokenizer.ts";
import type { Example } from "../tasks/task.ts";
import { fitInput, isInstanceWhole } from "./fit_input.ts";
import { encodePrompts } from "./task_batch.ts";

const tokenizer = new ByteTokenizer();

/** An example in the layout of a prompt, with its parts marked. */
function prompt(definition: string, instance: string): Example {
  const before = `D: ${definition} In: `;
  return {
    input: `${before}${instance} Out: `,
    targets: ["x"],
    definition: [3, 3 + definition.length],
    instance: [before.length, before.length + instance.length],
  };
}

const text = fc.string({ unit: "grapheme", maxLength: 30 });

Deno.test("fitInput() keeps the instance as long as the model can read it, and then its beginning", () => {
  fc.assert(
    fc.property(text, text, fc.integer({ min: 16, max: 120 }), (definition, instance, tokens) => {
      const example = prompt(definition, instance);
      const fitted = fitInput(example, tokenizer, tokens);
      const length = (text: string) => tokenizer.encode(text).length;
      assert.ok(length(fitted) <= tokens && fitted.startsWith("D: ") && fitted.endsWith(" Out: "));
      if (isInstanceWhole(example, tokenizer, tokens)) {
        assert.ok(fitted.endsWith(` In: ${instance} Out: `));
        assert.ok(definition.startsWith(fitted.slice(3, -` In: ${instance} Out: `.length)));
      } else assert.ok(instance.startsWith(fitted.slice("D:  In: ".length, -" Out: ".length)));
      // One more character, which is of four bytes at most, would not fit.
      if (fitted !== example.input) assert.ok(length(fitted) > tokens - 4);
    }),
  );
});

Deno.test("fitInput() leaves an example without a definition, and one without any room, as they are", () => {
  const plain = { input: "count to ten", targets: ["x"] };
  assert.equal(fitInput(plain, tokenizer, 4), plain.input);
  assert.deepEqual(
    [13, 12].map((tokens) => isInstanceWhole(plain, tokenizer, tokens)),
    [true, false],
  );
  assert.equal(fitInput(prompt("a", "b"), tokenizer, 5), "D: a In: b Out: ");
});

Deno.test("a model reads the question behind a definition that is longer than its input may be", () => {
  const example = prompt("Say how many. ".repeat(50), "1 and 2");
  const { inputIds } = encodePrompts([{ taskId: 0, example }], {
    tokenizer,
    isEncoderDecoder: true,
    maxInputTokens: 192,
    maxTargetTokens: 8,
  });
  assert.equal(inputIds[0]!.length, 192);
  const read = tokenizer.decode(inputIds[0]!, { skipSpecialTokens: true });
  assert.match(read, /^D: Say how many\. .* In: 1 and 2 Out: $/);
});
