import assert from "node:assert/strict";
import fc from "fast-check";
import { splitExamples } from "./split_examples.ts";

const examples = fc.array(fc.record({
  input: fc.string({ maxLength: 2 }),
  targets: fc.array(fc.string({ maxLength: 2 }), { minLength: 1, maxLength: 3 }),
}));
const counts = fc.record({
  n_train: fc.integer({ min: 1, max: 9 }),
  n_validation: fc.integer({ min: 0, max: 4 }),
  n_test: fc.integer({ min: 0, max: 4 }),
});

Deno.test("splitExamples() never lets two parts share an input, and fills test first", () => {
  fc.assert(fc.property(examples, counts, fc.integer(), (list, sizes, seed) => {
    const inputs = new Set(list.map(({ input }) => input));
    const { n_train, n_validation, n_test } = sizes;
    if (inputs.size <= n_test + n_validation) {
      assert.throws(() => splitExamples("x", list, sizes, seed), RangeError);
      return;
    }
    const { train, validation, test } = splitExamples("x", list, sizes, seed);
    assert.deepEqual([validation.length, test.length], [n_validation, n_test]);
    assert.equal(train.length, Math.min(n_train, inputs.size - n_test - n_validation));
    const taken = [...train, ...validation, ...test];
    assert.equal(new Set(taken.map(({ input }) => input)).size, taken.length);
    for (const { input, targets } of taken) {
      const expected = list.filter((e) => e.input === input).flatMap((e) => e.targets);
      assert.deepEqual(new Set(targets), new Set(expected));
    }
  }));
});
