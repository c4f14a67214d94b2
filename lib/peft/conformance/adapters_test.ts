/** Several adapters on one model: items A1 to A18 of PEFT's own suite, where they apply to Poly. */
import assert from "node:assert/strict";
import { assertClose } from "../../testing/assert_close.ts";
import { useBackend } from "../../backend/backend.ts";
import { onEachBackend } from "../../testing/on_each_backend.ts";
import { fillWithWaves, smallLlama, valuesOf } from "../../testing/models/small_models.ts";
import { toyInput, ToyModel } from "../../testing/models/toy_model.ts";
import * as tf from "../../tf.ts";
import { PolyConfig, type PolyConfigOptions } from "../../poly/config.ts";
import type { Part } from "../../poly/adapter.ts";
import { getPeftModel, PeftModel } from "../peft_model.ts";

await useBackend("cpu");

const TASK_IDS = [2, 0, 1];
const UP = "block.0.mlp.up";

function config(options: PolyConfigOptions = {}): PolyConfig {
  return new PolyConfig({
    target_modules: ["up", "gate"],
    r: 2,
    n_tasks: 3,
    n_skills: 2,
    init_weights: false,
    ...options,
  });
}

function toy(options: PolyConfigOptions = {}, adapterName = "default"): PeftModel<ToyModel> {
  return getPeftModel(new ToyModel(), config(options), { adapterName });
}

function free(...models: PeftModel[]): void {
  for (const model of models) model.unload().dispose();
}

/** The logits for the three rows of a toy input. */
function output(model: PeftModel<ToyModel>): number[] {
  const x = toyInput();
  const { logits } = model.forward({ x, taskIds: TASK_IDS });
  const values = [...logits.dataSync()];
  tf.dispose([x, logits]);
  return values;
}

function baseOutput(model: PeftModel<ToyModel>): number[] {
  const x = toyInput();
  const { logits } = model.base.forward({ x });
  const values = [...logits.dataSync()];
  tf.dispose([x, logits]);
  return values;
}

function names(model: PeftModel<ToyModel>): string[] {
  return [...model.trainableParameters().keys()];
}

Deno.test("A1 parameters are named as PEFT names them in memory", () => {
  const model = toy({ target_modules: ["up"], modules_to_save: ["norm"] }, "other");
  assert.deepEqual(names(model), [
    `base_model.model.${UP}.poly_lora_A.other`,
    `base_model.model.${UP}.poly_lora_B.other`,
    `base_model.model.${UP}.poly_router.other.module_logits`,
    "base_model.model.norm.modules_to_save.other.weight",
  ]);
  free(model);
});

Deno.test("A2 the adapter's name makes no difference", async () => {
  const [model, other] = [toy(), toy({}, "another-name")];
  assert.deepEqual(
    await valuesOf(model.adapters.get("default")!),
    await valuesOf(other.adapters.get("another-name")!),
  );
  assert.deepEqual(output(model), output(other));
  free(model, other);
});

Deno.test("A3 only the first adapter becomes active by itself", () => {
  const model = toy();
  model.addAdapter("other", config());
  assert.deepEqual(model.activeAdapters, ["default"]);
  assert.ok(names(model).every((name) => name.includes("default")));
  model.setAdapter("other");
  assert.deepEqual(model.activeAdapters, ["other"]);
  assert.ok(names(model).every((name) => name.includes("other")));
  model.setAdapter(["default", "other"]);
  assert.deepEqual(model.activeAdapters, ["default", "other"]);
  assert.equal(names(model).length, 12);
  free(model);
});

Deno.test("A3 setAdapter() refuses what it cannot activate, and leaves all as it was", () => {
  const model = toy();
  model.addAdapter("other", config());
  const before = names(model);
  assert.throws(() => model.setAdapter("nope"), {
    name: "RangeError",
    message: "Adapter nope not found.",
  });
  assert.throws(() => model.setAdapter(["other", "nope"]), /^RangeError: Adapter nope not found.$/);
  assert.throws(() => model.setAdapter([]), {
    name: "RangeError",
    message: "Please specify at least one adapter to set",
  });
  assert.throws(() => model.setAdapter(["other", "other"]), /each must be named once$/);
  assert.deepEqual(model.activeAdapters, ["default"]);
  assert.deepEqual(names(model), before);
  free(model);
});

