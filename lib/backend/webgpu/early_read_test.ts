import assert from "node:assert/strict";
import { earlyRead } from "./early_read.ts";

/** A buffer whose mapping resolves when told to, and whose content is there early or not. */
function buffer(isEarly: boolean) {
  const events: string[] = [];
  let resolve = () => {};
  let state = "unmapped";
  const made = {
    mapAsync: () => {
      state = "pending";
      return new Promise<void>((done) => {
        resolve = () => (state = "mapped", done());
      });
    },
    getMappedRange: () => {
      events.push(`asked while ${state}`);
      if (state !== "mapped" && !isEarly) throw new DOMException("", "OperationError");
      return new Uint8Array([7]).buffer;
    },
    unmap: () => void events.push("unmapped"),
  };
  return {
    events,
    read: () => earlyRead(made as unknown as GPUBuffer, () => events.push("released")),
    resolve: () => resolve(),
  };
}

async function secondRead(isEarly: boolean) {
  const { events, read, resolve } = buffer(isEarly);
  const first = read();
  resolve();
  assert.deepEqual([...new Uint8Array(await first)], [7]);
  assert.deepEqual(events, ["asked while mapped", "unmapped", "released"]);
  events.length = 0;
  return { events, second: read(), resolve };
}

Deno.test("earlyRead() gives what is there early, and releases the buffer when it is unmapped", async () => {
  const { events, second, resolve } = await secondRead(true);
  assert.deepEqual([...new Uint8Array(await second)], [7]);
  assert.deepEqual(events, ["asked while pending"]);
  resolve();
  await Promise.resolve();
  assert.deepEqual(events, ["asked while pending", "unmapped", "released"]);
});

Deno.test("earlyRead() awaits what is not there early", async () => {
  const { events, second, resolve } = await secondRead(false);
  resolve();
  assert.deepEqual([...new Uint8Array(await second)], [7]);
  assert.deepEqual(events, [
    "asked while pending",
    "asked while mapped",
    "unmapped",
    "released",
  ]);
});
