import assert from "node:assert/strict";
import { differences, loadCase, type TokenizerCase } from "../../testing/cases/tokenizer_case.ts";
import CASES from "../../testing/cases/tokenizer_cases.json" with { type: "json" };

for (const one of CASES as unknown as (TokenizerCase & { fault: string; name: string })[]) {
  Deno.test(`${one.fault} ${one.name}: as Python`, () => {
    const tokenizer = loadCase(one);
    assert.notEqual(typeof tokenizer, "string", String(tokenizer));
    const [found, compared] = differences(one, tokenizer as Exclude<typeof tokenizer, string>);
    assert.deepEqual(found, []);
    assert.ok(compared > 5);
  });
}
