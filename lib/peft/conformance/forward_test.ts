/** Forward passes and training: items F1 to F13 of PEFT's own suite, where they apply to Poly. */
import assert from "node:assert/strict";
import { useBackend } from "../../backend/backend.ts";
import { T5ForConditionalGeneration } from "../../models/t5/model.ts";
import { seededNoise } from "../../ops/noise.ts";
import { assertClose } from "../../testing/assert_close.ts";
import { onEachBackend } from "../../testing/on_each_backend.ts";
import {
  BATCH,
  fillWithWaves,
  smallLlama,
  smallT5,
  valuesOf,
} from "../../testing/models/small_models.ts";
import { toyInput, ToyModel } from "../../testing/models/toy_model.ts";
import * as tf from "../../tf.ts";
import { AdamW } from "../../train/adamw.ts";
import * as train from "../../train/gradients.ts";
import { PolyConfig, type PolyConfigOptions } from "../../poly/config.ts";
import { getPeftModel, type PeftModel, type PeftModelOptions } from "../peft_model.ts";
import type { TaskIds } from "../../poly/task_ids.ts";

const TASK_IDS = [2, 0, 1];

/** An MHR adapter on every layer of a toy model, whose numbers are all different from the start. */
function toy(options: PolyConfigOptions = {}, others: PeftModelOptions = {}): PeftModel<ToyModel> {
  const config = new PolyConfig({
    target_modules: "all-linear",
    r: 3,
    n_tasks: 3,
    n_skills: 4,
    n_splits: 2,
    ...options,
  });
  return getPeftModel(new ToyModel(), config, others);
}

function filled(options: PolyConfigOptions = {}): PeftModel<ToyModel> {
  const model = toy(options);
  fillWithWaves(model.adapters.get("default")!);
  return model;
}

function free(...models: PeftModel[]): void {
  for (const model of models) model.unload().dispose();
}

/** The mean of the squared logits, and its gradient by every trainable parameter. */
function lossAndGradients(model: PeftModel<ToyModel>, taskIds: readonly number[] = TASK_IDS) {
  const parameters = model.trainableParameters();
  const x = toyInput();
  const { value, grads } = tf.variableGrads(() => {
    const { logits } = model.forward({ x, taskIds, training: true, noise: seededNoise(1) });
    return tf.mean(tf.square(logits)) as tf.Scalar;
  }, [...parameters.values()]);
  x.dispose();
  const gradients = new Map([...parameters].map(([name, { name: id }]) => [name, grads[id]]));
  return { value, parameters, gradients };
}

onEachBackend("F1 ten steps of Adam halve the loss", async () => {
  const sizes = { d_model: 64, d_kv: 16, d_ff: 128, num_heads: 4, num_layers: 2, vocab_size: 24 };
  const base = T5ForConditionalGeneration.fromConfig({ ...sizes, dropout_rate: 0 }, { seed: 0 });
  const poly = { task_type: "SEQ_2_SEQ_LM", r: 8, n_tasks: 3, n_skills: 2, n_splits: 4 } as const;
  const model = getPeftModel(base, new PolyConfig(poly));
  const rows = Array.from({ length: 12 }, (_, b) => b);
  const batch = {
    inputIds: rows.map((b) =>
      Array.from({ length: 6 }, (_, l) => 4 + (7 * b + 5 * l + b * l) % 20)
    ),
    labels: rows.map((b) => [2 + b % 2, 1]),
    taskIds: rows.map((b) => b % 3),
  };
  const parameters = model.trainableParameters();
  const optimizer = new AdamW([{ parameters, learningRate: 1e-2, weightDecay: 0 }]);
  const losses: number[] = [];
  for (let step = 0; step < 10; step++) {
    const noise = seededNoise(step);
    const result = train.lossAndGradients(
      () => model.forward({ ...batch, training: true, noise }).loss,
      parameters,
    );
    optimizer.step(result.gradients);
    losses.push((await result.loss.data())[0]!);
    train.disposeGradients(result);
  }
  assert.ok(losses.at(-1)! < 0.5 * losses[0]!, losses.join(" "));
  optimizer.dispose();
  free(model as unknown as PeftModel);
}, { only: ["wasm"] });

