/** Bytes that can be uploaded between two submits. */
const CAPACITY = 1 << 18;

/**
 * Small values on their way to the device: they are gathered on the host, written with one
 * `writeBuffer` before the next submit, and copied from there to where they belong by recorded
 * commands.
 *
 * `writeBuffer` overtakes commands that are not yet submitted. Here nothing can go wrong by that: a
 * region is given out once between two submits, so no command reads it but the copies it was given out
 * for; and what commands submitted before read, was written before, in the queue's order.
 */
export class UploadArena {
  /** The largest value that goes this way, in bytes. */
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

  /** Whether so many more bytes find room before the next submit. */
  hasRoom(bytes: number): boolean {
    return this.#used + bytes <= CAPACITY;
  }

  /** Takes 4-byte numbers; returns the offset in bytes to copy them from. */
  add(values: ArrayLike<number>, kind: "float" | "integer"): number {
    const offset = this.#used;
    const View = kind === "float" ? Float32Array : Int32Array;
    new View(this.#bytes, offset, values.length).set(values);
    this.#used += 4 * values.length;
    return offset;
  }

  /** Writes what was taken; to be called right before each submit. */
  flush(): void {
    if (this.#used === 0) return;
    this.#queue.writeBuffer(this.buffer, 0, this.#bytes, 0, this.#used);
    this.#used = 0;
  }
}
