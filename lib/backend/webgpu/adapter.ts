/** Registers the WebGPU backend where the browser interface exists: the import is for its side effect. */
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
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

// As TensorFlow.js registers it, but for the storage buffers of a shader: its device has eight.
if (tf.findBackendFactory("webgpu") !== undefined) {
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

/** The WebGPU adapter of this machine. */
export interface WebgpuAdapter {
  /** A line that names it. */
  readonly description: string;
  /** Whether it computes on the CPU: correct, and many times slower than WebAssembly. */
  readonly isSoftware: boolean;
}

/**
 * The WebGPU adapter of this machine, or `null` when there is none.
 *
 * Deno answers `null` when no driver can be loaded; Debian's `mesa-vulkan-drivers` gives a software
 * one.
 */
export async function webgpuAdapter(): Promise<WebgpuAdapter | null> {
  const adapter = await navigator.gpu?.requestAdapter() ?? null;
  if (adapter === null) return null;
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  const parts = [description, vendor, architecture, device].filter((part) => part !== "");
  return { description: parts.join(" ") || "unnamed adapter", isSoftware: isFallbackAdapter };
}
