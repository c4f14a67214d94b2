/** The mixing of many layers at once: as many as a shader may bind, each a row of the grid. */
import type { KernelFunction, KernelTensor } from "../../../ops/kernels.ts";
import type * as tf from "../../../tf.ts";
import { type Gpu, groupsFor, size } from "./gpu.ts";
import { once } from "./once.ts";
import { combine, program } from "./program.ts";
import { byRow, floats, gridFor, numbered, pieces } from "./together.ts";

/** Buffers that a program binds for each layer: both factors, and both sides of its skills. */
const BUFFERS = 4;

/** Buffers that it binds beside those: the weights or their gradient, the inventories, the sizes. */
const OTHERS = 3;

const THREADS = 256;

/** The sizes of a layer, of which a program of many reads a list. */
const SIZES = `
  let at0 = (params.layer + group.y) * 3u;
  let X = u32(sizes[at0]); // features in of a split
  let R = u32(sizes[at0 + 1u]);
  let Y = u32(sizes[at0 + 2u]); // features out of a split
  let B = params.B;
  let H = params.H;
  let S = params.S;
  let ownWeights = (params.layer + group.y) * B * H * S;`;

const INTEGERS = ["layer", "B", "H", "S"];

const mixProgram = once((count: number) =>
  program(`MixAll${count}`, {
    reads: {
      ...{ weights: "f32", inventories: "i32", sizes: "i32" },
      ...floats([...numbered("skillsA", count), ...numbered("skillsB", count)]),
    },
    writes: [...numbered("A", count), ...numbered("B", count)],
    integers: INTEGERS,
    threads: THREADS,
    body: `${SIZES}
  let rowA = H * X * R; // numbers of one factor A, [H · X, R]
  let rowB = H * R * Y; // and of one B, [R, H · Y]
  for (var i = group.x * THREADS + lane; i < B * (rowA + rowB); i += groups.x * THREADS) {
    let isA = i < B * rowA;
    let j = select(i - B * rowA, i, isA);
    let b = select(j / rowB, j / rowA, isA);
    let inRow = select(j % rowB, j % rowA, isA);
    let h = select(inRow % (H * Y) / Y, inRow / (X * R), isA);
    let inSkill = select(inRow / (H * Y) * Y + inRow % Y, inRow % (X * R), isA);
    let step = select(R * Y, X * R, isA); // from one skill to the next
    let w = ownWeights + (b * H + h) * S;
    let first = (u32(inventories[b]) * H + h) * S * step + inSkill;
    var total = 0.0;${
      byRow(count, (layer) => `
    if (isA) {
      for (var s = 0u; s < S; s++) { total += weights[w + s] * skillsA${layer}[first + s * step]; }
      A${layer}[j] = total;
    } else {
      for (var s = 0u; s < S; s++) { total += weights[w + s] * skillsB${layer}[first + s * step]; }
      B${layer}[j] = total;
    }`)
    }
  }`,
  })
);

/** A thread for each number of the skills. */
const gradSkillsProgram = once((count: number) =>
  program(`MixAllGradSkills${count}`, {
    reads: {
      ...{ weights: "f32", inventories: "i32", sizes: "i32" },
      ...floats([...numbered("dA", count), ...numbered("dB", count)]),
    },
    writes: [...numbered("dSkillsA", count), ...numbered("dSkillsB", count)],
    integers: [...INTEGERS, "inventories"],
    threads: THREADS,
    body: `${SIZES}
  let sizeA = params.inventories * H * S * X * R;
  let sizeB = params.inventories * H * S * R * Y;
  for (var i = group.x * THREADS + lane; i < sizeA + sizeB; i += groups.x * THREADS) {
    let isA = i < sizeA;
    let j = select(i - sizeA, i, isA); // in [inventories, H, S, X, R] or [inventories, H, S, R, Y]
    let ofSkill = select(R * Y, X * R, isA);
    let inSkill = j % ofSkill;
    let s = j / ofSkill % S;
    let h = j / (ofSkill * S) % H;
    let inventory = i32(j / (ofSkill * S * H));
    let first = select((inSkill / Y * H + h) * Y + inSkill % Y, h * X * R + inSkill, isA);
    let step = H * ofSkill; // from one row to the next
    let w = ownWeights + h * S + s;
    var total = 0.0;${
      byRow(count, (layer) => `
    if (isA) {
      for (var b = 0u; b < B; b++) {
        if (inventories[b] == inventory) {
          total += weights[w + b * H * S] * dA${layer}[first + b * step];
        }
      }
      dSkillsA${layer}[j] = total;
    } else {
      for (var b = 0u; b < B; b++) {
        if (inventories[b] == inventory) {
          total += weights[w + b * H * S] * dB${layer}[first + b * step];
        }
      }
      dSkillsB${layer}[j] = total;
    }`)
    }
  }`,
  })
);

const GRAD_WEIGHTS_THREADS = 64;

