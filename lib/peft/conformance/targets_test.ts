/** Which modules an adapter targets: items M1 to M9 of PEFT's own suite, where they apply to Poly. */
import assert from "node:assert/strict";
import { useBackend } from "../../backend/backend.ts";
import { smallLlama, smallT5 } from "../../testing/models/small_models.ts";
import { ToyModel } from "../../testing/models/toy_model.ts";
import * as tf from "../../tf.ts";
import { PolyConfig, type PolyConfigOptions } from "../../poly/config.ts";
import { getPeftModel, PeftModel } from "../peft_model.ts";
import {
  decisions,
  NoMatchingPeftModuleError,
  resolveTargets,
  type Targeted,
} from "../../poly/targets/target_modules.ts";

await useBackend("cpu");

function resolve(base: Targeted, options: PolyConfigOptions) {
  return resolveTargets(base, new PolyConfig(options));
}

/** A model of which only the names of its linear layers matter. */
function named(names: readonly string[], changes: Partial<Targeted> = {}): Targeted {
  return {
    identity: { modelType: "custom" },
    outputEmbedding: null,
    modules: names.map((name) => ({ name, kind: "Linear", inFeatures: 4, outFeatures: 4 })),
    ...changes,
  };
}

function targets(base: Targeted, options: PolyConfigOptions): string[] {
  return resolve(base, options).modules.map(({ name }) => name);
}

// Name, target_modules, and whether check_target_module_exists of PEFT 0.21 is true.
const Q = "transformer.h.1.attn.attention.q_proj";
const MATCHES: [string, string | string[], boolean][] = [
  ["", [], false],
  ["", ["foo"], false],
  ["foo", [], false],
  ["foo", ["foo"], true],
  ["foo", ["bar"], false],
  ["foo", ["foo", "bar"], true],
  ["foo", "foo", true],
  ["foo", ".*oo", true],
  ["foo", "fo.*", true],
  ["foo", ".*bar.*", false],
  ["foobar", ".*oba.*", true],
  ["foo.bar", ["bar"], true],
  ["foo.bar", ["foo"], false],
  ["foo.bar", ["oo.bar"], false],
  ["foo.bar", ["foo.bar"], true],
  ["foo.bar", "bar", false],
  ["foo.bar.1.baz", ["baz"], true],
  ["foo.bar.1.baz", "foo.bar.*baz", true],
  ["foo.bar.1.baz", ["1.baz"], true],
  ["foo.bar.1.baz", ["ar.1.baz"], false],
  [`${Q}.foo`, ["q_proj"], false],
  [Q, ["q_proj", "v_proj"], true],
  [Q, ["k_proj", "v_proj"], false],
  [Q, ".*\\.(q|v)_proj", true],
  [`${Q}x`, ".*\\.(q|v)_proj", false],
];

Deno.test("M1 a pattern matches a whole name, a list exact names and dotted endings", () => {
  for (const [name, target_modules, expected] of MATCHES) {
    const decided = decisions(new PolyConfig({ target_modules }))(name);
    assert.equal(decided === "targeted", expected, `${name} ${target_modules}`);
  }
});

// Name, exclude_modules, modules_to_save, and whether check_target_module_exists of PEFT 0.21 gives
// _ExcludedModule.
const EXCLUSIONS: [string, string | string[] | null, string[] | null, boolean][] = [
  ["foo.q", ["foo.q"], null, true],
  ["a.foo.q", ["foo.q"], null, true],
  ["a.xfoo.q", ["foo.q"], null, false],
  ["dec.q", "dec.*", null, true],
  ["xdec.q", "dec.*", null, false],
  ["lm_head", null, ["head"], false],
  ["lm_head", null, ["lm_head"], true],
  ["a.norm.w", null, ["norm"], true],
  ["a.xnorm.w", null, ["norm"], false],
  ["norm", null, ["norm"], true],
  ["a.b.w", null, ["a.b"], true],
  ["a1.w", null, ["a\\d"], true],
];

Deno.test("M1 exclude_modules and modules_to_save take modules out of the targets", () => {
  for (const [name, exclude_modules, modules_to_save, expected] of EXCLUSIONS) {
    const config = new PolyConfig({ target_modules: ".*", exclude_modules, modules_to_save });
    const decided = decisions(config)(name);
    assert.equal(decided, expected ? "excluded" : "targeted", name);
  }
});

Deno.test("M2 targetedModuleNames is in the order of the model, each name once", () => {
  const base = new ToyModel();
  const UP = "block.0.mlp.up";
  const [list, pattern] = [["gate", "up"], ".*(up|gate)"].map((target_modules) =>
    getPeftModel(base, new PolyConfig({ target_modules }))
  ) as [PeftModel, PeftModel];
  assert.deepEqual(list.targetedModuleNames, [UP, "block.0.gate"]);
  assert.deepEqual(pattern.targetedModuleNames, [UP, "block.0.gate"]);
  list.addAdapter("other", new PolyConfig({ target_modules: ["lm_head", "up"] }));
  assert.deepEqual(list.targetedModuleNames, [UP, "block.0.gate", "lm_head"]);
  for (const model of [list, pattern]) model.dispose();
  base.dispose();
});

