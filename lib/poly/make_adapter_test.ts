import assert from "node:assert/strict";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { valuesOf } from "../testing/models/small_models.ts";
import { ToyModel } from "../testing/models/toy_model.ts";
import { disposeAdapter } from "./adapter.ts";
import { PolyConfig, type PolyConfigOptions } from "./config.ts";
import { makeAdapter } from "./make_adapter.ts";

/** Every tensor of a fresh adapter on a toy model. */
async function fresh(options: PolyConfigOptions, { name = "default", seed = 3 } = {}) {
  const base = new ToyModel();
  const config = new PolyConfig({
    target_modules: ["up", "gate"],
    n_tasks: 40,
    n_skills: 30,
    r: 7,
    n_splits: 2,
    ...options,
  });
  const { adapter } = makeAdapter(base, name, config, seed);
  const values = await valuesOf(adapter);
  disposeAdapter(adapter);
  base.dispose();
  return values;
}

/** Whether numbers fill ±bound evenly: their extent, mean and variance, bound² / 3. */
function assertUniform(values: Float32Array, bound: number): void {
  const mean = (of: (x: number) => number) =>
    values.reduce((sum, x) => sum + of(x), 0) / values.length;
  const extent = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  assert.ok(extent <= bound && extent > 0.98 * bound, `${extent} of ${bound}`);
  assert.ok(Math.abs(mean((x) => x)) < 0.06 * bound);
  assert.ok(Math.abs(mean((x) => x * x) / (bound * bound / 3) - 1) < 0.06);
}

const UP = "block.0.mlp.up";

onEachBackend("makeAdapter() draws A in ±1/√(I/H), Z in ±1e-3, and leaves B at 0", async () => {
  const values = await fresh({});
  assertUniform(values.get(`${UP}.poly_lora_A`)!, 1 / Math.sqrt(6 / 2));
  assertUniform(values.get(`${UP}.poly_router.module_logits`)!, 1e-3);
  assert.ok(values.get(`${UP}.poly_lora_B`)!.every((x) => x === 0));
});

onEachBackend("makeAdapter() without init_weights draws B in ±1/√r, and A as ever", async () => {
  const values = await fresh({ init_weights: false });
  assertUniform(values.get(`${UP}.poly_lora_B`)!, 1 / Math.sqrt(7));
  const ordinary = await fresh({});
  assert.deepEqual(values.get(`${UP}.poly_lora_A`), ordinary.get(`${UP}.poly_lora_A`));
});

onEachBackend("makeAdapter() at the papers' scale draws A in ±(1/√3)/√I", async () => {
  const values = await fresh({ settings: { init_scale: "mttl" } });
  assertUniform(values.get(`${UP}.poly_lora_A`)!, 1 / Math.sqrt(3) / Math.sqrt(6));
});

onEachBackend(
  "A2 makeAdapter() draws by seed and module, whatever the adapter's name",
  async () => {
    const values = await fresh({});
    assert.deepEqual(await fresh({}, { name: "other" }), values);
    assert.notDeepEqual(await fresh({}, { seed: 4 }), values);
    const A = `${UP}.poly_lora_A`;
    const alone = await fresh({ target_modules: ["up"] });
    assert.deepEqual(alone.get(A), values.get(A)); // another target changes nothing
    assert.notDeepEqual(values.get("block.0.gate.poly_lora_A"), values.get(A));
  },
);

onEachBackend("makeAdapter() gives the layers of one group one router", () => {
  const base = new ToyModel();
  const config = new PolyConfig({
    target_modules: "all-linear",
    settings: { router_granularity: "block" },
  });
  const { adapter } = makeAdapter(base, "default", config, 0);
  const routers = [...adapter.layers.values()].map(({ router }) => router);
  assert.deepEqual(routers.map(({ name }) => name), ["block.0", "block.0", "block.0", "lm_head"]);
  assert.equal(new Set(routers).size, 2);
  disposeAdapter(adapter);
  base.dispose();
});
