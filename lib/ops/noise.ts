import * as tf from "../tf.ts";
import { type RandomStream, randomStream } from "../util/random.ts";

/**
 * The source of a training step's random numbers. It is handed to the call that needs it; nothing
 * draws from a global generator.
 */
export interface Noise {
  /**
   * Draws uniform numbers in [0, 1) for one place of the model.
   *
   * @param place what draws, such as the full name of a layer; each place has a stream of its own
   * @param shape shape of the result
   */
  uniform(place: string, shape: readonly number[]): tf.Tensor;
  /**
   * Draws what {@linkcode Noise.uniform} would, on the host, so that the numbers of many places go to the
   * device together. A source need not have it.
   *
   * @param count how many numbers
   */
  numbers?(place: string, count: number): Float32Array;
}

/**
 * Draws for many places, one after another.
 *
 * @param shape shape of the numbers of one place
 * @returns shape `[places, …shape]`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const both = uniformOfAll(seededNoise(7), ["q", "v"], [3]).dataSync();
 * assert.deepEqual(both.slice(3), seededNoise(7).uniform("v", [3]).dataSync());
 * ```
 */
export function uniformOfAll(
  noise: Noise,
  places: readonly string[],
  shape: readonly number[],
): tf.Tensor {
  if (noise.numbers === undefined) {
    return tf.tidy(() => tf.stack(places.map((place) => noise.uniform(place, shape))));
  }
  const count = sizeOf(shape);
  const values = new Float32Array(places.length * count);
  places.forEach((place, i) => values.set(noise.numbers!(place, count), i * count));
  return tf.tensor(values, [places.length, ...shape]);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, n) => size * n, 1);
}

/** Where the streams of a source of noise are, by place. */
export type NoisePositions = Readonly<Record<string, readonly number[]>>;

/** A source of noise that can be left and gone on with. */
export interface SeededNoise extends Required<Noise> {
  /** Where every stream is that has been drawn from. */
  positions(): NoisePositions;
}

/**
 * Noise from a seed: every place has its own stream, which moves on with each draw. Adding or
 * removing a layer therefore leaves the draws of all others as they were.
 *
 * @param seed the run's integer seed
 * @param positions where streams go on, of {@linkcode SeededNoise.positions}; others begin
 *
 * @example Two sources of one seed agree draw by draw
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const [a, b] = [seededNoise(7), seededNoise(7)];
 * assert.deepEqual(a.uniform("q", [2, 3]).arraySync(), b.uniform("q", [2, 3]).arraySync());
 * ```
 */
export function seededNoise(seed: number, positions: NoisePositions = {}): SeededNoise {
  const open = (place: string, position?: readonly number[]) =>
    randomStream(seed, `noise/${place}`, position);
  const streams = new Map<string, RandomStream>(
    Object.entries(positions).map(([place, position]) => [place, open(place, position)]),
  );
  const numbers = (place: string, count: number) => {
    let stream = streams.get(place);
    if (stream === undefined) {
      stream = open(place);
      streams.set(place, stream);
    }
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = stream.uniform();
    return values;
  };
  return {
    positions: () =>
      Object.fromEntries([...streams].map(([place, stream]) => [place, stream.position()])),
    numbers,
    uniform: (place, shape) => tf.tensor(numbers(place, sizeOf(shape)), [...shape]),
  };
}
