import assert from "node:assert/strict";
import { PolyConfig } from "../poly/config.ts";
import { parseSettings, settingsText } from "./settings_file.ts";
import { PROFILES } from "../poly/settings.ts";

Deno.test("settingsText() is read back as it was, numbers to the last bit", () => {
  const config = new PolyConfig({
    n_tasks: 2,
    n_skills: 3,
    settings: {
      ...PROFILES.mttl,
      router_temperature: 1 / 3,
      router_granularity: "coder",
      router_allocation: [[0.1, 0, 1e-20], [1, 2, 3]],
    },
  });
  assert.deepEqual(parseSettings(settingsText(config.settings), config), config.settings);
});

Deno.test("parseSettings() names the file in every refusal", () => {
  const cases: [string, string, RegExp][] = [
    ["[]", "SyntaxError", /must hold one JSON object: got \[\]/],
    ["", "SyntaxError", /must hold one JSON object/],
    ['{"router_noize": "none"}', "TypeError", /router_noize/],
    ['{"router_temperature": "1"}', "TypeError", /router_temperature/],
    ['{"skill_form": "ia3"}', "TypeError", /low-rank skills and routing logits.*"skill_form"/],
    ['{"router_temperature": 0}', "RangeError", /router_temperature/],
    ['{"router_allocation": [[1]]}', "RangeError", /router_allocation/],
  ];
  for (const [text, name, message] of cases) {
    assert.throws(
      () => parseSettings(text, { n_tasks: 2, n_skills: 3 }, "s.json"),
      (error: Error) => {
        assert.equal(error.name, name);
        assert.match(error.message, message);
        assert.match(error.message, /"s\.json"/);
        return true;
      },
    );
  }
});
