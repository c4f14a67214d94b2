import assert from "node:assert/strict";
import { parseRunConfig, type RunConfigInput } from "./config.ts";
import { excessOf, faultOf, linearLayers } from "./preflight.ts";

const LAYERS = await linearLayers("data/base");
const ROOM = { memory: 32e9, heap: 4e9 };
const excess = (settings: RunConfigInput) => excessOf(parseRunConfig(settings), LAYERS, ROOM);
const fault = (settings: RunConfigInput) => faultOf(parseRunConfig(settings), LAYERS);

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

Deno.test("A5 what cannot work is known before a run", () => {
  for (
    const [settings, why] of [
      [{ suite: "bbh" }, /suite "bbh" without data_dir: set it to a path/],
      [{ suite: "superni", data_dir: "/nope" }, /there is no data_dir "\/nope"/],
      [{ suite: "jsonl" }, /without data_file/],
      [{ suite: "jsonl", data_file: "/nope.jsonl" }, /there is no data_file/],
      [{ base_model: "/nope" }, /base_model "\/nope" as there is no such folder/],
      [{ base_model: "./nope" }, /base_model ".\/nope"/],
      [{ n_splits: 5 }, /n_splits must divide the features .*SelfAttention\.k has 96 and 96/],
      [
        { target_modules: "foo" },
        /target_modules "foo" names none .* it has k, o, q, v, wi_0, wi_1, wo/,
      ],
      [{ target_modules: ["foo"] }, /target_modules \["foo"\] names none/],
      [{ target_modules: "(q" }, /pattern/],
      [{ method: "shared", n_splits: 2 }, /set n_splits to 1/],
      [{ suite: "planted", n_splits: 3 }, /layers\.0 has 16 and 16/],
    ] as const
  ) assert.match(fault(settings as RunConfigInput) ?? "none", why, JSON.stringify(settings));
  for (const settings of [{}, { n_splits: 8 }, { target_modules: ["q", "v"] }, { n_splits: 4 }]) {
    assert.equal(fault(settings), null);
  }
  assert.equal(fault({ target_modules: ".*[.](q|v)" }), null);
  assert.equal(faultOf(parseRunConfig({ target_modules: "foo" }), null), null, "nothing is known");
});
