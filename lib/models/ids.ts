import * as tf from "../tf.ts";
import { IGNORED_LABEL } from "../ops/cross_entropy.ts";
import type { Ids } from "./base_model.ts";

/** Bounds of the allowed ids. */
export interface IdsOptions {
  /** Ids are in [0, `vocabSize`); 2 for a mask of zeros and ones. */
  readonly vocabSize: number;
  /** Whether −100 is allowed too, as in labels. */
  readonly allowIgnored?: boolean;
}

/**
 * Ids as an int32 tensor of the caller's own, checked.
 *
 * Values are checked wherever the host can read them: always for nested arrays, and for tensors on
 * every backend but WebGPU, where reading would have to be awaited.
 *
 * @param ids shape `[B, L]`, neither of them 0; a tensor that is given stays the giver's
 * @param what the name for messages, such as `inputIds`
 * @returns shape `[B, L]`; the caller disposes it
 * @throws {TypeError} when a tensor is not int32 of rank 2, or the arrays are not nested so
 * @throws {RangeError} when rows differ in length, there are none, or an id is out of range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 *
 * await tf.setBackend("cpu");
 * const ids = idsTensor([[5, 0], [2, 1]], "inputIds", { vocabSize: 6 });
 * assert.deepEqual(ids.arraySync(), [[5, 0], [2, 1]]);
 * assert.throws(() => idsTensor([[6]], "inputIds", { vocabSize: 6 }), RangeError);
 * ```
 */
export function idsTensor(ids: Ids, what: string, options: IdsOptions): tf.Tensor2D {
  if (ids instanceof tf.Tensor) {
    if (ids.dtype !== "int32" || ids.rank !== 2) {
      throw new TypeError(
        `Cannot read ${what} as a tensor of ids must be int32 of shape [rows, positions]: ` +
          `got ${ids.dtype} of shape [${ids.shape}]`,
      );
    }
    checkSizes(ids.shape, what);
    if (tf.getBackend() !== "webgpu") checkValues(ids.dataSync(), ids.shape[1], what, options);
    return ids.clone();
  }
  if (!Array.isArray(ids) || !ids.every((row) => Array.isArray(row))) {
    throw new TypeError(`Cannot read ${what} as ids must be a tensor or an array of rows`);
  }
  const rows = ids as readonly (readonly number[])[];
  const L = rows[0]?.length ?? 0;
  const uneven = rows.findIndex((row) => row.length !== L);
  if (uneven >= 0) {
    throw new RangeError(
      `Cannot read ${what} as rows must be padded to one length: ` +
        `row 0 has ${L}, row ${uneven} has ${rows[uneven]!.length}`,
    );
  }
  checkSizes([rows.length, L], what);
  const values = rows.flat();
  checkValues(values, L, what, options);
  return tf.tensor2d(values, [rows.length, L], "int32");
}

/**
 * Whether a mask is known to let every position count: it may then be left out, at no change to the
 * results. A tensor is not looked into, as reading it may have to be awaited.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.ok(countsAll([[1, 1], [1, 1]]));
 * assert.ok(!countsAll([[1, 1], [0, 1]]));
 * ```
 */
export function countsAll(mask: Ids): boolean {
  return !(mask instanceof tf.Tensor) && mask.every((row) => !row.includes(0));
}

function checkSizes([B, L]: readonly [number, number], what: string): void {
  if (B === 0 || L === 0) {
    throw new RangeError(
      `Cannot read ${what} as there must be at least one row and one position: got [${B}, ${L}]`,
    );
  }
}

function checkValues(
  values: ArrayLike<number>,
  L: number,
  what: string,
  { vocabSize, allowIgnored = false }: IdsOptions,
): void {
  for (let i = 0; i < values.length; i++) {
    const id = values[i]!;
    if (Number.isInteger(id) && id >= 0 && id < vocabSize) continue;
    if (allowIgnored && id === IGNORED_LABEL) continue;
    throw new RangeError(
      `Cannot read ${what} as each must be an integer in [0, ${vocabSize})` +
        `${allowIgnored ? ` or ${IGNORED_LABEL}` : ""}: ` +
        `found ${id} in row ${Math.floor(i / L)}, position ${i % L}`,
    );
  }
}
