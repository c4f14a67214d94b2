import assert from "node:assert/strict";
import { assertClose } from "../../testing/assert_close.ts";
import { fill } from "../../testing/fill.ts";
import { onEachBackend } from "../../testing/on_each_backend.ts";
import * as tf from "../../tf.ts";
import { linear } from "../../ops/linear.ts";
import { Mlp, type MlpInputs } from "./model.ts";

const CONFIG = { model_type: "mlp", in_features: 4, hidden_features: [6, 5], out_features: 3 };
const SHAPES: [string, number[]][] = [
  ["layers.0.weight", [6, 4]],
  ["layers.0.bias", [6]],
  ["layers.2.weight", [5, 6]],
  ["layers.2.bias", [5]],
  ["layers.4.weight", [3, 5]],
  ["layers.4.bias", [3]],
];

// PyTorch 2.13: nn.Sequential(Linear(4, 6), act(), Linear(6, 5), act(), Linear(5, 3)) with parameter
// i at 2·fill(i), on 4·fill(20) as [2, 3, 4]; cross-entropy with the classes below, squared error
// with fill(21).
const EXPECTED = {
  relu: {
    // deno-fmt-ignore
    logits: [
      -0.06580013, 0.96674633, -1.65421796, -0.66071349, 0.19232085, -0.26311612, -0.62078941, -0.61059535, 0.36191443,
      -1.0315876, -0.21483874, 0.75378835, -0.12884569, 0.60510838, 0.70187986, -1.49757361, -0.04589623, -0.1779002,
    ],
    cross_entropy: 1.1600404977798462,
    mse: 0.8580677509307861,
  },
  gelu: {
    // deno-fmt-ignore
    logits: [
      -0.07179317, 0.78598732, -1.13249862, -0.79324174, 0.20366332, 0.06699592, -0.6025846, -0.56293297, 0.7694037,
      -0.97476196, -0.18613619, 1.10534775, -0.17463249, 0.61832118, 1.10427499, -1.59586716, -0.14688611, 0.46047375,
    ],
    cross_entropy: 1.1039522886276245,
    mse: 0.8570337891578674,
  },
  silu: {
    // deno-fmt-ignore
    logits: [
      -0.13980353, 0.62404299, -0.53501773, -0.73573256, 0.32150584, 0.31396067, -0.64165968, -0.49193168, 0.94305265,
      -0.88680398, -0.20255685, 1.28790414, -0.10547593, 0.46803147, 1.40768278, -1.41257501, -0.01278257, 0.58026963,
    ],
    cross_entropy: 1.1841659545898438,
    mse: 0.82725590467453,
  },
};
const CLASSES = [[0, 2, -100], [1, 1, 2]];

function tensors(): Map<string, tf.Tensor> {
  return new Map(SHAPES.map(([name, shape], index) => {
    const size = shape.reduce((product, n) => product * n, 1);
    return [name, tf.tensor(fill(index, size).map((value) => 2 * value), shape)];
  }));
}

function positions(): tf.Tensor3D {
  return tf.tensor3d(fill(20, 24).map((value) => 4 * value), [2, 3, 4]);
}

for (const [activation, expected] of Object.entries(EXPECTED)) {
  onEachBackend(`forward() gives PyTorch's numbers with ${activation}`, async ({ tolerance }) => {
    const features = positions();
    const classes = tf.tensor2d(CLASSES, [2, 3], "int32");
    const targets = tf.tensor3d(fill(21, 18), [2, 3, 3]);
    for (const [loss, labels] of [["cross_entropy", classes], ["mse", targets]] as const) {
      const model = Mlp.fromTensors({ ...CONFIG, activation, loss }, tensors());
      const out = model.forward({ features, labels });
      await assertClose(out.logits, { shape: [2, 3, 3], data: expected.logits }, tolerance);
      await assertClose(out.loss, { shape: [], data: [expected[loss]] }, tolerance, loss);
      tf.dispose([out.logits, out.loss]);
      model.dispose();
    }
    tf.dispose([features, classes, targets]);
  });
}

