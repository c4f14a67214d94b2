import type { KernelFunction } from "../../../ops/kernels.ts";
import { type Gpu, groupsFor, size } from "./gpu.ts";
import { combine, elementwise, program } from "./program.ts";

/** Where the split, and the place in a skill's matrix [X, Y], of an element of a mixed one lie. */
const PLACES = `
/** The place in an inventory [H, S, X, Y] of element i of rows set one below the other, [H · X, Y], for skill 0. */
fn along(i: u32, X: u32, Y: u32) -> u32 {
  let h = i / (X * Y);
  return h * params.S * X * Y + i % (X * Y);
}
/** The same of columns set side by side, [X, H · Y]. */
fn across(i: u32, X: u32, Y: u32) -> u32 {
  let h = i % (params.H * Y) / Y;
  return h * params.S * X * Y + i / (params.H * Y) * Y + i % Y;
}`;

const mixProgram = elementwise("MixFactors", {
  reads: { weights: "f32", skillsA: "f32", skillsB: "f32", inventories: "i32" },
  writes: ["A", "B"],
  integers: ["sizeA", "rowA", "rowB", "H", "S", "X", "R", "Y"],
  before: PLACES,
  body: `
  let S = params.S;
  var total = 0.0;
  if (i < params.sizeA) {
    let b = i / params.rowA;
    let inRow = i % params.rowA;
    let w = (b * params.H + inRow / (params.X * params.R)) * S;
    let own = u32(inventories[b]) * params.H * S * params.X * params.R;
    let at = own + along(inRow, params.X, params.R);
    for (var s = 0u; s < S; s++) {
      total += weights[w + s] * skillsA[at + s * params.X * params.R];
    }
    A[i] = total;
  } else {
    let j = i - params.sizeA;
    let b = j / params.rowB;
    let inRow = j % params.rowB;
    let w = (b * params.H + inRow % (params.H * params.Y) / params.Y) * S;
    let own = u32(inventories[b]) * params.H * S * params.R * params.Y;
    let at = own + across(inRow, params.R, params.Y);
    for (var s = 0u; s < S; s++) {
      total += weights[w + s] * skillsB[at + s * params.R * params.Y];
    }
    B[j] = total;
  }`,
});

/** A thread for each element of the skills [N·H, S, X, Y]. */
const gradSkillsProgram = (columns: boolean) =>
  elementwise(`MixFactorsGradSkills${columns ? "B" : "A"}`, {
    reads: { dy: "f32", weights: "f32", inventories: "i32" },
    writes: ["dSkills"],
    integers: ["count", "H", "S", "X", "Y"],
    body: `
  let y = i % params.Y;
  let x = i / params.Y % params.X;
  let s = i / (params.Y * params.X) % params.S;
  let h = i / (params.Y * params.X * params.S) % params.H;
  let inventory = i32(i / (params.Y * params.X * params.S * params.H));
  let at = ${columns ? "(x * params.H + h) * params.Y + y" : "(h * params.X + x) * params.Y + y"};
  var total = 0.0;
  for (var b = 0u; b < params.count; b++) {
    if (inventories[b] != inventory) { continue; }
    total += weights[(b * params.H + h) * params.S + s] *
      dy[b * params.H * params.X * params.Y + at];
  }
  dSkills[i] = total;`,
  });

const gradSkillsPrograms = [gradSkillsProgram(false), gradSkillsProgram(true)] as const;

/** A workgroup for each weight. */
const gradWeightsProgram = program("MixFactorsGradWeights", {
  reads: { dA: "f32", dB: "f32", skillsA: "f32", skillsB: "f32", inventories: "i32" },
  writes: ["dWeights"],
  integers: ["count", "H", "S", "X", "R", "Y"],
  threads: 64,
  before: combine("sum", "f32", "a + b"),
  body: `
  let work = group.y * groups.x + group.x; // dWeights is [B, H, S]
  if (work >= params.count) { return; }
  let s = work % params.S;
  let h = work / params.S % params.H;
  let b = work / (params.S * params.H);
  let skill = (u32(inventories[b]) * params.H + h) * params.S + s;
  let sizeA = params.X * params.R;
  let sizeB = params.R * params.Y;
  var own = 0.0;
  for (var j = lane; j < sizeA; j += THREADS) {
    own += dA[(b * params.H + h) * sizeA + j] * skillsA[skill * sizeA + j];
  }
  for (var j = lane; j < sizeB; j += THREADS) {
    let at = (j / params.Y * params.H + h) * params.Y + j % params.Y;
    own += dB[b * params.H * sizeB + at] * skillsB[skill * sizeB + j];
  }
  let total = sum(lane, own);
  if (lane == 0u) { dWeights[work] = total; }`,
});

/** The two factors of each row, the sums of the skills by its weights. */
export const mixFactors: KernelFunction<"MixFactors", Gpu> = (
  gpu,
  { weights, skillsA, skillsB },
  { inventories },
) => {
  const [B, H] = weights.shape;
  const [, S, X, R] = skillsA.shape;
  const Y = skillsB.shape[3];
  const [shapeA, shapeB] = [[B, H * X, R], [B, R, H * Y]];
  const [sizeA, sizeB] = [size({ shape: shapeA }), size({ shape: shapeB })];
  const integers = [sizeA, sizeA / B, sizeB / B, H, S, X, R, Y];
  const inputs = [weights, skillsA, skillsB, gpu.integers(inventories)];
  return gpu.each(mixProgram, sizeA + sizeB, inputs, [shapeA, shapeB], { integers });
};

/** The gradient of the skills of one factor. */
export const mixFactorsGradSkills: KernelFunction<"MixFactorsGradSkills", Gpu> = (
  gpu,
  { dy, weights },
  { shape, columns, inventories },
) => {
  const integers = [...weights.shape, ...shape.slice(2)];
  const program = gradSkillsPrograms[Number(columns)]!;
  const inputs = [dy, weights, gpu.integers(inventories)];
  return gpu.each(program, size({ shape }), inputs, [shape], { integers });
};

/** The gradient of the weights, from both factors. */
export const mixFactorsGradWeights: KernelFunction<"MixFactorsGradWeights", Gpu> = (
  gpu,
  { dA, dB, skillsA, skillsB },
  { inventories },
) => {
  const [B, I] = dA.shape;
  const [, S, X, R] = skillsA.shape;
  const H = I / X;
  const integers = [B * H * S, H, S, X, R, skillsB.shape[3]];
  const inputs = [dA, dB, skillsA, skillsB, gpu.integers(inventories)];
  return gpu.run(gradWeightsProgram, inputs, [[B, H, S]], { integers }, groupsFor(B * H * S));
};
