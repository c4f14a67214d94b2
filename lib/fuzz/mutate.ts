import type { RandomStream } from "../util/random.ts";

/** The most bytes of a mutated input, so that reading it within the bounds can be asked for. */
export const MOST_INPUT_BYTES = 2 ** 20;

/** Values that a reader of JSON may not have thought of, as they are written. */
const ODD_VALUES = [
  "null",
  "true",
  "0",
  "-1",
  "1e308",
  "1e999",
  "-0.0",
  "0.5",
  "4294967296",
  "9007199254740993",
  "123456789012345678901234567890",
  '""',
  '"x"',
  "[]",
  "{}",
  "[[]]",
  "[null]",
  '{"":{}}',
  '{"__proto__":{"a":1}}',
  '{"length":4294967295}',
  '["constructor","__proto__","toString"]',
  '"__proto__"',
  '"../../x"',
  '"\\u0000"',
  '"\\ud800"',
  "NaN",
  "Infinity",
];

/** Texts that a reader of text may not have thought of. */
const ODD_TEXTS = [
  "\0",
  "\x07",
  "\x1b[31m",
  "\x7f",
  "\x85",
  "\r",
  "\n",
  "\r\n",
  "\t",
  "\u2028",
  "\u202e",
  "\u200d",
  "\ufeff",
  "\ufffd",
  "e\u0301".repeat(30),
  "İıſßﬃ",
  "👩‍👩‍👧‍👦",
  "\u{10ffff}",
  "日本語",
  "\\",
  '"',
  "'",
  "`",
  "<script>",
  "%s%n",
  "&a *a",
  "!!binary",
  "- ",
  ": ",
  "..",
  "0..99999999999",
  "=",
  ",",
  "(a+)+$",
  "(?:a|a)*b",
  "\\s*\\s*\\s*x",
  "(?:a?){40}",
];

/** A byte string to mutate, and others of its format from which parts may come. */
type Mutation = (
  input: Uint8Array,
  random: RandomStream,
  seeds: readonly Uint8Array[],
) => Uint8Array;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Makes a mutation of text out of one that replaces a piece of it. */
function ofText(change: (text: string, random: RandomStream) => string): Mutation {
  return (input, random) => encoder.encode(change(decoder.decode(input), random));
}

const pick = <T>(values: readonly T[], random: RandomStream): T =>
  values[random.integer(values.length)]!;

/** Two places of a whole of this length, the first not behind the second. */
function range(length: number, random: RandomStream): [number, number] {
  const [a, b] = [random.integer(length + 1), random.integer(length + 1)];
  return a < b ? [a, b] : [b, a];
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Replaces one of the JSON values in a text, found by their look; a text without one gets it behind. */
function replaceValue(text: string, random: RandomStream, by: (value: string) => string): string {
  const values = [...text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|\b(?:true|false|null)\b/g)];
  if (values.length === 0) return text + by("");
  const { 0: value, index } = pick(values, random);
  return text.slice(0, index) + by(value) + text.slice(index + value.length);
}

