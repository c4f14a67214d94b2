import assert from "node:assert/strict";
import type { BackendName } from "../backend/backend.ts";
import { withFolder } from "../testing/with_folder.ts";
import { agreeOnDevice } from "./device.ts";

Deno.test("agreeOnDevice() has elements that have a card follow the first that measured", async () => {
  await withFolder(async (dir) => {
    const measured = (name: BackendName) =>
      agreeOnDevice(
        dir,
        (settled) => Promise.resolve(settled ?? { name, reason: `${name}: faster` }),
      );
    const withoutCard = () => agreeOnDevice(dir, () => Promise.resolve(null));
    assert.equal(await withoutCard(), null);
    const both = await Promise.all([measured("webgpu"), measured("wasm")]);
    assert.deepEqual(both[0], both[1]);
    assert.deepEqual(await measured("cpu"), both[0]);
    assert.equal(await withoutCard(), null);
    assert.deepEqual(await measured("wasm"), both[0]);
  });
});
