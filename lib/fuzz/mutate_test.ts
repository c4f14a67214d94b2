import assert from "node:assert/strict";
import { randomStream } from "../util/random.ts";
import { MOST_INPUT_BYTES, mutate, MUTATIONS } from "./mutate.ts";

const SEEDS = ['{"a": 1, "b": ["x", null]}', "", "a: 1\nb: 2\n"].map((text) =>
  new TextEncoder().encode(text)
);

Deno.test("every mutation changes some input, and takes an empty one", () => {
  for (const [name, change] of Object.entries(MUTATIONS)) {
    const changed = SEEDS.flatMap((seed) =>
      Array.from({ length: 20 }, (_, i) => change(seed, randomStream(i, name), SEEDS))
        .filter((input) => new TextDecoder().decode(input) !== new TextDecoder().decode(seed))
    );
    assert.ok(changed.length > 0, name);
  }
});

Deno.test("mutate() leaves seeds as they are, gives the same again, and stays within its size", () => {
  const before = SEEDS.map((seed) => seed.slice());
  const made = new Set<string>();
  for (let i = 0; i < 300; i++) {
    const input = mutate(SEEDS, randomStream(i, "test"));
    assert.deepEqual(mutate(SEEDS, randomStream(i, "test")), input);
    assert.ok(input.length <= MOST_INPUT_BYTES);
    made.add(new TextDecoder().decode(input.subarray(0, 1000)));
  }
  assert.deepEqual(SEEDS, before);
  assert.ok(made.size > 150, `${made.size}`);
});
