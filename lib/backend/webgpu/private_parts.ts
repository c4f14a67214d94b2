/**
 * What this project uses of the WebGPU backend of TensorFlow.js beyond its published interface.
 *
 * Source: tensorflow/tfjs 4.22.0, tfjs-backend-webgpu/src/backend_webgpu.ts
 */
import type * as tf from "../../tf.ts";

/** Where the values of a tensor lie. */
export interface TensorData {
  /** The values while they lie on the host only; null once they are on the device. */
  values: ArrayLike<number> | null;
  readonly dtype: tf.DataType;
  readonly shape: readonly number[];
  /** Null or absent until the tensor is used by the device. */
  resource?: GPUBuffer | GPUTexture | GPUExternalTexture | null;
}

/** The WebGPU backend with its private parts. */
export interface WebgpuBackend {
  readonly device: GPUDevice;
  readonly queue: GPUQueue;
  readonly tensorMap: { get(dataId: object): TensorData };
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  uniformPendingDisposal: GPUBuffer[];
  readonly commandQueueOwnedIds: WeakSet<object>;
  readonly bufferManager: { acquireBuffer(size: number, usage: number): GPUBuffer };
  makeTensorInfo(shape: readonly number[], dtype: tf.DataType): tf.TensorInfo;
  uploadToGPU(dataId: object): void;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
}
