/** Registers the WebGPU backend where the browser interface exists: the import is for its side effect. */
import "@tensorflow/tfjs-backend-webgpu";

/**
 * A line that names the WebGPU adapter of this machine, or `null` when there is none.
 *
 * Deno answers `null` when no driver can be loaded; Debian's `mesa-vulkan-drivers` gives a software
 * one, slow but correct.
 */
export async function webgpuAdapter(): Promise<string | null> {
  const adapter = await navigator.gpu?.requestAdapter() ?? null;
  if (adapter === null) return null;
  const { vendor, architecture, device, description } = adapter.info;
  return [description, vendor, architecture, device].filter((part) => part !== "").join(" ") ||
    "unnamed adapter";
}
