/**
 * The parts of TensorFlow.js's WebGPU backend that this project uses beyond its published
 * interface. Some are private in the types only.
 *
 * Source: tensorflow/tfjs 4.22.0, tfjs-backend-webgpu/src/backend_webgpu.ts
 */
import type * as tf from "../../tf.ts";

/** Location of the values of a tensor. */
export interface TensorData {
  /** The values while they are on the host only, or a copy of them once they have been read. */
  values: ArrayLike<number> | null | undefined;
  readonly dtype: tf.DataType;
  readonly shape: readonly number[];
  /** Null or absent until a kernel uses the tensor. */
  resource?: GPUBuffer | GPUTexture | GPUExternalTexture | null;
}

/** A shader of TensorFlow.js, written for shapes of a certain rank. */
export interface Program {
  shaderKey: string;
  readonly variableNames: readonly string[];
  readonly outputShape: readonly number[];
  readonly workgroupSize: readonly number[];
  /** Number of workgroups along x, y and z. */
  dispatch: readonly number[];
  readonly size?: boolean;
  readonly outputComponent?: number;
  readonly pixelsOpType?: unknown;
  /** Set when the program is run. */
  pipeline?: GPUComputePipeline;
}

/** Fields of a program's uniform, after those that every program has. */
export type Uniforms = readonly { readonly type: string; readonly data: readonly number[] }[];

/** Gives out buffers and takes them back. */
export interface BufferManager {
  /** Bytes of the buffers that are given out. */
  readonly numBytesUsed: number;
  /** Bytes of all buffers. */
  readonly numBytesAllocated: number;
  acquireBuffer(size: number, usage: number, mapped?: boolean, reuse?: boolean): GPUBuffer;
  releaseBuffer(buffer: GPUBuffer, reuse?: boolean): void;
  dispose(): void;
}

/** The WebGPU backend with its private parts. */
export interface WebgpuBackend {
  readonly device: GPUDevice;
  readonly queue: GPUQueue;
  readonly tensorMap: { get(dataId: object): TensorData };
  bufferManager: BufferManager;
  readonly activeTimers?: unknown;
  readonly commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  /** Buffers to give back with the next submit. */
  readonly uniformPendingDisposal: GPUBuffer[];
  makeTensorInfo(shape: readonly number[], dtype: tf.DataType): tf.TensorInfo;
  uploadToGPU(dataId: object): void;
  makeUniforms(uniforms: Uniforms): { readonly buffer: GPUBuffer };
  runWebGPUProgram(
    program: Program,
    inputs: readonly tf.TensorInfo[],
    dtype: tf.DataType,
    uniforms?: Uniforms,
    output?: tf.TensorInfo,
  ): tf.TensorInfo;
  getBufferData(buffer: GPUBuffer): Promise<ArrayBuffer>;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

const FIELDS = {
  object: ["device", "queue", "tensorMap", "bufferManager", "uniformPendingDisposal"],
  function: [
    "makeTensorInfo",
    "uploadToGPU",
    "makeUniforms",
    "runWebGPUProgram",
    "getBufferData",
    "ensureCommandEncoderReady",
    "endComputePassEncoder",
    "submitQueue",
  ],
  number: ["dispatchCountInPass"],
};

/**
 * Names of the private parts that a backend lacks; none in the version that this was written for.
 */
export function missingParts(backend: unknown): string[] {
  const parts = backend as Record<string, unknown>;
  return Object.entries(FIELDS).flatMap(([type, names]) =>
    names.filter((name) => typeof parts[name] !== type || parts[name] === null)
  );
}
