/**
 * Loaded before a worker's program, it destroys the WebGPU device of the first worker in the middle of its
 * run: at the submit of the number `at` of its address, where no earlier worker has made the file `mark`.
 *
 * @module
 */
const { searchParams } = new URL(import.meta.url);
const [at, mark] = [Number(searchParams.get("at")), searchParams.get("mark")!];
const devices = new Map<GPUQueue, GPUDevice>();
const request = GPUAdapter.prototype.requestDevice;
GPUAdapter.prototype.requestDevice = async function (descriptor) {
  const device = await request.call(this, descriptor);
  devices.set(device.queue, device);
  return device;
};
let submits = 0;
const submit = GPUQueue.prototype.submit;
GPUQueue.prototype.submit = function (commands) {
  submit.call(this, commands);
  if (++submits !== at) return;
  try {
    Deno.writeTextFileSync(mark, "", { createNew: true });
  } catch {
    return; // an earlier worker has lost its device
  }
  devices.get(this)!.destroy();
};
