import assert from "node:assert/strict";
import {
  meanRouting,
  measureRouting,
  type RouterLogits,
  splitMixingWeights,
  taskSimilarity,
} from "./measures.ts";

const Z = [
  [2, -1.5, 0.3, 0, 4, -3],
  [-0.7, 0.9, 1.1, -2, 0.1, 0.2],
  [0.5, 0.5, -6, 1, 1, 1],
  [-1, -2, -3, 3, -0.4, 0.6],
];
const split: RouterLogits = { name: "a", moduleLogits: Z, nSkills: 3, nSplits: 2 };
const whole: RouterLogits = { name: "b", moduleLogits: Z, nSkills: 6, nSplits: 1 };

function near(actual: number, expected: number, what = ""): void {
  assert.ok(Math.abs(actual - expected) < 1e-11, `${what} ${actual}, expected ${expected}`);
}

function allNear(actual: object, expected: object): void {
  assert.deepEqual(Object.keys(actual), Object.keys(expected));
  for (const [key, value] of Object.entries(expected)) {
    near((actual as Record<string, number>)[key]!, value as number, key);
  }
}

Deno.test("measureRouting() gives the values of torch's distributions", () => {
  // torch 2.13, float64: Bernoulli(logits=z).entropy(), round(p), and Categorical(probs).entropy()
  // of the column sums of p and of its rows.
  allNear(measureRouting(split), {
    entropy: 0.708317536624676,
    density: 7 / 12,
    usage: 0.9897836962378829,
    effective_skills: 2.5537100770752756,
    active_skills: 1.75,
  });
  allNear(measureRouting(whole), {
    entropy: 0.708317536624676,
    density: 7 / 12,
    usage: 0.9878033863035913,
    effective_skills: 4.868873751324139,
    active_skills: 3.5,
  });
});

Deno.test("measureRouting() has its extremes at undecided and at binary routing", () => {
  const of = (moduleLogits: number[][]) =>
    measureRouting({ name: "x", moduleLogits, nSkills: 4, nSplits: 1 });
  const flat = [0, 0, 0, 0];
  allNear(of([flat, flat, flat]), {
    entropy: 1,
    density: 0,
    usage: 1,
    effective_skills: 4,
    active_skills: 0,
  });
  // Each of two tasks has one skill of its own, and two skills are never used.
  allNear(of([[60, -60, -60, -60], [-60, 60, -60, -60]]), {
    entropy: 0,
    density: 0.25,
    usage: 0.5,
    effective_skills: 1,
    active_skills: 1,
  });
  const one = measureRouting({ name: "x", moduleLogits: [[3], [-3]], nSkills: 1, nSplits: 1 });
  assert.deepEqual([one.usage, one.effective_skills, one.density], [1, 1, 0.5]);
});

Deno.test("measureRouting() keeps the proportions of claims too small for a number", () => {
  const tiny = (by: number) => ({
    name: "x",
    moduleLogits: [[-by, -by - 1], [-by - 2, -by]],
    nSkills: 2,
    nSplits: 1,
  });
  const [far, close] = [measureRouting(tiny(5000)), measureRouting(tiny(40))];
  near(far.usage, close.usage);
  near(far.effective_skills, close.effective_skills);
  const huge = measureRouting({ ...tiny(0), moduleLogits: [[1e308, -1e308]] });
  assert.deepEqual(huge, {
    entropy: 0,
    density: 0.5,
    usage: 0,
    effective_skills: 1,
    active_skills: 1,
  });
});

Deno.test("measureRouting() of equal splits is that of one of them", () => {
  const rows = Z.map((row) => row.slice(0, 3));
  const once = measureRouting({ ...split, moduleLogits: rows, nSplits: 1 });
  const twice = measureRouting({ ...split, moduleLogits: rows.map((row) => [...row, ...row]) });
  allNear(twice, once);
});

Deno.test("meanRouting() is the mean over layers", () => {
  const [a, b] = [measureRouting(split), measureRouting(whole)];
  allNear(
    meanRouting([split, whole, whole]),
    Object.fromEntries(
      Object.entries(a).map(([key, value]) => [
        key,
        (value + 2 * b[key as keyof typeof b]) / 3,
      ]),
    ),
  );
  assert.throws(() => meanRouting([]), {
    name: "RangeError",
    message: /there must be at least one router/,
  });
});

Deno.test("taskSimilarity() gives torch's cosines of the weights of all layers and splits", () => {
  const second = {
    name: "c",
    moduleLogits: Z.map((row) => row.slice(0, 4).map((z) => 2 * z)),
    nSkills: 4,
    nSplits: 1,
  };
  // torch 2.13, float64: cosine_similarity of w = p / (p.sum(-1) + 1e-12), concatenated.
  const expected = [
    [1, 0.6555464930053971, 0.7269304617508031, 0.6538799648775419],
    [0.6555464930053971, 1, 0.674552471458542, 0.41732020359595795],
    [0.7269304617508031, 0.674552471458542, 1, 0.8330132629474251],
    [0.6538799648775419, 0.41732020359595795, 0.8330132629474251, 1],
  ];
  const similarity = taskSimilarity([split, second]);
  assert.deepEqual(similarity.map((row) => row.length), [4, 4, 4, 4]);
  similarity.flat().forEach((cosine, i) => near(cosine, expected.flat()[i]!, `entry ${i}`));
});

Deno.test("taskSimilarity() refuses routers of other tasks", () => {
  assert.throws(() => taskSimilarity([split, { ...whole, moduleLogits: Z.slice(1) }]), {
    name: "RangeError",
    message: 'Cannot compare tasks as routers differ in tasks: "a" has 4, "b" has 3',
  });
  assert.throws(() => taskSimilarity([]), {
    name: "RangeError",
    message: /there must be at least one router/,
  });
});

Deno.test("splitMixingWeights() gives one matrix per split, with rows that sum to 1", () => {
  const weights = splitMixingWeights({ ...split, moduleLogits: [[0, 0, 0, 60, -60, 60]] });
  assert.deepEqual(weights.map((rows) => rows.length), [1, 1]);
  [1 / 3, 1 / 3, 1 / 3].forEach((weight, skill) => near(weights[0]![0]![skill]!, weight));
  [0.5, 0, 0.5].forEach((weight, skill) => near(weights[1]![0]![skill]!, weight));
});

Deno.test("measureRouting() refuses logits that do not fit or are not finite, by name", () => {
  assert.throws(() => measureRouting({ ...split, nSkills: 4 }), {
    name: "RangeError",
    message: 'Cannot measure router "a" as task 0 has 6 logits: 2 splits of 4 skills have 8',
  });
  assert.throws(() => measureRouting({ ...split, moduleLogits: [Z[0]!, [0, 0, NaN, 0, 0, 0]] }), {
    name: "RangeError",
    message: 'Cannot measure router "a" as logits must be finite: task 1 has NaN',
  });
  assert.throws(() => measureRouting({ ...split, moduleLogits: [] }), {
    name: "RangeError",
    message: 'Cannot measure router "a" as it must have at least one task',
  });
});
