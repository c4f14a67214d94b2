/**
 * What methods compute whose skills are no averages of low-rank factors, against plain loops that share no
 * code with them: outputs, gradients by finite differences, the start, and numbers of parameters.
 */
import assert from "node:assert/strict";
import { Mlp } from "../models/mlp/model.ts";
import { type Slot, slots } from "../peft/adapter_slots.ts";
import { getPeftModel, type PeftModel } from "../peft/peft_model.ts";
import type { Adapter, Part } from "../poly/adapter.ts";
import { PolyConfig, type PolyConfigOptions } from "../poly/config.ts";
import { SparseLayer } from "../poly/forms/sparse.ts";
import { assertClose } from "../testing/assert_close.ts";
import { finiteDifferences } from "../testing/finite_differences.ts";
import { BATCH, smallLlama, smallT5 } from "../testing/models/small_models.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { wave } from "../testing/wave.ts";
import * as tf from "../tf.ts";
import { disposeGradients, lossAndGradients } from "../train/gradients.ts";
import { checkMethod } from "./check_method.ts";
import { parseRunConfig, type RunConfigInput } from "./config.ts";
import { adaptationModel, multiTaskModel } from "./method.ts";

const T = 3;
const [I, HIDDEN, O] = [6, 8, 4];
const TASK_IDS = [2, 0, 1, 2, 1];
const FEATURES = wave(TASK_IDS.length * 2 * I, 0.3);
/** Weights of the outputs in the loss whose gradient is taken. */
const COEFFICIENTS = wave(TASK_IDS.length * 2 * O, 0.9);

/** The numbers of a model by the names of its tensors. */
type Values = ReadonlyMap<string, ArrayLike<number>>;

/** What a layer `[in] → [out]` makes of one position of a row of a task. */
type Layer = (values: Values, name: string, task: number, x: readonly number[]) => number[];

function mlp(): Mlp {
  return Mlp.fromConfig({
    model_type: "mlp",
    in_features: I,
    hidden_features: [HIDDEN],
    out_features: O,
    activation: "silu",
    loss: "mse",
  }, { seed: 3 });
}

const sum = (n: number, term: (i: number) => number) =>
  Array.from({ length: n }, (_, i) => term(i)).reduce((total, each) => total + each, 0);

/** x·Wᵀ + b. */
const plain: Layer = (values, name, _, x) => {
  const [W, b] = [values.get(`${name}.weight`)!, values.get(`${name}.bias`)!];
  return Array.from(b, (each, o) => each + sum(x.length, (i) => W[o * x.length + i]! * x[i]!));
};

/** (IA)³ vectors of 2 splits and 5 skills: of the outputs of layers.0, of the inputs of layers.2. */
const ia3: Layer = (values, name, task, x) => {
  const [H, S] = [2, 5];
  const V = values.get(`${name}.poly_ia3_l`)!;
  const Z = values.get(`${name}.poly_router.module_logits`)!;
  const amount = (h: number, s: number) => 1 / (1 + Math.exp(-Z[(task * H + h) * S + s]!));
  const scaled = (features: readonly number[]) =>
    features.map((value, f) => {
      const width = features.length / H;
      const h = Math.floor(f / width);
      const total = sum(S, (s) => amount(h, s));
      const l = sum(S, (s) => amount(h, s) / total * (1 + V[(h * S + s) * width + f % width]!));
      return value * l;
    });
  return name === "layers.0"
    ? scaled(plain(values, name, task, x))
    : plain(values, name, task, scaled(x));
};

/** Differences of S skills at the places of their supports. */
const sparse = (S: number): Layer => (values, name, task, x) => {
  const [V, support] = [values.get(`${name}.poly_sparse_values`)!, values.get(`${name}.support`)!];
  const Z = values.get(`${name}.poly_router.module_logits`)!;
  const amount = (s: number) => 1 / (1 + Math.exp(-Z[task * S + s]!));
  const total = sum(S, amount);
  const y = plain(values, name, task, x);
  const K = V.length / S;
  for (let i = 0; i < V.length; i++) {
    const [o, column] = [Math.floor(support[i]! / x.length), support[i]! % x.length];
    y[o]! += amount(Math.floor(i / K)) / total * V[i]! * x[column]!;
  }
  return y;
};

