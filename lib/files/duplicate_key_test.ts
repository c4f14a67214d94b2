import assert from "node:assert/strict";
import fc from "fast-check";
import { duplicateKey } from "./duplicate_key.ts";

Deno.test("duplicateKey() finds a key twice in one object, however it is spelt", () => {
  assert.equal(duplicateKey(`{"a":1,"b":2,"a":3}`), "a");
  assert.equal(duplicateKey(`{"é\\"":1 , "\\u00e9\\"" : 3}`), 'é"');
  assert.equal(duplicateKey(`[{"x":{"":1,"":1}}]`), "");
  assert.equal(duplicateKey(`{"a":{"b":1},"c":[{"b":1}],"b":{"a":1}}`), null);
  assert.equal(duplicateKey(`{"a":"\\",\\"a\\":","b":":{"}`), null);
});

Deno.test("duplicateKey() finds none in what JSON.stringify writes, and one in two copies of its keys", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    assert.equal(duplicateKey(JSON.stringify(value, null, 1)), null);
  }));
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (value) => {
    const members = JSON.stringify(value).slice(1, -1);
    assert.ok(Object.hasOwn(value, duplicateKey(`{${members},${members}}`)!));
  }));
});