onEachBackend("forward() computes rows without positions as rows of one", async ({ tolerance }) => {
  const model = Mlp.fromTensors(CONFIG, tensors());
  const features = tf.tidy(() => tf.reshape(positions(), [6, 4]) as tf.Tensor2D);
  const labels = tf.tensor1d(CLASSES.flat(), "int32");
  const asked: number[][] = [];
  const plain = model.plainCall();
  const call = {
    training: false,
    linear(name: string, x: tf.Tensor3D) {
      asked.push(x.shape);
      return plain.linear(name, x);
    },
    parameter: (name: string) => plain.parameter(name),
    dropout: <T extends tf.Tensor>(x: T) => x,
    select: () => call,
    dispose() {},
  };
  const { logits, loss } = model.forward({ features, labels }, call);
  await assertClose(logits, { shape: [6, 3], data: EXPECTED.relu.logits }, tolerance);
  await assertClose(loss, { shape: [], data: [EXPECTED.relu.cross_entropy] }, tolerance);
  assert.deepEqual(asked, [[6, 1, 4], [6, 1, 6], [6, 1, 5]]);
  tf.dispose([logits, loss, features, labels]);
  model.dispose();
});

onEachBackend(
  "forward() has the gradient of finite differences at a weight",
  async ({ tolerance }) => {
    const model = Mlp.fromTensors({ ...CONFIG, activation: "silu", loss: "mse" }, tensors());
    const weight = model.parameters.get("layers.2.weight");
    const bias = model.parameters.get("layers.2.bias") as unknown as tf.Tensor1D;
    const plain = model.plainCall();
    const features = positions();
    const labels = tf.tensor3d(fill(21, 18), [2, 3, 3]);
    const lossAt = (changed: tf.Tensor) =>
      model.forward({ features, labels }, {
        training: false,
        linear: (name, x) =>
          name === "layers.2" ? linear(x, changed as tf.Tensor2D, bias) : plain.linear(name, x),
        parameter: (name) => plain.parameter(name),
        dropout: (x) => x,
        select: () => plain,
        dispose() {},
      }).loss;
    const gradient = tf.tidy(() => tf.grad(lossAt)(weight));
    const values = await weight.data();
    const losses = tf.tidy(() =>
      tf.stack([...values.keys()].flatMap((index) =>
        [0.01, -0.01].map((moved) => {
          const changed = values.map((value, i) => i === index ? value + moved : value);
          return lossAt(tf.tensor(changed, weight.shape));
        })
      ))
    );
    const found = await losses.data();
    const differences = values.map((_, i) => (found[2 * i]! - found[2 * i + 1]!) / 0.02);
    await assertClose(gradient, { shape: [5, 6], data: differences }, Math.max(tolerance, 1e-3));
    tf.dispose([gradient, losses, features, labels]);
    model.dispose();
  },
  { only: ["wasm", "cpu"] },
);

