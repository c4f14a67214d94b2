import assert from "node:assert/strict";
import fc from "fast-check";
import { CODECS, decodeF16 } from "./dtype.ts";

const refuse = (rule: string, found: unknown): never => {
  throw new RangeError(`${rule}: ${found}`);
};

function bitsOf(values: Float32Array | Int32Array): number[] {
  return [...new Int32Array(values.buffer)];
}

// Subnormal, largest subnormal, smallest normal, largest, ±infinity, −0, near 1/3, near −π; the
// float32 bits are those of torch 2.13's `.float()`.
Deno.test("CODECS.F16.decode() is exact at every edge of the format", () => {
  const halves = [0x0001, 0x03ff, 0x0400, 0x7bff, 0x7c00, 0xfc00, 0x8000, 0x3555, 0xc248];
  // deno-fmt-ignore
  const expected = [864026624, 947896320, 947912704, 1199562752, 2139095040, -8388608, -2147483648, 1051369472, -1068957696];
  assert.deepEqual(bitsOf(CODECS.F16.decode(Uint16Array.from(halves).buffer, refuse)), expected);
});

Deno.test("decodeF16() gives for each of all halves what the engine's own 16-bit floats are", () => {
  const halves = Uint16Array.from({ length: 2 ** 16 }, (_, half) => half);
  const wanted = new Float16Array(halves.buffer);
  const differ = decodeF16(halves.buffer).findIndex((value, i) => !Object.is(value, wanted[i]));
  assert.equal(differ, -1);
});

Deno.test("CODECS.BF16.decode() is exact at every edge of the format", () => {
  const halves = [0x0001, 0x007f, 0x0080, 0x7f7f, 0x7f80, 0xff80, 0x8000, 0x3eab, 0xc049];
  // deno-fmt-ignore
  const expected = [65536, 8323072, 8388608, 2139029504, 2139095040, -8388608, -2147483648, 1051394048, -1068957696];
  assert.deepEqual(bitsOf(CODECS.BF16.decode(Uint16Array.from(halves).buffer, refuse)), expected);
});

// Ties, their neighbours, overflow, subnormals and infinity; the halves are those of torch 2.13's `.to`.
Deno.test("CODECS encode() rounds to the nearest, ties to even, as torch does", () => {
  // deno-fmt-ignore
  const words = [0x3f808000, 0x3f818000, 0x3f808001, 0x3f807fff, 0x7f7fffff, 0x00000001, 0x80018000, 0xff800000, 0x38800000, 0x33000000, 0x33000001, 0x477fefff, 0x477ff000, 0x3f801000, 0x3f803000];
  // deno-fmt-ignore
  const bfloat16 = [0x3f80, 0x3f82, 0x3f81, 0x3f80, 0x7f80, 0x0, 0x8002, 0xff80, 0x3880, 0x3300, 0x3300, 0x4780, 0x4780, 0x3f80, 0x3f80];
  // deno-fmt-ignore
  const float16 = [0x3c04, 0x3c0c, 0x3c04, 0x3c04, 0x7c00, 0x0, 0x8000, 0xfc00, 0x400, 0x0, 0x1, 0x7bff, 0x7c00, 0x3c00, 0x3c02];
  const values = new Float32Array(Uint32Array.from(words).buffer);
  assert.deepEqual([...new Uint16Array(CODECS.BF16.encode!(values))], bfloat16);
  assert.deepEqual([...new Uint16Array(CODECS.F16.encode!(values))], float16);
});

Deno.test("CODECS keep NaN a number that is none", () => {
  // All bits of the fraction set: rounding it up would give −0.
  const nan = new Float32Array(Uint32Array.of(0x7fffffff, 0xffffffff, 0x7f800001).buffer);
  for (const dtype of ["F32", "F16", "BF16"] as const) {
    const read = CODECS[dtype].decode(CODECS[dtype].encode!(nan), refuse);
    assert.ok(read.every(Number.isNaN), dtype);
  }
  const bits = Int32Array.of(0x7f812345, -1).buffer;
  assert.deepEqual(bitsOf(CODECS.F32.decode(bits, refuse)), [0x7f812345, -1]);
});

Deno.test("CODECS decode() and encode() give back every half", () => {
  const halves = Uint16Array.from({ length: 0x10000 }, (_, half) => half);
  for (const dtype of ["F16", "BF16"] as const) {
    const values = CODECS[dtype].decode(halves.slice().buffer, refuse);
    const again = new Uint16Array(CODECS[dtype].encode!(values));
    const changed = halves.filter((half, i) => again[i] !== half && !Number.isNaN(values[i]!));
    assert.deepEqual([...changed], []);
  }
});

Deno.test("CODECS encode() of a view writes its own values only", () => {
  const view = new Float32Array([9, 1.5, -2, 9]).subarray(1, 3);
  for (const dtype of ["F32", "F16", "BF16"] as const) {
    const read = CODECS[dtype].decode(CODECS[dtype].encode!(view), refuse);
    assert.deepEqual([...read], [1.5, -2]);
  }
});

Deno.test("CODECS.I64.decode() gives int32 values and refuses what does not fit", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      const bytes = BigInt64Array.of(1n, value).buffer;
      if (value >= -(2n ** 31n) && value < 2n ** 31n) {
        assert.deepEqual([...CODECS.I64.decode(bytes, refuse)], [1, Number(value)]);
      } else {
        assert.throws(() => CODECS.I64.decode(bytes, refuse), new RegExp(`int32: ${value}$`));
      }
    }),
    { examples: [[2n ** 31n - 1n], [2n ** 31n], [-(2n ** 31n)], [-(2n ** 31n) - 1n]] },
  );
});

Deno.test("CODECS.BOOL.decode() refuses a byte that is neither 0 nor 1", () => {
  assert.deepEqual([...CODECS.BOOL.decode(Uint8Array.of(1, 0).buffer, refuse)], [1, 0]);
  assert.throws(() => CODECS.BOOL.decode(Uint8Array.of(1, 2).buffer, refuse), /0 or 1: 2/);
});

// V8 cannot hold a list of so many values: a codec that gathers them ends the process.
const BEYOND_LISTS = 2 ** 27 + 1;

Deno.test("M1 CODECS decode and encode BF16 and BOOL of more values than a list can hold", () => {
  const bfloat16 = new Uint16Array(BEYOND_LISTS).fill(0x4049);
  const floats = CODECS.BF16.decode(bfloat16.buffer, refuse);
  assert.deepEqual([floats.length, floats[0], floats.at(-1)], [BEYOND_LISTS, 3.140625, 3.140625]);
  const back = new Uint16Array(CODECS.BF16.encode!(floats));
  assert.deepEqual([back.length, back[0], back.at(-1)], [BEYOND_LISTS, 0x4049, 0x4049]);
  const truth = CODECS.BOOL.decode(new Uint8Array(BEYOND_LISTS).fill(1).buffer, refuse);
  assert.deepEqual([truth.length, truth[0], truth.at(-1)], [BEYOND_LISTS, 1, 1]);
});
