import { sha256 } from "@noble/hashes/sha2.js";
import { uniformFloat32 } from "pure-rand/distribution/uniformFloat32";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";

/** A stream of random numbers: the same seed and name give the same numbers, on every machine. */
export interface RandomStream {
  /** The next number in [0, 1), a multiple of 2⁻²⁴. */
  uniform(): number;
  /** The next integer in [0, `size`). */
  integer(size: number): number;
  /** The next number of the standard normal distribution. */
  normal(): number;
  /** `values` in random order; the input is left as it is. */
  shuffle<T>(values: readonly T[]): T[];
  /** Where the stream is: four 32-bit integers, from which {@linkcode randomStream} goes on. */
  position(): readonly number[];
}

/**
 * Opens the stream called `name` of a run's seed.
 *
 * Streams are independent: drawing from one never moves another, so adding a task or a layer leaves
 * every other draw as it was. The generator is xoroshiro128+, its state the SHA-256 of seed and name.
 *
 * @param seed the run's integer seed
 * @param name what the numbers are for, such as `"init"` or `"noise/decoder.block.0"`
 * @param position where to go on, of {@linkcode RandomStream.position}; the beginning when absent
 * @throws {RangeError} when the seed is not a safe integer
 *
 * @example The same seed and name give the same numbers
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(randomStream(7, "init").uniform(), randomStream(7, "init").uniform());
 * assert.notEqual(randomStream(7, "init").uniform(), randomStream(7, "data").uniform());
 * ```
 */
export function randomStream(
  seed: number,
  name: string,
  position?: readonly number[],
): RandomStream {
  if (!Number.isSafeInteger(seed)) {
    throw new RangeError(
      `Cannot open random stream "${name}" as a seed must be an integer: got ${seed}`,
    );
  }
  const generator = xoroshiro128plusFromState(position ?? beginning(seed, name));
  const uniform = () => uniformFloat32(generator);
  const integer = (size: number) => uniformInt(generator, 0, size - 1);
  return {
    uniform,
    integer,
    normal() {
      // Box–Muller; 1 − u keeps the logarithm's argument above zero.
      return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    },
    shuffle(values) {
      const shuffled = [...values];
      for (let last = shuffled.length - 1; last > 0; last--) {
        const other = integer(last + 1);
        [shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!];
      }
      return shuffled;
    },
    position: () => generator.getState(),
  };
}

function beginning(seed: number, name: string): number[] {
  const { buffer, byteOffset } = sha256(new TextEncoder().encode(`${seed}/${name}`));
  const digest = new DataView(buffer, byteOffset);
  return [0, 4, 8, 12].map((offset) => digest.getInt32(offset, true));
}
