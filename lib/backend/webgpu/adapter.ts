import * as tf from "../../tf.ts";

/** Storage buffers of a shader beyond which nothing is gained: twelve parameters updated at once. */
const MOST_BUFFERS = 64;

/** Limits of the adapter that the device shall have too; others stay as low as the standard has them. */
const LIMITS = [
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupSizeX",
  "maxComputeInvocationsPerWorkgroup",
] as const;

/**
 * Registers the WebGPU backend where the browser interface exists, as TensorFlow.js does but for the
 * storage buffers that a shader of the device may bind: more than eight.
 */
export function registerWebgpu(): Promise<void> {
  return registered ??= register();
}

/**
 * Takes a backend away whose device is lost, with all its tensors; the next one to be started has a new
 * device.
 */
export async function replaceWebgpu(): Promise<void> {
  registered = register();
  await registered;
}

let registered: Promise<void> | undefined;

async function register(): Promise<void> {
  const { WebGPUBackend } = await import("@tensorflow/tfjs-backend-webgpu");
  if (tf.findBackendFactory("webgpu") === null) return;
  tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", async () => {
    const adapter = (await navigator.gpu.requestAdapter({ powerPreference: "high-performance" }))!;
    const { limits } = adapter;
    const buffers = Math.min(limits.maxStorageBuffersPerShaderStage, MOST_BUFFERS);
    const device = await adapter.requestDevice({
      requiredFeatures: (["timestamp-query"] as const).filter((name) => adapter.features.has(name)),
      requiredLimits: {
        ...Object.fromEntries(LIMITS.map((name) => [name, limits[name]])),
        maxStorageBuffersPerShaderStage: buffers,
      },
    });
    return new WebGPUBackend(device, adapter.info);
  }, 3);
}
