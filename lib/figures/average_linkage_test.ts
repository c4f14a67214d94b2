import assert from "node:assert/strict";
import { randomStream } from "../util/random.ts";
import { averageLinkage, type Cluster } from "./average_linkage.ts";

/** The joins of a tree, lowest first, as sorted items and height. */
function joins({ items, height, parts }: Cluster): [string, number][] {
  if (parts === null) return [];
  const own: [string, number] = [items.toSorted((a, b) => a - b).join(" "), height];
  return [...parts.flatMap(joins), own].sort((a, b) => a[1] - b[1]);
}

Deno.test("averageLinkage() joins as worked out by hand", () => {
  // 2 is (6 + 5) / 2 from {0, 1} and (4 + 5) / 2 from {3, 4}; the last is the mean of six distances.
  const D = [
    [0, 2, 6, 10, 9],
    [2, 0, 5, 9, 8],
    [6, 5, 0, 4, 5],
    [10, 9, 4, 0, 3],
    [9, 8, 5, 3, 0],
  ];
  assert.deepEqual(joins(averageLinkage(D)), [
    ["0 1", 2],
    ["3 4", 3],
    ["2 3 4", 4.5],
    ["0 1 2 3 4", 47 / 6],
  ]);
});

Deno.test("averageLinkage() never joins lower than before, and keeps every item once", () => {
  const stream = randomStream(0, "distances");
  const points = Array.from({ length: 17 }, () => [stream.uniform(), stream.uniform()]);
  const D = points.map(([a, b]) => points.map(([c, d]) => Math.hypot(a! - c!, b! - d!)));
  const tree = averageLinkage(D);
  assert.deepEqual(tree.items.toSorted((a, b) => a - b), points.map((_, i) => i));
  const check = ({ height, parts, items }: Cluster): void => {
    if (parts === null) return assert.equal(items.length, 1);
    const [a, b] = parts;
    assert.deepEqual(items, [...a.items, ...b.items]);
    assert.ok(height >= a.height && height >= b.height);
    const between = a.items.flatMap((i) => b.items.map((j) => D[i]![j]!));
    const mean = between.reduce((sum, d) => sum + d, 0) / between.length;
    assert.ok(Math.abs(height - mean) < 1e-12);
    parts.forEach(check);
  };
  check(tree);
});

Deno.test("averageLinkage() takes one item, and refuses none and what is not square", () => {
  assert.deepEqual(averageLinkage([[0]]), { items: [0], height: 0, parts: null });
  assert.throws(() => averageLinkage([]), /there must be at least one item/);
  assert.throws(() => averageLinkage([[0, 1], [1]]), /row 1 is \[1\]/);
  assert.throws(() => averageLinkage([[0, NaN], [NaN, 0]]), /row 0 is \[0,NaN\]/);
});
