import assert from "node:assert/strict";
import fc from "fast-check";
import { randomStream } from "../util/random.ts";
import { recoveryOf } from "./recovery.ts";

const options = (permutations = 1, seed = 0) => ({
  permutations,
  stream: randomStream(seed, "recovery"),
});

function near(actual: number, expected: number, what = ""): void {
  assert.ok(Math.abs(actual - expected) < 1e-9, `${what} ${actual}, expected ${expected}`);
}

function arrangements(of: number[], length: number): number[][] {
  if (length === 0) return [[]];
  return of.flatMap((first) =>
    arrangements(of.filter((other) => other !== first), length - 1).map((rest) => [first, ...rest])
  );
}

/** Pearson's correlation by its definition. */
function correlation(a: number[], b: number[]): number {
  const n = a.length;
  let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    sa += a[i]!, sb += b[i]!, saa += a[i]! ** 2, sbb += b[i]! ** 2, sab += a[i]! * b[i]!;
  }
  return (n * sab - sa * sb) / Math.sqrt((n * saa - sa * sa) * (n * sbb - sb * sb));
}

const column = (rows: number[][], i: number) => rows.map((row) => row[i]!);

Deno.test("recoveryOf() finds the best of all matchings, with more or fewer learned skills", () => {
  const T = 6;
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer(),
      (S, P, seed) => {
        const stream = randomStream(seed, "data");
        const rows = (width: number) =>
          Array.from({ length: T }, () => Array.from({ length: width }, () => stream.uniform()));
        const [learned, truth] = [rows(S), rows(P)];
        const all = Array.from({ length: S }, (_, i) => i);
        const best = S >= P
          ? Math.max(
            ...arrangements(all, P).map((chosen) =>
              chosen.reduce(
                (sum, s, u) => sum + correlation(column(learned, s), column(truth, u)),
                0,
              )
            ),
          )
          : Math.max(
            ...arrangements(Array.from({ length: P }, (_, i) => i), S).map((chosen) =>
              chosen.reduce(
                (sum, u, s) => sum + correlation(column(learned, s), column(truth, u)),
                0,
              )
            ),
          );
        near(recoveryOf([learned], truth, options())!.recovery, best / P);
      },
    ),
    { numRuns: 100 },
  );
});

const TRUTH = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 0, 0], [
  0,
  1,
  0,
]];

Deno.test("recoveryOf() is perfect for the true allocation in another order, and averages routers", () => {
  const shuffled = TRUTH.map(([a, b, c]) => {
    const total = a! + b! + c!;
    return [c! / total, 0, a! / total, b! / total];
  });
  const found = recoveryOf(
    [shuffled.map((row) => row.map((w) => Math.ceil(w)))],
    TRUTH,
    options(),
  )!;
  near(found.recovery, 1);
  assert.equal(found.recovery_f1, 1);
  assert.equal(recoveryOf([shuffled], TRUTH, options())!.recovery_f1, 1);

  const uniform = TRUTH.map(() => [0.5, 0.5]);
  const flat = recoveryOf([uniform], TRUTH, options(19))!;
  // Equal columns correlate with nothing, and every permutation is as good.
  assert.deepEqual([flat.recovery, flat.recovery_p], [0, 1]);
  // Both partners are active in all 8 tasks; the third true skill has none.
  const needed = [0, 1, 2].map((skill) => column(TRUTH, skill).reduce((sum, x) => sum + x, 0));
  const f1s = [[0, 1], [0, 2], [1, 2]].map(([i, j]) =>
    2 * (needed[i!]! + needed[j!]!) / (16 + needed[0]! + needed[1]! + needed[2]!)
  );
  assert.ok(f1s.includes(flat.recovery_f1));

  const both = recoveryOf([shuffled, uniform], TRUTH, options())!;
  const one = recoveryOf([shuffled], TRUTH, options())!;
  near(both.recovery, one.recovery / 2);
  near(both.recovery_f1, (one.recovery_f1 + flat.recovery_f1) / 2);
});

