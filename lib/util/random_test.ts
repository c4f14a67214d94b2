import assert from "node:assert/strict";
import { randomStream } from "./random.ts";

Deno.test("randomStream() gives pinned numbers, so that old results stay reproducible", () => {
  const stream = randomStream(42, "data");
  assert.deepEqual(
    [stream.uniform(), stream.uniform(), stream.integer(1000), stream.normal()],
    [0.35784298181533813, 0.814080536365509, 106, -0.1808042739250613],
  );
});

Deno.test("randomStream() streams of other names do not move each other", () => {
  const alone = randomStream(1, "a");
  const expected = [alone.uniform(), alone.uniform()];
  const a = randomStream(1, "a");
  const first = a.uniform();
  randomStream(1, "b").uniform();
  assert.deepEqual([first, a.uniform()], expected);
});

Deno.test("randomStream() has the moments of its distributions", () => {
  const stream = randomStream(3, "moments");
  const n = 20000;
  let [sum, squares, normal, normalSquares] = [0, 0, 0, 0];
  const counts = new Array(7).fill(0);
  for (let i = 0; i < n; i++) {
    const u = stream.uniform();
    assert.ok(u >= 0 && u < 1);
    sum += u;
    squares += u * u;
    const z = stream.normal();
    normal += z;
    normalSquares += z * z;
    counts[stream.integer(7)]++;
  }
  // Five standard errors of each mean.
  assert.ok(Math.abs(sum / n - 1 / 2) < 5 * Math.sqrt(1 / 12 / n));
  assert.ok(Math.abs(squares / n - 1 / 3) < 5 * Math.sqrt(4 / 45 / n));
  assert.ok(Math.abs(normal / n) < 5 / Math.sqrt(n));
  assert.ok(Math.abs(normalSquares / n - 1) < 5 * Math.sqrt(2 / n));
  for (const count of counts) assert.ok(Math.abs(count / n - 1 / 7) < 5 * Math.sqrt(6 / 49 / n));
});

Deno.test("randomStream().shuffle() permutes a copy", () => {
  const values = [1, 2, 3, 4, 5, 6, 7, 8];
  const shuffled = randomStream(5, "shuffle").shuffle(values);
  assert.deepEqual(values, [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.notDeepEqual(shuffled, values);
  assert.deepEqual([...shuffled].sort(), values);
});

Deno.test("randomStream() refuses a seed that is not an integer", () => {
  assert.throws(() => randomStream(0.5, "init"), {
    name: "RangeError",
    message: /as a seed must be an integer: got 0.5/,
  });
});
