import assert from "node:assert/strict";
import { binariesOf, buildBinaries, MODULES } from "./build.ts";

for (const module of MODULES) {
  Deno.test(`buildBinaries() gives the shipped binaries, byte for byte [${module}]`, async () => {
    assert.equal(await buildBinaries(module), await Deno.readTextFile(binariesOf(module)));
  });
}