/** All ways to mutate, by name. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  flipBits(input, random) {
    const changed = input.slice();
    for (let left = 1 + random.integer(8); left > 0 && changed.length > 0; left--) {
      changed[random.integer(changed.length)]! ^= 1 << random.integer(8);
    }
    return changed;
  },
  setBytes(input, random) {
    const changed = input.slice();
    const [begin, end] = range(changed.length, random);
    changed.fill(pick([0, 0x20, 0x7f, 0x80, 0xff], random), begin, Math.min(end, begin + 8));
    return changed;
  },
  truncate: (input, random) => input.slice(0, random.integer(input.length + 1)),
  remove(input, random) {
    const [begin, end] = range(input.length, random);
    return joined(input.subarray(0, begin), input.subarray(end));
  },
  duplicate(input, random) {
    const [begin, end] = range(input.length, random);
    const most = Math.ceil(MOST_INPUT_BYTES / (end - begin + 1));
    const times = Math.min(pick([1, 1, 2, 50], random), most);
    const copies = Array<Uint8Array>(times).fill(input.subarray(begin, end));
    return joined(input.subarray(0, end), ...copies, input.subarray(end));
  },
  splice(input, random, seeds) {
    const other = pick(seeds, random);
    return joined(
      input.subarray(0, random.integer(input.length + 1)),
      other.subarray(random.integer(other.length + 1)),
    );
  },
  numbers(input, random) {
    // A length or an offset of a binary format, in 8 bytes.
    const changed = joined(input, new Uint8Array(Math.max(0, 8 - input.length)));
    const at = random.integer(2) === 0 ? 0 : random.integer(changed.length - 7);
    const value = pick(
      [0n, 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n],
      random,
    );
    new DataView(changed.buffer).setBigUint64(at, value, true);
    return changed;
  },
  oddValue: ofText((text, random) => replaceValue(text, random, () => pick(ODD_VALUES, random))),
  otherValue: ofText((text, random) => {
    const values = text.match(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|\b(?:true|false|null)\b/g) ?? ["0"];
    return replaceValue(text, random, () => pick(values, random));
  }),
  wrapValue: ofText((text, random) =>
    replaceValue(text, random, (value) => pick([`[${value}]`, `{"a":${value}}`], random))
  ),
  nest: ofText((text, random) => {
    const depth = pick([10, 127, 129, 1000, 100_000], random);
    const [open, close] = pick([["[", "]"], ['{"a":', "}"]] as const, random);
    const isClosed = random.integer(2) === 0;
    return replaceValue(
      text,
      random,
      (value) => open.repeat(depth) + value + (isClosed ? close.repeat(depth) : ""),
    );
  }),
  longText: ofText((text, random) => {
    const long = pick(["a", "ab ", "é", "(", "[", "\\u0000", "-"], random)
      .repeat(pick([300, 5000, 100_000], random));
    return replaceValue(text, random, () => JSON.stringify(long));
  }),
  manyValues: ofText((text, random) => {
    const most = pick([300, 5000, 50_000], random);
    return replaceValue(text, random, (value) => {
      const count = Math.min(most, Math.ceil(MOST_INPUT_BYTES / (value.length + 1)));
      return pick([
        () => `[${Array(count).fill(value).join(",")}]`,
        () => `[${Array.from({ length: count }, (_, i) => i).join(",")}]`,
        () => `{${Array.from({ length: count }, (_, i) => `"k${i}":${value}`).join(",")}}`,
      ], random)();
    });
  }),
  oddText: ofText((text, random) => {
    const at = random.integer(text.length + 1);
    return text.slice(0, at) + pick(ODD_TEXTS, random) + text.slice(at);
  }),
  oddTextInValue: ofText((text, random) =>
    replaceValue(
      text,
      random,
      (value) =>
        /^"/.test(value)
          ? JSON.stringify(value.slice(1, -1) + pick(ODD_TEXTS, random))
          : JSON.stringify(pick(ODD_TEXTS, random)),
    )
  ),
  swapLines: ofText((text, random) => random.shuffle(text.split("\n")).join("\n")),
  removeLine: ofText((text, random) => {
    const lines = text.split("\n");
    return lines.toSpliced(random.integer(lines.length), 1).join("\n");
  }),
  duplicateLine: ofText((text, random) => {
    const lines = text.split("\n");
    const line = pick(lines, random);
    return lines.toSpliced(random.integer(lines.length), 0, line).join("\n");
  }),
};

/**
 * A damaged input: one of the valid ones, changed in one to four ways.
 *
 * @returns at most {@linkcode MOST_INPUT_BYTES} bytes; the same stream gives the same
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { randomStream } from "../util/random.ts";
 *
 * const seeds = [new TextEncoder().encode('{"a": 1}')];
 * const once = mutate(seeds, randomStream(0, "fuzz"));
 * assert.deepEqual(mutate(seeds, randomStream(0, "fuzz")), once);
 * ```
 */
export function mutate(seeds: readonly Uint8Array[], random: RandomStream): Uint8Array {
  const ways = Object.values(MUTATIONS);
  let input = pick(seeds, random);
  for (let left = 1 + random.integer(4); left > 0; left--) {
    input = pick(ways, random)(input, random, seeds).slice(0, MOST_INPUT_BYTES);
  }
  return input;
}
