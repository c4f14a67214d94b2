import assert from "node:assert/strict";
import { Mlp } from "../models/mlp/model.ts";
import type { PeftModel } from "../peft/peft_model.ts";
import { parseRunConfig, type RunConfig } from "../run/config.ts";
import { multiTaskModel } from "../run/method.ts";
import { plantedProblem } from "../run/planted.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { wave } from "../testing/wave.ts";
import * as tf from "../tf.ts";
import { agreementOf, type GradientAgreement } from "./gradient_agreement.ts";
import { gradientAlignment } from "./gradient_alignment.ts";

function near(actual: GradientAgreement, expected: GradientAgreement, tolerance: number): void {
  for (const [name, value] of Object.entries(expected)) {
    const found = actual[name as keyof GradientAgreement]!;
    assert.ok(Math.abs(found - value!) < tolerance, `${name}: ${found}, not ${value}`);
  }
}

/** The frozen weights beneath a model's adapters. */
const weightsOf = (model: PeftModel<Mlp>) =>
  new Map(
    model.targetedModuleNames.map((name) => {
      const weight = `${name}.weight`;
      return [weight, model.base.parameters.get(weight)];
    }),
  );

/** Sets the factors of every layer and skill; `factors` gets layer, skill, and which of the two. */
function setFactors(
  model: PeftModel<Mlp>,
  factors: (layer: number, skill: number, part: 0 | 1, shape: number[]) => number[],
): void {
  for (
    const [l, { skillsA, skillsB }] of [...model.adapters.get("default")!.layers.values()].entries()
  ) {
    for (const [part, skills] of [skillsA, skillsB].entries()) {
      const [, S, rows, columns] = skills.shape as [number, number, number, number];
      const values = Array.from(
        { length: S },
        (_, s) => factors(l, s, part as 0 | 1, [rows, columns]),
      );
      tf.tidy(() => skills.assign(tf.tensor(values.flat(), skills.shape)));
    }
  }
}

onEachBackend(
  "gradientAlignment() equals plain sums over two tasks of a linear layer",
  async () => {
    const [I, O, R, N] = [3, 2, 2, 5];
    const sizes = { in_features: I, hidden_features: [], out_features: O, loss: "mse" };
    const base = Mlp.fromConfig({ model_type: "mlp", ...sizes }, { seed: 1 });
    const settings = { suite: "planted", method: "private", n_tasks: 2, r: R } as const;
    const model = multiTaskModel(base, parseRunConfig(settings), null);
    const factors = (
      task: number,
      part: number,
      size: number,
    ) => [...wave(size, 1 + task + 3 * part)];
    setFactors(model, (_, task, part, [rows, columns]) => factors(task, part, rows! * columns!));
    const tasks = [0, 1].map((task) => ({
      train: Array.from({ length: N }, (_, n) => ({
        x: [...wave(I, 0.3 + n + 7 * task)],
        y: [...wave(O, 2.1 * n + task)],
      })),
    }));
    type Point = typeof tasks[number]["train"][number];
    const found = await gradientAlignment<Point, { points: Point[]; taskIds: number[] }>(
      {
        forward: ({ points, taskIds }) =>
          model.forward({
            features: tf.tensor2d(points.map(({ x }) => x)),
            labels: tf.tensor2d(points.map(({ y }) => y)),
            taskIds,
          }),
      },
      weightsOf(model),
      tasks,
      (examples) => ({
        points: examples.map(({ example }) => example),
        taskIds: examples.map(({ taskId }) => taskId),
      }),
      N, // odd: the last is left aside
    );
    // d/dW of the mean of (W x + b + A·B x / R − y)² is the sum of 2 (… − y) xᵀ over the number of terms.
    const weight = [...await base.parameters.get("layers.0.weight").data()];
    const bias = [...await base.parameters.get("layers.0.bias").data()];
    const halves = tasks.flatMap(({ train }, task) => {
      const [A, B] = [factors(task, 0, I * R), factors(task, 1, R * O)];
      return [train.slice(0, 2), train.slice(2, 4)].map((half) => {
        const gradient = new Array<number>(O * I).fill(0);
        for (const { x, y } of half) {
          for (let o = 0; o < O; o++) {
            let residual = bias[o]! - y[o]!;
            for (let i = 0; i < I; i++) {
              let effective = weight[o * I + i]!;
              for (let r = 0; r < R; r++) effective += A[i * R + r]! * B[r * O + o]! / R;
              residual += effective * x[i]!;
            }
            for (let i = 0; i < I; i++) gradient[o * I + i]! += residual * x[i]! / O;
          }
        }
        return gradient;
      });
    });
    const products = halves.map((a) =>
      halves.map((b) => a.reduce((sum, v, i) => sum + v * b[i]!, 0))
    );
    near(found, agreementOf(products), 1e-3);
    model.dispose();
    base.dispose();
  },
);

onEachBackend(
  "gradientAlignment() is the same however a method makes the same weights, and in parts",
  async () => {
    const config = parseRunConfig({
      suite: "planted",
      n_tasks: 3,
      n_heldout_tasks: 0,
      n_train: 4,
      r: 2,
    });
    const problem = await plantedProblem(config);
    /** Every skill makes the same update; `inOwnBasis`, with factors that no two skills share. */
    const agreement = async (
      method: RunConfig["method"],
      { inOwnBasis = false, mostValues = undefined as number | undefined } = {},
    ) => {
      const model = multiTaskModel(problem.base, { ...config, method }, null);
      setFactors(model, (layer, skill, part, [rows, columns]) => {
        const common = [...wave(rows! * columns!, 2 * layer + part)];
        if (!inOwnBasis) return common;
        // Ranks change places with every skill, and A gets a factor that B loses.
        const scale = part === 0 ? 2 ** skill : 2 ** -skill;
        return common.map((_, i) => {
          const [row, column] = [Math.floor(i / columns!), i % columns!];
          return scale *
            (part === 0
              ? common[row * columns! + (column + skill) % 2]!
              : common[(row + skill) % 2 * columns! + column]!);
        });
      });
      const { trainable, suite, encode } = problem;
      const [wanted, weights] = [trainable(model), weightsOf(model)];
      const found = await gradientAlignment(wanted, weights, suite.training, encode, 4, mostValues);
      model.dispose();
      return found;
    };
    const shared = await agreement("shared");
    assert.ok(Math.abs(shared.weight_gradient_alignment!) > 0.05);
    near(await agreement("poly"), shared, 1e-4);
    near(await agreement("private", { inOwnBasis: true }), shared, 1e-4);
    near(await agreement("shared", { mostValues: 1 }), shared, 1e-12);
    problem.dispose();
  },
  { only: ["wasm", "cpu"] },
);

onEachBackend("gradientAlignment() leaves out tasks of one example", async () => {
  const w = tf.tidy(() => tf.variable(tf.tensor1d([0.5, -1, 2])));
  const found = await gradientAlignment(
    {
      forward: ({ x }: { readonly x: number[][] }) => ({
        loss: tf.mean(tf.matMul(tf.tensor2d(x), tf.reshape(w, [3, 1]))) as tf.Scalar,
      }),
    },
    new Map([["w", w]]),
    [{ train: [[1, 0, 0], [1, 0, 0]] }, { train: [[9, 9, 9]] }, {
      train: [[-2, 0, 0], [-2, 0, 0]],
    }],
    (examples) => ({ x: examples.map(({ example }) => example) }),
    2,
  );
  assert.deepEqual(found, {
    weight_gradient_alignment: -1,
    weight_gradient_conflict: 1,
    weight_gradient_reliability: 1,
  });
  w.dispose();
}, { only: ["cpu"] });
