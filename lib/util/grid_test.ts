import assert from "node:assert/strict";
import fc from "fast-check";
import { grid } from "./grid.ts";

Deno.test("grid() holds every combination once", () => {
  const axis = fc.uniqueArray(fc.integer(), { maxLength: 4 });
  fc.assert(fc.property(axis, axis, axis, (a, b, c) => {
    const cells = grid({ a, b, c });
    assert.equal(cells.length, a.length * b.length * c.length);
    assert.equal(new Set(cells.map((cell) => JSON.stringify(cell))).size, cells.length);
    for (const cell of cells) {
      assert.ok(a.includes(cell.a as number) && b.includes(cell.b as number));
    }
  }));
});
