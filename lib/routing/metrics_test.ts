import assert from "node:assert/strict";
import { Mlp } from "../models/mlp/model.ts";
import { PolyConfig } from "../poly/config.ts";
import { getPeftModel, type PeftModel } from "../peft/peft_model.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import * as tf from "../tf.ts";
import { learnedRouting } from "./learned.ts";
import { routingMetrics } from "./metrics.ts";

const TRUTH = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 1, 1], [1, 0, 1], [1, 0, 0]];
const [T, S] = [7, 3];

function routed(n_splits: number, granularity: "linear" | "model" = "linear"): PeftModel<Mlp> {
  const base = Mlp.fromConfig({
    model_type: "mlp",
    in_features: 4,
    hidden_features: [6],
    out_features: 2,
  }, { seed: 0 });
  const config = new PolyConfig({
    target_modules: "all-linear",
    r: 1,
    n_tasks: T,
    n_skills: S,
    n_splits,
    settings: { router_granularity: granularity },
  });
  return getPeftModel(base, config);
}

/** Claims close to 0 and 1 as given, the skills of each split in another order. */
function setRouting(model: PeftModel<Mlp>, layer: string, bySplit: number[][][]): void {
  const { moduleLogits } = model.adapters.get("default")!.layers.get(layer)!.router;
  const Z = Array.from(
    { length: T },
    (_, task) =>
      bySplit.flatMap((rows, split) =>
        rows[task]!.map((_, s) => rows[task]![(s + split) % S] === 0 ? -20 : 20)
      ),
  );
  tf.tidy(() => moduleLogits.assign(tf.tensor2d(Z)));
}

async function metricsOf(model: PeftModel<Mlp>, truth: number[][][] | null) {
  return routingMetrics(await learnedRouting(model.adapters.get("default")!), truth, 0);
}

function free(model: PeftModel<Mlp>): void {
  model.dispose();
  model.base.dispose();
}

onEachBackend(
  "routingMetrics() means over routers and splits, each matched by itself",
  async () => {
    const model = routed(2);
    const wrong = TRUTH.map((_, task) => TRUTH[(task * 3 + 1) % T]!);
    setRouting(model, "layers.0", [TRUTH, TRUTH]);
    setRouting(model, "layers.2", [TRUTH, wrong]);
    const found = await metricsOf(model, [TRUTH]);
    // Ten claims of one in 7 · 3.
    assert.ok(Math.abs(found.density! - 10 / 21) < 1e-6);
    assert.ok(found.entropy! < 1e-6 && found.usage! > 0.98);
    // Four tasks mix one skill and three mix two.
    assert.ok(Math.abs(found.effective_skills! - 10 / 7) < 1e-6);
    const right = await metricsOf(model, [TRUTH, TRUTH]);
    assert.deepEqual(right.recovery, found.recovery);
    assert.ok(found.recovery! > 0.7 && found.recovery! < 0.8, `${found.recovery}`);
    assert.ok(found.recovery_f1! > 0.75 && found.recovery_f1! < 1);
    // The share that is wrong has the truth of its own split to be right.
    setRouting(model, "layers.0", [TRUTH, wrong]);
    const own = await metricsOf(model, [TRUTH, wrong]);
    const ofSkill = await metricsOf(model, [TRUTH]);
    assert.equal(own.recovery_f1, 1);
    assert.ok(own.recovery! > ofSkill.recovery! + 0.1 && own.recovery! > own.recovery_null! + 0.3);
    assert.ok(own.recovery_p! <= 0.05, `${own.recovery_p}`);
    assert.deepEqual(await metricsOf(model, [TRUTH, wrong]), own);
    free(model);
  },
  { only: ["wasm", "cpu"] },
);

onEachBackend(
  "routingMetrics() compares splits that share features, however many there are",
  async () => {
    const other = TRUTH.map((_, task) => TRUTH[(task * 3 + 1) % T]!);
    const finer = routed(2);
    setRouting(finer, "layers.0", [TRUTH, other]);
    setRouting(finer, "layers.2", [TRUTH, other]);
    const single = routed(1);
    setRouting(single, "layers.0", [TRUTH]);
    setRouting(single, "layers.2", [TRUTH]);
    // One learned split has features of both true ones, so it is right about one and wrong about the other.
    const [right, wrong, both] = await Promise.all(
      [[TRUTH], [other], [TRUTH, other]].map((truth) => metricsOf(single, truth)),
    );
    assert.equal(right!.recovery_f1, 1);
    assert.equal(both!.recovery, (right!.recovery! + wrong!.recovery!) / 2);
    const four = [TRUTH, TRUTH, other, other];
    assert.equal((await metricsOf(finer, four)).recovery_f1, 1);
    assert.ok((await metricsOf(finer, [TRUTH, other, TRUTH, other])).recovery_f1! < 1);
    free(finer);
    free(single);
  },
  { only: ["cpu"] },
);

onEachBackend("routingMetrics() counts a router that layers share once", async () => {
  const shared = routed(1, "model");
  setRouting(shared, "layers.0", [TRUTH]);
  const single = routed(1);
  setRouting(single, "layers.0", [TRUTH]);
  setRouting(single, "layers.2", [TRUTH]);
  assert.deepEqual(await metricsOf(shared, null), await metricsOf(single, null));
  free(shared);
  free(single);
}, { only: ["cpu"] });

onEachBackend(
  "routingMetrics() has no recovery without a truth that tells tasks apart",
  async () => {
    const model = routed(1);
    const unknown = await metricsOf(model, null);
    assert.deepEqual(Object.keys(unknown), [
      "entropy",
      "density",
      "usage",
      "effective_skills",
      "active_skills",
    ]);
    const same = await metricsOf(model, [TRUTH.map(() => [1, 1])]);
    for (const name of ["recovery", "recovery_f1", "recovery_null", "recovery_p"] as const) {
      assert.equal(same[name], null);
    }
    free(model);
  },
  { only: ["cpu"] },
);
