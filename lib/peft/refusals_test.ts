/**
 * Bad input at the public calls: each is refused by class and words, and leaves the model, its
 * adapters and their numbers as they were. Where PEFT fails late, silently or half-way, see README.md.
 */
import assert from "node:assert/strict";
import { useBackend } from "../backend/backend.ts";
import { BATCH, fillWithWaves, smallT5 } from "../testing/models/small_models.ts";
import { ToyModel } from "../testing/models/toy_model.ts";
import * as tf from "../tf.ts";
import { PolyConfig, type PolyConfigOptions } from "../poly/config.ts";
import { getPeftModel, type PeftModel } from "./peft_model.ts";
import type { TaskIds } from "../poly/task_ids.ts";

await useBackend("cpu");
const base = smallT5(); // its layers have 12, 18 and 20 features
const model = getPeftModel(base, new PolyConfig({ n_tasks: 3, n_splits: 2, r: 2 }));
model.addAdapter("other", new PolyConfig({ n_tasks: 2, r: 3, modules_to_save: ["lm_head"] }));
model.addAdapter("same", new PolyConfig({ n_tasks: 3, modules_to_save: ["lm_head"] }));
fillWithWaves(model.adapters.get("default")!);
const { inputIds, labels, taskIds } = BATCH;

/** All that a refused call must not change. */
function state() {
  const { numTensors } = tf.memory();
  const logits = tf.tidy(() => model.forward({ inputIds, labels, taskIds }).logits.dataSync());
  return {
    numTensors,
    logits: [...logits],
    adapters: [...model.adapters].map(([name, { config }]) => [name, config.toDict()]),
    active: model.activeAdapters,
    trained: [...model.trainableParameters().keys()],
    warnings: [...model.warnings],
  };
}

type Refusal = [name: string, message: RegExp];
type Row = [what: string, call: () => unknown, name: string, message: RegExp];

function refuses(section: string, rows: readonly Row[]): void {
  for (const [what, call, name, message] of rows) {
    Deno.test(`${section}: ${what} is refused, and nothing changes`, async () => {
      const before = state();
      await assert.rejects(async () => await call(), { name, message });
      assert.deepEqual(state(), before);
    });
  }
}

/** The row for a configuration, as the first adapter and as a later one. */
function configured(what: string, options: object, ...refusal: Refusal): Row[] {
  const config = () => new PolyConfig(options as PolyConfigOptions);
  return [
    [`${what}, for a first adapter,`, () => getPeftModel(base, config()), ...refusal],
    [`${what}, for a later adapter,`, () => model.addAdapter("new", config()), ...refusal],
  ];
}

const NONE = "NoMatchingPeftModuleError";

refuses("targets", [
  ...configured(
    "a last word as a pattern",
    { target_modules: "q" },
    NONE,
    /^Target modules q not found in the base model\./,
  ),
  ...configured(
    "part of a word",
    { target_modules: ["elfAttention.q"] },
    NONE,
    /^Target modules \{'elfAttention\.q'\} not found/,
  ),
  ...configured(
    "all-linear in a list",
    { target_modules: ["all-linear"] },
    NONE,
    /^Target modules \{'all-linear'\} not found/,
  ),
  ...configured(
    "an empty list",
    { target_modules: [] },
    NONE,
    /^No `target_modules` passed but also no `target_parameters` found\./,
  ),
  ...configured(
    "an empty pattern",
    { target_modules: "" },
    NONE,
    /^No `target_modules` passed but/,
  ),
  ...configured(
    "everything excluded",
    { exclude_modules: ".*" },
    NONE,
    /^All modules were excluded\. This is likely unintended\./,
  ),
  ...configured(
    "every target excluded",
    { exclude_modules: ["q", "v"] },
    NONE,
    /^No modules were targeted for adaptation\./,
  ),
  ...configured(
    "an embedding",
    { target_modules: ["q", "shared"] },
    "TypeError",
    /^Target module "shared" \(Embedding\) is not supported\. Currently, only the following modules are supported: `torch\.nn\.Linear`\.$/,
  ),
  ...configured(
    "a module of modules",
    { target_modules: ["SelfAttention"] },
    "TypeError",
    /^Target module "encoder\.block\.0\.layer\.0\.SelfAttention" \(T5Attention\) is not supported\./,
  ),
  ...configured("a bad pattern", { target_modules: "q(" }, "SyntaxError", /"q\("/),
  ...configured("a bad pattern of exclusion", { exclude_modules: "[" }, "SyntaxError", /"\["/),
  ...configured(
    "text for modules_to_save",
    { modules_to_save: "lm_head" },
    "TypeError",
    /^Cannot make PolyConfig as modules_to_save must be a list of names or null, such as \["lm_head"\]: got "lm_head"$/,
  ),
  [
    "no target for a model of one's own",
    () => {
      const toy = new ToyModel();
      try {
        getPeftModel(toy, new PolyConfig());
      } finally {
        toy.dispose();
      }
    },
    "RangeError",
    /^Please specify `target_modules` in `peft_config`/,
  ],
]);

