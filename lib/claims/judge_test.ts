import assert from "node:assert/strict";
import type { RunConfig } from "../run/config.ts";
import type { RunResult } from "../run/result.ts";
import { averageIsAsGood, claimsHead, ROUTING_IS_BETTER } from "../testing/samples/claims_yaml.ts";
import { readClaims } from "./claims_file.ts";
import { judgeClaims, type Judged } from "./judge.ts";
import { Pool } from "./pool.ts";

const FILE = readClaims(
  claimsHead({
    set: "{ suite: planted, n_heldout_tasks: 2 }",
    tune: `
      - { setting: learning_rate, values: [0.01, 0.02, 0.04], by: validation_loss }
      - { setting: adaptation_learning_rate, values: [0.001, 0.003], by: heldout_loss }`,
    modes: "{ default: { says: All of it., looks: { numbers: [4, 7] } } }",
  }) + ROUTING_IS_BETTER + averageIsAsGood("primary"),
  "claims.yaml",
);

/** Losses that a pretended training leaves: best at rate 0.02 for all, and far better for poly. */
function lossOf({ method, adaptation, learning_rate, adaptation_learning_rate, seed }: RunConfig) {
  const own = method === "shared" ? 0.5 : adaptation === "average" ? 0.1005 : 0.1;
  const rates = Math.abs(Math.log(learning_rate / 0.02)) +
    Math.abs(Math.log(adaptation_learning_rate / 0.003));
  return own * (1 + rates) * (1 + 0.02 * Math.sin(7 * seed + method.length + adaptation.length));
}

function resultOf(config: RunConfig, status: RunResult["status"] = "done"): RunResult {
  const loss = lossOf(config);
  const metrics = {
    validation_loss: loss,
    ...config.adaptation === "none" ? {} : { heldout_loss: loss },
  };
  return { id: `run-${config.seed}`, config, status, metrics, tasks: [], provenance: {} };
}

/** Does runs until nothing is missing, a few at a time. */
function reproduce(
  file = FILE,
  atOnce = Infinity,
): { judged: Judged; runs: RunResult[]; rounds: number } {
  const runs: RunResult[] = [];
  for (let rounds = 0;; rounds++) {
    const judged = judgeClaims(file, "default", new Pool(runs));
    if (judged.missing.length === 0) return { judged, runs, rounds };
    assert.ok(rounds < 500, "it must come to an end");
    runs.push(...judged.missing.slice(0, atOnce).map((config) => resultOf(config)));
  }
}

Deno.test("judgeClaims() chooses rates on tuning seeds and decides on seeds that nothing was chosen by", () => {
  const { judged, runs } = reproduce();
  const [first, second] = judged.judgements;
  assert.deepEqual([first!.verdict, second!.verdict], ["reproduced", "reproduced"]);
  for (const side of ["poly", "shared"]) {
    assert.deepEqual(
      first!.choices[side]!.map(({ setting, value, isAtEdge }) => [setting, value, isAtEdge]),
      [["learning_rate", 0.02, false], ["adaptation_learning_rate", 0.003, true]],
    );
  }
  // Log ratio of 0.1 to 0.5, with little noise.
  assert.ok(Math.abs(first!.estimate.estimate! - Math.log(5)) < 0.05);
  for (const { config } of runs) assert.ok([0, 1].includes(config.seed) || config.seed >= 100);
  const confirming = runs.filter(({ config }) => config.seed >= 100);
  assert.ok(confirming.every(({ config }) => config.learning_rate === 0.02));
});

Deno.test("judgeClaims() shares runs between claims, and ends a clear one at its first look", () => {
  const { judged, runs } = reproduce();
  assert.deepEqual(judged.judgements.map(({ taken, values }) => [taken, values.length]), [[1, 4], [
    1,
    4,
  ]]);
  // Rates of two methods, without adaptation; those of adaptation for three sides; three sides confirm. The
  // best rate of training is no new run where the adaptation's default is one of those tried.
  const tuning = 2 * 3 * 2 + 3 * 2 * 2;
  assert.equal(runs.length, tuning + 3 * 4);
  assert.equal(new Set(runs.map(({ config }) => JSON.stringify(config))).size, runs.length);
});

Deno.test("judgeClaims() gives the same verdicts however the runs were split into rounds", () => {
  const whole = reproduce();
  for (const atOnce of [1, 5]) {
    const parts = reproduce(FILE, atOnce);
    assert.ok(parts.rounds > whole.rounds);
    assert.deepEqual(parts.judged.judgements, whole.judged.judgements);
  }
  const backwards = judgeClaims(FILE, "default", new Pool(whole.runs.toReversed()));
  assert.deepEqual(backwards.judgements, whole.judged.judgements);
});

