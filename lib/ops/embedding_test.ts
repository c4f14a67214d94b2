import assert from "node:assert/strict";
import { assertClose } from "../testing/assert_close.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { wave } from "../testing/wave.ts";
import * as tf from "../tf.ts";
import { embedding } from "./embedding.ts";
import { isFused } from "./fused.ts";

const [V, D] = [7, 3];
const IDS = [[4, 0, 4, 6], [1, 4, 2, 1]];

onEachBackend(
  "embedding() picks rows, and its gradient sums what each row was used for",
  async (on) => {
    const table = wave(V * D, 0.4);
    const factors = wave(8 * D, 1.3);
    const expected = IDS.flat().flatMap((id) => [...table.slice(id * D, id * D + D)]);
    const gradient = new Float64Array(V * D);
    for (const [i, id] of IDS.flat().entries()) {
      for (let d = 0; d < D; d++) gradient[id * D + d]! += factors[i * D + d]!;
    }
    const ids = tf.tensor2d(IDS, [2, 4], "int32");
    const weight = tf.tidy(() => tf.variable(tf.tensor2d(table, [V, D])));
    const mine = tf.tensor3d(factors, [2, 4, D]);
    const rows = embedding(ids, weight as unknown as tf.Tensor2D);
    const { value, grads } = tf.variableGrads(
      () => tf.sum(tf.mul(embedding(ids, weight as unknown as tf.Tensor2D), mine)),
      [weight],
    );
    await assertClose(rows, { shape: [2, 4, D], data: expected }, on.tolerance);
    await assertClose(grads[weight.name]!, { shape: [V, D], data: gradient }, on.tolerance);
    tf.dispose([ids, weight, mine, rows, value, grads]);
  },
);

onEachBackend(
  "M4 embedding() looks up the row of the padding and gives it no gradient",
  async (on) => {
    const [ids, weight] = tf.tidy(() => [
      tf.tensor2d(IDS, [2, 4], "int32"),
      tf.variable(tf.tensor2d(wave(V * D, 0.4), [V, D])),
    ]) as [tf.Tensor2D, tf.Variable];
    const gradient = (paddingRow: number | null) => {
      const { value, grads } = tf.variableGrads(
        () => tf.sum(embedding(ids, weight as unknown as tf.Tensor2D, paddingRow)) as tf.Scalar,
        [weight],
      );
      return [value, grads[weight.name]!] as const;
    };
    const uses = Array.from(
      { length: V },
      (_, row) => IDS.flat().filter((id) => id === row).length,
    );
    const [all, whole] = gradient(null);
    const [same, without] = gradient(4);
    const each = (counts: number[]) => counts.flatMap((count) => new Array<number>(D).fill(count));
    await assertClose(whole, { shape: [V, D], data: each(uses) }, on.tolerance);
    const others = uses.map((count, row) => row === 4 ? 0 : count);
    await assertClose(without, { shape: [V, D], data: each(others) }, on.tolerance);
    await assertClose(same, { shape: [], data: [...await all.data()] }, on.tolerance);
    tf.dispose([ids, weight, all, whole, same, without]);
  },
);

onEachBackend("embedding() takes ids of any rank", async (on) => {
  const rows = tf.tidy(() =>
    embedding(tf.tensor1d([2, 0], "int32"), tf.tensor2d([[1, 2], [3, 4], [5, 6]]))
  );
  await assertClose(rows, { shape: [2, 2], data: [5, 6, 1, 2] }, on.tolerance);
  rows.dispose();
});

onEachBackend("embedding() computes no gradient of a frozen weight", async () => {
  const ids = tf.tensor2d(IDS, [2, 4], "int32");
  const [trained, scale] = tf.tidy(() => [
    tf.variable(tf.tensor2d(wave(V * D, 0.4), [V, D])),
    tf.variable(tf.scalar(2)),
  ]) as [tf.Variable, tf.Variable];
  const kernels = async (of: tf.Variable[]) => {
    const { kernelNames } = await tf.profile(() => {
      const { value, grads } = tf.variableGrads(
        () => tf.sum(tf.mul(embedding(ids, trained as unknown as tf.Tensor2D), scale)),
        of,
      );
      tf.dispose([value, grads]);
      return [];
    });
    return kernelNames;
  };
  const gradient = isFused("TakeRows") ? "AddRows" : "OneHot";
  assert.ok(!(await kernels([scale])).includes(gradient));
  assert.ok((await kernels([scale, trained])).includes(gradient), "else this test sees nothing");
  tf.dispose([ids, scale, trained]);
}, { only: ["wasm", "cpu"] });
