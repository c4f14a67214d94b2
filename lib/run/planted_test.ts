import assert from "node:assert/strict";
import type { Task } from "../tasks/task.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { mean } from "../util/vectors.ts";
import { parseRunConfig, type RunConfigInput } from "./config.ts";
import { type PlantedExample, plantedProblem, plantedTeacher } from "./planted.ts";
import { doRun } from "./run.ts";

const SMALL: RunConfigInput = {
  suite: "planted",
  n_tasks: 5,
  n_heldout_tasks: 2,
  n_train: 3,
  n_validation: 2,
  n_test: 1,
  r: 2,
};

const deviation = (values: number[]) => {
  const center = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - center) ** 2)));
};

const allTasks = (
  { suite }: {
    suite: { training: readonly Task<PlantedExample>[]; heldOut: readonly Task<PlantedExample>[] };
  },
) => [...suite.training, ...suite.heldOut];

onEachBackend(
  "plantedProblem() has the teacher's outputs, as plain loops compute them",
  async ({ tolerance }) => {
    const config = parseRunConfig({ ...SMALL, teacher_n_splits: 2, teacher_r: 2 });
    const problem = await plantedProblem(config);
    const teacher = plantedTeacher(problem.base, config, problem.truth!);
    const { layers } = teacher.adapters.get("default")!;
    const [H, F] = [2, 16];
    for (const [taskId, task] of allTasks(problem).entries()) {
      assert.deepEqual([task.train.length, task.validation.length, task.test.length], [3, 2, 1]);
      for (const { features, outputs } of [task.train[0]!, task.test[0]!]) {
        for (let p = 0; p < 4; p++) {
          let x = Array.from(features.slice(p * F, (p + 1) * F));
          for (const name of ["layers.0", "layers.2"]) {
            const W = await problem.base.parameters.get(`${name}.weight`).array() as number[][];
            const b = await problem.base.parameters.get(`${name}.bias`).array() as number[];
            const A = await layers.get(name)!.skillsA.array() as number[][][][];
            const B = await layers.get(name)!.skillsB.array() as number[][][][];
            // A and B of the task: each split is the mean of its active skills.
            const mix = (skills: number[][][][], h: number, i: number, j: number) => {
              const row = problem.truth![h]![taskId]!;
              const total = row.reduce((sum, value) => sum + value, 0);
              return row.reduce(
                (sum, amount, s) => sum + amount / total * skills[h]![s]![i]![j]!,
                0,
              );
            };
            const y = b.map((bias, o) =>
              bias + x.reduce((sum, value, i) => sum + value * W[o]![i]!, 0)
            );
            for (let k = 0; k < 2; k++) {
              const inner = x.reduce((sum, value, i) => {
                return sum + value * mix(A, Math.floor(i / (F / H)), i % (F / H), k);
              }, 0);
              y.forEach((_, o) =>
                y[o]! += inner * mix(B, Math.floor(o / (F / H)), k, o % (F / H)) / 2
              );
            }
            x = name === "layers.0" ? y.map((value) => Math.max(0, value)) : y;
          }
          const found = Array.from(outputs.slice(p * F, (p + 1) * F));
          x.forEach((value, o) =>
            assert.ok(Math.abs(value - found[o]!) < 10 * tolerance, `${value}, not ${found[o]}`)
          );
        }
      }
    }
    teacher.dispose();
    problem.dispose();
  },
  { only: ["wasm", "cpu"] },
);

onEachBackend("plantedProblem() has its optimum at the teacher, whose loss is 0", async () => {
  const config = parseRunConfig(SMALL);
  const problem = await plantedProblem(config);
  const teacher = plantedTeacher(problem.base, config, problem.truth!);
  const tasks = allTasks(problem).map(({ name, test }, taskId) => ({
    name,
    taskId,
    examples: test,
  }));
  for (const { scores: { loss, teacher_gap } } of await problem.evaluate(teacher, tasks)) {
    assert.ok(loss < 1e-12 && teacher_gap! < 1e-10, `${loss}`);
  }
  const others = await problem.evaluate(teacher, [{ ...tasks[0]!, taskId: 1 }]);
  assert.ok(others[0]!.scores.teacher_gap! > 0.1, "another task's skills are worse");
  const base = await teacher.disableAdapter(() => problem.evaluate(teacher, tasks));
  assert.deepEqual(base.map(({ scores }) => scores.teacher_gap), tasks.map(() => 1));
  teacher.dispose();
  problem.dispose();
}, { only: ["wasm", "cpu"] });

