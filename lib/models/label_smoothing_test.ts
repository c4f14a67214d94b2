import assert from "node:assert/strict";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { BATCH, smallLlama, smallT5 } from "../testing/models/small_models.ts";
import * as tf from "../tf.ts";

/** Mean over counted labels of (1 − ε)·(−log p[label]) + ε·mean(−log p), by its definition. */
function smoothed(logits: number[][][], labels: readonly (readonly number[])[], epsilon: number) {
  let [sum, count] = [0, 0];
  labels.forEach((row, b) =>
    row.forEach((label, m) => {
      if (label < 0) return;
      const scores = logits[b]![m]!;
      const logTotal = Math.log(scores.reduce((total, score) => total + Math.exp(score), 0));
      const costs = scores.map((score) => logTotal - score);
      const mean = costs.reduce((total, cost) => total + cost, 0) / costs.length;
      sum += (1 - epsilon) * costs[label]! + epsilon * mean;
      count++;
    })
  );
  return sum / count;
}

for (const [name, makeBase, shift] of [["T5", smallT5, 0], ["Llama", smallLlama, 1]] as const) {
  onEachBackend(`forward() of a ${name} smooths labels as asked`, async ({ tolerance }) => {
    const base = makeBase();
    const labels = [[7, 12, -100, 3], [15, -100, 1, 4], [21, 6, 1, 9]];
    const { inputIds, attentionMask } = BATCH;
    // A decoder's logits at one position are about the next.
    const next = labels.map((row) => [...row.slice(shift), ...new Array<number>(shift).fill(-100)]);
    for (const labelSmoothing of [undefined, 0, 0.3, 1]) {
      const { logits, loss } = tf.tidy(() => {
        const { logits, loss } = base.forward({ inputIds, attentionMask, labels, labelSmoothing });
        return { logits, loss };
      });
      const expected = smoothed(await logits.array(), next, labelSmoothing ?? 0);
      const found = (await loss.data())[0]!;
      assert.ok(Math.abs(found - expected) < 10 * tolerance, `${found}, not ${expected}`);
      tf.dispose([logits, loss]);
    }
    base.dispose();
  });
}
