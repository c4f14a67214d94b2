import assert from "node:assert/strict";
import { nodes, panels } from "./quadrature.ts";

Deno.test("nodes() are exact for every polynomial of degree below twice their number", () => {
  for (const count of [1, 2, 5, 16]) {
    for (let degree = 0; degree < 2 * count; degree++) {
      const sum = nodes(0, 3, count).reduce(
        (sum, { at, weight }) => sum + weight * at ** degree,
        0,
      );
      const whole = 3 ** (degree + 1) / (degree + 1);
      assert.ok(Math.abs(sum / whole - 1) < 1e-13, `${count} nodes, degree ${degree}: ${sum}`);
    }
  }
});

Deno.test("panels() follow what is narrow, and are none where there is no room", () => {
  const narrow = (x: number) => Math.exp(-((x - 3) ** 2) * 1e4);
  const sum = panels(0, 10, 0.02).reduce((sum, { at, weight }) => sum + weight * narrow(at), 0);
  assert.ok(Math.abs(sum - Math.sqrt(Math.PI) / 100) < 1e-15, `${sum}`);
  assert.deepEqual(panels(1, 1, 0.5), []);
});
