import * as tf from "../tf.ts";

/**
 * Task id of each row: integers, or an int32 tensor of shape `[B]`, `[B, 1]` or, for one row, `[]`.
 */
export type TaskIds = readonly number[] | tf.Tensor;

/**
 * Reads task ids to the host. A tensor can be read at once on every backend except WebGPU, where
 * values that were computed on the device must be awaited first: `await ids.array()`.
 *
 * @throws {TypeError} when they are missing or not integers, or a tensor has another type or rank
 * @throws {RangeError} when the list is empty
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(readTaskIds([2, 0]), [2, 0]);
 * assert.throws(() => readTaskIds(undefined), /task_ids should not be None/);
 * ```
 */
export function readTaskIds(taskIds: TaskIds | null | undefined): number[] {
  if (taskIds === null || taskIds === undefined) {
    throw new TypeError(
      "task_ids should not be None: pass taskIds, the task of each row, to forward() or generate()",
    );
  }
  const values = taskIds instanceof tf.Tensor ? readTensor(taskIds) : taskIds;
  if (!Array.isArray(values)) {
    throw new TypeError(
      `Cannot read taskIds as they must be an array of integers or an int32 tensor: ` +
        `got ${typeof values}`,
    );
  }
  if (values.length === 0) {
    throw new RangeError("Cannot read taskIds as there must be one for each row: got none");
  }
  for (const [row, id] of values.entries()) {
    if (!Number.isInteger(id)) {
      throw new TypeError(
        `Cannot read taskIds as each must be an integer: found ${String(id)} in row ${row}`,
      );
    }
  }
  return [...values];
}

function readTensor(taskIds: tf.Tensor): number[] {
  const { dtype, shape, rank } = taskIds;
  if (dtype !== "int32") {
    throw new TypeError(
      `Cannot read taskIds as a tensor of them must be int32, not float or bool: ` +
        `got ${dtype}`,
    );
  }
  if (!(rank <= 1 || (rank === 2 && shape[1] === 1))) {
    throw new TypeError(
      `Cannot read taskIds as a tensor of them must have shape [rows] or [rows, 1]: got [${shape}]`,
    );
  }
  return Array.from(taskIds.dataSync());
}

/**
 * Throws unless all ids are in [0, nTasks).
 *
 * Source: tuners/poly/router.py of PEFT, `PolyRouter.forward`. Differs: an id below 0 is refused,
 * where PEFT takes −1 as the last task.
 *
 * @throws {RangeError} when an id is not in [0, nTasks)
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * checkTaskIds([2, 0], 3);
 * assert.throws(() => checkTaskIds([1, 3], 3), /^RangeError: Only 3 tasks available. Found task id = 3$/);
 * ```
 */
export function checkTaskIds(taskIds: readonly number[], nTasks: number): void {
  const highest = Math.max(...taskIds);
  const wrong = highest >= nTasks ? highest : taskIds.find((id) => id < 0);
  if (wrong !== undefined) {
    throw new RangeError(`Only ${nTasks} tasks available. Found task id = ${wrong}`);
  }
}
