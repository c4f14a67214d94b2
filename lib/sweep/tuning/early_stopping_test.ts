import assert from "node:assert/strict";
import { describeRungs, EARLY_STOPPING, rungStep, verdictsOf } from "./early_stopping.ts";

const halving = (keep: number) => EARLY_STOPPING.parse({ rule: "halving", keep });
const median = EARLY_STOPPING.parse({ rule: "median" });
type Rule = typeof median;

const kept = (rule: Rule, losses: (number | null)[]) =>
  verdictsOf(rule, losses).flatMap(({ isKept }, i) => isKept ? [i] : []);
const ranks = (rule: Rule, losses: (number | null)[]) =>
  verdictsOf(rule, losses).map(({ rank }) => rank);

Deno.test("halving keeps its share of the cells, rounded up, at least one, and ties with the last", () => {
  for (
    const [keep, losses, expected] of [
      [0.5, [4, 1, 3, 2], [1, 3]],
      [0.5, [5, 4, 1, 3, 2], [2, 3, 4]], // 2.5 of 5
      [0.1, [3, 1, 2], [1]], // one at least
      [0.5, [7], [0]],
      [0.5, [1, 2, 2, 3], [0, 1, 2]], // equal to the second best
      [0.25, [2, 2, 2, 2], [0, 1, 2, 3]],
      [0.1, Array.from({ length: 30 }, (_, i) => i), [0, 1, 2]], // 0.1 × 30 is above 3 in floating point
      [0.5, [null, NaN, 2, 1], [2, 3]], // those that are out count as the worst
      [0.5, [null, 3, 2, 1], [2, 3]],
      [0.5, [Infinity, 3], [1]],
      [0.5, [null, NaN, null], []],
      [0.5, [], []],
    ] as [number, (number | null)[], number[]][]
  ) assert.deepEqual(kept(halving(keep), losses), expected, `${keep} of ${losses}`);
});

Deno.test("the median stops what is worse than the middle of the cells that have a value", () => {
  for (
    const [losses, expected] of [
      [[4, 1, 3, 2], [1, 3]], // below 2.5
      [[5, 4, 1, 3, 2], [2, 3, 4]], // the middle one stays
      [[1, 2, 2, 3], [0, 1, 2]],
      [[null, NaN, 3, 1, 2], [3, 4]],
      [[7], [0]],
      [[1, 9], [0]],
      [[null, NaN], []],
      [[], []],
    ] as [(number | null)[], number[]][]
  ) assert.deepEqual(kept(median, losses), expected, `${losses}`);
});

Deno.test("a rank counts the cells that are better, and what is out has none", () => {
  for (const rule of [halving(0.5), median]) {
    assert.deepEqual(ranks(rule, [2, 1, null, 2, 3, NaN]), [2, 1, null, 2, 4, null]);
  }
});

Deno.test("verdicts do not depend on the order of cells, and nothing that stops is better than what goes on", () => {
  for (const rule of [halving(0.3), median]) {
    const losses = [3, null, 1, 4, 1, 5, 9, 2, NaN, 6, 5, 3];
    const verdicts = verdictsOf(rule, losses);
    const back = verdictsOf(rule, losses.toReversed()).reverse();
    assert.deepEqual(verdicts, back);
    const of = (isKept: boolean) => losses.filter((_, i) => verdicts[i]!.isKept === isKept);
    const stopped = of(false).filter((loss) => typeof loss === "number" && loss === loss);
    assert.ok(Math.max(...of(true) as number[]) < Math.min(...stopped as number[]));
  }
});

Deno.test("a rung is the next evaluation before the end", () => {
  const step = (steps: number, evaluate_every: number, rung: number) =>
    rungStep({ steps, evaluate_every }, rung);
  assert.deepEqual([step(100, 25, 0.25), step(100, 10, 0.25), step(10, 1, 0.3)], [25, 30, 3]);
  assert.deepEqual([step(100, 50, 0.51), step(100, 100, 0.1), step(0, 10, 0.5)], [
    null,
    null,
    null,
  ]);
});

Deno.test("what will be stopped is told for one rung and for runs of different steps", () => {
  const runs = [100, 200].map((steps) => ({ config: { steps, evaluate_every: 10 } }));
  assert.equal(
    describeRungs({ ...median, rungs: [0.5] }, runs),
    "Early stopping by median, on validation_loss: all 2 runs train to step 50, 100; of these at most 1 go " +
      "on to their end at step 100, 200, unless losses are equal.",
  );
});