Deno.test("A4 a duplicate name is refused before anything changes", async () => {
  const model = toy();
  const values = await valuesOf(model.adapters.get("default")!);
  const before = tf.memory().numTensors;
  assert.throws(() => model.addAdapter("default", config({ r: 5 })), {
    name: "RangeError",
    message: "Adapter with name 'default' already exists.",
  });
  assert.equal(tf.memory().numTensors, before);
  assert.equal(model.adapters.get("default")!.config.r, 2);
  assert.deepEqual(await valuesOf(model.adapters.get("default")!), values);
  free(model);
});

Deno.test("A5 adapters that share no target or saved module work each by itself", () => {
  const model = toy({ target_modules: ["up"], modules_to_save: ["norm"] });
  model.addAdapter("other", config({ target_modules: ["gate"], modules_to_save: ["lm_head"] }));
  const saved = [...model.adapters.values()].map(({ savedModules }) => [...savedModules.keys()]);
  assert.deepEqual(saved, [["norm.weight"], ["lm_head.weight"]]);
  const [first] = [output(model)];
  model.setAdapter("other");
  const alone = toy({ target_modules: ["gate"], modules_to_save: ["lm_head"] });
  assert.deepEqual(output(model), output(alone));
  assert.notDeepEqual(output(model), first);
  free(model, alone);
});

onEachBackend("A5 a saved module is computed with the active adapter's own copy", async (on) => {
  const model = toy({ target_modules: ["up"], modules_to_save: ["norm", "head"] });
  const { savedModules } = model.adapters.get("default")!;
  const x = toyInput();
  tf.tidy(() => {
    const norm = savedModules.get("norm.weight")!;
    norm.assign(tf.mul(norm, 2));
    const head = savedModules.get("lm_head.weight")!;
    head.assign(tf.mul(head, 3));
  });
  const { logits } = model.forward({ x, taskIds: TASK_IDS });
  const other = toy({ target_modules: ["up"] });
  const plain = other.forward({ x, taskIds: TASK_IDS }).logits;
  const expected = tf.mul(plain, 6);
  await assertClose(logits, expected, on.tolerance);
  tf.dispose([x, logits, plain, expected]);
  free(model, other);
});

Deno.test("A6 deleting an active adapter falls back to the alphabetically first, with a warning", () => {
  const heard: string[] = [];
  const model = getPeftModel(new ToyModel(), config(), {
    adapterName: "m",
    onWarning: (message) => heard.push(message),
  });
  model.addAdapter("zzz", config());
  model.addAdapter("aaa", config());
  model.deleteAdapter("m");
  assert.deepEqual(model.activeAdapters, ["aaa"]);
  assert.ok(names(model).length === 6 && names(model).every((name) => name.includes("aaa")));
  assert.deepEqual(heard, [
    "Adapter m was active which is now deleted. Setting active adapter to aaa.",
  ]);
  assert.deepEqual(model.warnings, heard);
  model.deleteAdapter("zzz"); // inactive: no warning
  assert.equal(model.warnings.length, 1);
  assert.deepEqual([...model.adapters.keys()], ["aaa"]);
  free(model);
});

Deno.test("A6 of several active adapters the others stay active", () => {
  const model = toy();
  for (const name of ["b", "a"]) model.addAdapter(name, config());
  model.setAdapter(["b", "default"]);
  model.deleteAdapter("default");
  assert.deepEqual(model.activeAdapters, ["b"]);
  assert.deepEqual(model.warnings, []);
  free(model);
});

Deno.test("A6 A8 after the last is deleted forward() computes the base model, and nothing is left", () => {
  const base = new ToyModel();
  const before = tf.memory().numTensors;
  const model = getPeftModel(base, config({ modules_to_save: ["norm"] }));
  model.deleteAdapter("default");
  assert.equal(tf.memory().numTensors, before);
  assert.deepEqual(model.activeAdapters, []);
  assert.deepEqual(model.targetedModuleNames, []);
  assert.equal(model.trainableParameters().size, 0);
  const x = toyInput();
  const { logits } = model.forward({ x }); // needs no task ids
  assert.deepEqual([...logits.dataSync()], baseOutput(model));
  model.addAdapter("next", config());
  assert.deepEqual(model.activeAdapters, ["next"]);
  tf.dispose([x, logits]);
  free(model);
});

