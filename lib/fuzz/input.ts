import { randomStream } from "../util/random.ts";
import type { Format } from "./format.ts";
import { mutate } from "./mutate.ts";

/** The valid inputs of a format, as bytes. */
export function seedBytes({ seeds }: Format): Uint8Array[] {
  return seeds().map((seed) => typeof seed === "string" ? new TextEncoder().encode(seed) : seed);
}

/** The damaged input of a format with this number; the same seed and number give the same. */
export function inputOf(
  name: string,
  format: Format,
  seed: number,
  number: number,
): Uint8Array<ArrayBuffer> {
  return mutate(seedBytes(format), randomStream(seed, `fuzz/${name}/${number}`)).slice();
}