/** Factors of rank 2 generated from an embedding of 3 numbers. */
const hyper: Layer = (values, name, task, x) => {
  const [E, R] = [3, 2];
  const of = (what: string) => values.get(`${name}.${what}`)!;
  const dense = (what: string, input: readonly number[]) =>
    Array.from(
      { length: E },
      (_, o) =>
        of(`poly_router.bias${what}`)[o]! +
        sum(E, (i) => of(`poly_router.weight${what}`)[o * E + i]! * input[i]!),
    );
  const e = Array.from({ length: E }, (_, i) => of("poly_router.task_embedding")[task * E + i]!);
  const g = dense("2", dense("1", e).map((value) => Math.max(0, value)));
  const y = plain(values, name, task, x);
  const [A, B] = [of("poly_lora_A"), of("poly_lora_B")];
  const a = (i: number, r: number) => sum(E, (j) => g[j]! * A[(j * x.length + i) * R + r]!);
  const b = (r: number, o: number) => sum(E, (j) => g[j]! * B[(j * R + r) * y.length + o]!);
  const inner = [0, 1].map((r) => sum(x.length, (i) => x[i]! * a(i, r)));
  return y.map((value, o) => value + sum(R, (r) => inner[r]! * b(r, o)) / R);
};

/** The outputs of the model, one row of a batch after another. */
function outputs(values: Values, layer: Layer): number[] {
  return TASK_IDS.flatMap((task, row) =>
    [0, 1].flatMap((position) => {
      const start = (2 * row + position) * I;
      const inner = layer(values, "layers.0", task, [...FEATURES.slice(start, start + I)]);
      return layer(values, "layers.2", task, inner.map((value) => value / (1 + Math.exp(-value))));
    })
  );
}

/** Values of the i-th tensor of an adapter, different from all others. */
const filled = (i: number, size: number, part: Part) =>
  wave(size, 0.37 * i, part === "router" ? 1.5 : 0.6);

/** Outputs by loops, and gradients of their weighted sum by finite differences, by name of the tensor. */
const byLoops = (layer: Layer) => async (base: Mlp, adapter: Adapter, all: readonly Slot[]) => {
  const values = new Map<string, Float64Array>();
  for (const [name, layer] of adapter.formLayers) {
    if (layer instanceof SparseLayer) {
      values.set(`${name}.support`, Float64Array.from(layer.support));
    }
  }
  for (const name of base.parameters.names) {
    values.set(name, Float64Array.from(await base.parameters.get(name).data()));
  }
  for (const [i, { name, variable, part }] of all.entries()) {
    values.set(name, Float64Array.from(filled(i, variable.size, part)));
  }
  const gradients = new Map(all.map(({ name }) => [
    name,
    finiteDifferences((changed) => {
      const logits = outputs(new Map([...values, [name, changed]]), layer);
      return sum(logits.length, (i) => COEFFICIENTS[i]! * logits[i]!);
    }, values.get(name)!),
  ]));
  return { outputs: outputs(values, layer), gradients };
};

/** The same function, computed once for all backends. */
function once<A extends unknown[], R>(work: (...args: A) => R): (...args: A) => R {
  let found: { readonly result: R } | undefined;
  return (...args) => (found ??= { result: work(...args) }).result;
}

const forward = (model: PeftModel<Mlp>) =>
  model.forward({
    features: tf.tensor3d(FEATURES, [TASK_IDS.length, 2, I]),
    taskIds: TASK_IDS,
  }).logits;

const adapterOf = (model: PeftModel<Mlp>) => model.adapters.get("default")!;

const of = (options: PolyConfigOptions) => (base: Mlp) =>
  getPeftModel(base, new PolyConfig({ target_modules: "all-linear", n_tasks: T, ...options }));

const IA3 = of({
  n_skills: 5,
  n_splits: 2,
  settings: { skill_form: "ia3", feedforward_modules: ["2"] },
});
const SPARSE = of({ n_skills: 3, settings: { skill_form: "sparse", skill_density: 0.3 } });
const FEW = of({ n_skills: 2, settings: { skill_form: "sparse", skill_density: 0.4 } });
const DENSE = of({ n_skills: 3, settings: { skill_form: "sparse", skill_density: 1 } });
const HYPER = of({ n_skills: 3, r: 2, settings: { router_type: "hypernetwork" } });
const FULL = (base: Mlp) => multiTaskModel(base, parseRunConfig({ method: "full" }), null);