onEachBackend("F3 the output is finite", async () => {
  const model = toy({ init_weights: false });
  const x = toyInput();
  const { logits } = model.forward({ x, taskIds: TASK_IDS });
  assert.ok((await logits.data()).every(Number.isFinite));
  tf.dispose([x, logits]);
  free(model);
});

onEachBackend(
  "F6 every parameter of the adapter has a gradient, and no other is trained",
  async () => {
    const model = toy({ init_weights: false, modules_to_save: ["norm"] });
    const { value, parameters, gradients } = lossAndGradients(model);
    assert.equal(parameters.size, 4 * 3 + 1);
    for (const name of parameters.keys()) {
      assert.match(name, /^base_model\.model\..*(\.poly_|\.modules_to_save\.)/);
    }
    const base = model.base.parameters;
    const ofBase = new Set(base.names.map((name) => base.get(name)));
    assert.ok([...parameters.values()].every((variable) => !ofBase.has(variable)));
    for (const [name, gradient] of gradients) {
      assert.ok((await gradient!.data()).some((g) => g !== 0), name);
    }
    value.dispose();
    tf.dispose([...gradients.values()] as tf.Tensor[]);
    free(model);
  },
);

onEachBackend("F7 three steps change every tensor of the adapter, and nothing else", async () => {
  const model = toy({ init_weights: false, modules_to_save: ["norm"] });
  const adapter = model.adapters.get("default")!;
  const base = model.base.parameters;
  const snapshot = async () => {
    const values = new Map<string, Float32Array>();
    for (const name of base.names) values.set(name, await base.get(name).data() as Float32Array);
    return values;
  };
  const [before, baseBefore] = [await valuesOf(adapter), await snapshot()];
  for (let step = 0; step < 3; step++) {
    const { value, parameters, gradients } = lossAndGradients(model);
    for (const [name, parameter] of parameters) {
      tf.tidy(() => parameter.assign(tf.sub(parameter, tf.mul(gradients.get(name)!, 0.5))));
    }
    value.dispose();
    tf.dispose([...gradients.values()] as tf.Tensor[]);
  }
  for (const [name, values] of await valuesOf(adapter)) {
    const most = values.reduce((m, v, i) => Math.max(m, Math.abs(v - before.get(name)![i]!)), 0);
    assert.ok(most > 1e-4, `${name} moved by ${most}`);
  }
  assert.deepEqual(await snapshot(), baseBefore);
  free(model);
});

onEachBackend(
  "F13 a fresh adapter is the identity, exactly, and only B has a gradient",
  async () => {
    const model = toy();
    const x = toyInput();
    const adapted = model.forward({ x, taskIds: TASK_IDS });
    const plain = model.base.forward({ x });
    await assertClose(adapted.logits, plain.logits, 0);
    const { value, gradients } = lossAndGradients(model);
    for (const [name, gradient] of gradients) {
      const isZero = (await gradient!.data()).every((g) => g === 0);
      assert.equal(isZero, !name.includes("lora_B"), name);
    }
    value.dispose();
    tf.dispose([x, adapted.logits, plain.logits, ...gradients.values()] as tf.Tensor[]);
    free(model);
  },
);

onEachBackend("F13 evaluation is deterministic, training follows its noise", async () => {
  const model = filled();
  const x = toyInput();
  const run = async (training: boolean, seed: number) => {
    const context = { taskIds: TASK_IDS, training, noise: seededNoise(seed) };
    const { logits } = model.forward({ x, ...context });
    const values = await logits.data();
    logits.dispose();
    return values;
  };
  assert.deepEqual(await run(false, 1), await run(false, 2));
  assert.deepEqual(await run(true, 1), await run(true, 1));
  assert.notDeepEqual(await run(true, 1), await run(true, 2));
  assert.notDeepEqual(await run(true, 1), await run(false, 1));
  x.dispose();
  free(model);
});

/** Gives each tensor of `to` what `change` makes of the one in `from`. */
function copyChanged(
  from: PeftModel,
  to: PeftModel,
  change: { A: Change; B: Change; Z: Change },
): void {
  for (const [name, layer] of from.adapters.get("default")!.layers) {
    const other = to.adapters.get("default")!.layers.get(name)!;
    tf.tidy(() => {
      other.skillsA.assign(tf.reshape(change.A(layer.skillsA), other.skillsA.shape));
      other.skillsB.assign(tf.reshape(change.B(layer.skillsB), other.skillsB.shape));
      const logits = other.router.moduleLogits;
      logits.assign(tf.reshape(change.Z(layer.router.moduleLogits), logits.shape));
    });
  }
}
type Change = (tensor: tf.Tensor) => tf.Tensor;

