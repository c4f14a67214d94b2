import type { BufferManager } from "./private_parts.ts";

/** Number of submits after which an unused buffer is destroyed. */
const IDLE_SUBMITS = 256;
/** Number of submits between two searches for unused buffers. */
const SWEEP_EVERY = 64;

/** One buffer and its place. */
interface Slot {
  readonly buffer: GPUBuffer;
  readonly size: number;
  /** Null for a buffer that is used only once. */
  readonly shelf: Shelf | null;
  readonly number: number;
  /** Number of submits at the time the buffer was last given back. */
  freedAt: number;
  /** Whether several tensors share the buffer, so that it is never given out again. */
  isKept: boolean;
}

/** The buffers of one size and usage. */
interface Shelf {
  /** Slots by number; undefined where the buffer has been destroyed. */
  readonly slots: (Slot | undefined)[];
  /** Free slot numbers as a binary heap, the lowest first. */
  readonly free: number[];
}

/**
 * A pool of buffers by size and usage. It always gives out the buffer with the lowest free number,
 * so a program that asks for the same sizes in the same order, as each training step does, gets the
 * same buffers.
 *
 * A buffer that is given back can be given out again at once, while commands that use it are
 * recorded but not yet submitted. That is safe as long as only recorded commands write to it, since
 * a queue executes them in the order of recording. `GPUQueue.writeBuffer` is not recorded and
 * overtakes them: a caller that fills a buffer with it must keep the buffer until the commands that
 * read it are submitted.
 */
export class BufferPool implements BufferManager {
  numBytesUsed = 0;
  numBytesAllocated = 0;
  readonly #device: GPUDevice;
  readonly #before: BufferManager;
  readonly #onDestroy: (destroyed: ReadonlySet<GPUBuffer>) => void;
  readonly #shelves = new Map<number, Shelf>();
  readonly #slots = new Map<GPUBuffer, Slot>();
  #submits = 0;

  /**
   * @param before the pool in use until now; buffers that it gave out go back to it
   * @param onDestroy called with the buffers that are destroyed because they have been unused for
   * long
   */
  constructor(
    device: GPUDevice,
    before: BufferManager,
    onDestroy: (destroyed: ReadonlySet<GPUBuffer>) => void,
  ) {
    this.#device = device;
    this.#before = before;
    this.#onDestroy = onDestroy;
  }

  /** A buffer of exactly `size` bytes; only a new one can be mapped, one used before never is. */
  acquireBuffer(size: number, usage: number, mapped = false, reuse = true): GPUBuffer {
    this.numBytesUsed += size;
    if (!reuse) return this.#create(size, usage, mapped, null, 0);
    const shelf = this.#shelf(size, usage);
    const number = takeLowest(shelf.free) ?? shelf.slots.length;
    return shelf.slots[number]?.buffer ?? this.#create(size, usage, mapped, shelf, number);
  }

  /** Takes a buffer back; without `reuse` it is destroyed, so no unsubmitted command may use it. */
  releaseBuffer(buffer: GPUBuffer, reuse = true): void {
    const slot = this.#slots.get(buffer);
    if (slot === undefined) return this.#before.releaseBuffer(buffer, reuse);
    if (slot.isKept) return;
    this.numBytesUsed -= slot.size;
    slot.freedAt = this.#submits;
    if (slot.shelf !== null) putBack(slot.shelf.free, slot.number);
    if (slot.shelf === null || !reuse) this.#destroy(slot);
  }

  /** Lets several tensors share a buffer of this pool: from now on it is not taken back. */
  keep(buffer: GPUBuffer): void {
    this.#slots.get(buffer)!.isKept = true;
  }

  /** Whether several tensors may share a buffer, so that none of them may write to it. */
  isKept(buffer: GPUBuffer): boolean {
    return this.#slots.get(buffer)?.isKept === true;
  }

  /** Destroys buffers that have been unused for long; call it after each submit. */
  submitted(): void {
    if (++this.#submits % SWEEP_EVERY !== 0) return;
    const destroyed = new Set<GPUBuffer>();
    for (const { slots, free } of this.#shelves.values()) {
      for (const number of free) {
        const slot = slots[number];
        if (slot === undefined || slot.freedAt > this.#submits - IDLE_SUBMITS) continue;
        this.#destroy(slot);
        destroyed.add(slot.buffer);
      }
    }
    if (destroyed.size > 0) this.#onDestroy(destroyed);
  }

  /** Destroys all buffers. */
  dispose(): void {
    for (const { buffer } of this.#slots.values()) buffer.destroy();
    this.#slots.clear();
    this.#shelves.clear();
    this.numBytesUsed = 0;
    this.numBytesAllocated = 0;
    this.#before.dispose();
  }

  #shelf(size: number, usage: number): Shelf {
    const key = size * 1024 + usage; // all flags of usage lie below 1024
    let shelf = this.#shelves.get(key);
    if (shelf === undefined) this.#shelves.set(key, shelf = { slots: [], free: [] });
    return shelf;
  }

  #create(
    size: number,
    usage: number,
    mapped: boolean,
    shelf: Shelf | null,
    number: number,
  ): GPUBuffer {
    const buffer = this.#device.createBuffer({ size, usage, mappedAtCreation: mapped });
    const slot = { buffer, size, shelf, number, freedAt: 0, isKept: false };
    if (shelf !== null) shelf.slots[number] = slot;
    this.#slots.set(buffer, slot);
    this.numBytesAllocated += size;
    return buffer;
  }

  #destroy({ buffer, size, shelf, number }: Slot): void {
    buffer.destroy();
    if (shelf !== null) shelf.slots[number] = undefined;
    this.#slots.delete(buffer);
    this.numBytesAllocated -= size;
  }
}

/** Removes the lowest number from a binary heap. */
function takeLowest(heap: number[]): number | undefined {
  const lowest = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return lowest;
  let at = 0;
  for (let child = 1; child < heap.length; child = 2 * at + 1) {
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= last) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return lowest;
}

/** Adds a number to a binary heap. */
function putBack(heap: number[], number: number): void {
  let at = heap.length;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (heap[parent]! <= number) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = number;
}