for (
  const [what, make, layer] of [
    ["Poly over (IA)³", IA3, ia3],
    ["HyperLoRA", HYPER, hyper],
    ["full fine-tuning", FULL, plain],
    ["sparse skills", SPARSE, sparse(3)],
    ["sparse skills, fewer than tasks", FEW, sparse(2)],
    ["dense skills", DENSE, sparse(3)],
  ] as const
) {
  onEachBackend(`${what} starts as the base model, to the last bit`, async () => {
    const base = mlp();
    const model = make(base);
    const [adapted, alone] = tf.tidy(() => [
      forward(model),
      base.forward({ features: tf.tensor3d(FEATURES, [TASK_IDS.length, 2, I]) }).logits,
    ]) as [tf.Tensor, tf.Tensor];
    assert.deepEqual(await adapted.data(), await alone.data());
    tf.dispose([adapted, alone]);
    model.dispose();
    base.dispose();
  });

  const loops = once(byLoops(layer));
  onEachBackend(`${what} equals plain loops: outputs and gradients`, async (backend) => {
    const base = mlp();
    const model = make(base);
    const all = slots(adapterOf(model));
    for (const [i, { variable, part }] of all.entries()) {
      tf.tidy(() => variable.assign(tf.tensor(filled(i, variable.size, part), variable.shape)));
    }
    const expected = await loops(base, adapterOf(model), all);
    const logits = tf.tidy(() => forward(model));
    const shape = [TASK_IDS.length, 2, O];
    const { tolerance } = backend;
    await assertClose(logits, { shape, data: expected.outputs }, 3 * tolerance, "outputs");
    logits.dispose();
    const names = new Map(all.map(({ name, variable }) => [variable.name, name]));
    const parameters = model.trainableParameters();
    const result = lossAndGradients(
      () => tf.sum(tf.mul(forward(model), tf.tensor(COEFFICIENTS, shape))) as tf.Scalar,
      parameters,
    );
    assert.equal(result.gradients.size, parameters.size);
    for (const [memoryName, gradient] of result.gradients) {
      const name = names.get(parameters.get(memoryName)!.name)!;
      const data = expected.gradients.get(name)!;
      await assertClose(gradient, { shape: gradient.shape, data }, 5 * tolerance, name);
    }
    disposeGradients(result);
    model.dispose();
    base.dispose();
  });
}

/** The numbers of trained values of a method in the multi-task phase, and for a held-out task. */
function counts(base: Mlp, input: RunConfigInput): [number, number] {
  const config = parseRunConfig({ n_tasks: T, n_skills: 5, r: 2, ...input });
  checkMethod(config);
  const trained = multiTaskModel(base, config, null);
  const adapted = adaptationModel(base, config, adapterOf(trained), null, 7);
  const found = [trained, adapted].map((model) => {
    const [trainable] = model.getNbTrainableParameters();
    const tensors = [...model.trainableParameters().values()];
    assert.equal(trainable, tensors.reduce((total, { size }) => total + size, 0));
    model.dispose();
    return trainable;
  });
  return found as [number, number];
}

onEachBackend("methods train as many parameters as their formulas say", () => {
  const base = mlp();
  const [S, H, R] = [5, 2, 2];
  const factors = R * (I + HIDDEN) + R * (HIDDEN + O);
  const vectors = HIDDEN + O; // outputs of both layers
  const all = I * HIDDEN + HIDDEN * O;
  const tenth = Math.round(0.1 * I * HIDDEN) + Math.round(0.1 * HIDDEN * O);
  const network = 2 * 2 * (S * S + S); // of both layers
  const expected: [RunConfigInput, number, number][] = [
    [{ skill_form: "ia3", method: "shared" }, vectors, vectors],
    [{ skill_form: "ia3", method: "private" }, T * vectors, vectors],
    [{ skill_form: "ia3", n_splits: H }, S * vectors + 2 * T * S * H, S * vectors + 2 * S * H],
    [
      { skill_form: "ia3", n_splits: H, adaptation: "routing" },
      S * vectors + 2 * T * S * H,
      2 * S * H,
    ],
    [
      { skill_form: "ia3", n_splits: H, adaptation: "average" },
      S * vectors + 2 * T * S * H,
      vectors,
    ],
    [{ method: "hyper" }, 2 * T * S + network + S * factors, 2 * S + network + S * factors],
    [{ method: "hyper", adaptation: "routing" }, 2 * T * S + network + S * factors, 2 * S],
    [{ skill_form: "sparse" }, S * tenth + 2 * T * S, S * tenth + 2 * S],
    [{ skill_form: "sparse", adaptation: "routing" }, S * tenth + 2 * T * S, 2 * S],
    [{ skill_form: "sparse", skill_density: 1, adaptation: "average" }, S * all + 2 * T * S, all],
    [{ method: "full" }, base.parameters.size, base.parameters.size],
  ];
  for (const [input, multiTask, heldOut] of expected) {
    assert.deepEqual(counts(base, input), [multiTask, heldOut], JSON.stringify(input));
  }
  base.dispose();
}, { only: ["cpu"] });

