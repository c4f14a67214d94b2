import assert from "node:assert/strict";
import { BindGroups } from "./bind_groups.ts";

Deno.test("BindGroups makes one group for the same pipeline and buffers, and drops those of destroyed buffers", () => {
  const made: GPUBindGroupDescriptor[] = [];
  const device = {
    createBindGroup: (descriptor: GPUBindGroupDescriptor) => (made.push(descriptor), {}),
  };
  const groups = new BindGroups(device as unknown as GPUDevice);
  const pipeline = () => ({ getBindGroupLayout: () => ({}) }) as unknown as GPUComputePipeline;
  const buffer = () => ({}) as GPUBuffer;
  const [add, subtract] = [pipeline(), pipeline()];
  const [a, b, c] = [buffer(), buffer(), buffer()];

  const group = groups.get(add, [a, b]);
  assert.equal(groups.get(add, [a, b]), group);
  assert.deepEqual(made[0]!.entries, [
    { binding: 0, resource: { buffer: a } },
    { binding: 1, resource: { buffer: b } },
  ]);
  for (const other of [groups.get(add, [b, a]), groups.get(subtract, [a, b])]) {
    assert.notEqual(other, group);
  }
  groups.get(add, [a, c]);
  assert.equal(groups.size, 4);

  const step = () => [groups.get(add, [a, b]), groups.get(add, [a, c]), groups.get(add, [b, a])];
  const first = step();
  assert.deepEqual([step(), step()].flat(), [...first, ...first]);
  assert.equal(new Set(first).size, 3);
  assert.equal(groups.get(add, [a, c, b]) === groups.get(add, [a, c]), false); // one buffer more
  assert.equal(made.length, 5);

  groups.drop(new Set([c]));
  assert.equal(groups.size, 3);
  assert.equal(groups.get(add, [a, b]), group);
  groups.drop(new Set([b]));
  assert.equal(groups.size, 0);
  assert.equal(made.length, 5);
});
