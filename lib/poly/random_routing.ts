import * as tf from "../tf.ts";
import { randomStream } from "../util/random.ts";
import { type Adapter, routersOf } from "./adapter.ts";
import { allocationLogits } from "./allocation.ts";

/**
 * Gives every task a random subset of the skills, in every router and split of its own, as routing
 * logits: each skill is in it with probability ½, and a subset without any skill is drawn again. The
 * mixing weights in evaluation are equal shares of the subset, exactly.
 *
 * Subsets are drawn as learned allocations are modelled, where a task has a subset of the skills. Each
 * router draws from a stream of its own, `random_routing/` and its name, so that the routing of a layer
 * depends neither on other layers nor on initial values.
 *
 * Source: a control that none of the papers' code has: `PolyRand` of mttl draws skills and routing anew
 * for few-shot adaptation, and trains both. Subsets: Ponti et al. 2022 (arXiv 2202.13914), section 2.
 *
 * @param adapter whose routing logits are overwritten; freeze its part `router`
 * @param seed integer seed of the streams
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Mlp } from "../models/mlp/model.ts";
 * import * as tf from "../tf.ts";
 * import { PolyConfig } from "./config.ts";
 * import { makeAdapter } from "./make_adapter.ts";
 *
 * await tf.setBackend("cpu");
 * const sizes = { in_features: 4, hidden_features: [], out_features: 2 };
 * const base = Mlp.fromConfig({ model_type: "mlp", ...sizes }, { seed: 0 });
 * const config = new PolyConfig({ target_modules: ["0"], n_tasks: 3, n_skills: 2 });
 * const { adapter } = makeAdapter(base, "a", config, 0);
 * drawRouting(adapter, 1);
 * const { router } = adapter.layers.get("layers.0")!;
 * const weights = router.mixingWeights({ taskIds: [0, 1, 2], training: false });
 * for (const row of weights.arraySync().flat()) {
 *   assert.ok(["1,0", "0.5,0.5", "0,1"].includes(String(row)));
 * }
 * ```
 */
export function drawRouting(adapter: Adapter, seed: number): void {
  for (const { name, moduleLogits, nTasks, nSplits, nSkills } of routersOf(adapter)) {
    const stream = randomStream(seed, `random_routing/${name}`);
    const subset = (): number[] => {
      const row = Array.from({ length: nSkills }, () => stream.integer(2));
      return row.includes(1) ? row : subset();
    };
    // A row for each task and split: as one flat array they are the logits `[T, H·S]`.
    const rows = Array.from({ length: nTasks * nSplits }, subset);
    tf.tidy(() => moduleLogits.assign(tf.tensor(allocationLogits(rows, 1), moduleLogits.shape)));
  }
}
