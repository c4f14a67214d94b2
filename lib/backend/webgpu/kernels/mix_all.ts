/**
 * The mixing of many layers at once: as many as a shader may bind, each a row of the grid. The rows of several
 * adapters lie one behind another in the same factors; each adapter has programs of its own, as it has its own
 * numbers of rows, splits and skills.
 */
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
  let row = params.row;
  let H = params.H;
  let S = params.S;
  let ownWeights = (params.layer + group.y) * B * H * S;`;

/** Among them where the adapter's rows begin in the factors. */
const INTEGERS = ["layer", "B", "H", "S", "row"];

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
      A${layer}[row * rowA + j] = total;
    } else {
      for (var s = 0u; s < S; s++) { total += weights[w + s] * skillsB${layer}[first + s * step]; }
      B${layer}[row * rowB + j] = total;
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
          total += weights[w + b * H * S] * dA${layer}[first + (row + b) * step];
        }
      }
      dSkillsA${layer}[j] = total;
    } else {
      for (var b = 0u; b < B; b++) {
        if (inventories[b] == inventory) {
          total += weights[w + b * H * S] * dB${layer}[first + (row + b) * step];
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
      own += dA${layer}[((row + b) * H + h) * sizeA + j] * skillsA${layer}[skill * sizeA + j];
    }
    for (var j = lane; j < sizeB; j += THREADS) {
      let at = (j / Y * H + h) * Y + j % Y;
      own += dB${layer}[(row + b) * H * sizeB + at] * skillsB${layer}[skill * sizeB + j];
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

/** What the programs of one adapter are told. */
interface Member {
  readonly weights: KernelTensor;
  /** Sizes of its weights: rows, splits and skills. */
  readonly sizes: readonly [B: number, H: number, S: number];
  /** Where its rows begin in the factors. */
  readonly row: number;
  readonly layers: readonly Layer[];
  /** Its rows' inventories, and the sizes of its layers, on the device. */
  readonly rows: tf.TensorInfo;
  readonly sizesOfLayers: tf.TensorInfo;
  readonly pieces: readonly Layer[][];
}

/** The adapters of the inputs. */
function membersOf(
  gpu: Gpu,
  inputs: readonly KernelTensor[],
  inventories: readonly (readonly number[])[],
): Member[] {
  const each = inputs.length / inventories.length;
  let row = 0;
  return inventories.map((rows, m) => {
    const [weights, ...skills] = inputs.slice(m * each, (m + 1) * each) as [
      KernelTensor,
      ...KernelTensor[],
    ];
    const [M, B, H, S] = weights.shape as tf.Tensor4D["shape"];
    const layers = Array.from({ length: M }, (_, number): Layer => {
      return { number, skillsA: skills[2 * number]!, skillsB: skills[2 * number + 1]! };
    });
    const sizesOfLayers = gpu.integers(
      layers.flatMap(({ skillsA, skillsB }) => [...skillsA.shape.slice(2), skillsB.shape[3]!]),
    );
    row += B;
    return {
      weights,
      sizes: [B, H, S],
      row: row - B,
      layers,
      rows: gpu.integers(rows),
      sizesOfLayers,
      pieces: pieces(layers, gpu.buffersOfShader - OTHERS, BUFFERS),
    };
  });
}

/** Both factors of each row, in every layer. */
export const mixAll: KernelFunction<"MixAll", Gpu> = (gpu, inputs, { inventories }) => {
  const members = membersOf(gpu, Object.values(inputs) as KernelTensor[], inventories);
  const [first] = members as [Member, ...Member[]];
  const rows = members.reduce((sum, { sizes: [B] }) => sum + B, 0);
  const made = first.layers.map(({ skillsA, skillsB }) => {
    const [, H] = first.sizes;
    return {
      A: gpu.space([rows, H * skillsA.shape[2]!, skillsA.shape[3]!]),
      B: gpu.space([rows, skillsB.shape[2]!, H * skillsB.shape[3]!]),
    };
  });
  for (const { weights, sizes: [B, H, S], row, rows: own, sizesOfLayers, pieces } of members) {
    for (const piece of pieces) {
      const as = piece.map(({ skillsA }) => skillsA);
      const bs = piece.map(({ skillsB }) => skillsB);
      const factors = piece.map(({ number }) => made[number]!);
      gpu.run(
        mixProgram(piece.length),
        [weights, own, sizesOfLayers, ...as, ...bs],
        [...factors.map(({ A }) => A), ...factors.map(({ B }) => B)],
        { integers: [piece[0]!.number, B, H, S, row] },
        gridFor(factors.map(({ A, B: ofB }) => Math.ceil((size(A) + size(ofB)) * B / rows))),
      );
    }
  }
  return made.flatMap(({ A, B }) => [A, B]);
};

/** The gradients of each adapter's weights, and of both sides of the skills of its layers. */
export const mixAllGrad: KernelFunction<"MixAllGrad", Gpu> = (gpu, inputs, { inventories }) => {
  const all = Object.values(inputs) as KernelTensor[];
  // As many inputs of `MixAll` for each adapter as it has outputs, and the weights.
  const outputs = (all.length - inventories.length) / (inventories.length + 1);
  const slopes = all.slice(all.length - outputs);
  const members = membersOf(gpu, all.slice(0, all.length - outputs), inventories);
  return members.flatMap((member) => {
    const { weights, sizes: [B, H, S], row, rows, sizesOfLayers, pieces } = member;
    const dWeights = gpu.space(weights.shape);
    const dSkills = pieces.flatMap((piece) => {
      const as = piece.map(({ skillsA }) => skillsA);
      const bs = piece.map(({ skillsB }) => skillsB);
      const dAs = piece.map(({ number }) => slopes[2 * number]!);
      const dBs = piece.map(({ number }) => slopes[2 * number + 1]!);
      const integers = [piece[0]!.number, B, H, S, row];
      const [x, z] = groupsFor(B * H * S);
      gpu.run(
        gradWeightsProgram(piece.length),
        [rows, sizesOfLayers, ...dAs, ...dBs, ...as, ...bs],
        [dWeights],
        { integers },
        [x, piece.length, z],
      );
      const made = gpu.run(
        gradSkillsProgram(piece.length),
        [weights, rows, sizesOfLayers, ...dAs, ...dBs],
        [...as, ...bs].map(({ shape }) => shape),
        { integers: [...integers, as[0]!.shape[0]! / H] },
        gridFor(piece.map(({ skillsA, skillsB }) => size(skillsA) + size(skillsB))),
      );
      return piece.flatMap((_, i) => [made[i]!, made[piece.length + i]!]);
    });
    return [dWeights, ...dSkills];
  });
};
