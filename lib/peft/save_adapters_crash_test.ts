import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import { useBackend } from "../backend/backend.ts";
import { modelToSave } from "../testing/fakes/save_forever.ts";
import { randomStream } from "../util/random.ts";
import { PeftModel } from "./peft_model.ts";

const PROGRAM = fileURLToPath(new URL("../testing/fakes/save_forever.ts", import.meta.url));
const FILES = ["README.md", "adapter_config.json", "adapter_model.safetensors"];

Deno.test("a process killed while it saves leaves every file whole, old or new", async () => {
  await useBackend("cpu");
  const dir = await Deno.makeTempDir({ prefix: "crash_" });
  const out = `${dir}/out`;
  const versions = new Map<string, Uint8Array[]>(FILES.map((name) => [name, []]));
  const models = [modelToSave(0), modelToSave(1)];
  for (const model of models) {
    await model.savePretrained(out);
    for (const name of FILES) versions.get(name)!.push(await Deno.readFile(`${out}/${name}`));
  }
  const stream = randomStream(1, "crash");
  let interrupted = 0;
  for (let round = 0; round < 25 && interrupted < 3; round++) {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", PROGRAM, out],
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read(); // it has saved once
    await new Promise((resolve) => setTimeout(resolve, 60 * stream.uniform()));
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();

    for (const [name, wholes] of versions) {
      const found = await Deno.readFile(`${out}/${name}`);
      assert.ok(wholes.some((whole) => Buffer.compare(whole, found) === 0), `${name} is broken`);
    }
    const loaded = await PeftModel.fromPretrained(models[0]!.base, out);
    assert.deepEqual(loaded.warnings, []);
    loaded.dispose();

    const left = [...Deno.readDirSync(out)].map(({ name }) => name)
      .filter((name) => !FILES.includes(name));
    if (left.length > 0) interrupted++;
    for (const name of left) {
      assert.match(name, /^\..*\.tmp$/);
      await Deno.remove(`${out}/${name}`);
    }
  }
  assert.ok(interrupted > 0, "no save was interrupted: the test shows nothing");
  for (const model of models) model.unload().dispose();
  await Deno.remove(dir, { recursive: true });
});
