import assert from "node:assert/strict";
import { bootstrapMean } from "./bootstrap.ts";
import { randomStream } from "../util/random.ts";

Deno.test("bootstrapMean() covers the true mean of tasks as often as it says", () => {
  let covered = 0;
  const studies = 300;
  for (let study = 0; study < studies; study++) {
    const data = randomStream(study, "data");
    // 30 tasks around a mean of 2, three seeds around each task.
    const tasks = Array.from({ length: 30 }, () => {
      const task = 2 + data.normal();
      return Array.from({ length: 3 }, () => task + 0.5 * data.normal());
    });
    const { low, high } = bootstrapMean(tasks, {
      stream: randomStream(study, "bootstrap"),
      resamples: 200,
    });
    if (low! <= 2 && 2 <= high!) covered++;
  }
  // 95 %, with four standard errors of 300 studies on either side.
  assert.ok(covered >= 0.9 * studies && covered <= 0.995 * studies, `${covered} of ${studies}`);
});

Deno.test("bootstrapMean() has a quartile interval half of the time", () => {
  let covered = 0;
  for (let study = 0; study < 300; study++) {
    const data = randomStream(study, "data");
    const { low, high } = bootstrapMean(Array.from({ length: 25 }, () => [data.normal()]), {
      stream: randomStream(study, "bootstrap"),
      resamples: 200,
      level: 0.5,
    });
    if (low! <= 0 && 0 <= high!) covered++;
  }
  assert.ok(covered >= 115 && covered <= 185, `${covered} of 300`);
});

Deno.test("bootstrapMean() has the spread of exact resampling", () => {
  // Two tasks of one value: a resample's mean is 0, 1 or 2 with chances ¼, ½, ¼.
  const { estimate, low, high } = bootstrapMean([[0], [2]], {
    stream: randomStream(1, "x"),
    resamples: 4000,
  });
  assert.deepEqual([estimate, low, high], [1, 0, 2]);
  const middle = bootstrapMean([[0], [2]], { stream: randomStream(1, "x"), level: 0.4 });
  assert.deepEqual([middle.low, middle.high], [1, 1]);
});

Deno.test("bootstrapMean() draws the values of a task, too", () => {
  const stream = randomStream(0, "x");
  const spread = bootstrapMean([[0, 10], [0, 10]], { stream });
  const flat = bootstrapMean([[5, 5], [5, 5]], { stream });
  assert.deepEqual([spread.estimate, spread.low, spread.high], [5, 0, 10]);
  assert.deepEqual([flat.estimate, flat.low, flat.high], [5, 5, 5]);
});

Deno.test("bootstrapMean() weighs tasks alike, and gives null where there is no interval", () => {
  const options = () => ({ stream: randomStream(0, "x"), resamples: 10 });
  assert.equal(bootstrapMean([[1, 1, 1, 1], [3]], options()).estimate, 2);
  for (const [tasks, expected] of [[[], null], [[[1, 3]], 2]] as const) {
    const { n, estimate, low, high, p } = bootstrapMean(tasks, options());
    assert.deepEqual([n, estimate, low, high, p], [tasks.length, expected, null, null, null]);
  }
  assert.deepEqual(
    bootstrapMean([[1, 5], [3]], options()),
    bootstrapMean([[1, 5], [3]], options()),
  );
});

Deno.test("bootstrapMean() refuses empty tasks, NaN and settings out of range", () => {
  const stream = randomStream(0, "x");
  const refused: [number[][], object, string][] = [
    [[[1], []], {}, "Cannot bootstrap as task 1 must have a value: got none"],
    [[[1], [2, NaN]], {}, "Cannot bootstrap task 1 as values must be finite: number 1 is NaN"],
    [
      [[1]],
      { resamples: 0 },
      "Cannot bootstrap as resamples must be an integer of at least 1: got 0",
    ],
    [[[1]], { level: 1 }, "Cannot make an interval as its level must lie in (0, 1): got 1"],
  ];
  for (const [tasks, options, message] of refused) {
    assert.throws(() => bootstrapMean(tasks, { stream, ...options }), {
      name: "RangeError",
      message,
    });
  }
});
