import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { withFolder } from "../testing/with_folder.ts";
import { keptFiles } from "./stage_list.ts";
import { type ObtainedStage, StageStore } from "./stage_store.ts";
import { type StageContent, stageFromBytes, stageToBytes } from "./stage.ts";

const FACTS = { kind: "multitask", settings: { seed: 1, names: ["a", null] }, basis: { cpu: "x" } };
const CONTENT = {
  found: { rows: [{ step: 1, loss: 0.1 }], text: "é\u0000\n", none: null },
  tensors: new Map([
    ["skills", Float32Array.of(1, -0, 1e-45, 3.4e38)],
    ["empty", new Float32Array()],
    ["router", Float32Array.of(0.1)],
  ]),
};

Deno.test("a stage is read as it was written, bit by bit", () => {
  const { facts, found, tensors } = stageFromBytes(stageToBytes(FACTS, CONTENT), "x");
  assert.deepEqual([facts, found], [FACTS, CONTENT.found]);
  assert.deepEqual(new Map(tensors), CONTENT.tensors);
  assert.ok(Object.is(tensors.get("skills")![1], -0));
});

Deno.test("a stage that differs in any byte from what was written is not read", () => {
  const bytes = stageToBytes(FACTS, CONTENT);
  for (let at = 0; at < bytes.length; at += 3) {
    const changed = bytes.slice();
    changed[at]! ^= 1 << (at % 8);
    try {
      const { facts, found, tensors } = stageFromBytes(changed, "x");
      // The header may be written otherwise, as with another space; what it says is the same.
      assert.deepEqual([facts, found, new Map(tensors)], [FACTS, CONTENT.found, CONTENT.tensors]);
    } catch (error) {
      assert.ok(error instanceof SyntaxError || error instanceof RangeError, `${at}: ${error}`);
    }
  }
  assert.throws(() => stageFromBytes(bytes.slice(0, -1), "x"), SyntaxError);
  assert.throws(() => stageFromBytes(new Uint8Array(), "x"), SyntaxError);
});

/** One stage of {@linkcode StageStore.obtainAll}. */
async function obtain(
  store: StageStore,
  make: () => Promise<StageContent>,
): Promise<ObtainedStage> {
  const [stage] = await store.obtainAll([FACTS], async function* () {
    yield [0, await make()];
  });
  return stage!;
}

Deno.test("StageStore.obtainAll() makes a stage once, whoever asks and however many do", async () => {
  await withFolder(async (dir) => {
    let made = 0;
    const make = async () => {
      made++;
      await new Promise((resolve) => setTimeout(resolve, 30));
      return CONTENT;
    };
    const found = await Promise.all(
      [1, 2, 3, 4].map(() => obtain(new StageStore(dir), make)),
    );
    assert.equal(made, 1);
    assert.deepEqual(found.map(({ isMade }) => isMade).sort(), [false, false, false, true]);
    for (const { found: has } of found) assert.deepEqual(has, CONTENT.found);
    const files = await Array.fromAsync(keptFiles(dir));
    assert.deepEqual(files.map(({ facts }) => facts), [FACTS], "no lock and no temporary is left");
  });
});

Deno.test("StageStore.obtainAll() keeps nothing of what failed, or is not finite", async () => {
  await withFolder(async (dir) => {
    const store = new StageStore(dir);
    const fail = () => Promise.reject(new RangeError("no"));
    await assert.rejects(obtain(store, fail), /no/);
    const endless = { found: { scores: [{ loss: NaN }] }, tensors: new Map() };
    const { found } = await obtain(store, () => Promise.resolve(endless));
    assert.ok(Number.isNaN((found.scores as { loss: number }[])[0]!.loss));
    assert.equal(await store.read(FACTS), null);
    assert.equal((await obtain(store, () => Promise.resolve(CONTENT))).isMade, true);
  });
});

Deno.test("a stage under the name of another is not taken for it", async () => {
  await withFolder(async (dir) => {
    const store = new StageStore(dir);
    const other = { ...FACTS, basis: { cpu: "y" } };
    await store.write(other, CONTENT);
    await store.write(FACTS, CONTENT);
    await Deno.rename(store.path(other), store.path(FACTS));
    assert.equal(await store.read(FACTS), null);
    await store.remove(FACTS);
    await store.remove(FACTS);
    assert.ok(!existsSync(store.path(FACTS)));
  });
});

Deno.test("keptFiles() lists what is no stage as that", async () => {
  await withFolder(async (dir) => {
    assert.deepEqual(await Array.fromAsync(keptFiles(`${dir}/none`)), []);
    const store = new StageStore(dir);
    await store.write(FACTS, CONTENT);
    await Deno.writeTextFile(`${store.path(FACTS)}.lock`, "");
    await Deno.writeTextFile(`${dir}/torn.safetensors`, "{");
    const files = await Array.fromAsync(keptFiles(dir));
    assert.deepEqual(files.map(({ facts }) => facts?.kind ?? null), ["multitask", null, null]);
    assert.equal(files[0]!.bytes, stageToBytes(FACTS, CONTENT).length);
  });
});
