import type { KernelFunction } from "../../../ops/kernels.ts";
import type * as tf from "../../../tf.ts";
import { type Gpu, size } from "./gpu.ts";
import { once } from "./once.ts";
import { program } from "./program.ts";
import { byRow, gridFor, pieces } from "./together.ts";

/** The tensors of one parameter: it, its gradient, its two moments, and what it becomes. */
const BUFFERS = 5;

const adamWProgram = once((count: number) => {
  const each = (names: readonly string[]) =>
    Array.from({ length: count }, (_, i) => names.map((name) => `${name}${i}`)).flat();
  const reads = ["numbers", ...each(["parameter", "gradient"])];
  return program(`AdamW${count}`, {
    reads: Object.fromEntries(reads.map((name) => [name, "f32" as const])),
    writes: each(["mean", "square", "updated"]),
    integers: each(["size"]),
    threads: 256,
    body: `
  let beta1 = numbers[0];
  let rest1 = numbers[1];
  let beta2 = numbers[2];
  let rest2 = numbers[3];
  let kept = numbers[4];
  let rate = numbers[5];
  let root = numbers[6];
  let epsilon = numbers[7];
  let first = group.x * THREADS + lane;
  let step = groups.x * THREADS;${
      byRow(count, (row) => `
    for (var i = first; i < params.size${row}; i += step) {
      let g = gradient${row}[i];
      let m = mean${row}[i] * beta1 + g * rest1;
      let v = square${row}[i] * beta2 + g * g * rest2;
      mean${row}[i] = m;
      square${row}[i] = v;
      updated${row}[i] = parameter${row}[i] * kept - m * rate / (sqrt(v) / root + epsilon);
    }`)
    }`,
  });
});

/**
 * What the parameters become. The moments are written over: they are the optimiser's own, shared with
 * nobody. Parameters with the same numbers are updated together, as many as a shader may bind.
 */
export const adamW: KernelFunction<"AdamW", Gpu> = (
  gpu,
  inputs,
  { updates, beta1, beta2, epsilon },
) => {
  const alike = new Map<string, number[]>();
  updates.forEach(({ keep, rate, root }, i) => {
    const key = [keep, rate, root].join();
    alike.set(key, [...alike.get(key) ?? [], i]);
  });
  const updated: tf.TensorInfo[] = [];
  for (const parameters of alike.values()) {
    const { keep, rate, root } = updates[parameters[0]!]!;
    // In a tensor, as they differ from step to step.
    const numbers = gpu.numbers([beta1, 1 - beta1, beta2, 1 - beta2, keep, rate, root, epsilon]);
    for (const piece of pieces(parameters, gpu.buffersOfShader - 1, BUFFERS)) {
      const named = (name: "parameter" | "gradient" | "mean" | "square", i: number) =>
        inputs[`${name}${i}`]!;
      const sizes = piece.map((i) => size(named("parameter", i)));
      const made = gpu.run(
        adamWProgram(piece.length),
        [numbers, ...piece.flatMap((i) => [named("parameter", i), named("gradient", i)])],
        piece.flatMap((i) => [named("mean", i), named("square", i), named("parameter", i).shape]),
        { integers: sizes },
        gridFor(sizes),
      );
      piece.forEach((parameter, i) => updated[parameter] = made[3 * i + 2]!);
    }
    gpu.free(numbers);
  }
  return updated;
};