async function assertSameOutput(a: PeftModel, b: PeftModel, tolerance: number): Promise<void> {
  const x = toyInput();
  const [p, q] = [a, b].map((model) => model.forward({ x, taskIds: TASK_IDS }).logits);
  await assertClose(p!, q!, tolerance);
  tf.dispose([x, p!, q!]);
}

onEachBackend("splits that are routed alike are one split", async ({ tolerance }) => {
  const [split, whole] = [filled(), filled({ n_splits: 1 })];
  // Both splits of `split` get the routing of the first.
  copyChanged(split, split, {
    A: (a) => a,
    B: (b) => b,
    Z: (z) => tf.concat([0, 0].map((at) => tf.slice(z, [0, at], [3, 4])), 1),
  });
  copyChanged(split, whole, {
    A: (a) => tf.transpose(a, [1, 0, 2, 3]), // [S, H, I/H, R]
    B: (b) => tf.transpose(b, [1, 2, 0, 3]), // [S, R, H, O/H]
    Z: (z) => tf.slice(z, [0, 0], [3, 4]),
  });
  await assertSameOutput(split, whole, tolerance);
  free(split, whole);
});

onEachBackend("renumbering the skills together with Z changes nothing", async ({ tolerance }) => {
  const [model, renumbered] = [filled(), filled()];
  const order = [2, 0, 3, 1];
  const skills: Change = (t) => tf.concat(order.map((s) => sliceAt(t, 1, s)), 1);
  copyChanged(model, renumbered, {
    A: skills,
    B: skills,
    Z: (z) => {
      const bySplit = tf.reshape(z, [3, 2, 4]);
      return tf.concat(order.map((s) => sliceAt(bySplit, 2, s)), 2);
    },
  });
  await assertSameOutput(model, renumbered, tolerance);
  free(model, renumbered);
});

function sliceAt(tensor: tf.Tensor, axis: number, index: number): tf.Tensor {
  const begin = tensor.shape.map((_, i) => (i === axis ? index : 0));
  const size = tensor.shape.map((n, i) => (i === axis ? 1 : n));
  return tf.slice(tensor, begin, size);
}

onEachBackend("one skill is LoRA with scale 1/r", async ({ tolerance }) => {
  const model = filled({ n_skills: 1, n_splits: 1, target_modules: ["lm_head"] });
  const layer = model.adapters.get("default")!.layers.get("lm_head")!;
  const x = toyInput();
  const adapted = model.forward({ x, taskIds: TASK_IDS }).logits;
  const lora = tf.tidy(() => {
    const A = tf.reshape(layer.skillsA, [6, 3]);
    const B = tf.reshape(layer.skillsB, [3, 4]);
    const weight = model.base.parameters.get("lm_head.weight");
    const delta = tf.transpose(tf.div(tf.matMul(A as tf.Tensor2D, B as tf.Tensor2D), 3));
    const before = weight.clone();
    weight.assign(tf.add(before, delta));
    const { logits } = model.base.forward({ x });
    weight.assign(before);
    return logits;
  });
  await assertClose(adapted, lora, tolerance);
  tf.dispose([x, adapted, lora]);
  free(model);
});

onEachBackend("a private allocation keeps every task to its own skill", async () => {
  const router_allocation = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
  const model = toy({ n_skills: 3, init_weights: false, settings: { router_allocation } });
  assert.ok([...model.trainableParameters().keys()].every((name) => !name.includes("router")));
  const { value, gradients } = lossAndGradients(model, [0, 2, 2]);
  for (const [name, gradient] of gradients) {
    const perSkill = tf.tidy(() => tf.sum(tf.abs(gradient!), [0, 2, 3]));
    const [first, second, third] = await perSkill.data();
    assert.ok(first! > 0 && third! > 0, name);
    assert.equal(second, 0, name);
    perSkill.dispose();
  }
  value.dispose();
  tf.dispose([...gradients.values()] as tf.Tensor[]);
  free(model);
});

