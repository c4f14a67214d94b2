import assert from "node:assert/strict";
import { parseRunConfig, type RunConfig } from "../run/config.ts";
import type { RunResult } from "../run/result.ts";
import type { ClaimSide } from "./claims_file.ts";
import { effectsOf } from "./effect.ts";
import { Pool } from "./pool.ts";

const cell = (r: number): RunConfig => parseRunConfig({ suite: "planted", r });
const side = (name: string, weight: number, metric?: string): ClaimSide => ({
  name,
  weight,
  set: {},
  ...metric === undefined ? {} : { metric },
});

function result(
  config: RunConfig,
  metrics: Record<string, number>,
  tasks: RunResult["tasks"] = [],
): RunResult {
  return {
    id: `r${config.r}-${config.seed}`,
    config,
    status: "done",
    metrics,
    tasks,
    provenance: {},
  };
}

Deno.test("effectsOf() takes losses on the logarithmic scale and scores as they are, turned upwards", () => {
  const runs = [
    result(cell(1), { heldout_loss: 0.2, seen_exact_match: 0.9 }),
    result(cell(2), { heldout_loss: 0.7, seen_exact_match: 0.65 }),
  ];
  const sides = [{ side: side("a", 1), cell: cell(1) }, { side: side("b", -1), cell: cell(2) }];
  const of = (metric: string) =>
    effectsOf(sides, { metric, measure: { kind: "metric" } }, [0], new Pool(runs)).values[0]!;
  assert.ok(Math.abs(of("heldout_loss") - Math.log(0.7 / 0.2)) < 1e-12);
  assert.ok(Math.abs(of("seen_exact_match") - 0.25) < 1e-12);
});

Deno.test("effectsOf() is a difference of differences with four sides, some with a metric of their own", () => {
  const runs = [0.1, 0.3, 0.2, 0.5].map((loss, i) =>
    result(cell(i + 1), { heldout_loss: loss, seen_loss: 2 * loss })
  );
  const weights = [1, -1, -1, 1];
  const sides = weights.map((weight, i) => ({
    side: side(`s${i}`, weight, i < 2 ? undefined : "seen_loss"),
    cell: cell(i + 1),
  }));
  const { values } = effectsOf(
    sides,
    { metric: "heldout_loss", measure: { kind: "metric" } },
    [0],
    new Pool(runs),
  );
  assert.ok(Math.abs(values[0]! - (Math.log(0.3 / 0.1) - Math.log(1.0 / 0.4))) < 1e-12);
});

Deno.test("effectsOf() compares the steps to a loss, and never counts a censored run for its own side", () => {
  const runs = [
    result(cell(1), { base_heldout_loss: 2 }),
    result(cell(2), { base_heldout_loss: 2 }),
  ];
  const logs: Record<string, number[]> = {
    "r1-0": [1.2, 0.9, 0.4, 0.3],
    "r2-0": [1.9, 1.5, 1.2, 1.1],
  };
  const pool = new Pool(
    runs,
    ({ id }) => logs[id]!.map((loss, i) => ({ phase: "validation", step: 10 * (i + 1), loss })),
  );
  const sides = (first: number, second: number) => [
    { side: side("fast", first), cell: cell(1) },
    { side: side("slow", second), cell: cell(2) },
  ];
  const steps = (threshold: number, of_base: boolean, first: number, second: number) =>
    effectsOf(
      sides(first, second),
      { metric: "heldout_loss", measure: { kind: "steps_to_loss", threshold, of_base } },
      [0],
      pool,
    );
  assert.deepEqual(steps(1.2, false, 1, -1).values, [Math.log(30) - Math.log(10)]);
  assert.deepEqual(steps(0.6, true, 1, -1).values, [Math.log(30) - Math.log(10)]);
  // The slow run never gets there: its 40 steps are less than it needs.
  assert.deepEqual(steps(0.5, false, 1, -1).values, [Math.log(40) - Math.log(30)]);
  assert.deepEqual(steps(0.5, false, -1, 1), {
    values: [],
    dropped: [{ seed: 0, why: "slow has no value" }],
  });
});

Deno.test("effectsOf() compares the spread over draws of examples within tasks", () => {
  const draws = (losses: readonly (readonly number[])[]) =>
    losses.flatMap((values, task) =>
      values.map((loss, split) => ({
        task: `h${task}`,
        phase: "heldout" as const,
        split,
        metrics: { loss },
      }))
    );
  const [narrow, wide] = [[[1, Math.E]], [[1, Math.E ** 3], [2, 2 * Math.E ** 3]]];
  const runs = [result(cell(1), {}, draws(narrow)), result(cell(2), {}, draws(wide))];
  const sides = [{ side: side("a", 1), cell: cell(1) }, { side: side("b", -1), cell: cell(2) }];
  const { values } = effectsOf(
    sides,
    { metric: "heldout_loss", measure: { kind: "spread_over_draws" } },
    [0],
    new Pool(runs),
  );
  assert.ok(Math.abs(values[0]! - Math.log(3)) < 1e-12);
});

Deno.test("effectsOf() refuses a pool that lacks a run, and drops a seed without a value", () => {
  const sides = [{ side: side("a", 1), cell: cell(1) }, { side: side("b", -1), cell: cell(2) }];
  const measured = { metric: "heldout_loss", measure: { kind: "metric" } as const };
  assert.throws(() => effectsOf(sides, measured, [0], new Pool([])), /side a has no run of seed 0/);
  const runs = [result(cell(1), { heldout_loss: 0.1 }), result(cell(2), {})];
  assert.deepEqual(effectsOf(sides, measured, [0], new Pool(runs)), {
    values: [],
    dropped: [{ seed: 0, why: "b has no value" }],
  });
});
