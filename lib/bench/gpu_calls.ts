/** How many calls of WebGPU a program makes. */
export interface GpuCalls {
  dispatches: number;
  submits: number;
  /** Buffers that are written to from the host. */
  writes: number;
  /** Buffers that are read back. */
  reads: number;
  bind_groups: number;
  buffers: number;
}

/** What is counted, by the class and method that does it. */
const METHODS = [
  ["GPUComputePassEncoder", "dispatchWorkgroups", "dispatches"],
  ["GPUQueue", "submit", "submits"],
  ["GPUQueue", "writeBuffer", "writes"],
  ["GPUBuffer", "mapAsync", "reads"],
  ["GPUDevice", "createBindGroup", "bind_groups"],
  ["GPUDevice", "createBuffer", "buffers"],
] as const;

/**
 * Counts all calls of this process from now on.
 *
 * @returns the counts, which go on growing
 */
export function countGpuCalls(): Readonly<GpuCalls> {
  const calls = { dispatches: 0, submits: 0, writes: 0, reads: 0, bind_groups: 0, buffers: 0 };
  for (const [of, method, count] of METHODS) {
    const { prototype } = Reflect.get(globalThis, of) as { prototype: object };
    const published = Reflect.get(prototype, method) as (...args: unknown[]) => unknown;
    Reflect.set(prototype, method, function (this: unknown, ...args: unknown[]) {
      calls[count]++;
      return published.apply(this, args);
    });
  }
  return calls;
}

/** The calls between two moments. */
export function callsBetween(before: Readonly<GpuCalls>, after: Readonly<GpuCalls>): GpuCalls {
  const counts = Object.keys(before) as (keyof GpuCalls)[];
  return Object.fromEntries(
    counts.map((count) => [count, after[count] - before[count]]),
  ) as unknown as GpuCalls;
}