onEachBackend("(IA)³ by default scales keys, values and the inner activation", () => {
  for (const base of [smallT5(), smallLlama()]) {
    const config = parseRunConfig({
      n_tasks: T,
      skill_form: "ia3",
      method: "shared",
      target_modules: "default",
    });
    const model = multiTaskModel(base, config, null);
    // T5: three attentions of 18 and three feed-forward layers of 20; Llama: two of 8 and 22.
    const expected = "isEncoderDecoder" in base && base.isEncoderDecoder
      ? 2 * 4 * 18 + 3 * 20
      : 2 * (2 * 8 + 22);
    assert.equal(model.getNbTrainableParameters()[0], expected);
    model.dispose();
    base.dispose();
  }
}, { only: ["cpu"] });

for (const [model, make] of [["T5", smallT5], ["Llama", smallLlama]] as const) {
  for (
    const input of [
      { skill_form: "ia3", n_skills: 2, n_splits: 2, target_modules: "default" },
      { skill_form: "sparse", n_skills: 2, skill_density: 0.2 },
      { method: "hyper", n_skills: 3, r: 2 },
      { method: "full" },
    ] as RunConfigInput[]
  ) {
    const { method, skill_form } = parseRunConfig(input);
    onEachBackend(`${method} of ${skill_form} trains a ${model}`, async () => {
      const base = make();
      const config = parseRunConfig({ n_tasks: T, router_noise: "none", ...input });
      const trained = multiTaskModel(base, config, null);
      const lossOf = async () => {
        const { loss, ...others } = trained.forward(BATCH);
        const value = (await loss.data())[0]!;
        tf.dispose([loss, ...Object.values(others)]);
        return value;
      };
      const before = await lossOf();
      const parameters = trained.trainableParameters();
      const result = lossAndGradients(() => {
        const { loss } = trained.forward(BATCH);
        return loss;
      }, parameters);
      for (const [name, gradient] of result.gradients) {
        const variable = parameters.get(name)!;
        tf.tidy(() => variable.assign(tf.sub(variable, tf.mul(gradient, 0.01))));
      }
      disposeGradients(result);
      assert.ok(await lossOf() < before);
      trained.dispose();
      base.dispose();
    }, { only: ["wasm"] });
  }
}

Deno.test("what a method does not have is refused by name", () => {
  for (
    const [input, why] of [
      [
        { method: "full", adaptation: "average" },
        /^Cannot adapt the average of skills as method "full"/,
      ],
      [
        { method: "full", adaptation: "routing" },
        /^Cannot adapt by routing alone as method "full"/,
      ],
      [{ skill_form: "sparse", n_splits: 2 }, /^Cannot use n_splits 2 as sparse skills/],
      [
        { skill_form: "sparse", adaptation: "average" },
        /^Cannot adapt the average of sparse skills/,
      ],
      [{ skill_form: "sparse", method: "private" }, /^Cannot use method "private" as a held-out/],
      [{ method: "hyper", n_splits: 2 }, /^Cannot use n_splits 2 as method "hyper"/],
      [{ method: "hyper", skill_form: "ia3" }, /^Cannot use skill_form "ia3" as method "hyper"/],
      [
        { skill_form: "ia3", monitor_gradient_alignment: true },
        /^Cannot monitor gradient alignment/,
      ],
    ] as [RunConfigInput, RegExp][]
  ) {
    assert.throws(() => checkMethod(parseRunConfig(input)), { name: "RangeError", message: why });
  }
});
