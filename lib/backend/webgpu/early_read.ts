/**
 * Most reads that may wait for their buffers to be unmapped at the same time; each needs a buffer.
 */
const MOST = 16;

/**
 * Whether this is the Deno version whose source was read: there, it is harmless to ask for the
 * content of a buffer that is being mapped. Elsewhere a read awaits its promise, as usual.
 */
const isKnown = /^Deno\/2\.9\./.test(globalThis.navigator?.userAgent ?? "");

/** Buffers that have been mapped before. */
const mappedBefore = new WeakSet<GPUBuffer>();
let waiting = 0;

/**
 * The content of a buffer that can be mapped for reading, once all work submitted before is done.
 *
 * Deno's `mapAsync` waits for the device within the call, then sleeps for 10 ms in any case before
 * it resolves, so a training step whose loss is read could not take less. Therefore the content is
 * asked for right after the call. If it is not there yet, asking throws, as the standard says, and
 * the promise is awaited. Deno 2.9 must not be asked before a buffer's first mapping has resolved.
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
  else ending.catch(() => {}); // a lost device is reported at its next use
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