Deno.test("M3 all-linear targets every linear layer but the head that makes logits", () => {
  const [t5, llama] = [smallT5(), smallLlama()];
  const lastWords = (names: string[]) =>
    [...new Set(names.map((name) => name.split(".").at(-1)!))].sort();
  for (const target_modules of ["all-linear", "ALL-Linear"]) {
    assert.deepEqual(
      lastWords(targets(t5, { target_modules })),
      ["k", "o", "q", "v", "wi_0", "wi_1", "wo"],
    );
    assert.deepEqual(
      lastWords(targets(llama, { target_modules })),
      ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"],
    );
  }
  assert.equal(targets(llama, { target_modules: "all-linear" }).length, 14);
  // In a list it is a name like any other.
  assert.throws(() => targets(t5, { target_modules: ["all-linear"] }), NoMatchingPeftModuleError);
  t5.dispose();
  llama.dispose();
});

Deno.test("M3 all-linear leaves out the head of a classifier, and nothing of a model of one's own", () => {
  const names = ["enc.q", "score", "classifier"];
  const classify = { target_modules: "all-linear", task_type: "SEQ_CLS" } as const;
  const classifier = named(names, { identity: { modelType: "llama" } });
  assert.deepEqual(targets(classifier, classify), ["enc.q", "classifier"]);
  assert.deepEqual(targets(named(names), classify), names);
  assert.deepEqual(targets(classifier, { target_modules: "all-linear" }), names);
});

Deno.test("M3 all-linear is written back, condensed from 20 names on", () => {
  const few = Array.from({ length: 19 }, (_, i) => `h.${i}.q`);
  const written = (base: Targeted) => resolve(base, { target_modules: "all-linear" }).targetModules;
  assert.deepEqual(written(named(few)), new Set(few));
  assert.deepEqual(written(named([...few, "h.19.q"])), new Set(["q"]));
  const head = named([...few, "h.19.q", "lm_head"], { outputEmbedding: "lm_head" });
  assert.deepEqual(written(head), new Set(["q"]));
});

Deno.test("M3 a second adapter with all-linear targets the same layers", () => {
  const base = smallT5();
  const config = new PolyConfig({ target_modules: "all-linear" });
  const model = getPeftModel(base, config);
  model.addAdapter("other", config);
  const [first, other] = [...model.adapters.values()];
  assert.deepEqual([...first!.layers.keys()], [...other!.layers.keys()]);
  assert.equal(config.target_modules, "all-linear"); // the given config is left as it was
  model.dispose();
  base.dispose();
});

const MESSAGES: [string, PolyConfigOptions, RegExp][] = [
  [
    "everything excluded",
    { target_modules: ["up"], exclude_modules: ".*" },
    /^All modules were excluded\. This is likely unintended\. Check your `target_modules`, `exclude_modules` and `modules_to_save` configuration\.$/,
  ],
  [
    "an empty list",
    { target_modules: [] },
    /^No `target_modules` passed but also no `target_parameters` found\. Please check the values for these arguments\.$/,
  ],
  ["an empty pattern", { target_modules: "" }, /^No `target_modules` passed/],
  [
    "names that are not there",
    { target_modules: ["zzz", "aaa"] },
    /^Target modules \{'aaa', 'zzz'\} not found in the base model\. Please check the target modules and try again\.$/,
  ],
  [
    "a pattern that matches nothing",
    { target_modules: "mlp" },
    /^Target modules mlp not found in the base model\./,
  ],
  [
    "all matches excluded, others unmatched",
    { target_modules: ["up"], exclude_modules: ["up"] },
    /^No modules were targeted for adaptation\. This might be caused by a combination of mismatched target modules and excluded modules\./,
  ],
  [
    "all matches saved",
    { target_modules: ["lm_head"], modules_to_save: ["lm_head"] },
    /^No modules were targeted .* marked to be saved \(`modules_to_save`\)\.$/,
  ],
];

for (const [what, options, message] of MESSAGES) {
  Deno.test(`M4 ${what} is refused in PEFT's words, by the first adapter and by later ones`, () => {
    const base = new ToyModel();
    const refused = { name: "NoMatchingPeftModuleError", message };
    assert.throws(() => getPeftModel(base, new PolyConfig(options)), refused);
    const model = getPeftModel(base, new PolyConfig({ target_modules: ["gate"] }));
    assert.throws(() => model.addAdapter("other", new PolyConfig(options)), refused);
    assert.deepEqual([...model.adapters.keys()], ["default"]);
    model.dispose();
    base.dispose();
  });
}

Deno.test("M4 the error is one of its own kind and a RangeError", () => {
  const error = new NoMatchingPeftModuleError("x");
  assert.ok(error instanceof RangeError);
});

Deno.test("M5 exclude_modules that excludes nothing is warned of", () => {
  const { warnings } = resolve(new ToyModel(), {
    target_modules: ["up"],
    exclude_modules: ["b", "a"],
  });
  assert.deepEqual(warnings, [
    "You have passed exclude_modules={'a', 'b'} but no modules were excluded. " +
    "Please check that exclude_modules was set correctly.",
  ]);
  const used = resolve(new ToyModel(), { target_modules: ["up"], exclude_modules: ["gate"] });
  assert.deepEqual(used.warnings, []);
});