Deno.test("A7 an unknown adapter cannot be deleted", () => {
  const model = toy();
  assert.throws(() => model.deleteAdapter("unknown-adapter"), {
    name: "RangeError",
    message: "Adapter unknown-adapter does not exist",
  });
  free(model);
});

Deno.test("A9 two active adapters give another output than each alone", () => {
  const model = toy();
  model.addAdapter("other", config(), { seed: 1 });
  const first = output(model);
  model.setAdapter("other");
  const second = output(model);
  model.setAdapter(["default", "other"]);
  const both = output(model);
  for (const alone of [first, second]) {
    assert.ok(both.some((value, i) => Math.abs(value - alone[i]!) > 1e-3));
  }
  free(model);
});

Deno.test("A10 two adapters that save one module cannot both be active", () => {
  const model = toy({ modules_to_save: ["norm"] });
  model.addAdapter("same", config({ modules_to_save: ["norm"] }));
  model.addAdapter("another", config({ modules_to_save: ["lm_head"] }));
  assert.throws(() => model.setAdapter(["default", "same"]), {
    name: "RangeError",
    message: /^Only one adapter can be set at a time for ModulesToSaveWrapper.*norm\.weight$/,
  });
  assert.deepEqual(model.activeAdapters, ["default"]);
  model.setAdapter(["another", "same"]);
  assert.deepEqual(model.activeAdapters, ["another", "same"]);
  free(model);
});

Deno.test("A11 setRequiresGrad() trains adapters and parts of them", () => {
  const model = toy({ modules_to_save: ["norm"] });
  model.addAdapter("other", config());
  const trained = () => names(model).map((name) => /(A|B|logits|weight)(\.\w+)?$/.exec(name)![0]);
  assert.equal(trained().length, 7);
  model.setRequiresGrad("default", false);
  assert.deepEqual(trained(), []);
  model.setRequiresGrad("default", true, "router");
  assert.deepEqual(trained(), ["logits", "logits"]);
  model.setRequiresGrad("default", true, "saved");
  assert.deepEqual(trained(), ["logits", "logits", "weight"]);
  model.setRequiresGrad(["default", "other"]);
  assert.equal(trained().length, 13);
  assert.throws(() => model.setRequiresGrad(["other", "nope"], false), /Adapter nope not found/);
  assert.throws(() => model.setRequiresGrad("default", true, "head" as "all"), RangeError);
  assert.equal(trained().length, 13);
  free(model);
});

Deno.test("A11 an adapter for inference starts frozen, and setAdapter() can freeze", () => {
  const model = toy({ inference_mode: true });
  assert.deepEqual(names(model), []);
  model.setAdapter("default");
  assert.equal(names(model).length, 6);
  model.setAdapter("default", { inferenceMode: true });
  assert.deepEqual(names(model), []);
  free(model);
});

Deno.test("A12 disableAdapter() is exactly the base model, needs no task ids, and ends", async () => {
  const model = toy({ modules_to_save: ["norm"] });
  fillWithWaves(model.adapters.get("default")!);
  const x = toyInput();
  const adapted = output(model);
  const read = () => {
    const { logits } = model.forward({ x });
    const values = [...logits.dataSync()];
    logits.dispose();
    return values;
  };
  assert.deepEqual(model.disableAdapter(read), baseOutput(model));
  assert.deepEqual(output(model), adapted);
  assert.notDeepEqual(adapted, baseOutput(model));
  const later = model.disableAdapter(async () => {
    await Promise.resolve();
    return read();
  });
  assert.ok(!model.isEnabled);
  assert.deepEqual(await later, baseOutput(model));
  assert.deepEqual(output(model), adapted);
  x.dispose();
  free(model);
});

