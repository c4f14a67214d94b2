import assert from "node:assert/strict";
import { BufferPool } from "./buffer_pool.ts";

/** A device that makes buffers which only know whether they were destroyed. */
function device(): { device: GPUDevice; made: { size: number; isDestroyed: boolean }[] } {
  const made: { size: number; isDestroyed: boolean }[] = [];
  const createBuffer = ({ size, usage }: GPUBufferDescriptor) => {
    const buffer = { size, usage, isDestroyed: false, destroy: () => buffer.isDestroyed = true };
    made.push(buffer);
    return buffer;
  };
  return { device: { createBuffer } as unknown as GPUDevice, made };
}

function pool(destroyed: GPUBuffer[] = [], returned: GPUBuffer[] = []) {
  const { device: on, made } = device();
  const before = {
    releaseBuffer: (buffer: GPUBuffer) => void returned.push(buffer),
    dispose: () => {},
  };
  const buffers = new BufferPool(on, before as never, (gone) => destroyed.push(...gone));
  return { pool: buffers, made };
}

Deno.test("BufferPool gives out the lowest free buffer of a size and usage, whatever came back last", () => {
  const { pool: buffers, made } = pool();
  const held = Array.from({ length: 20 }, () => buffers.acquireBuffer(64, 8));
  for (const number of [7, 13, 2, 19, 11, 5]) buffers.releaseBuffer(held[number]!);
  assert.equal(made.length, 20);
  for (const number of [2, 5, 7]) assert.equal(buffers.acquireBuffer(64, 8), held[number]);
  buffers.releaseBuffer(held[5]!);
  for (const number of [5, 11, 13, 19]) assert.equal(buffers.acquireBuffer(64, 8), held[number]);
  assert.ok(!held.includes(buffers.acquireBuffer(64, 8)));
  assert.ok(!held.includes(buffers.acquireBuffer(64, 16)));
  assert.ok(!held.includes(buffers.acquireBuffer(32, 8)));
});

Deno.test("BufferPool gives out in the order of a sorted list, at random", () => {
  const { pool: buffers } = pool();
  const all = Array.from({ length: 200 }, () => buffers.acquireBuffer(4, 8));
  const free: number[] = [];
  let random = 1;
  const held = new Set(all.keys());
  for (let i = 0; i < 5000; i++) {
    random = (random * 48271) % 2147483647;
    const number = random % 200;
    if (held.delete(number)) {
      buffers.releaseBuffer(all[number]!);
      free.push(number);
      free.sort((a, b) => a - b);
    } else {
      const lowest = free.shift()!;
      assert.equal(buffers.acquireBuffer(4, 8), all[lowest]);
      held.add(lowest);
    }
  }
});

Deno.test("BufferPool counts bytes, and destroys what is not to be used again", () => {
  const { pool: buffers, made } = pool();
  const a = buffers.acquireBuffer(100, 8), once = buffers.acquireBuffer(10, 4, true, false);
  assert.deepEqual([buffers.numBytesUsed, buffers.numBytesAllocated], [110, 110]);
  buffers.releaseBuffer(a);
  buffers.releaseBuffer(once, false);
  assert.deepEqual([buffers.numBytesUsed, buffers.numBytesAllocated], [0, 100]);
  assert.deepEqual(made.map(({ isDestroyed }) => isDestroyed), [false, true]);
  buffers.dispose();
  assert.ok(made.every(({ isDestroyed }) => isDestroyed));
});

Deno.test("BufferPool destroys buffers that have been idle for long, says which, and makes them anew", () => {
  const destroyed: GPUBuffer[] = [];
  const { pool: buffers } = pool(destroyed);
  const [used, idle] = [buffers.acquireBuffer(8, 8), buffers.acquireBuffer(8, 8)];
  buffers.releaseBuffer(idle);
  buffers.releaseBuffer(used);
  for (let submit = 0; submit < 512; submit++) {
    assert.equal(buffers.acquireBuffer(8, 8), used);
    buffers.submitted();
    buffers.releaseBuffer(used);
  }
  assert.deepEqual(destroyed, [idle]);
  assert.equal(buffers.numBytesAllocated, 8);
  assert.equal(buffers.acquireBuffer(8, 8), used);
  assert.notEqual(buffers.acquireBuffer(8, 8), idle);
});

Deno.test("BufferPool keeps a shared buffer, and returns one of the pool before to it", () => {
  const returned: GPUBuffer[] = [];
  const { pool: buffers } = pool([], returned);
  const shared = buffers.acquireBuffer(4, 8);
  buffers.keep(shared);
  assert.ok(buffers.isKept(shared));
  buffers.releaseBuffer(shared);
  assert.notEqual(buffers.acquireBuffer(4, 8), shared);
  const foreign = {} as GPUBuffer;
  buffers.releaseBuffer(foreign);
  assert.deepEqual(returned, [foreign]);
});
