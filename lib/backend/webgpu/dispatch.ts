import type * as tf from "../../tf.ts";
import { recorderOf } from "./recorder.ts";

/** A compute shader. */
export interface ComputeProgram {
  /** Identifies the program: two programs of the same name must have the same code. */
  readonly name: string;
  /**
   * WGSL with the entry point `main`. In group 0 the inputs are bound first (`var<storage, read>`),
   * then the outputs (`var<storage, read_write>`), then the parameters (`var<uniform>`), in the
   * order in which {@linkcode dispatch} receives them.
   */
  readonly code: string;
}

/** A tensor that a program makes. */
export interface NewTensor {
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32" | "bool";
}

/** One run of a program. */
export interface Dispatch {
  readonly program: ComputeProgram;
  readonly inputs: readonly tf.TensorInfo[];
  /**
   * Tensors to make, or existing tensors that are read and written in place. An existing one must
   * not also be an input, and no other tensor may share its data (a clone or a reshaped view).
   */
  readonly outputs: readonly (NewTensor | tf.TensorInfo)[];
  /** Fields of the uniform: a structure of `i32` or `u32`, then of `f32`, all scalars. */
  readonly params?: { readonly integers?: readonly number[]; readonly floats?: readonly number[] };
  /** Number of workgroups along x, y and z. */
  readonly workgroups: readonly [x: number, y?: number, z?: number];
}

/**
 * Runs a compute shader with any number of inputs and outputs on the WebGPU backend. It is recorded
 * together with the kernels of TensorFlow.js, in order, and submitted with them.
 *
 * Parameters that differ from step to step cost a new buffer each time: put such values in a
 * tensor.
 *
 * @param backend the `backend` that a kernel function receives
 * @returns the outputs, in order; the caller disposes the new ones
 * @throws {TypeError} when the backend is not WebGPU's or was not started by `useBackend`
 * @throws {RangeError} when there are more inputs and outputs than a shader can bind, often 8
 *
 * @example
 * ```ts ignore
 * const [sum] = dispatch(backend, {
 *   program: {
 *     name: "add",
 *     code: `
 *       struct Params { size: u32 }
 *       @group(0) @binding(0) var<storage, read> a: array<f32>;
 *       @group(0) @binding(1) var<storage, read> b: array<f32>;
 *       @group(0) @binding(2) var<storage, read_write> sum: array<f32>;
 *       @group(0) @binding(3) var<uniform> params: Params;
 *       @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
 *         if (id.x < params.size) { sum[id.x] = a[id.x] + b[id.x]; }
 *       }`,
 *   },
 *   inputs: [a, b],
 *   outputs: [{ shape: a.shape, dtype: "float32" }],
 *   params: { integers: [a.size] },
 *   workgroups: [Math.ceil(a.size / 64)],
 * });
 * ```
 */
export function dispatch(backend: unknown, call: Dispatch): tf.TensorInfo[] {
  const recorder = recorderOf(backend);
  const buffers = call.inputs.map(({ dataId }) => recorder.bufferOf(dataId));
  const outputs = call.outputs.map((output) => {
    if (!("dataId" in output)) {
      const made = recorder.backend.makeTensorInfo(output.shape, output.dtype);
      buffers.push(recorder.bufferOf(made.dataId));
      return made;
    }
    buffers.push(recorder.ownBufferOf(output.dataId));
    return output;
  });
  const pipeline = pipelineOf(recorder.backend.device, call.program, buffers.length);
  const { integers = [], floats = [] } = call.params ?? {};
  if (integers.length + floats.length > 0) buffers.push(recorder.params(integers, floats));
  recorder.record(pipeline, buffers, call.workgroups);
  return outputs;
}

const pipelines = new WeakMap<GPUDevice, Map<string, GPUComputePipeline>>();

function pipelineOf(
  device: GPUDevice,
  { name, code }: ComputeProgram,
  tensors: number,
): GPUComputePipeline {
  let ofDevice = pipelines.get(device);
  if (ofDevice === undefined) pipelines.set(device, ofDevice = new Map());
  let pipeline = ofDevice.get(name);
  if (pipeline === undefined) {
    const most = device.limits.maxStorageBuffersPerShaderStage;
    if (tensors > most) {
      throw new RangeError(
        `Cannot dispatch "${name}" as inputs and outputs must be at most ${most}: got ${tensors}`,
      );
    }
    const module = device.createShaderModule({ code, label: name });
    pipeline = device.createComputePipeline({
      layout: "auto",
      label: name,
      compute: { module, entryPoint: "main" },
    });
    ofDevice.set(name, pipeline);
  }
  return pipeline;
}