Deno.test("A12 disableAdapter() restores what was before, also when it fails or blocks overlap", async () => {
  const model = toy();
  const fail = () => {
    throw new Error("inside");
  };
  assert.throws(() => model.disableAdapter(fail), /inside/);
  assert.ok(model.isEnabled);
  await assert.rejects(
    () => model.disableAdapter(() => Promise.reject(new Error("later"))),
    /later/,
  );
  assert.ok(model.isEnabled);

  const { promise: a, resolve: endA } = Promise.withResolvers<void>();
  const { promise: b, resolve: endB } = Promise.withResolvers<void>();
  const blocks = [model.disableAdapter(() => a), model.disableAdapter(() => b)];
  endA();
  await blocks[0];
  assert.ok(!model.isEnabled); // the second still runs
  endB();
  await blocks[1];
  assert.ok(model.isEnabled);

  model.disableAdapterLayers();
  model.disableAdapter(() => assert.ok(!model.isEnabled));
  assert.ok(!model.isEnabled);
  model.enableAdapterLayers();
  assert.ok(model.isEnabled);
  free(model);
});

Deno.test("A13 what is trained is the same after disabling, and nothing is meanwhile", () => {
  const model = toy();
  model.setRequiresGrad("default", false, "skills"); // MHR-z
  const before = names(model);
  assert.equal(before.length, 2);
  model.disableAdapter(() => assert.deepEqual(names(model), []));
  assert.deepEqual(names(model), before);
  model.disableAdapterLayers();
  model.enableAdapterLayers();
  assert.deepEqual(names(model), before);
  free(model);
});

Deno.test("A14 unload() gives back the base model as it was, and frees the rest", () => {
  const base = new ToyModel();
  const before = tf.memory().numTensors;
  const model = getPeftModel(base, config({ modules_to_save: ["norm"] }));
  const expected = baseOutput(model);
  assert.equal(model.unload(), base);
  assert.equal(tf.memory().numTensors, before);
  assert.equal(model.adapters.size, 0);
  assert.deepEqual(baseOutput(model), expected);
  base.dispose();
});

Deno.test("A15 merging one task computes that task, and undoing it gives back every bit", () => {
  const model = toy({ n_splits: 2 });
  const [adapted, plain] = [output(model), baseOutput(model)];
  const x = toyInput();
  const run = (task: number) => {
    const { logits } = model.forward({ x, taskIds: [task, task, task] });
    const values = [...logits.dataSync()];
    logits.dispose();
    return values;
  };
  const expected = run(1);
  model.mergeAdapter({ task: 1 });
  assert.equal(model.mergedAdapter, "default");
  run(1).forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 1e-5));
  assert.throws(() => run(2), { name: "MergeError", message: /unmergeAdapter\(\) first/ });
  const refused = [
    () => model.mergeAdapter({ task: 0 }),
    () => model.disableAdapter(() => 0),
    () => model.disableAdapterLayers(),
    () => model.deleteAdapter("default"),
    () => model.setAdapter("default"),
    () => model.resizeTasks(4),
    () => model.forward({ x, taskIds: [1, 1, 1], training: true }),
  ];
  for (const each of refused) assert.throws(each, { name: "MergeError" });
  model.unmergeAdapter();
  assert.deepEqual(output(model), adapted);
  assert.deepEqual(baseOutput(model), plain);
  const merged = model.mergeAndUnload({ task: 1 });
  baseOutput(model).forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 1e-5));
  assert.equal(model.adapters.size, 0);
  x.dispose();
  merged.dispose();
});

Deno.test("A15 merging needs one adapter that is active and enabled", () => {
  const model = toy();
  model.addAdapter("other", config());
  model.setAdapter(["default", "other"]);
  assert.throws(() => model.mergeAdapter({ task: 0 }), /active are default, other/);
  model.setAdapter("other");
  assert.throws(() => model.disableAdapter(() => model.mergeAdapter({ task: 0 })), /, disabled/);
  free(model);
});