Deno.test("judgeClaims() does not let runs beyond a claim's last look change its verdict", () => {
  const { judged, runs } = reproduce();
  const shared = runs.find(({ config }) => config.seed === 100 && config.method === "shared")!;
  const later = Array.from({ length: 3 }, (_, i) => ({ ...shared.config, seed: 104 + i }))
    .map((config) => ({ ...resultOf(config), metrics: { heldout_loss: 1e-6 } }));
  assert.deepEqual(
    judgeClaims(FILE, "default", new Pool([...runs, ...later])).judgements,
    judged.judgements,
  );
});

Deno.test("judgeClaims() goes on to the last look while a claim is open, and says what would decide", () => {
  const file = { ...FILE, claims: [{ ...FILE.claims[1]!, asks: "superiority" as const }] };
  const noisy = (config: RunConfig) => {
    const result = resultOf(config);
    const loss = lossOf(config) *
      Math.exp(0.4 * Math.sin(50 * config.seed * config.adaptation.length));
    return { ...result, metrics: { ...result.metrics, heldout_loss: loss } };
  };
  const runs: RunResult[] = [];
  let judged = judgeClaims(file, "default", new Pool(runs));
  while (judged.missing.length > 0) {
    runs.push(...judged.missing.map(noisy));
    judged = judgeClaims(file, "default", new Pool(runs));
  }
  const [open] = judged.judgements;
  assert.deepEqual([open!.verdict, open!.taken, open!.values.length], ["undecided", 2, 7]);
  assert.ok(open!.seedsToDecide! > 7 && open!.power! < 0.8);
});

Deno.test("judgeClaims() chooses no value with which a run diverged, and judges nothing by runs that did", () => {
  const runs: RunResult[] = [];
  const diverging = (config: RunConfig) =>
    config.learning_rate === 0.02 || (config.seed === 102 && config.method === "shared")
      ? "diverged" as const
      : "done" as const;
  let judged = judgeClaims(FILE, "default", new Pool(runs));
  while (judged.missing.length > 0) {
    runs.push(...judged.missing.map((config) => resultOf(config, diverging(config))));
    judged = judgeClaims(FILE, "default", new Pool(runs));
  }
  const [first] = judged.judgements;
  assert.notEqual(first!.choices.poly![0]!.value, 0.02);
  assert.deepEqual(first!.dropped, [{ seed: 102, why: "shared diverged" }]);
  assert.match(first!.because, /1 of 7 seeds have no effect, the first as shared diverged/);
  assert.equal(first!.verdict, "undecided");
});

Deno.test("judgeClaims() asks more of a claim the more others there are, and less once these are decided", () => {
  // Ten claims without a difference, and one whose interval excludes 0 at 0.05 but not at 0.05 / 11.
  const [template] = FILE.claims;
  const others = Array.from({ length: 10 }, (_, i) => ({ ...FILE.claims[1]!, id: `D${i}` }));
  const { judged: alone } = reproduce({ ...FILE, claims: [template!] });
  const { judged: together } = reproduce({ ...FILE, claims: [template!, ...others] });
  const width = (judged: Judged) =>
    judged.judgements[0]!.estimate.high! - judged.judgements[0]!.estimate.low!;
  // All are decided, so Holm's procedure has given everything back to the last.
  assert.ok(together.judgements.every(({ verdict }) => verdict === "reproduced"));
  assert.ok(Math.abs(width(together) - width(alone)) < 1e-12);
  const open = others.map((claim) => ({
    ...claim,
    asks: "superiority" as const,
    on: { numbers: { set: {}, margin: 0.001 } },
  }));
  const { judged: beside } = reproduce({ ...FILE, claims: [template!, ...open] });
  assert.equal(beside.judgements.filter(({ verdict }) => verdict === "undecided").length, 10);
  assert.ok(width(beside) > 1.2 * width(alone));
});

Deno.test("judgeClaims() corrects for all primary claims of a suite, whichever a mode asks", () => {
  const [template] = FILE.claims;
  const others = Array.from({ length: 10 }, (_, i) => ({
    ...FILE.claims[1]!,
    id: `D${i}`,
    tier: "primary" as const,
    asks: "superiority" as const,
    on: { numbers: { set: {}, margin: 0.001 } },
  }));
  const claims = [template!, ...others];
  const some = { ...FILE.modes.default!, claims: { numbers: [template!.id] } };
  const { judged: alone } = reproduce({ ...FILE, claims, modes: { ...FILE.modes, default: some } });
  const { judged: beside } = reproduce({ ...FILE, claims });
  assert.equal(alone.judgements.length, 1);
  assert.deepEqual(alone.judgements[0]!.estimate, beside.judgements[0]!.estimate);
});
