import assert from "node:assert/strict";
import type * as tf from "../tf.ts";

/**
 * Throws unless the shapes are equal and the largest difference, relative to the largest magnitude
 * of `expected`, is at most `tolerance`.
 */
export async function assertClose(
  actual: tf.Tensor | { readonly shape: readonly number[]; readonly data: ArrayLike<number> },
  expected: tf.Tensor | { readonly shape: readonly number[]; readonly data: ArrayLike<number> },
  tolerance: number,
  what = "tensor",
): Promise<void> {
  assert.deepEqual([...actual.shape], [...expected.shape], `${what}: shape`);
  const [a, e] = await Promise.all([values(actual), values(expected)]);
  let scale = 0;
  let worst = { index: -1, difference: 0 };
  for (let i = 0; i < e.length; i++) {
    scale = Math.max(scale, Math.abs(e[i]!));
    const difference = Math.abs(a[i]! - e[i]!);
    if (Number.isNaN(difference) && !Object.is(a[i], e[i])) {
      assert.fail(`${what}: ${a[i]} at ${i}, expected ${e[i]}`);
    }
    if (difference > worst.difference) worst = { index: i, difference };
  }
  const relative = scale === 0 ? worst.difference : worst.difference / scale;
  assert.ok(
    relative <= tolerance,
    `${what}: differs by ${relative} of the largest magnitude, more than ${tolerance}; ` +
      `at ${worst.index}: ${a[worst.index]}, expected ${e[worst.index]}`,
  );
}

async function values(
  of: tf.Tensor | { readonly data: ArrayLike<number> },
): Promise<ArrayLike<number>> {
  return typeof of.data === "function" ? await of.data() : of.data;
}