onEachBackend("forward() refuses what it cannot use and leaves nothing behind", () => {
  const classes = Mlp.fromTensors(CONFIG, tensors());
  const squares = Mlp.fromTensors({ ...CONFIG, loss: "mse" }, tensors());
  const features = tf.ones([2, 4]);
  const cases: [Mlp, object, string, RegExp][] = [
    [
      classes,
      { features: tf.ones([4]) },
      "TypeError",
      /features must be float32 of shape .*: got float32 of shape \[4\]/,
    ],
    [classes, { features: tf.ones([2, 4], "int32") }, "TypeError", /got int32 of shape \[2,4\]/],
    [
      classes,
      { features: tf.ones([2, 5]) },
      "RangeError",
      /must have 4 values .*: got shape \[2,5\]/,
    ],
    [classes, { features: tf.ones([0, 4]) }, "RangeError", /at least one row/],
    [
      classes,
      { features, labels: tf.ones([2]) },
      "TypeError",
      /must be int32 of shape \[2\]: got float32/,
    ],
    [
      classes,
      { features, labels: tf.ones([3], "int32") },
      "RangeError",
      /of shape \[2\]: got int32 of shape \[3\]/,
    ],
    [classes, { features, labels: tf.tensor1d([0, 3], "int32") }, "RangeError", /labels.*found 3/],
    [squares, { features, labels: tf.ones([2]) }, "TypeError", /must be float32 of shape \[2,3\]/],
    [
      squares,
      { features, labels: tf.ones([2, 4]) },
      "RangeError",
      /must be float32 of shape \[2,3\]/,
    ],
  ];
  for (const [model, inputs, name, message] of cases) {
    const before = tf.memory().numTensors;
    assert.throws(() => model.forward(inputs as MlpInputs), { name, message });
    assert.equal(tf.memory().numTensors, before, `${message}`);
    for (const tensor of Object.values(inputs)) if (tensor !== features) tensor.dispose();
  }
  features.dispose();
  classes.dispose();
  squares.dispose();
}, { only: ["cpu"] });

onEachBackend("modules are those of an nn.Sequential, and weights must be theirs", () => {
  const model = Mlp.fromTensors({ ...CONFIG, activation: "silu" }, tensors(), "here");
  assert.deepEqual(model.modules, [
    { name: "layers", kind: "Sequential" },
    { name: "layers.0", kind: "Linear", inFeatures: 4, outFeatures: 6 },
    { name: "layers.1", kind: "SiLU" },
    { name: "layers.2", kind: "Linear", inFeatures: 6, outFeatures: 5 },
    { name: "layers.3", kind: "SiLU" },
    { name: "layers.4", kind: "Linear", inFeatures: 5, outFeatures: 3 },
  ]);
  assert.deepEqual([model.identity.modelType, model.outputEmbedding, model.identity.nameOrPath], [
    "mlp",
    null,
    "here",
  ]);
  model.dispose();
  const given = tensors();
  given.get("layers.2.bias")!.dispose();
  given.delete("layers.2.bias");
  assert.throws(() => Mlp.fromTensors(CONFIG, given), {
    name: "RangeError",
    message: "Cannot make a Mlp of these tensors: missing are layers.2.bias",
  });
  for (const tensor of given.values()) tensor.dispose();
}, { only: ["cpu"] });

onEachBackend(
  "fromConfig() draws uniformly within PyTorch's bounds, from seed and name",
  async () => {
    const wide = { ...CONFIG, in_features: 25, hidden_features: [64, 16], out_features: 20 };
    const values = async (seed: number, config: Record<string, unknown>) => {
      const model = Mlp.fromConfig(config, { seed });
      const read = new Map<string, Float32Array>();
      for (const name of model.parameters.names) {
        read.set(name, await model.parameters.get(name).data() as Float32Array);
      }
      model.dispose();
      return read;
    };
    const one = await values(1, wide);
    assert.deepEqual(await values(1, wide), one);
    assert.notDeepEqual((await values(2, wide)).get("layers.0.weight"), one.get("layers.0.weight"));
    const deeper = await values(1, { ...wide, hidden_features: [64, 16, 9] });
    assert.deepEqual(deeper.get("layers.2.weight"), one.get("layers.2.weight"));
    const bounds = { "layers.0": 1 / 5, "layers.2": 1 / 8, "layers.4": 1 / 4 };
    for (const [layer, bound] of Object.entries(bounds)) {
      for (const part of ["weight", "bias"]) {
        const data = one.get(`${layer}.${part}`)!;
        const reach = part === "weight" ? 0.9 : 0.5; // fewer biases come near the bound
        assert.ok(data.every((value) => Math.abs(value) <= bound), `${layer}.${part}`);
        assert.ok(Math.max(...data) > reach * bound, `${layer}.${part} reaches up`);
        assert.ok(Math.min(...data) < -reach * bound, `${layer}.${part} reaches down`);
      }
    }
  },
  { only: ["cpu"] },
);