onEachBackend(
  "plantedProblem() has the same tasks for every student, and others for another teacher",
  async () => {
    const tasksOf = async (changes: RunConfigInput) => {
      const problem = await plantedProblem(parseRunConfig({ ...SMALL, ...changes }));
      const tasks = allTasks(problem).map((
        { train, validation, test },
      ) => [train, validation, test]);
      problem.dispose();
      return tasks;
    };
    const before = await tasksOf({});
    for (
      const student of [
        { n_splits: 4, n_skills: 2, r: 1 },
        { method: "shared" },
        { method: "shared_equal_budget" },
      ] as const
    ) assert.deepEqual(await tasksOf(student), before, JSON.stringify(student));
    for (
      const teacher of [{ teacher_n_skills: 4 }, { teacher_n_splits: 2 }, { teacher_r: 1 }]
    ) assert.notDeepEqual(await tasksOf(teacher), before, JSON.stringify(teacher));
  },
  { only: ["cpu"] },
);

onEachBackend(
  "plantedProblem() adds noise to what is learned from, and none to tests",
  async () => {
    const clean = await plantedProblem(parseRunConfig({ ...SMALL, n_train: 40 }));
    const noisy = await plantedProblem(
      parseRunConfig({ ...SMALL, n_train: 40, target_noise: 0.5 }),
    );
    const [before, after] = [allTasks(clean), allTasks(noisy)];
    const numbers = (examples: readonly PlantedExample[]) =>
      examples.flatMap(({ outputs }) => Array.from(outputs));
    for (const [i, task] of after.entries()) {
      assert.deepEqual(task.test, before[i]!.test);
      assert.notDeepEqual(task.validation, before[i]!.validation);
      assert.deepEqual(task.train[0]!.features, before[i]!.train[0]!.features);
      const targets = numbers(before[i]!.train);
      const noise = numbers(task.train).map((value, k) => value - targets[k]!);
      const ratio = deviation(noise) / deviation(targets);
      assert.ok(Math.abs(ratio - 0.5) < 0.05, `${ratio}`);
    }
    clean.dispose();
    noisy.dispose();
  },
  { only: ["cpu"] },
);

onEachBackend("plantedProblem() refuses what a teacher cannot have", async () => {
  const refused: [RunConfigInput, string][] = [
    [
      { label_smoothing: 0.1 },
      'Cannot smooth labels as suite "planted" has numbers for targets: set label_smoothing to 0',
    ],
    [
      { teacher_n_splits: 3 },
      "Cannot plant a teacher as teacher_n_splits must divide its 16 features: got 3",
    ],
    [
      { teacher_n_skills: 17 },
      "Cannot plant a teacher as teacher_n_skills must be at most 16: got 17",
    ],
    [
      { teacher_r: 17 },
      "Cannot plant a teacher as teacher_r must be at most its 16 features: got 17",
    ],
  ];
  for (const [changes, message] of refused) {
    const config = parseRunConfig({ ...SMALL, ...changes });
    await assert.rejects(plantedProblem(config), { name: "RangeError", message });
  }
}, { only: ["cpu"] });

// Two speeds and no noise: with slower routing skills stay mixed, with noise it settles too early.
const LEARNING: RunConfigInput = {
  suite: "planted",
  n_tasks: 13,
  n_heldout_tasks: 1,
  max_skills: 3,
  teacher_n_skills: 4,
  teacher_r: 2,
  n_test: 8,
  r: 2,
  router_noise: "none",
  steps: 600,
  learning_rate: 0.02,
  router_learning_rate: 0.3,
  adaptation_steps: 60,
  adaptation_learning_rate: 0.01,
  adaptation_router_learning_rate: 0.3,
  evaluate_every: 0,
};

for (const [name, n_splits, seeds] of [["Poly", 1, [0, 1]], ["MHR", 2, [0]]] as const) {
  onEachBackend(
    `plantedProblem() is solved by ${name}, which finds the skills of the tasks`,
    async () => {
      for (const seed of seeds) {
        const dir = await Deno.makeTempDir();
        const config = parseRunConfig({ ...LEARNING, n_splits, teacher_n_splits: n_splits, seed });
        const { status, metrics: m } = await doRun(config, { dir });
        const found = JSON.stringify(m);
        assert.equal(status, "done");
        // One shared adapter is left with 0.4 to 0.8 of the base's loss.
        assert.ok(m.seen_teacher_gap! < 0.1, found);
        assert.ok(m.recovery! > 0.7 && m.recovery! > m.recovery_null! + 0.4, found);
        assert.ok(m.recovery_p! <= 0.01, found);
        assert.ok(m.heldout_teacher_gap! < 0.1 && m.start_heldout_teacher_gap! > 0.25, found);
        assert.ok(Math.abs(m.base_heldout_teacher_gap! - 1) < 1e-12, found);
        assert.equal("seen_exact_match" in m, false);
        await Deno.remove(dir, { recursive: true });
      }
    },
    { only: ["wasm"] },
  );
}
