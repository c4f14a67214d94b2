/** The WebGPU adapter of this machine. */
export interface WebgpuAdapter {
  /** Name of the adapter, in one line. */
  readonly description: string;
  /** Whether it computes on the CPU, which is correct but many times slower than WebAssembly. */
  readonly isSoftware: boolean;
}

/**
 * The WebGPU adapter of this machine, or `null` when there is none.
 *
 * Deno returns null when no driver can be loaded; Debian's `mesa-vulkan-drivers` provides a
 * software driver.
 */
export async function webgpuAdapter(): Promise<WebgpuAdapter | null> {
  const adapter = await navigator.gpu?.requestAdapter() ?? null;
  if (adapter === null) return null;
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  const parts = [description, vendor, architecture, device].filter((part) => part !== "");
  return { description: parts.join(" ") || "unnamed adapter", isSoftware: isFallbackAdapter };
}