Deno.test("A16 status() and layerStatus() report what PEFT reports", () => {
  const model = toy({ target_modules: ["up"], modules_to_save: ["norm"], n_splits: 2 });
  model.addAdapter("other", config({ target_modules: ["up", "gate"] }));
  const both = { available_adapters: ["default", "other"], quantization_backend: null };
  assert.deepEqual(model.layerStatus(), [
    {
      ...both,
      name: `model.${UP}`,
      module_type: "poly.Linear",
      enabled: true,
      active_adapters: ["default"],
      merged_adapters: [],
      requires_grad: { default: true, other: false },
      devices: { default: ["cpu"], other: ["cpu"] },
    },
    {
      name: "model.block.0.gate",
      module_type: "poly.Linear",
      enabled: true,
      active_adapters: ["default"],
      merged_adapters: [],
      requires_grad: { other: false },
      available_adapters: ["other"],
      devices: { other: ["cpu"] },
      quantization_backend: null,
    },
    {
      name: "model.norm",
      module_type: "ModulesToSaveWrapper",
      enabled: true,
      active_adapters: ["default"],
      merged_adapters: [],
      requires_grad: { default: true },
      available_adapters: ["default"],
      devices: { default: ["cpu"] },
      quantization_backend: null,
    },
  ]);
  // up: 2 skills · rank 2 · (6 + 8) + 3 tasks · 2 splits · 2 skills, and 6 of norm.
  const trainable = 2 * 2 * 14 + 3 * 2 * 2 + 6;
  const other = 2 * 2 * 14 + 3 * 2 + 2 * 2 * 12 + 3 * 2;
  assert.deepEqual(model.status(), {
    ...both,
    base_model_type: "ToyModel",
    adapter_model_type: "PolyModel",
    peft_types: { default: "POLY", other: "POLY" },
    trainable_params: trainable,
    total_params: model.base.parameters.size + trainable + other,
    num_adapter_layers: 3,
    enabled: true,
    active_adapters: ["default"],
    merged_adapters: [],
    requires_grad: { default: true, other: false },
    devices: { default: ["cpu"], other: ["cpu"] },
  });
  free(model);
});

Deno.test("A16 status() says irregular where layers differ", () => {
  const model = toy({ modules_to_save: ["norm"] });
  model.addAdapter("other", config());
  const state = () => {
    const { enabled, active_adapters, requires_grad, merged_adapters } = model.status();
    return { enabled, active_adapters, requires_grad, merged_adapters };
  };
  model.setRequiresGrad("default", false, "skills");
  assert.deepEqual(state().requires_grad, { default: "irregular", other: false });
  assert.equal(model.layerStatus()[0]!.requires_grad["default"], "irregular");
  model.setAdapter("other"); // norm has no copy of its own in it
  assert.equal(state().enabled, "irregular");
  assert.equal(state().active_adapters, "irregular");
  model.setAdapter("default");
  model.disableAdapterLayers();
  assert.deepEqual(state(), {
    enabled: false,
    active_adapters: ["default"],
    requires_grad: { default: false, other: false },
    merged_adapters: [],
  });
  model.enableAdapterLayers();
  model.mergeAdapter({ task: 0 });
  assert.deepEqual(model.layerStatus()[0]!.merged_adapters, ["default"]);
  model.unmergeAdapter();
  for (const name of ["default", "other"]) model.deleteAdapter(name);
  assert.throws(() => model.status(), { name: "RangeError", message: /^No adapter layers found/ });
  free(model);
});

Deno.test("A17 the base model keeps exactly its own parameters and values", async () => {
  const base = new ToyModel();
  const read = () =>
    Promise.all(
      base.parameters.names.map(async (name) => [name, await base.parameters.get(name).data()]),
    );
  const before = await read();
  const model = getPeftModel(base, config({ modules_to_save: ["norm"] }));
  fillWithWaves(model.adapters.get("default")!);
  output(model);
  assert.deepEqual(await read(), before);
  free(model);
});

Deno.test("A18 a name that cannot be a parameter's or a folder's is refused before anything changes", () => {
  const base = new ToyModel();
  const model = getPeftModel(base, config());
  const before = tf.memory().numTensors;
  for (
    const name of ["a.b", ".", "..", "", " ", "a ", "a/b", "..\\b", "/etc", "C:", "a\0b", "a\nb"]
  ) {
    const refused = { name: "RangeError", message: /^Cannot name an adapter / };
    assert.throws(() => model.addAdapter(name, config()), refused, name);
    assert.throws(() => getPeftModel(base, config(), { adapterName: name }), refused, name);
  }
  assert.throws(() => model.addAdapter(3 as unknown as string, config()), TypeError);
  assert.equal(tf.memory().numTensors, before);
  assert.deepEqual([...model.adapters.keys()], ["default"]);
  free(model);
});

Deno.test("a name inside PEFT's prefix is warned of, and works", () => {
  const model = toy({}, "poly");
  assert.match(
    model.warnings[0]!,
    /^Adapter name 'poly' should not be contained in the prefix 'poly_'/,
  );
  assert.equal(output(model).length, 24);
  free(model);
});

