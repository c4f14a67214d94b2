/** Reads that may be waiting for their buffers to be unmapped; each needs a buffer. */
const MOST = 16;

/**
 * Whether this is the Deno whose source was read: there, asking for the content of a buffer that is being
 * mapped is harmless. Elsewhere a read awaits its promise, as everyone does.
 */
const isKnown = /^Deno\/2\.9\./.test(globalThis.navigator?.userAgent ?? "");

/** Buffers that have been mapped before. */
const mappedBefore = new WeakSet<GPUBuffer>();
let waiting = 0;

/**
 * The content of a buffer that can be mapped for reading, once all work submitted before is done.
 *
 * Deno's `mapAsync` waits for the device within the call, then sleeps for 10 ms whatever has happened,
 * and resolves: a training step of which the loss is read could not take less. So the content is asked
 * for right after the call. Where it is not there yet, asking throws, as the standard says, and the
 * promise is awaited. Deno 2.9 cannot be asked before a buffer's first mapping has resolved.
 *
 * Source: denoland/deno, ext/webgpu/buffer.rs, `map_async` and `get_mapped_range`
 *
 * @param release called when the buffer is no longer mapped, which may be after the content is given
 */
export async function earlyRead(buffer: GPUBuffer, release: () => void): Promise<ArrayBuffer> {
  const mapping = buffer.mapAsync(GPUMapMode.READ);
  const isAsked = isKnown && mappedBefore.has(buffer) && waiting < MOST;
  let content = isAsked ? contentNow(buffer) : null;
  waiting++;
  const ending = mapping.then(() => {
    content ??= buffer.getMappedRange().slice(0);
    buffer.unmap();
    mappedBefore.add(buffer);
    release();
  }).finally(() => waiting--);
  if (content === null) await ending;
  else ending.catch(() => {}); // a device that is lost meanwhile says so at its next use
  return content!;
}

/** The content of a buffer that is being mapped, or null when it is not there yet. */
function contentNow(buffer: GPUBuffer): ArrayBuffer | null {
  try {
    return buffer.getMappedRange().slice(0);
  } catch {
    return null;
  }
}
