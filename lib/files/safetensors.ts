import { byCodePoint } from "./python_json.ts";
import { type OpenFile, openFile } from "./file_system.ts";
import { CODECS, type Dtype, type Numbers } from "./dtype.ts";
import {
  headerLength,
  parseHeader,
  SafetensorsError,
  type SafetensorsHeader,
  type TensorInfo,
} from "./safetensors_header.ts";

export type { Dtype, Numbers, SafetensorsHeader, TensorInfo };
export { SafetensorsError };

/** A tensor on the host, as read from a file. */
export interface StoredTensor {
  /** Type in which the file stores it. */
  readonly dtype: Dtype;
  /** Its sizes; none for a single number. */
  readonly shape: readonly number[];
  /** Its values, the last axis running fastest. */
  readonly data: Numbers;
}

/** A tensor on the host, to be written. */
export interface TensorToStore {
  /** Type in which to store it; F32 for floats and I32 for integers when absent. */
  readonly dtype?: Dtype;
  /** Its sizes; none for a single number. */
  readonly shape: readonly number[];
  /** Its values, the last axis running fastest. */
  readonly data: Float32Array | Int32Array;
}

/** A safetensors file whose header has been checked; its tensors are read one at a time. */
export class SafetensorsFile implements Disposable {
  readonly #source: string;
  readonly #header: SafetensorsHeader;
  readonly #bytes: (begin: number, end: number) => Uint8Array<ArrayBuffer>;
  readonly #close: () => void;

  /**
   * Prefer {@linkcode openSafetensors} and {@linkcode parseSafetensors}.
   *
   * @param bytes a copy of the bytes from `begin` to `end`, counted from the end of the header
   */
  constructor(
    source: string,
    header: SafetensorsHeader,
    bytes: (begin: number, end: number) => Uint8Array<ArrayBuffer>,
    close: () => void,
  ) {
    this.#source = source;
    this.#header = header;
    this.#bytes = bytes;
    this.#close = close;
  }

  /** The free text under `__metadata__`; null where there is none. */
  get metadata(): Readonly<Record<string, string>> | null {
    return this.#header.metadata;
  }

