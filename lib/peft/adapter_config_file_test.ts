import assert from "node:assert/strict";
import fc from "fast-check";
import { adapterConfigText, parseAdapterConfig } from "./adapter_config_file.ts";
import { PolyConfig, TASK_TYPES } from "../poly/config.ts";

const T5 = {
  nameOrPath: "google/flan-t5-small",
  className: "T5ForConditionalGeneration",
  pythonModule: "transformers.models.t5.modeling_t5",
};
const NAMELESS = { ...T5, nameOrPath: null };

const CONFIG = new PolyConfig({
  task_type: "SEQ_2_SEQ_LM",
  target_modules: ["v", "q"],
  n_tasks: 3,
  n_skills: 2,
  n_splits: 4,
});

/** What peft 0.21.0 writes for CONFIG on flan-t5-small, its target_modules sorted. */
const TEXT = `{
  "auto_mapping": null,
  "base_model_name_or_path": "google/flan-t5-small",
  "exclude_modules": null,
  "inference_mode": true,
  "init_weights": true,
  "modules_to_save": null,
  "n_skills": 2,
  "n_splits": 4,
  "n_tasks": 3,
  "peft_type": "POLY",
  "peft_version": "0.21.0",
  "poly_type": "poly",
  "r": 8,
  "revision": null,
  "target_modules": [
    "q",
    "v"
  ],
  "task_type": "SEQ_2_SEQ_LM"
}`;

/** The file of CONFIG with some keys changed. */
function file(changes: Record<string, unknown>): string {
  return JSON.stringify({ ...JSON.parse(TEXT), ...changes });
}

function read(text: string): { config: PolyConfig; warnings: string[] } {
  const warnings: string[] = [];
  const onWarning = (warning: string) => warnings.push(warning);
  return { config: parseAdapterConfig(text, { source: "a.json", onWarning }), warnings };
}

Deno.test("adapterConfigText() equals PEFT's file byte for byte", () => {
  assert.equal(adapterConfigText(CONFIG, T5), TEXT);
});

Deno.test("C1 a config survives writing and reading", () => {
  const full = new PolyConfig({
    task_type: "CAUSAL_LM",
    target_modules: ".*(q|v)_proj",
    exclude_modules: ["b", "a"],
    modules_to_save: ["lm_head", "größe"],
    r: 3,
    n_tasks: 5,
    n_skills: 7,
    n_splits: 2,
    init_weights: false,
    revision: "main",
    base_model_name_or_path: "other",
    auto_mapping: { z: [1, { a: null }] },
    inference_mode: true,
  });
  const { config, warnings } = read(adapterConfigText(full, T5));
  assert.deepEqual(config.toDict(), full.toDict());
  assert.deepEqual(warnings, []);
});

Deno.test("C2 every task type and null are read, another is refused in PEFT's words", () => {
  for (const task_type of [...TASK_TYPES, null]) {
    assert.equal(read(file({ task_type })).config.task_type, task_type);
  }
  assert.throws(() => read(file({ task_type: "foo" })), {
    name: "RangeError",
    message: `Cannot read "a.json": Invalid task type: 'foo'. Must be one of the following task ` +
      `types: SEQ_CLS, SEQ_2_SEQ_LM, CAUSAL_LM, TOKEN_CLS, QUESTION_ANS, FEATURE_EXTRACTION.`,
  });
});

Deno.test("C3 unknown keys are ignored with one warning in PEFT's words", () => {
  const { config, warnings } = read(file({ spam: 1, foobar: null }));
  assert.equal(warnings.length, 1);
  assert.ok(
    warnings[0]!.startsWith(
      "Unexpected keyword arguments ['foobar', 'spam'] for class PolyConfig, these are ignored.",
    ),
    `${warnings[0]}`,
  );
  assert.deepEqual(config.toDict(), read(TEXT).config.toDict());
});

Deno.test("C4 a file without peft_type, or of another type of adapter, is refused", () => {
  const { peft_type: _, ...rest } = JSON.parse(TEXT);
  for (const text of [JSON.stringify(rest), "{}", file({ peft_type: null })]) {
    assert.throws(() => read(text), {
      name: "TypeError",
      message: /"a\.json".*peft_type is missing/,
    });
  }
  assert.throws(() => read(file({ peft_type: "LORA" })), { name: "RangeError", message: /"LORA"/ });
});

Deno.test("C5 runtime_config is ignored", () => {
  const { config, warnings } = read(file({ runtime_config: { ephemeral_gpu_offload: true } }));
  assert.deepEqual(config.toDict(), read(TEXT).config.toDict());
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /`runtime_config` key\. This is ignored\./);
});

Deno.test("C6 a copy equals the original, and a changed copy leaves it as it was", () => {
  const { config } = read(TEXT);
  assert.ok(config.with({}).equals(config));
  assert.ok(!config.with({ r: 2 }).equals(config));
  assert.equal(config.r, 8);
});

Deno.test("C7 lists of modules come back as sets, patterns as strings", () => {
  const { config } = read(file({ target_modules: ["v", "q", "v"], exclude_modules: ".*0.*" }));
  assert.deepEqual(config.target_modules, new Set(["q", "v"]));
  assert.equal(config.exclude_modules, ".*0.*");
});