Deno.test("modules_to_save matches by ending, ignores what is not there, and gets a task's heads", () => {
  const saved = (options: PolyConfigOptions) => {
    const model = toy({ target_modules: ["up"], ...options });
    const { savedModuleNames, config } = model.adapters.get("default")!;
    free(model);
    return [savedModuleNames, config.modules_to_save];
  };
  assert.deepEqual(saved({ modules_to_save: ["head", "zzz"] }), [["lm_head"], ["head", "zzz"]]);
  assert.deepEqual(saved({ task_type: "SEQ_CLS" }), [[], ["classifier", "score"]]);
  assert.deepEqual(
    saved({ task_type: "QUESTION_ANS", modules_to_save: ["norm"] }),
    [["norm"], ["norm", "qa_outputs"]],
  );
});

Deno.test("a tied head that is saved becomes its own, with a warning", () => {
  const base = smallLlama({ tie_word_embeddings: true });
  const model = getPeftModel(base, new PolyConfig({ modules_to_save: ["lm_head"], n_tasks: 3 }));
  assert.match(model.warnings[0]!, /^Model has `tie_word_embeddings=True`/);
  const [, all] = model.getNbTrainableParameters();
  const { size } = base.parameters.get("lm_head.weight");
  const poly = [...model.trainableParameters()].filter(([name]) => name.includes("poly_"));
  const ofPoly = poly.reduce((sum, [, variable]) => sum + variable.size, 0);
  assert.equal(all, base.parameters.size + ofPoly + size);
  free(model as unknown as PeftModel);
});

Deno.test("printTrainableParameters() prints PEFT's line", () => {
  const model = toy();
  // gate and up, 2 skills of rank 2, 3 tasks; the base has 48 + 8 + 48 + 36 + 6 + 24 values.
  const trainable = 2 * 2 * (14 + 12) + 2 * 3 * 2;
  const printed: string[] = [];
  const line = model.printTrainableParameters((line) => printed.push(line));
  assert.equal(line, "trainable params: 116 || all params: 286 || trainable%: 40.5594");
  assert.deepEqual(printed, [line]);
  assert.deepEqual(model.getNbTrainableParameters(), [trainable, 170 + trainable]);
  free(model);
});

Deno.test("trainableParameters() gives one part where one is asked for", () => {
  const model = toy({ modules_to_save: ["norm"] });
  const of = (part: Part | "all") => [...model.trainableParameters(part).keys()];
  assert.deepEqual(of("all"), names(model));
  assert.deepEqual(of("skills"), names(model).filter((name) => name.includes("poly_lora_")));
  assert.deepEqual(of("router"), names(model).filter((name) => name.includes("poly_router")));
  assert.deepEqual(of("saved"), ["base_model.model.norm.modules_to_save.default.weight"]);
  model.setRequiresGrad("default", false, "router");
  assert.deepEqual(of("router"), []);
  assert.throws(() => of("routing" as Part), {
    name: "RangeError",
    message:
      'Cannot name parameters as part must be one of all, skills, router, saved: got "routing"',
  });
  free(model);
});

Deno.test("layers that share a router train and count it once", () => {
  const model = toy({ settings: { router_granularity: "model" } });
  assert.equal(names(model).filter((name) => name.includes("router")).length, 1);
  assert.equal(model.getNbTrainableParameters()[0], 2 * 2 * (14 + 12) + 3 * 2);
  free(model);
});

Deno.test("a PeftModel cannot be wrapped again, but its base model can stand under several", () => {
  const model = toy();
  assert.throws(() => new PeftModel(model as never), { name: "TypeError", message: /addAdapter/ });
  const second = getPeftModel(model.base, config(), { seed: 9 });
  assert.notDeepEqual(output(model), output(second));
  second.dispose();
  assert.equal(output(model).length, 24);
  free(model);
});

Deno.test("resizeTasks() makes room for a task and keeps what was learned", () => {
  const model = toy();
  const before = output(model);
  model.setRequiresGrad("default", false, "skills");
  const tensors = tf.memory().numTensors;
  model.resizeTasks(4);
  assert.equal(tf.memory().numTensors, tensors);
  assert.equal(model.adapters.get("default")!.config.n_tasks, 4);
  assert.deepEqual(output(model), before);
  assert.equal(names(model).length, 2);
  free(model);
});
