import assert from "node:assert/strict";
import { T5_CASES } from "../../testing/cases/t5_case.ts";
import { parseT5Config } from "./config.ts";
import { t5Modules } from "./modules.ts";

for (const [title, { config, modules }] of T5_CASES) {
  Deno.test(`t5Modules() lists what named_modules() lists: ${title}`, () => {
    const lines = t5Modules(parseT5Config(config)).map(({ name, kind, inFeatures, outFeatures }) =>
      `${name} ${kind}${kind === "Linear" ? ` ${inFeatures} ${outFeatures}` : ""}`
    );
    assert.deepEqual(lines, modules);
  });
}
