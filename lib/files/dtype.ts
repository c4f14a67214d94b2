/** Storage of the numbers of a tensor in a safetensors file. */
export type Dtype = "F64" | "F32" | "F16" | "BF16" | "I64" | "I32" | "I16" | "I8" | "U8" | "BOOL";

/** Numbers as read: floats as float32, everything else as int32. */
export type Numbers = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

/** Says that the stored bytes mean nothing, or nothing that fits. */
type Refuse = (rule: string, found: unknown) => never;

interface Codec {
  /** Bytes per number. */
  readonly size: number;
  /** @param bytes a buffer of its own, whose length is a multiple of `size` */
  decode(bytes: ArrayBuffer, refuse: Refuse): Numbers;
  encode?(data: Float32Array | Int32Array): ArrayBuffer;
}

/** Whether this engine has 16-bit floats of its own. */
const HAS_FLOAT16 = typeof Float16Array !== "undefined";

/**
 * Every type that can be read, the largest rank first: the order in which safetensors stores tensors.
 *
 * F32, F16 and BF16 are read exactly, F64 to the nearest float32; integers must fit into int32. F16
 * and BF16 are written to the nearest, ties to even. All machines that Deno runs on are little-endian,
 * as the file is.
 */
export const CODECS: Readonly<Record<Dtype, Codec>> = {
  I64: { size: 8, decode: decodeI64 },
  F64: { size: 8, decode: (bytes) => new Float32Array(new Float64Array(bytes)) },
  F32: {
    size: 4,
    decode: (bytes) => new Float32Array(bytes),
    encode: (data) => new Float32Array(data).buffer,
  },
  I32: {
    size: 4,
    decode: (bytes) => new Int32Array(bytes),
    encode: (data) => new Int32Array(data).buffer,
  },
  BF16: { size: 2, decode: decodeBF16, encode: encodeBF16 },
  F16: {
    size: 2,
    decode: (bytes) => HAS_FLOAT16 ? new Float32Array(new Float16Array(bytes)) : decodeF16(bytes),
    encode: (data) => {
      if (HAS_FLOAT16) return new Float16Array(data).buffer;
      throw new TypeError(
        "Cannot write F16 as this engine has no Float16Array: Node has, from 24 on",
      );
    },
  },
  I16: { size: 2, decode: (bytes) => new Int32Array(new Int16Array(bytes)) },
  I8: { size: 1, decode: (bytes) => new Int32Array(new Int8Array(bytes)) },
  U8: { size: 1, decode: (bytes) => new Int32Array(new Uint8Array(bytes)) },
  BOOL: { size: 1, decode: decodeBool },
};

/** Whether `name` is a type that can be read. */
export function isDtype(name: unknown): name is Dtype {
  return typeof name === "string" && Object.hasOwn(CODECS, name);
}

// Plain loops: `TypedArray.from` with a function gathers all values in a list of JavaScript first, which
// ends the process at 134 million of them.

function decodeI64(bytes: ArrayBuffer, refuse: Refuse): Int32Array<ArrayBuffer> {
  const words = new Int32Array(bytes); // the lower half of each integer, then the upper
  const values = new Int32Array(words.length / 2);
  for (let i = 0; i < values.length; i++) {
    const low = words[2 * i]!;
    if (words[2 * i + 1] !== low >> 31) {
      refuse("int64 values must fit into int32", new BigInt64Array(bytes)[i]);
    }
    values[i] = low;
  }
  return values;
}

function decodeBool(bytes: ArrayBuffer, refuse: Refuse): Int32Array<ArrayBuffer> {
  const stored = new Uint8Array(bytes);
  const values = new Int32Array(stored.length);
  for (let i = 0; i < values.length; i++) {
    if (stored[i]! > 1) refuse("a boolean is 0 or 1", stored[i]);
    values[i] = stored[i]!;
  }
  return values;
}

/**
 * Numbers of 16-bit floats, for engines without `Float16Array`: 5 bits of exponent, 10 of fraction.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([...decodeF16(Uint16Array.of(0x3c00, 0xc248, 0xfc00).buffer)], [
 *   1, -3.140625, -Infinity,
 * ]);
 * ```
 */
export function decodeF16(bytes: ArrayBuffer): Float32Array<ArrayBuffer> {
  const halves = new Uint16Array(bytes);
  const values = new Float32Array(halves.length);
  for (let i = 0; i < values.length; i++) {
    const half = halves[i]!;
    const [exponent, fraction] = [(half >> 10) & 0x1f, half & 0x3ff];
    const size = exponent === 31
      ? fraction === 0 ? Infinity : NaN
      : exponent === 0
      ? fraction * 2 ** -24
      : (1024 + fraction) * 2 ** (exponent - 25);
    values[i] = half & 0x8000 ? -size : size;
  }
  return values;
}

/** A bfloat16 is the upper half of a float32. */
function decodeBF16(bytes: ArrayBuffer): Float32Array<ArrayBuffer> {
  const halves = new Uint16Array(bytes);
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < words.length; i++) words[i] = halves[i]! << 16;
  return new Float32Array(words.buffer);
}

function encodeBF16(data: Float32Array | Int32Array): ArrayBuffer {
  const words = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const halves = new Uint16Array(words.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    halves[i] = (word & 0x7fffffff) > 0x7f800000
      ? 0x7fc0 // NaN; rounding could carry it to infinity
      : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16; // half a unit, less a tie above an even half
  }
  return halves.buffer;
}