Deno.test("C8 peft_version is stored; on reading, the file's is kept", () => {
  assert.equal(JSON.parse(adapterConfigText(new PolyConfig(), T5)).peft_version, "0.21.0");
  const { config } = read(file({ peft_version: "0.18.1.dev0@abc" }));
  assert.equal(JSON.parse(adapterConfigText(config, T5)).peft_version, "0.18.1.dev0@abc");
  const { peft_version: _, ...rest } = JSON.parse(TEXT);
  assert.equal(read(JSON.stringify(rest)).config.peft_version, "0.21.0");
  assert.equal(read(file({ peft_version: null })).config.peft_version, "0.21.0");
});

Deno.test("parseAdapterConfig() fills absent keys with PEFT's defaults", () => {
  const { config, warnings } = read('{"peft_type": "POLY"}');
  assert.deepEqual(config.toDict(), new PolyConfig().toDict());
  assert.deepEqual(warnings, []);
});

Deno.test("parseAdapterConfig() throws TypeError naming file, key and value of a wrong type", () => {
  const wrong: Record<string, unknown[]> = {
    auto_mapping: ["x", 1, ["a"]],
    base_model_name_or_path: [1, ["t5"]],
    exclude_modules: [1, true, [1], { a: 1 }],
    inference_mode: ["true", 1, null],
    init_weights: ["gaussian", 0, null],
    modules_to_save: ["lm_head", [1], [null], 3],
    n_skills: ["4", null, [4]],
    n_splits: ["1", null, true],
    n_tasks: ["1", null, {}],
    peft_type: [1, ["POLY"], true],
    peft_version: [1, ["0.21.0"]],
    poly_type: [1, true, {}],
    r: ["8", null, [8]],
    revision: [1, false],
    target_modules: [1, [1], [["q"]], { q: true }, false],
    task_type: [1, ["CAUSAL_LM"], true],
  };
  assert.deepEqual(Object.keys(wrong), Object.keys(JSON.parse(TEXT)));
  for (const [key, values] of Object.entries(wrong)) {
    for (const value of values) {
      assert.throws(() => read(file({ [key]: value })), (error: Error) => {
        const shown = JSON.stringify(Array.isArray(value) && value.length === 1 ? value[0] : value);
        assert.equal(error.name, "TypeError", error.message);
        for (const part of ["a.json", key, shown.replace(/^\[|\]$/g, "")]) {
          assert.ok(error.message.includes(part), `${error.message} lacks ${part}`);
        }
        return true;
      });
    }
  }
});

Deno.test("parseAdapterConfig() throws RangeError naming the file when a number is out of range", () => {
  for (const key of ["r", "n_tasks", "n_skills", "n_splits"]) {
    for (const value of [0, -1, 1.5, 1e300]) {
      assert.throws(() => read(file({ [key]: value })), {
        name: "RangeError",
        message: new RegExp(`"a\\.json".*\`${key}\``),
      });
    }
  }
});

Deno.test("parseAdapterConfig() throws SyntaxError naming the file when it is not a JSON object", () => {
  for (const text of ["", "{", "[]", "null", '"POLY"', "\0\0", '{"r": 1, "r": 2}', "{'r': 1}"]) {
    assert.throws(() => read(text), { name: "SyntaxError", message: /"a\.json"/ });
  }
});

Deno.test("parseAdapterConfig() takes a key called __proto__ for an unknown key", () => {
  const { config, warnings } = read('{"peft_type": "POLY", "__proto__": {"r": 2}}');
  assert.equal(config.r, 8);
  assert.match(warnings[0]!, /\['__proto__'\]/);
});

Deno.test("adapterConfigText() says how to load the base model only without a task type", () => {
  const { task_type: _, ...fields } = CONFIG.toDict();
  const config = new PolyConfig(fields as object);
  const { auto_mapping, base_model_name_or_path } = JSON.parse(adapterConfigText(config, NAMELESS));
  assert.deepEqual(auto_mapping, {
    base_model_class: "T5ForConditionalGeneration",
    parent_library: "transformers.models.t5.modeling_t5",
  });
  assert.equal(base_model_name_or_path, null);
});

Deno.test("adapterConfigText() keeps the base model that the configuration names", () => {
  const config = CONFIG.with({ base_model_name_or_path: "mine" });
  assert.equal(JSON.parse(adapterConfigText(config, T5)).base_model_name_or_path, "mine");
});

Deno.test("parseAdapterConfig() refuses hostile values as TypeError or RangeError, or can write them", () => {
  const key = fc.constantFrom(...Object.keys(JSON.parse(TEXT)), "__proto__", "constructor", "x");
  fc.assert(fc.property(key, fc.jsonValue(), (key, value) => {
    try {
      const { config } = read(JSON.stringify({ ...JSON.parse(TEXT), [key]: value }));
      assert.deepEqual(read(adapterConfigText(config, T5)).warnings, []);
    } catch (error) {
      assert.ok(error instanceof TypeError || error instanceof RangeError, String(error));
      assert.match(error.message, /"a\.json"/);
    }
  }));
});
