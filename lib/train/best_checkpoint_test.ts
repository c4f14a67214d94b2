import assert from "node:assert/strict";
import * as tf from "../tf.ts";
import { type Validation, withBest } from "./best_checkpoint.ts";

/** Trains one number, whose value is that of the step; validation losses come from a list. */
async function run(
  losses: readonly number[],
  options: Partial<Validation>,
  { last = losses.length, failsAt = Infinity, takes = Infinity } = {},
) {
  await tf.setBackend("cpu");
  const before = tf.memory().numTensors;
  const value = tf.tidy(() => tf.variable(tf.scalar(0)));
  let closed = false;
  async function* steps() {
    try {
      for (let step = 1; step <= last; step++) {
        if (step === failsAt) throw new Error("diverged");
        tf.tidy(() => value.assign(tf.scalar(step)));
        yield await Promise.resolve({ step });
      }
    } finally {
      closed = true;
    }
  }
  const asked = [...losses];
  const seen: [number, number | undefined][] = [];
  const loss = () => Promise.resolve(asked.shift()!);
  const validation = { loss, every: 1, ...options };
  let error: string | null = null;
  try {
    for await (
      const { step, validationLoss } of withBest(steps(), new Map([["a", value]]), validation, last)
    ) {
      seen.push([step, validationLoss]);
      if (seen.length === takes) break;
    }
  } catch (thrown) {
    error = (thrown as Error).message;
  }
  const [end] = await value.data();
  value.dispose();
  assert.ok(closed || error !== null);
  assert.equal(tf.memory().numTensors, before, "nothing is left on the device");
  return { seen, end, error };
}

Deno.test("withBest() ends with the values of the step with the lowest validation loss", async () => {
  assert.deepEqual(await run([3, 1, 2, 1], {}), {
    seen: [[1, 3], [2, 1], [3, 2], [4, 1]],
    end: 2,
    error: null,
  });
  const sparse = await run([3, 1, 2], { every: 2 }, { last: 5 });
  assert.deepEqual(sparse.seen, [[1, undefined], [2, 3], [3, undefined], [4, 1], [5, 2]]);
  assert.equal(sparse.end, 4);
  assert.equal((await run([3, NaN, 2], {})).end, 3);
  assert.equal(
    (await run([NaN, Infinity], {})).end,
    2,
    "nothing is better, so training stands where it is",
  );
});

Deno.test("withBest() stops when so many losses in a row are no better", async () => {
  const { seen, end } = await run([3, 2, 2, 4, 1], { patience: 2 });
  assert.deepEqual([seen.length, end], [4, 2]);
  assert.equal((await run([3, 4, 2, 4, 1], { patience: 2 })).seen.length, 5);
});

Deno.test("withBest() restores the best step when training fails or the caller stops", async () => {
  const failed = await run([1, 2, 3], {}, { last: 4, failsAt: 3 });
  assert.deepEqual([failed.end, failed.error], [1, "diverged"]);
  assert.equal((await run([1, 2, 3], {}, { takes: 2 })).end, 1);
  assert.match(
    (await run([], { every: 0 }, { last: 1 })).error!,
    /every must be an integer of at least 1: got 0/,
  );
  assert.match(
    (await run([], { patience: -1 }, { last: 1 })).error!,
    /patience must be .*: got -1/,
  );
});
