/** Bytes that can be uploaded between two submits. */
const CAPACITY = 1 << 18;

/**
 * Collects small values for the device: they are gathered on the host, written with one
 * `writeBuffer` before the next submit, and copied to their own buffers by recorded commands.
 *
 * `writeBuffer` overtakes commands that are not yet submitted, which is harmless here. A region is
 * given out once between two submits, so no unsubmitted command reads it but the copy it was given
 * out for; and what submitted commands read was written earlier in the queue's order.
 */
export class UploadArena {
  /** Largest value that is uploaded this way, in bytes. */
  static readonly LARGEST = CAPACITY / 16;
  /** The buffer on the device. */
  readonly buffer: GPUBuffer;
  readonly #queue: GPUQueue;
  readonly #bytes = new ArrayBuffer(CAPACITY);
  #used = 0;

  constructor(device: GPUDevice) {
    this.#queue = device.queue;
    this.buffer = device.createBuffer({
      size: CAPACITY,
      usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
  }

  /** Whether this many more bytes fit before the next submit. */
  hasRoom(bytes: number): boolean {
    return this.#used + bytes <= CAPACITY;
  }

  /** Adds 4-byte numbers; returns the offset in bytes to copy them from. */
  add(values: ArrayLike<number>, kind: "float" | "integer"): number {
    const offset = this.#used;
    const View = kind === "float" ? Float32Array : Int32Array;
    new View(this.#bytes, offset, values.length).set(values);
    this.#used += 4 * values.length;
    return offset;
  }

  /** Writes the collected values; call it right before each submit. */
  flush(): void {
    if (this.#used === 0) return;
    this.#queue.writeBuffer(this.buffer, 0, this.#bytes, 0, this.#used);
    this.#used = 0;
  }
}