refuses("several adapters", [
  [
    "a name that is taken",
    () => model.addAdapter("default", new PolyConfig()),
    "RangeError",
    /^Adapter with name 'default' already exists\.$/,
  ],
  ...["a.b", "../up", "a/b", "/etc", "a\\b", "", ".."].map((name): Row => [
    `the name ${JSON.stringify(name)}`,
    () => model.addAdapter(name, new PolyConfig()),
    "RangeError",
    /^Cannot name an adapter ".*" as its name must not be empty, or hold dots, separators/,
  ]),
  [
    "activating what is not there",
    () => model.setAdapter("nope"),
    "RangeError",
    /^Adapter nope not found\.$/,
  ],
  [
    "activating one that is not there",
    () => model.setAdapter(["other", "nope"]),
    "RangeError",
    /^Adapter nope not found\.$/,
  ],
  [
    "activating two that save one module",
    () => model.setAdapter(["other", "same"]),
    "RangeError",
    /^Only one adapter can be set at a time for ModulesToSaveWrapper/,
  ],
  [
    "deleting what is not there",
    () => model.deleteAdapter("nope"),
    "RangeError",
    /^Adapter nope does not exist$/,
  ],
  [
    "training what is not there",
    () => model.setRequiresGrad("nope"),
    "RangeError",
    /^Adapter nope not found\.$/,
  ],
]);

/** The row for task ids of three rows, to compute and to generate. */
function routed(what: string, ids: () => unknown, ...refusal: Refusal): Row[] {
  const using = (call: (taskIds: TaskIds) => unknown) => async () => {
    const taskIds = ids() as TaskIds;
    try {
      await call(taskIds);
    } finally {
      if (taskIds instanceof tf.Tensor) taskIds.dispose();
    }
  };
  return [
    [
      `${what}, to forward(),`,
      using((taskIds) => model.forward({ inputIds, labels, taskIds })),
      ...refusal,
    ],
    [
      `${what}, to generate(),`,
      using((taskIds) => model.generate({ inputIds, taskIds })),
      ...refusal,
    ],
    [
      `${what}, to a beam search,`,
      using((taskIds) => model.generate({ inputIds, taskIds, num_beams: 2 })),
      ...refusal,
    ],
  ];
}