  /** The tensors' names, in the order of storage. */
  get names(): string[] {
    return [...this.#header.tensors.keys()];
  }

  /** Whether there is a tensor called `name`. */
  has(name: string): boolean {
    return this.#header.tensors.has(name);
  }

  /**
   * How a tensor is stored, without reading it.
   * @throws {RangeError} when there is none of that name
   */
  info(name: string): TensorInfo {
    const info = this.#header.tensors.get(name);
    if (info === undefined) {
      throw new RangeError(
        `Cannot read tensor "${name}" as "${this.#source}" has none of that name`,
      );
    }
    return info;
  }

  /**
   * Reads one tensor.
   *
   * @throws {RangeError} when there is none of that name
   * @throws {SafetensorsError} when an integer does not fit into int32, a boolean is neither 0 nor 1,
   * or the file has become shorter since it was opened
   */
  read(name: string): StoredTensor {
    const { dtype, shape, begin, end } = this.info(name);
    const data = CODECS[dtype].decode(this.#bytes(begin, end).buffer, (rule, found) => {
      throw new SafetensorsError(this.#source, `${rule} in tensor "${name}"`, found);
    });
    return { dtype, shape, data };
  }

  /** Closes the file; tensors already read stay valid. */
  close(): void {
    this.#close();
  }

  /** Closes the file at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Reads the header of a safetensors file that is already in memory.
 *
 * @param source what errors call it
 * @throws {SafetensorsError} when the header is not valid, or not that of these bytes
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const bytes = writeSafetensors([["w", { shape: [1, 2], data: new Float32Array([1.5, -2]) }]]);
 * const file = parseSafetensors(bytes);
 * assert.deepEqual(file.names, ["w"]);
 * assert.deepEqual(file.read("w"), { dtype: "F32", shape: [1, 2], data: new Float32Array([1.5, -2]) });
 * ```
 */
export function parseSafetensors(bytes: Uint8Array, source = "safetensors"): SafetensorsFile {
  const start = 8 + headerLength(bytes.subarray(0, 8), bytes.length, source);
  const header = parseHeader(bytes.subarray(8, start), bytes.length - start, source);
  const copy = (begin: number, end: number) =>
    new Uint8Array(bytes.subarray(start + begin, start + end));
  return new SafetensorsFile(source, header, copy, () => {});
}

/**
 * Opens a safetensors file and reads its header; the tensors are read when asked for. Nothing larger
 * than the file is allocated, even if it claims more.
 *
 * @throws {Deno.errors.NotFound} when there is no such file
 * @throws {SafetensorsError} when it is not a file, or its header is not valid
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const path = await Deno.makeTempFile();
 * const data = new Float32Array([1, 2, 3]);
 * await Deno.writeFile(path, writeSafetensors([["w", { shape: [3], data }]]));
 * {
 *   using file = await openSafetensors(path);
 *   assert.deepEqual(file.read("w").data, data);
 * }
 * await Deno.remove(path);
 * ```
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await openFile(path);
  if (file === null) {
    throw new SafetensorsError(path, "it must be a file", "it is a folder or a device");
  }
  try {
    const { size } = file;
    const start = 8 + headerLength(readAt(file, 0, Math.min(8, size), path), size, path);
    const header = parseHeader(readAt(file, 8, start, path), size - start, path);
    const read = (begin: number, end: number) => readAt(file, start + begin, start + end, path);
    return new SafetensorsFile(path, header, read, () => file[Symbol.dispose]());
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

/**
 * Reads every tensor of a safetensors file.
 *
 * @throws as {@linkcode openSafetensors} and {@linkcode SafetensorsFile.read} do
 */
export async function readSafetensors(path: string): Promise<Map<string, StoredTensor>> {
  const file = await openSafetensors(path);
  try {
    return new Map(file.names.map((name) => [name, file.read(name)]));
  } finally {
    file.close();
  }
}

/** The bytes from `begin` to `end`, all of them. */
function readAt(
  file: OpenFile,
  begin: number,
  end: number,
  path: string,
): Uint8Array<ArrayBuffer> {
  const bytes = file.read(begin, end);
  if (bytes.length === end - begin) return bytes;
  throw new SafetensorsError(
    path,
    "it must keep its size while it is read",
    `it ends at ${begin + bytes.length}`,
  );
}

/**
 * The bytes of a safetensors file, equal to those that `safetensors.torch.save_file` of Python
 * writes for the same tensors: larger types first, then by name, the header padded to 8 bytes.
 *
 * @param tensors by name; F32, F16, BF16 (rounded to the nearest, ties to even) and I32 can be written
 * @param metadata free text; null for none
 * @throws {RangeError} when a name is there twice, is `__metadata__` or is not well-formed Unicode, or
 * when a shape does not fit its values
 * @throws {TypeError} when the type cannot be written
 *
 * Source: safetensors, safetensors/src/tensor.rs (`prepare`)
 */
export function writeSafetensors(
  tensors: Iterable<readonly [string, TensorToStore]>,
  metadata: Readonly<Record<string, string>> | null = { format: "pt" },
): Uint8Array<ArrayBuffer> {
  const ordered = inOrder(tensors);
  const members = metadata === null ? [] : [`"__metadata__":${JSON.stringify(metadata)}`];
  let end = 0;
  for (const [name, dtype, { shape, data }] of ordered) {
    const offsets = [end, end += data.length * CODECS[dtype].size];
    const info = { dtype, shape, data_offsets: offsets };
    // Joined by hand, as an object would move names that are numbers to the front.
    members.push(`${JSON.stringify(name)}:${JSON.stringify(info)}`);
  }
  const json = new TextEncoder().encode(`{${members.join(",")}}`);
  const padded = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + padded + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(padded), true);
  file.set(json, 8);
  file.fill(0x20, 8 + json.length, 8 + padded);
  let at = 8 + padded;
  for (const [, dtype, { data }] of ordered) { // one at a time, so that one alone is there twice
    const bytes = new Uint8Array(CODECS[dtype].encode!(data));
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

/** Checks the tensors and sorts them as the file stores them. */
function inOrder(
  tensors: Iterable<readonly [string, TensorToStore]>,
): (readonly [string, Dtype, TensorToStore])[] {
  const names = new Set<string>();
  const checked = [...tensors].map(([name, tensor]) => {
    if (names.has(name) || name === "__metadata__" || !name.isWellFormed()) {
      throw new RangeError(
        `Cannot write tensor ${JSON.stringify(name)} as names must be well-formed, there once, ` +
          `and not __metadata__`,
      );
    }
    names.add(name);
    const { shape, data } = tensor;
    const dtype = tensor.dtype ?? (data instanceof Float32Array ? "F32" : "I32");
    if (CODECS[dtype].encode === undefined || (dtype === "I32") !== (data instanceof Int32Array)) {
      throw new TypeError(
        `Cannot write tensor "${name}" as float32 is written as F32, F16 or BF16 and int32 as I32: ` +
          `data is ${data.constructor.name}, dtype is ${dtype}`,
      );
    }
    const size = shape.reduce((product, n) => product * n, 1);
    if (!shape.every((n) => Number.isInteger(n) && n >= 0) || size !== data.length) {
      throw new RangeError(
        `Cannot write tensor "${name}" as its shape must fit its values: ` +
          `shape is [${shape}], there are ${data.length} values`,
      );
    }
    return [name, dtype, tensor] as const;
  });
  const rank = Object.keys(CODECS);
  return checked.sort(([a, typeA], [b, typeB]) =>
    rank.indexOf(typeA) - rank.indexOf(typeB) || byCodePoint(a, b)
  );
}
