import assert from "node:assert/strict";
import fc from "fast-check";
import { Largest } from "./largest.ts";

Deno.test("Largest keeps what a stable sort would put first", () => {
  const value = fc.constantFrom(-Infinity, -1e9, -2.5, -0.5, 0, 0.25, 3);
  fc.assert(fc.property(fc.array(value, { minLength: 1, maxLength: 40 }), fc.nat(), (values, n) => {
    const size = 1 + n % values.length;
    const best = new Largest(size);
    values.forEach((value, index) => best.offer(value, 100 + index));
    const sorted = [...values.keys()].sort((a, b) =>
      values[b]! > values[a]! ? 1 : values[b]! < values[a]! ? -1 : a - b
    );
    assert.deepEqual([...best.indices], sorted.slice(0, size).map((index) => 100 + index));
    assert.deepEqual([...best.values], sorted.slice(0, size).map((index) => values[index]));
  }));
});
