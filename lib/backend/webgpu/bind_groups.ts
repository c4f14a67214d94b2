import { RecentMap } from "./recent_map.ts";

/** Number of recent dispatches whose bind groups are certain to be kept. */
const LIMIT = 16_384;

interface Entry {
  readonly group: GPUBindGroup;
  readonly pipeline: GPUComputePipeline;
  readonly buffers: readonly GPUBuffer[];
  /** The one that was asked for next, the last time. */
  next: Entry | null;
}

/**
 * A cache of bind groups by pipeline and buffers. Making one costs about ten times as much as the
 * rest of a dispatch, and a training step makes the same ones each time.
 *
 * As the same ones follow one another each time, the one that followed last time is compared first:
 * that takes a tenth of the time of a look-up, whose key names each buffer.
 *
 * Whole buffers are bound, from binding 0 of group 0 on.
 */
export class BindGroups {
  readonly #device: GPUDevice;
  readonly #groups: RecentMap<string, Entry>;
  /** Serial numbers of pipelines and buffers; the number of a destroyed buffer is never reused. */
  readonly #numbers = new WeakMap<object, number>();
  #lastNumber = 0;
  #before: Entry | null = null;

  constructor(device: GPUDevice, limit = LIMIT) {
    this.#device = device;
    this.#groups = new RecentMap(limit);
  }

  /** Number of bind groups that are kept. */
  get size(): number {
    return this.#groups.size;
  }

  /** The bind group of a pipeline with these buffers; makes it if there is none. */
  get(pipeline: GPUComputePipeline, buffers: readonly GPUBuffer[]): GPUBindGroup {
    const next = this.#before?.next ?? null;
    const entry = next !== null && next.pipeline === pipeline && areSame(next.buffers, buffers)
      ? next
      : this.#find(pipeline, buffers);
    if (this.#before !== null) this.#before.next = entry;
    this.#before = entry;
    return entry.group;
  }

  /** Drops the bind groups of buffers that have been destroyed. */
  drop(destroyed: ReadonlySet<GPUBuffer>): void {
    const isDestroyed = ({ buffers }: Entry) => buffers.some((buffer) => destroyed.has(buffer));
    this.#groups.deleteWhere((entry) => {
      if (entry.next !== null && isDestroyed(entry.next)) entry.next = null;
      return isDestroyed(entry);
    });
    this.#before = null;
  }

  #find(pipeline: GPUComputePipeline, buffers: readonly GPUBuffer[]): Entry {
    let key = `${this.#number(pipeline)}`;
    for (const buffer of buffers) key += `,${this.#number(buffer)}`;
    let entry = this.#groups.get(key);
    if (entry === undefined) {
      const group = this.#device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
      });
      this.#groups.set(key, entry = { group, pipeline, buffers, next: null });
    }
    return entry;
  }

  #number(of: object): number {
    let number = this.#numbers.get(of);
    if (number === undefined) this.#numbers.set(of, number = ++this.#lastNumber);
    return number;
  }
}

function areSame(some: readonly GPUBuffer[], others: readonly GPUBuffer[]): boolean {
  if (some.length !== others.length) return false;
  for (let i = 0; i < some.length; i++) if (some[i] !== others[i]) return false;
  return true;
}