Deno.test("M6 targets default by architecture; an unknown one must name them", () => {
  const [t5, llama] = [smallT5(), smallLlama()];
  assert.deepEqual(resolve(t5, {}).targetModules, new Set(["q", "v"]));
  assert.deepEqual(resolve(llama, {}).targetModules, new Set(["q_proj", "v_proj"]));
  assert.equal(targets(t5, {}).length, 8);
  const gemma4 = named(["language_model.0.q_proj", "vision.q_proj"], {
    identity: { modelType: "gemma4" },
  });
  assert.equal(
    resolve(gemma4, {}).targetModules,
    ".*language_model\\..*\\.(q_proj|v_proj)",
  );
  assert.deepEqual(targets(gemma4, {}), ["language_model.0.q_proj"]);
  for (const modelType of ["custom", "toString", "__proto__"]) {
    assert.throws(() => resolve(named(["q"], { identity: { modelType } }), {}), {
      name: "RangeError",
      message: /^Please specify `target_modules` in `peft_config`/,
    });
  }
  t5.dispose();
  llama.dispose();
});

Deno.test("M7 a layer knows the sizes of the linear layer it adapts", () => {
  const base = new ToyModel();
  const model = getPeftModel(base, new PolyConfig({ target_modules: ["up"], n_splits: 2, r: 3 }));
  const layer = model.adapters.get("default")!.layers.get("block.0.mlp.up")!;
  assert.deepEqual([layer.inFeatures, layer.outFeatures, layer.rank], [6, 8, 3]);
  assert.deepEqual(layer.skillsA.shape, [2, 4, 3, 3]);
  assert.deepEqual(layer.skillsB.shape, [2, 4, 3, 4]);
  assert.deepEqual(layer.router.moduleLogits.shape, [1, 8]);
  model.dispose();
  base.dispose();
});

Deno.test("M8 each entry of a list that matches nothing is warned of", () => {
  const heard: string[] = [];
  const base = new ToyModel();
  const config = new PolyConfig({ target_modules: ["up", "zzz", "head"] });
  const model = getPeftModel(base, config, { onWarning: (message) => heard.push(message) });
  assert.deepEqual(model.warnings, [
    "The entry 'zzz' of target_modules matched no module.",
    "The entry 'head' of target_modules matched no module.",
  ]);
  assert.deepEqual(heard, model.warnings);
  model.dispose();
  base.dispose();
});

Deno.test("M9 what cannot be adapted is refused before anything is made", () => {
  const base = new ToyModel();
  const model = getPeftModel(base, new PolyConfig({ target_modules: ["gate"] }));
  const tensors = tf.memory().numTensors;
  const wrong: [PolyConfigOptions, string, RegExp][] = [
    [
      { target_modules: ["up", "norm"] },
      "TypeError",
      /^Target module "norm" \(Scale\) is not supported\. Currently, only the following modules are supported: `torch\.nn\.Linear`\.$/,
    ],
    [
      { target_modules: ["up", "lm_head"], n_splits: 3 },
      "RangeError",
      /"block.0.mlp.up".* n_splits is 3, in features 6, out features 8$/,
    ],
    [{ target_modules: ["up", "down"], n_splits: 16 }, "RangeError", /n_splits is 16/],
    [{ target_modules: "up(" }, "SyntaxError", /"up\("/],
    [{ target_modules: ["up"], exclude_modules: "[" }, "SyntaxError", /"\["/],
    [
      { target_modules: ["lm_head"], modules_to_save: ["head"] },
      "RangeError",
      /Cannot adapt "lm_head" as modules_to_save trains "lm_head" as a whole/,
    ],
  ];
  for (const [options, name, message] of wrong) {
    assert.throws(() => model.addAdapter("other", new PolyConfig(options)), { name, message });
    assert.throws(() => getPeftModel(base, new PolyConfig(options)), { name, message });
  }
  assert.throws(
    () => model.addAdapter("other", new PolyConfig({ target_modules: ["up"] }), { seed: 0.5 }),
    RangeError,
  );
  assert.equal(tf.memory().numTensors, tensors);
  assert.deepEqual([...model.adapters.keys()], ["default"]);
  model.addAdapter("other", new PolyConfig({ target_modules: ["up"] })); // the name is still free
  model.dispose();
  base.dispose();
});

Deno.test("dummy-target-modules targets nothing, and needs no task ids", () => {
  const base = new ToyModel();
  const model = getPeftModel(base, new PolyConfig({ target_modules: "dummy-target-modules" }));
  assert.equal(model.adapters.get("default")!.layers.size, 0);
  const x = tf.ones<tf.Rank.R3>([1, 2, 6]);
  const [adapted, plain] = [model.forward({ x }).logits, base.forward({ x }).logits];
  assert.deepEqual(adapted.arraySync(), plain.arraySync());
  tf.dispose([x, adapted, plain]);
  model.dispose();
  base.dispose();
});