/** A workgroup for each weight. */
const gradWeightsProgram = once((count: number) =>
  program(`MixAllGradWeights${count}`, {
    reads: {
      ...{ inventories: "i32", sizes: "i32" },
      ...floats([
        ...numbered("dA", count),
        ...numbered("dB", count),
        ...numbered("skillsA", count),
        ...numbered("skillsB", count),
      ]),
    },
    writes: ["dWeights"],
    integers: INTEGERS,
    threads: GRAD_WEIGHTS_THREADS,
    before: combine("sum", "f32", "a + b"),
    body: `${SIZES}
  let work = group.z * groups.x + group.x; // of the layer's [B, H, S]
  if (work >= B * H * S) { return; }
  let s = work % S;
  let h = work / S % H;
  let b = work / (S * H);
  let skill = (u32(inventories[b]) * H + h) * S + s;
  let sizeA = X * R;
  let sizeB = R * Y;
  var own = 0.0;${
      byRow(count, (layer) => `
    for (var j = lane; j < sizeA; j += THREADS) {
      own += dA${layer}[(b * H + h) * sizeA + j] * skillsA${layer}[skill * sizeA + j];
    }
    for (var j = lane; j < sizeB; j += THREADS) {
      let at = (j / Y * H + h) * Y + j % Y;
      own += dB${layer}[b * H * sizeB + at] * skillsB${layer}[skill * sizeB + j];
    }`)
    }
  let total = sum(lane, own);
  if (lane == 0u) { dWeights[ownWeights + work] = total; }`,
  })
);

/** One layer, with its number among all. */
interface Layer {
  readonly number: number;
  readonly skillsA: KernelTensor;
  readonly skillsB: KernelTensor;
}

/** What all programs are told about the layers. */
function layersOf(gpu: Gpu, weights: KernelTensor, skills: readonly KernelTensor[]) {
  const [M, B, H, S] = weights.shape as tf.Tensor4D["shape"];
  const layers = Array.from({ length: M }, (_, number): Layer => {
    return { number, skillsA: skills[2 * number]!, skillsB: skills[2 * number + 1]! };
  });
  const sizes = gpu.integers(
    layers.flatMap(({ skillsA, skillsB }) => [...skillsA.shape.slice(2), skillsB.shape[3]!]),
  );
  return { B, H, S, sizes, pieces: pieces(layers, gpu.buffersOfShader - OTHERS, BUFFERS) };
}

/** Both factors of each row, in every layer. */
export const mixAll: KernelFunction<"MixAll", Gpu> = (gpu, inputs, { inventories }) => {
  const [weights, ...skills] = Object.values(inputs) as [KernelTensor, ...KernelTensor[]];
  const { B, H, S, sizes, pieces } = layersOf(gpu, weights, skills);
  const rows = gpu.integers(inventories);
  return pieces.flatMap((piece) => {
    const as = piece.map(({ skillsA }) => skillsA);
    const bs = piece.map(({ skillsB }) => skillsB);
    const shapesA = as.map(({ shape }) => [B, H * shape[2]!, shape[3]!]);
    const shapesB = bs.map(({ shape }) => [B, shape[2]!, H * shape[3]!]);
    const made = gpu.run(
      mixProgram(piece.length),
      [weights, rows, sizes, ...as, ...bs],
      [...shapesA, ...shapesB],
      { integers: [piece[0]!.number, B, H, S] },
      gridFor(shapesA.map((shape, i) => size({ shape }) + size({ shape: shapesB[i]! }))),
    );
    return piece.flatMap((_, i) => [made[i]!, made[piece.length + i]!]);
  });
};

/** The gradients of the weights, and of both sides of the skills of every layer. */
export const mixAllGrad: KernelFunction<"MixAllGrad", Gpu> = (gpu, inputs, { inventories }) => {
  const [weights, ...others] = Object.values(inputs) as [KernelTensor, ...KernelTensor[]];
  const [skills, slopes] = [others.slice(0, others.length / 2), others.slice(others.length / 2)];
  const { B, H, S, sizes, pieces } = layersOf(gpu, weights, skills);
  const rows = gpu.integers(inventories);
  const dWeights = gpu.space(weights.shape);
  const dSkills = pieces.flatMap((piece) => {
    const as = piece.map(({ skillsA }) => skillsA);
    const bs = piece.map(({ skillsB }) => skillsB);
    const dAs = piece.map(({ number }) => slopes[2 * number]!);
    const dBs = piece.map(({ number }) => slopes[2 * number + 1]!);
    const integers = [piece[0]!.number, B, H, S];
    const [x, z] = groupsFor(B * H * S);
    gpu.run(
      gradWeightsProgram(piece.length),
      [rows, sizes, ...dAs, ...dBs, ...as, ...bs],
      [dWeights],
      { integers },
      [x, piece.length, z],
    );
    const made = gpu.run(
      gradSkillsProgram(piece.length),
      [weights, rows, sizes, ...dAs, ...dBs],
      [...as, ...bs].map(({ shape }) => shape),
      { integers: [...integers, as[0]!.shape[0]! / H] },
      gridFor(piece.map(({ skillsA, skillsB }) => size(skillsA) + size(skillsB))),
    );
    return piece.flatMap((_, i) => [made[i]!, made[piece.length + i]!]);
  });
  return [dWeights, ...dSkills];
};