onEachBackend("F9 generate() follows each row's task, F12 with beams as without", async () => {
  for (const base of [smallT5(), smallLlama()]) {
    const model = getPeftModel(base, new PolyConfig({ n_tasks: 3, n_skills: 2, n_splits: 2 }));
    fillWithWaves(model.adapters.get("default")!);
    const { inputIds, attentionMask, taskIds } = BATCH;
    const options = { max_new_tokens: 5, min_new_tokens: 5 };
    for (const num_beams of [1, 3]) {
      const together = await model.generate({
        inputIds,
        attentionMask,
        taskIds,
        num_beams,
        ...options,
      });
      for (const [row, task] of taskIds.entries()) {
        const [alone] = await model.generate({
          inputIds: [inputIds[row]!],
          attentionMask: [attentionMask[row]!],
          taskIds: [task],
          num_beams,
          ...options,
        });
        assert.deepEqual(together[row], alone);
      }
    }
    free(model as unknown as PeftModel);
  }
}, { only: ["wasm", "cpu"] });

Deno.test("F10 generate() takes its inputs by name", async () => {
  await useBackend("cpu");
  const model = getPeftModel(smallLlama(), new PolyConfig());
  await assert.rejects(() => model.generate([[1, 2]] as never), TypeError);
  free(model as unknown as PeftModel);
  const toyModel = toy();
  await assert.rejects(() => toyModel.generate({ inputIds: [[1]], taskIds: [0] }), {
    name: "TypeError",
    message: "Cannot generate as the base model must be a language model: got ToyModel",
  });
  free(toyModel);
});

Deno.test("F13 task ids that do not fit are refused by name before anything is computed", async () => {
  await useBackend("cpu");
  const model = getPeftModel(smallT5(), new PolyConfig({ n_tasks: 3 }));
  const { inputIds, labels } = BATCH;
  const ids = [
    tf.tensor1d([0, 1, 2]),
    tf.tensor1d([true, false, true], "bool"),
    tf.scalar(0, "int32"),
  ];
  const wrong: [TaskIds | undefined, string, RegExp][] = [
    [undefined, "TypeError", /^task_ids should not be None/],
    [[0, 3, 1], "RangeError", /^Only 3 tasks available. Found task id = 3$/],
    [[0, -1, 1], "RangeError", /^Only 3 tasks available. Found task id = -1$/],
    [[0, -9, 1], "RangeError", /Found task id = -9$/],
    [[0, 1], "RangeError", /got 2 task ids for 3 rows$/],
    [[0], "RangeError", /got 1 task ids for 3 rows$/],
    [[], "RangeError", /got none$/],
    [[0.5, 1, 2], "TypeError", /integer/],
    [ids[0]!, "TypeError", /int32.*got float32$/],
    [ids[1]!, "TypeError", /int32.*got bool$/],
    [ids[2]!, "RangeError", /got 1 task ids for 3 rows$/],
  ];
  const before = tf.memory().numTensors;
  for (const [taskIds, name, message] of wrong) {
    assert.throws(() => model.forward({ inputIds, labels, taskIds }), { name, message });
    await assert.rejects(() => model.generate({ inputIds, taskIds }), { name, message });
  }
  assert.equal(tf.memory().numTensors, before);
  for (const taskIds of [[2, 0, 1], tf.tensor2d([[2], [0], [1]], [3, 1], "int32")]) {
    tf.dispose(Object.values(model.forward({ inputIds, labels, taskIds })) as tf.Tensor[]);
    if (taskIds instanceof tf.Tensor) taskIds.dispose();
  }
  assert.equal(tf.memory().numTensors, before);
  tf.dispose(ids);
  free(model as unknown as PeftModel);
});

Deno.test("forward() in training without noise refuses and leaves nothing behind", async () => {
  await useBackend("cpu");
  const model = toy();
  const x = toyInput();
  const before = tf.memory().numTensors;
  assert.throws(() => model.forward({ x, taskIds: TASK_IDS, training: true }), {
    name: "TypeError",
    message: /^Cannot train without noise/,
  });
  assert.equal(tf.memory().numTensors, before);
  x.dispose();
  free(model);
});
