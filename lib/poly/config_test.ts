import assert from "node:assert/strict";
import { POLY_CONFIG_KEYS, PolyConfig, type PolyConfigOptions, TASK_TYPES } from "./config.ts";
import { PROFILES } from "./settings.ts";

function make(fields: Record<string, unknown>): PolyConfig {
  return new PolyConfig(fields as PolyConfigOptions);
}

Deno.test("PolyConfig() has PEFT's defaults", () => {
  // PolyConfig() of PEFT 0.21.
  assert.deepEqual(new PolyConfig().toDict(), {
    auto_mapping: null,
    base_model_name_or_path: null,
    exclude_modules: null,
    inference_mode: false,
    init_weights: true,
    modules_to_save: null,
    n_skills: 4,
    n_splits: 1,
    n_tasks: 1,
    peft_type: "POLY",
    peft_version: "0.21.0",
    poly_type: "poly",
    r: 8,
    revision: null,
    target_modules: null,
    task_type: null,
  });
  assert.ok(new PolyConfig().isPeft);
  assert.deepEqual(Object.keys(new PolyConfig().toDict()), [...POLY_CONFIG_KEYS]);
  assert.equal(POLY_CONFIG_KEYS.length, 16);
});

Deno.test("PolyConfig() overwrites peft_type and takes undefined for absent, as Python's defaults", () => {
  const config = make({ peft_type: "LORA", r: undefined });
  assert.equal(config.peft_type, "POLY");
  assert.equal(config.r, 8);
});

Deno.test("C2 PolyConfig() accepts every task type and null, and refuses others in PEFT's words", () => {
  for (const task_type of [...TASK_TYPES, null]) {
    assert.equal(new PolyConfig({ task_type }).task_type, task_type);
  }
  assert.throws(() => make({ task_type: "foo" }), {
    name: "RangeError",
    message: "Invalid task type: 'foo'. Must be one of the following task types: " +
      "SEQ_CLS, SEQ_2_SEQ_LM, CAUSAL_LM, TOKEN_CLS, QUESTION_ANS, FEATURE_EXTRACTION.",
  });
});

Deno.test("PolyConfig() refuses each count that is not an integer above 0, by its name", () => {
  for (const field of ["r", "n_tasks", "n_skills", "n_splits"]) {
    for (const value of [0, -1, 2.5, NaN, Infinity]) {
      assert.throws(() => make({ [field]: value }), {
        name: "RangeError",
        message: `\`${field}\` should be a positive integer value but the value passed is ${value}`,
      });
    }
    for (const value of ["2", null, true, 2n, [2]]) {
      assert.throws(() => make({ [field]: value }), { name: "TypeError", message: RegExp(field) });
    }
    assert.equal(make({ [field]: 7 }).toDict()[field as "r"], 7);
  }
});

Deno.test("PolyConfig() refuses a field of another type, by its name", () => {
  const wrong: [string, unknown[]][] = [
    ["target_modules", [3, true, [1], ["q", null], {}]],
    ["exclude_modules", [3, true, [1], ["q", null], {}]],
    ["modules_to_save", ["lm_head", 3, [1], {}, new Set(["a"])]],
    ["init_weights", ["yes", 1, null]],
    ["inference_mode", ["yes", 1, null]],
    ["auto_mapping", ["x", 3, []]],
    ["peft_version", [3, {}]],
    ["base_model_name_or_path", [3, {}]],
    ["revision", [3, {}]],
  ];
  for (const [field, values] of wrong) {
    for (const value of values) {
      assert.throws(
        () => make({ [field]: value }),
        { name: "TypeError", message: RegExp(field) },
        `${field} ${String(value)}`,
      );
    }
  }
});

Deno.test("PolyConfig() refuses another poly_type in PEFT's words", () => {
  assert.throws(() => make({ poly_type: "x" }), {
    name: "RangeError",
    message: "Unsupported poly_type: x. Currently, only the following types are supported: `poly`.",
  });
});

Deno.test("PolyConfig() refuses an unknown field, such as a name of ours in camelCase", () => {
  assert.throws(() => make({ nSkills: 2 }), {
    name: "TypeError",
    message: /must be one of .*: got "nSkills"/,
  });
});

Deno.test("C7 PolyConfig() takes lists for sets, patterns as they are", () => {
  const list = new PolyConfig({ target_modules: ["v", "q", "v"], exclude_modules: ["x"] });
  assert.deepEqual(list.target_modules, new Set(["q", "v"]));
  assert.deepEqual(list.exclude_modules, new Set(["x"]));
  assert.deepEqual(list.toDict().target_modules, ["q", "v"]);
  assert.equal(new PolyConfig({ target_modules: ".*q" }).target_modules, ".*q");
  assert.deepEqual(new PolyConfig({ modules_to_save: ["b", "a"] }).modules_to_save, ["b", "a"]);
});

Deno.test("C6 a copy of a PolyConfig is equal, and neither changes with what it was made from", () => {
  const names = ["q", "v"];
  const config = new PolyConfig({
    r: 3,
    n_tasks: 2,
    n_skills: 2,
    target_modules: names,
    task_type: "CAUSAL_LM",
    auto_mapping: { base_model_class: "Toy" },
    settings: { router_allocation: [[1, 0], [0, 1]], init_scale: "mttl" },
  });
  const copy = config.with({});
  assert.ok(copy.equals(config));
  assert.deepEqual(copy.toDict(), config.toDict());
  assert.deepEqual(copy.settings, config.settings);
  names.push("o");
  assert.deepEqual(config.target_modules, new Set(["q", "v"]));
  assert.throws(() => Object.assign(config, { r: 4 }), TypeError);
});

Deno.test("PolyConfig.equals() sees every field and every setting, and no order of names", () => {
  const config = new PolyConfig({ target_modules: ["q", "v"] });
  assert.ok(config.equals(new PolyConfig({ target_modules: ["v", "q"] })));
  const changes: PolyConfigOptions[] = [
    { r: 4 },
    { target_modules: ["q"] },
    { exclude_modules: "x" },
    { modules_to_save: ["a"] },
    { init_weights: false },
    { n_tasks: 2 },
    { n_skills: 2 },
    { n_splits: 2 },
    { task_type: "CAUSAL_LM" },
    { auto_mapping: {} },
    { peft_version: null },
    { base_model_name_or_path: "t5" },
    { revision: "main" },
    { inference_mode: true },
    ...Object.entries({ ...PROFILES.mttl, router_temperature: 2, router_granularity: "block" })
      .filter(([key, value]) => value !== PROFILES.peft[key as "init_scale"])
      .map(([key, value]) => ({ settings: { [key]: value } })),
  ];
  assert.equal(changes.length, 18);
  for (const change of changes) {
    assert.ok(!config.equals(config.with(change)), JSON.stringify(change));
  }
});

Deno.test("PolyConfig.isPeft says whether PEFT computes the same", () => {
  assert.ok(!new PolyConfig({ settings: PROFILES.mttl }).isPeft);
  assert.ok(new PolyConfig({ settings: PROFILES.peft }).isPeft);
});
