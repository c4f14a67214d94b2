import assert from "node:assert/strict";
import { binariesOf, buildBinaries, MODULES } from "./build.ts";

for (const module of MODULES) {
  Deno.test(`buildBinaries() gives the shipped binaries, byte for byte [${module}]`, async () => {
    assert.equal(await buildBinaries(module), await Deno.readTextFile(binariesOf(module)));
  });
}

Deno.test("FusedExports are the functions that fused.as exports, argument by argument", async () => {
  const read = (name: string) => Deno.readTextFile(new URL(name, import.meta.url));
  const source = await read("./fused.as");
  const exported = [...source.matchAll(/^export function (.*) \{$/gm)].map((match) => match[1]!);
  const declared = (await read("./fused_exports.ts"))
    .match(/interface FusedExports \{([^}]*)\}/)![1]!
    .replaceAll(/\s+/g, " ").replaceAll(/\( /g, "(").replaceAll(/, \)/g, ")")
    .split(";").map((line) => line.trim()).filter((line) => line !== "");
  assert.deepEqual(declared, exported);
});
