import assert from "node:assert/strict";
import { parseRunConfig, type RunConfigInput } from "../config.ts";
import { adaptedLayers } from "./adapted_layers.ts";
import { outlineBase, PLANTED_OUTLINE } from "./base_outline.ts";
import { excessOf } from "./excess.ts";

const BASE = await outlineBase("data/base");
const ROOM = { memory: 32e9, heap: 4e9 };
const excess = (settings: RunConfigInput) => {
  const config = parseRunConfig(settings);
  const base = config.suite === "planted" ? PLANTED_OUTLINE : BASE;
  return excessOf(config, adaptedLayers(config, base).layers, ROOM);
};

Deno.test("R26 a run that cannot fit is refused by setting, with an estimate", () => {
  for (
    const [settings, why] of [
      [
        { n_train: 1e8 },
        /n_train 100,000,000 as the examples .* at least 400\.\d GB, and .* 4\.0 GB/,
      ],
      [{ n_test: 1e8 }, /n_test 100,000,000/],
      [{ n_validation: 1e8 }, /n_validation 100,000,000/],
      [{ n_tasks: 1e8 }, /n_tasks 100,000,000/],
      [{ n_heldout_tasks: 1e8 }, /n_heldout_tasks 100,000,000/],
      [{ n_skills: 1e8 }, /n_skills 100,000,000 as training the adapter .* set a smaller n_skills/],
      [{ n_skills: 1e8, target_modules: ["q"] }, /n_skills 100,000,000/],
      [{ n_skills: 1e8, suite: "planted" }, /n_skills 100,000,000/],
      [{ n_skills: 1e8, method: "shared_equal_budget" }, /n_skills 100,000,000/],
      [
        { n_skills: 2e4, backend: "wasm" },
        /n_skills 20,000 .* at least 10\.\d GB, .* 4\.3 GB here/,
      ],
      [{ r: 1e8 }, /r 100,000,000/],
      [{ batch_size: 1e8 }, /batch_size 100,000,000 as one batch/],
      [{ num_beams: 1e8 }, /num_beams 100,000,000 as generation/],
    ] as const
  ) assert.match(excess(settings as RunConfigInput) ?? "fits", why, JSON.stringify(settings));
  const unknown = excessOf(parseRunConfig({ n_skills: 1e9, base_model: "a/b" }), null, ROOM);
  assert.match(unknown!, /n_skills 1,000,000,000/);
  assert.equal(excess({}), null);
  assert.equal(excess({ n_skills: 64, r: 16, n_tasks: 200, n_splits: 8, batch_size: 256 }), null);
  assert.equal(excess({ n_skills: 1e8, method: "shared" }), null, "it has one skill");
});
