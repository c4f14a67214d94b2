import assert from "node:assert/strict";
import { randomStream } from "../util/random.ts";
import { taskSampler } from "./sampler.ts";

const TASKS = [3, 5].map((n, task) => ({
  train: Array.from({ length: n }, (_, i) => ({ input: `${task}/${i}`, targets: ["x"] })),
}));

Deno.test("taskSampler() draws tasks alike and goes through each task's examples evenly", () => {
  const drawn = taskSampler(TASKS, randomStream(0, "shuffle")).next(4000);
  const first = drawn.filter(({ taskId }) => taskId === 0);
  assert.ok(Math.abs(first.length / 4000 - 1 / 2) < 5 * Math.sqrt(1 / 4 / 4000));
  const counts = new Map<string, number>();
  for (const { example } of first) counts.set(example.input, (counts.get(example.input) ?? 0) + 1);
  assert.equal(counts.size, 3);
  assert.ok(Math.max(...counts.values()) - Math.min(...counts.values()) <= 1);
  for (const { taskId, example } of drawn) assert.ok(example.input.startsWith(`${taskId}/`));
});

Deno.test("taskSampler() gives the same examples whatever the size of the batches", () => {
  const [a, b] = [0, 1].map(() => taskSampler(TASKS, randomStream(4, "shuffle")));
  assert.deepEqual([...a!.next(3), ...a!.next(10)], b!.next(13));
});

Deno.test("taskSampler() refuses to draw from no task", () => {
  assert.throws(() => taskSampler([], randomStream(0, "x")), { name: "RangeError" });
});
