import { RecentMap } from "./recent_map.ts";

/** Number of recent dispatches whose bind groups are certain to be kept. */
const LIMIT = 16_384;

interface Entry {
  readonly group: GPUBindGroup;
  readonly buffers: readonly GPUBuffer[];
}

/**
 * A cache of bind groups by pipeline and buffers. Making one costs about ten times as much as the
 * rest of a dispatch, and a training step makes the same ones each time.
 *
 * Whole buffers are bound, from binding 0 of group 0 on.
 */
export class BindGroups {
  readonly #device: GPUDevice;
  readonly #groups: RecentMap<string, Entry>;
  /** Serial numbers of pipelines and buffers; the number of a destroyed buffer is never reused. */
  readonly #numbers = new WeakMap<object, number>();
  #last = 0;

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
    let key = `${this.#number(pipeline)}`;
    for (const buffer of buffers) key += `,${this.#number(buffer)}`;
    let entry = this.#groups.get(key);
    if (entry === undefined) {
      const group = this.#device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
      });
      this.#groups.set(key, entry = { group, buffers });
    }
    return entry.group;
  }

  /** Drops the bind groups of buffers that have been destroyed. */
  drop(destroyed: ReadonlySet<GPUBuffer>): void {
    this.#groups.deleteWhere(({ buffers }) => buffers.some((buffer) => destroyed.has(buffer)));
  }

  #number(of: object): number {
    let number = this.#numbers.get(of);
    if (number === undefined) this.#numbers.set(of, number = ++this.#last);
    return number;
  }
}
