/**
 * Every combination of one value per axis, the last axis moving fastest.
 *
 * @param axes values by name; an axis without values gives no combination
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(grid({ a: [1, 2], b: ["x", "y"] }), [
 *   { a: 1, b: "x" }, { a: 1, b: "y" }, { a: 2, b: "x" }, { a: 2, b: "y" },
 * ]);
 * assert.deepEqual(grid({}), [{}]);
 * ```
 */
export function grid(
  axes: Readonly<Record<string, readonly unknown[]>>,
): Record<string, unknown>[] {
  return Object.entries(axes).reduce<Record<string, unknown>[]>(
    (cells, [name, values]) =>
      cells.flatMap((cell) => values.map((value) => ({ ...cell, [name]: value }))),
    [{}],
  );
}

/**
 * How many combinations {@linkcode grid} would make, without making them.
 *
 * @param axes the values of each axis
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(gridSize([[1, 2], ["x", "y", "z"]]), 6);
 * assert.equal(gridSize([]), 1);
 * ```
 */
export function gridSize(axes: readonly (readonly unknown[])[]): number {
  return axes.reduce((size, values) => size * values.length, 1);
}
