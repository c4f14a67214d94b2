import type * as tf from "../../../tf.ts";
import { dispatch, type NewTensor } from "../dispatch.ts";
import type { WebgpuBackend } from "../private_parts.ts";
import { elementwise, PER_GROUP, type TypedProgram } from "./program.ts";

/** What the fields of a program's uniform are set to. */
interface Params {
  readonly integers?: readonly number[];
  readonly floats?: readonly number[];
}

/** Workgroups along x, y and z. */
type Groups = readonly [x: number, y?: number, z?: number];

/** The shape of a tensor to make, or a tensor to write over. */
type Output = readonly number[] | tf.TensorInfo;

/** As many tensors as there are outputs. */
type Made<Outputs extends readonly Output[]> = { -readonly [I in keyof Outputs]: tf.TensorInfo };

/** What the kernels use of the backend beyond what a dispatch does. */
interface Backend extends WebgpuBackend {
  incRef(dataId: object): void;
  disposeData(dataId: object): boolean;
  makeTensorInfo(
    shape: readonly number[],
    dtype: tf.DataType,
    values?: ArrayLike<number>,
  ): tf.TensorInfo;
}

/** So many lists of integers stay on the device. */
const KEPT_LISTS = 64;

/** The most workgroups along one axis. */
const MOST_GROUPS = 65_535;

const toFloats = elementwise("ToFloats", {
  reads: { x: "i32" },
  writes: ["y"],
  body: "  y[i] = f32(x[i]);",
});

/** What kernels do with a WebGPU backend. */
export class Gpu {
  readonly #backend: Backend;
  readonly #lists = new Map<string, tf.TensorInfo>();
  /** The keys of lists that were asked for before; all layers of a step hand in the same few. */
  readonly #keys = new WeakMap<readonly number[], string>();

  /** @param backend the backend that a kernel function is given */
  constructor(backend: unknown) {
    this.#backend = backend as Backend;
  }

  /** How many storage buffers a shader may bind. */
  get buffersOfShader(): number {
    return this.#backend.device.limits.maxStorageBuffersPerShaderStage;
  }

  /**
   * Runs a program; see {@linkcode dispatch}.
   *
   * @param outputs tensors of numbers to make, by their shapes, or tensors to write over
   * @throws {RangeError} when the grid is larger than a device can have it
   * @throws {TypeError} when an input of integers is not one
   */
  run<const Outputs extends readonly Output[]>(
    program: TypedProgram,
    inputs: readonly tf.TensorInfo[],
    outputs: Outputs,
    params: Params,
    workgroups: Groups,
  ): Made<Outputs> {
    if (workgroups.some((count) => count! > MOST_GROUPS)) {
      throw new RangeError(
        `Cannot run ${program.name} as its grid may have ${MOST_GROUPS} workgroups along an axis: ` +
          `got ${workgroups.join(" × ")}; use smaller batches`,
      );
    }
    const converted: tf.TensorInfo[] = [];
    const readable = inputs.map((input, i) => {
      const { dtype } = this.#backend.tensorMap.get(input.dataId); // a cast to float32 leaves it as it was
      if (program.reads[i] === "f32" && dtype !== "float32") {
        const count = size(input);
        const groups = groupsFor(count, PER_GROUP);
        const asFloats = this.make(toFloats, [input], input.shape, { integers: [count] }, groups);
        converted.push(asFloats);
        return asFloats;
      }
      if (program.reads[i] === "i32" && dtype === "float32") {
        throw new TypeError(`Cannot run ${program.name} as input ${i} must be int32: got ${dtype}`);
      }
      return input;
    });
    const made = dispatch(this.#backend, {
      program,
      inputs: readable,
      outputs: outputs.map((output) => "dataId" in output ? output : floats(output)),
      params,
      workgroups,
    });
    this.free(...converted);
    return made as Made<Outputs>;
  }

  /** Runs a program of one output, which it makes. */
  make(
    program: TypedProgram,
    inputs: readonly tf.TensorInfo[],
    shape: readonly number[],
    params: Params,
    workgroups: Groups,
  ): tf.TensorInfo {
    return this.run(program, inputs, [shape], params, workgroups)[0];
  }

  /** Runs a program of `elementwise` over so many elements. */
  each<const Outputs extends readonly Output[]>(
    program: TypedProgram,
    count: number,
    inputs: readonly tf.TensorInfo[],
    outputs: Outputs,
    { integers = [], floats = [] }: Params = {},
  ): Made<Outputs> {
    const params = { integers: [count, ...integers], floats };
    return this.run(program, inputs, outputs, params, groupsFor(count, PER_GROUP));
  }

  /**
   * Integers on the device, which stay there: a list costs one upload, however many kernels of however
   * many steps read it.
   *
   * @param values not to be changed afterwards
   */
  integers(values: readonly number[]): tf.TensorInfo {
    let key = this.#keys.get(values);
    if (key === undefined) this.#keys.set(values, key = values.join());
    const list = this.#lists.get(key) ??
      this.#backend.makeTensorInfo([values.length], "int32", Int32Array.from(values));
    this.#lists.delete(key);
    this.#lists.set(key, list); // behind all others
    if (this.#lists.size > KEPT_LISTS) {
      const [oldest, { dataId }] = this.#lists.entries().next().value!;
      this.#lists.delete(oldest);
      this.#backend.disposeData(dataId);
    }
    return list;
  }

  /** Numbers on the device; the caller frees them. */
  numbers(values: readonly number[]): tf.TensorInfo {
    return this.#backend.makeTensorInfo([values.length], "float32", Float32Array.from(values));
  }

  /** A tensor for programs to write to. */
  space(shape: readonly number[]): tf.TensorInfo {
    return this.#backend.makeTensorInfo(shape, "float32");
  }

  /** Another tensor of the same data. */
  share({ dataId, shape, dtype }: tf.TensorInfo): tf.TensorInfo {
    this.#backend.incRef(dataId);
    return { dataId, shape, dtype };
  }

  /** Frees what a kernel made for itself, once the device is done with it. */
  free(...tensors: readonly tf.TensorInfo[]): void {
    for (const { dataId } of tensors) this.#backend.disposeData(dataId);
  }
}

function floats(shape: readonly number[]): NewTensor {
  return { shape, dtype: "float32" };
}

/** How many elements a tensor has. */
export function size({ shape }: { readonly shape: readonly number[] }): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/**
 * The grid for so many pieces of work, `perGroup` of them for a workgroup, that folds into rows where
 * one would be too long: the work of a group is `group.y * groups.x + group.x`, and may lie behind the
 * last.
 */
export function groupsFor(count: number, perGroup = 1): [x: number, y: number] {
  const groups = Math.ceil(count / perGroup);
  const x = Math.min(groups, MOST_GROUPS);
  return [x, Math.ceil(groups / x)];
}