Deno.test("recoveryOf() counts every task and true skill in F1", () => {
  // Hits: tasks 0 and 1; missed: skill 1 of task 2; too much: skill 0 of task 3.
  const truth = [[1, 0], [0, 1], [1, 1], [0, 1]];
  const learned = [[0.9, 0.1], [0.1, 0.9], [0.8, 0.2], [0.5, 0.5]];
  // 2 · 4 hits over 5 true and 5 learned.
  near(recoveryOf([learned], truth, options())!.recovery_f1, 8 / 10);
});

Deno.test("recoveryOf() leaves out true skills that every task has, and is null when there is no other", () => {
  const withConstant = TRUTH.map((row) => [1, ...row]);
  assert.deepEqual(
    recoveryOf([TRUTH], withConstant, options(9)),
    recoveryOf([TRUTH], TRUTH, options(9)),
  );
  assert.equal(recoveryOf([[[0.5, 0.5]]], [[1, 0]], options()), null);
});

Deno.test("recoveryOf() gives a true allocation the least p there is", () => {
  const { recovery_p } = recoveryOf([TRUTH], TRUTH, options(199))!;
  // 8 tasks in 6 different groups: some permutations change nothing.
  assert.ok(recovery_p <= 0.01, String(recovery_p));
  assert.equal(recoveryOf([TRUTH], TRUTH, options(199))!.recovery_p, recovery_p);
});

Deno.test("recoveryOf() has the mean over the permutations as its null", () => {
  // Two tasks, one skill: a permutation gives 1, as good as the truth, or -1.
  const rows = [[1], [0]];
  const { recovery, recovery_null, recovery_p } = recoveryOf([rows], rows, options(99))!;
  const asGood = recovery_p * 100 - 1;
  near(recovery, 1);
  assert.ok(asGood > 25 && asGood < 75, String(asGood));
  near(recovery_null, (asGood - (99 - asGood)) / 99);
});

Deno.test("recoveryOf() has a uniform p when routing has no signal", () => {
  const counts = new Array<number>(5).fill(0);
  for (let i = 0; i < 500; i++) {
    const stream = randomStream(i, "data");
    const rows = (width: number) =>
      Array.from({ length: 7 }, () => Array.from({ length: width }, () => stream.normal()));
    const { recovery_p } = recoveryOf([rows(3), rows(3)], rows(2), options(19, i))!;
    counts[Math.ceil(recovery_p * 5 - 1e-9) - 1]!++;
  }
  // 100 are expected in each fifth; 99.9 % of χ² with 4 degrees of freedom lies below 18.47.
  const chi2 = counts.reduce((sum, count) => sum + (count - 100) ** 2 / 100, 0);
  assert.ok(chi2 < 18.47, `${counts}`);
});

Deno.test("recoveryOf() refuses what does not fit, by name", () => {
  const fails = (learned: number[][][], truth: number[][], permutations: number, why: string) =>
    assert.throws(() => recoveryOf(learned, truth, options(permutations)), {
      name: "RangeError",
      message: `Cannot compare routing with the true allocation as ${why}`,
    });
  fails([], TRUTH, 9, "there must be at least one routing");
  fails([[]], [], 9, "there must be at least one task");
  fails([TRUTH], TRUTH, 0, "permutations must be at least 1: got 0");
  fails([TRUTH, TRUTH.slice(1)], TRUTH, 9, "routing 1 has 7 tasks, the truth 8");
  fails([[[1], [1, 2]]], [[1], [0]], 9, "routing 0 has 1 skills for task 0 and 2 for task 1");
  fails([[[1], [NaN]]], [[1], [0]], 9, "weights must be finite: routing 0 has NaN for task 1");
});

Deno.test("recoveryOf() has the mean of what the permutations find", () => {
  const one = [[1], [0], [0]];
  const n = 50;
  const { recovery, recovery_null, recovery_p } = recoveryOf([one], one, options(n))!;
  // A permutation finds 1 where the task stays, else −½.
  const found = Math.round(recovery_p * (1 + n)) - 1;
  assert.ok(found > 0 && found < n);
  near(recovery, 1);
  near(recovery_null, (found - (n - found) / 2) / n);
});
