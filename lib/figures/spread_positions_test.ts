import assert from "node:assert/strict";
import fc from "fast-check";
import { spreadPositions } from "./spread_positions.ts";

const position = fc.double({ min: 0, max: 1000, noNaN: true });

Deno.test("spreadPositions() keeps order and gaps, and stays inside when there is room", () => {
  fc.assert(fc.property(fc.array(position, { maxLength: 12 }), (positions) => {
    const spread = spreadPositions(positions, 20, 0, 1000);
    const order = [...positions.keys()].sort((a, b) => positions[a]! - positions[b]! || a - b);
    for (const [i, member] of order.entries()) {
      assert.ok(spread[member]! >= -1e-9 && spread[member]! <= 1000 + 1e-9);
      if (i > 0) assert.ok(spread[member]! - spread[order[i - 1]!]! >= 20 - 1e-9);
    }
  }));
});

Deno.test("spreadPositions() moves nothing that has room", () => {
  assert.deepEqual(spreadPositions([900, 0, 450], 20, 0, 1000), [900, 0, 450]);
  assert.deepEqual(spreadPositions([], 20, 0, 1000), []);
});

Deno.test("spreadPositions() moves a crowd evenly to both sides", () => {
  assert.deepEqual(spreadPositions([50, 50, 50], 10, 0, 100), [40, 50, 60]);
  assert.deepEqual(spreadPositions([99, 100], 10, 0, 100), [90, 100]);
});
