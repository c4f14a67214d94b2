import assert from "node:assert/strict";
import { type PolySettings, PROFILES, readSettings } from "./settings.ts";

function read(settings: Record<string, unknown>): PolySettings {
  return readSettings(settings as Partial<PolySettings>, 2, 3);
}

Deno.test("readSettings() completes with PEFT's behaviour", () => {
  assert.deepEqual(read({}), PROFILES.peft);
  assert.deepEqual(read({ router_noise: "none", init_scale: undefined }), {
    ...PROFILES.peft,
    router_noise: "none",
  });
});

Deno.test("readSettings() refuses unknown settings and wrong values, by their names", () => {
  const wrong: [string, unknown, string][] = [
    ["router_noice", "none", "TypeError"],
    ["init_scale", "kaiming", "RangeError"],
    ["router_noise", "gumbel", "RangeError"],
    ["router_granularity", "finegrained", "RangeError"],
    ["router_straight_through", 1, "TypeError"],
    ["router_shared_skill", 1, "TypeError"],
    ["router_normalization", "l2", "RangeError"],
    ["router_normalization", "l2_norm", "RangeError"], // with noise, which is there by default
    ["composition", "sums", "RangeError"],
    ["router_temperature", "1", "TypeError"],
    ["router_temperature", 0, "RangeError"],
    ["router_temperature", -1, "RangeError"],
    ["router_temperature", NaN, "RangeError"],
    ["router_temperature", Infinity, "RangeError"],
    ["router_allocation", "shared", "TypeError"],
    ["router_allocation", [1, 2], "TypeError"],
    ["router_allocation", [[1, 0, 0]], "RangeError"],
    ["router_allocation", [[1, 0], [0, 1]], "RangeError"],
    ["router_allocation", [[1, 0, 0], [0, 1]], "RangeError"],
    ["router_allocation", [[1, 0, 0], [0, -1, 2]], "RangeError"],
    ["router_allocation", [[1, 0, 0], [0, NaN, 2]], "RangeError"],
    ["router_allocation", [[1, 0, 0], [0, 0, 0]], "RangeError"],
  ];
  for (const [key, value, name] of wrong) {
    assert.throws(() => read({ [key]: value }), { name, message: RegExp(key) }, `${key} ${value}`);
  }
});

Deno.test("readSettings() refuses beside l2_norm what works on amounts", () => {
  const alone = { router_normalization: "l2_norm", router_noise: "none" };
  assert.equal(read(alone).router_normalization, "l2_norm");
  for (const key of ["router_straight_through", "router_shared_skill"]) {
    assert.throws(() => read({ ...alone, [key]: true }), {
      name: "RangeError",
      message: RegExp(key),
    });
  }
});

Deno.test("readSettings() keeps its own copy of an allocation", () => {
  const row = [1, 0, 2];
  const settings = read({ router_allocation: [row, [0, 1, 0]] });
  row[0] = 9;
  assert.deepEqual(settings.router_allocation, [[1, 0, 2], [0, 1, 0]]);
  assert.ok(Object.isFrozen(settings));
});
