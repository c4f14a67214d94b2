import assert from "node:assert/strict";
import { onEachBackend } from "../testing/on_each_backend.ts";
import type { Trainable } from "./multi_task_model.ts";
import type { TaskExample } from "./task_batch.ts";
import * as tf from "../tf.ts";
import { alignmentOf, gradientAlignment } from "./gradient_alignment.ts";
import { multiTaskModel } from "../run/method.ts";
import { plantedProblem } from "../run/planted.ts";
import { parseRunConfig, type RunConfig } from "../run/config.ts";

const vectors = (...rows: number[][]) => rows.map((row) => Float32Array.from(row));

function near(actual: object, expected: Record<string, number>, tolerance = 1e-6): void {
  for (const [name, value] of Object.entries(expected)) {
    const found = (actual as Record<string, number>)[name]!;
    assert.ok(Math.abs(found - value) < tolerance, `${name}: ${found}, not ${value}`);
  }
}

Deno.test("alignmentOf() equals values by hand", () => {
  // Norms 1, 5 and 2; cosines 0.6, −0.6 and −1; the mean is (2.8, 2.4) / 3.
  near(alignmentOf(vectors([1, 0], [3, 4], [-1.2, -1.6])), {
    gradient_alignment: (0.6 - 0.6 - 1) / 3,
    gradient_conflict: 2 / 3,
    gradient_coherence: Math.hypot(2.8 / 3, 2.4 / 3) / (8 / 3),
  });
  near(alignmentOf(vectors([2, 2], [7, 7], [1, 1])), {
    gradient_alignment: 1,
    gradient_conflict: 0,
    gradient_coherence: 1,
  });
  near(alignmentOf(vectors([1, 2], [-1, -2])), {
    gradient_alignment: -1,
    gradient_conflict: 1,
    gradient_coherence: 0,
  });
});

Deno.test("alignmentOf() takes a vector of zeros for unrelated to all", () => {
  const zeros = { gradient_alignment: 0, gradient_conflict: 0, gradient_coherence: 0 };
  near(alignmentOf(vectors([0, 0], [0, 0])), zeros);
  near(alignmentOf(vectors([0, 0], [1, 1])), { ...zeros, gradient_coherence: 1 });
});

/** Examples are vectors x, and a task's loss is the mean of w·x + 5 v; w is a skill, v is what `part` says. */
function linear(
  part: "skills" | "router",
): Trainable<{ readonly x: number[][] }> & { dispose(): void } {
  const w = tf.tidy(() => tf.variable(tf.tensor1d([0.5, -1, 2])));
  const v = tf.tidy(() => tf.variable(tf.scalar(1)));
  return {
    forward: ({ x }) => ({
      loss: tf.add(
        tf.mean(tf.matMul(tf.tensor2d(x), tf.reshape(w, [3, 1]))),
        tf.mul(5, v as unknown as tf.Scalar),
      ) as tf.Scalar,
    }),
    trainableParameters: (asked) =>
      new Map<string, tf.Variable>([
        ...(asked === "router" ? [] : [["w", w] as const]),
        ...(asked === undefined || asked === part ? [["v", v] as const] : []),
      ]),
    dispose: () => tf.dispose([w, v]),
  };
}

onEachBackend(
  "gradientAlignment() compares gradients of the first examples' mean loss, half by half",
  async () => {
    const [model, shared] = [linear("router"), linear("skills")];
    const tasks = [
      { train: [[1, 0, 0], [3, 0, 0], [0, 9, 9]] }, // gradient (2, 0, 0) of the first two
      { train: [[0, 4, 0], [0, 0, 0]] }, // (0, 2, 0)
      { train: [[-1, 0, 0]] }, // (−1, 0, 0), all it has
    ];
    const seen: number[][] = [];
    const encode = (examples: readonly TaskExample<number[]>[]) => {
      seen.push(examples.map(({ taskId }) => taskId));
      return { x: examples.map(({ example }) => example) };
    };
    const found = await gradientAlignment(model, tasks, encode, 2);
    near(found, {
      gradient_alignment: -1 / 3,
      gradient_conflict: 1 / 3,
      gradient_coherence: Math.hypot(1 / 3, 2 / 3) / (5 / 3),
      merged_gradient_alignment: -1 / 3,
      // The first task's halves agree, one half of the second has no gradient, the third has one half.
      gradient_reliability: 1 / 2,
    });
    assert.deepEqual(seen, [[0], [0], [1], [1], [2]]);
    const single = await gradientAlignment(model, tasks, encode, 1);
    assert.equal(single.gradient_reliability, null);
    // With the parameter that all share, they agree more.
    const all = await gradientAlignment(shared, tasks, encode, 2);
    assert.ok(all.gradient_alignment > 0.8);
    model.dispose();
    shared.dispose();
  },
);

onEachBackend(
  "gradientAlignment() is 0 for private adapters, not for shared ones, and the same for both merged",
  async () => {
    const config = parseRunConfig({
      suite: "planted",
      n_tasks: 3,
      n_heldout_tasks: 0,
      n_train: 4,
      r: 2,
    });
    const problem = await plantedProblem(config);
    const aligned = async (method: RunConfig["method"], n_splits: number) => {
      const model = multiTaskModel(problem.base, { ...config, method, n_splits }, null);
      // Every skill the same: then the tasks compute the same, however they share.
      const layers = [...model.adapters.get("default")!.layers.values()];
      for (const [layer, { skillsA, skillsB }] of layers.entries()) {
        tf.tidy(() => {
          for (const [skills, seed] of [[skillsA, 2 * layer], [skillsB, 2 * layer + 1]] as const) {
            const [H, S, rows, columns] = skills.shape as [number, number, number, number];
            const one = tf.randomUniform([1, 1, H * rows, columns], -1, 1, "float32", seed);
            const bySplit = tf.reshape(one, [H, 1, rows, columns]);
            skills.assign(tf.tile(bySplit, [1, S, 1, 1]));
          }
        });
      }
      const { trainable, suite, encode } = problem;
      const found = await gradientAlignment(trainable(model), suite.training, encode, 4);
      model.dispose();
      return found;
    };
    const [own, shared, poly] = [
      await aligned("private", 1),
      await aligned("shared", 1),
      await aligned("poly", 1),
    ];
    assert.equal(own.gradient_alignment, 0);
    assert.ok(Math.abs(shared.gradient_alignment) > 0.05, `${shared.gradient_alignment}`);
    for (const { merged_gradient_alignment, gradient_reliability } of [own, poly]) {
      near({ merged_gradient_alignment, gradient_reliability }, {
        merged_gradient_alignment: shared.gradient_alignment,
        gradient_reliability: shared.gradient_reliability!,
      }, 1e-4);
    }
    problem.dispose();
  },
  { only: ["wasm", "cpu"] },
);