refuses("task ids", [
  ...routed("none", () => undefined, "TypeError", /^task_ids should not be None: pass taskIds/),
  ...routed("null", () => null, "TypeError", /^task_ids should not be None: pass taskIds/),
  ...routed(
    "one past the last task",
    () => [0, 3, 1],
    "RangeError",
    /^Only 3 tasks available\. Found task id = 3$/,
  ),
  ...routed(
    "one below 0",
    () => [0, -1, 1],
    "RangeError",
    /^Only 3 tasks available\. Found task id = -1$/,
  ),
  ...routed(
    "one far below 0",
    () => [0, -4, 1],
    "RangeError",
    /^Only 3 tasks available\. Found task id = -4$/,
  ),
  ...routed(
    "too few",
    () => [0, 1],
    "RangeError",
    /^Cannot route as there must be one task id for each row: got 2 task ids for 3 rows$/,
  ),
  ...routed("one for all", () => [0], "RangeError", /got 1 task ids for 3 rows$/),
  ...routed("too many", () => [0, 1, 2, 0], "RangeError", /got 4 task ids for 3 rows$/),
  ...routed(
    "an empty list",
    () => [],
    "RangeError",
    /^Cannot read taskIds as there must be one for each row: got none$/,
  ),
  ...routed(
    "a single number",
    () => tf.scalar(0, "int32"),
    "RangeError",
    /got 1 task ids for 3 rows$/,
  ),
  ...routed(
    "fractions",
    () => [0, 0.5, 1],
    "TypeError",
    /^Cannot read taskIds as each must be an integer: found 0\.5 in row 1$/,
  ),
  ...routed("texts", () => ["0", "1", "2"], "TypeError", /found 0 in row 0$/),
  ...routed(
    "a float tensor",
    () => tf.tensor1d([0, 1, 2]),
    "TypeError",
    /^Cannot read taskIds as a tensor of them must be int32.*: got float32$/,
  ),
  ...routed(
    "a mask",
    () => tf.tensor1d([true, false, true], "bool"),
    "TypeError",
    /int32.*: got bool$/,
  ),
  ...routed(
    "a row of ids",
    () => tf.tensor2d([[0, 1, 2]], [1, 3], "int32"),
    "TypeError",
    /^Cannot read taskIds as a tensor of them must have shape \[rows\] or \[rows, 1\]: got \[1,3\]$/,
  ),
  [
    "inputs by position",
    () => model.generate(inputIds as never),
    "TypeError",
    /^Cannot generate as there must be a prompt: pass \{ inputIds, taskIds \} by name$/,
  ],
]);

const POSITIVE = (field: string, value: number) =>
  RegExp(`^\`${field}\` should be a positive integer value but the value passed is ${value}$`);

refuses("hyper-parameters", [
  ...["r", "n_tasks", "n_skills", "n_splits"].flatMap((field) => [
    ...[0, -1, 2.5].flatMap((value) =>
      configured(`${field} ${value}`, { [field]: value }, "RangeError", POSITIVE(field, value))
    ),
    ...configured(
      `${field} as a text`,
      { [field]: "2" },
      "TypeError",
      RegExp(`^Cannot make PolyConfig as ${field} must be a number: got "2"$`),
    ),
  ]),
  ...configured(
    "n_splits that does not divide a size",
    { n_splits: 4 },
    "RangeError",
    /^Cannot adapt "encoder\.block\.0\.layer\.0\.SelfAttention\.q" as n_splits must divide both sizes: n_splits is 4, in features 12, out features 18$/,
  ),
  ...configured(
    "n_splits above the sizes",
    { n_splits: 64 },
    "RangeError",
    /must divide both sizes: n_splits is 64, in features 12, out features 18$/,
  ),
  ...configured(
    "poly_type x",
    { poly_type: "x" },
    "RangeError",
    /^Unsupported poly_type: x\. Currently, only the following types are supported: `poly`\.$/,
  ),
]);

Deno.test("task ids: several active adapters are asked each for its own tasks", () => {
  model.setAdapter(["default", "other"]);
  const wrong = { name: "RangeError", message: "Only 2 tasks available. Found task id = 2" };
  assert.throws(() => model.forward({ inputIds, labels, taskIds }), wrong);
  model.setAdapter("default");
});

Deno.test("task ids: what PEFT takes is taken", () => {
  const run = (model: PeftModel<typeof base>, rows: number, taskIds: TaskIds) =>
    tf.tidy(() => {
      const { logits } = model.forward({
        inputIds: inputIds.slice(0, rows),
        labels: labels.slice(0, rows),
        taskIds,
      });
      return [...logits.dataSync()];
    });
  tf.tidy(() => {
    const expected = run(model, 3, [2, 0, 1]);
    assert.deepEqual(run(model, 3, tf.tensor1d([2, 0, 1], "int32")), expected);
    assert.deepEqual(run(model, 3, tf.tensor2d([2, 0, 1], [3, 1], "int32")), expected);
    assert.deepEqual(run(model, 1, tf.scalar(2, "int32")), run(model, 1, [2]));
  });
});
