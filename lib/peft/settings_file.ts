/**
 * Reads and writes `poly_settings.json`, which holds the settings that PEFT's configuration cannot.
 * A folder without it has PEFT's settings.
 */
import { pythonJson } from "../files/python_json.ts";
import type { PolyConfig } from "../poly/config.ts";
import { naming, parseStrictJsonObject } from "../files/json_object.ts";
import { LATER_POLY_SETTINGS, type PolySettings, readSettings } from "../poly/settings.ts";

/** Name of the file for settings that PEFT's file cannot hold. */
export const SETTINGS_NAME = "poly_settings.json";

/**
 * Formats a `poly_settings.json` with every setting that a saved adapter can have, for {@linkcode parseSettings}.
 * Settings that came later are said where they change something, so that earlier versions read files that need
 * no others.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { PolyConfig } from "../poly/config.ts";
 *
 * const { settings } = new PolyConfig({ settings: { router_noise: "none" } });
 * assert.equal(JSON.parse(settingsText(settings)).router_noise, "none");
 * ```
 */
export function settingsText(settings: PolySettings): string {
  const carried = Object.entries(settings).filter(([key, value]) =>
    !NOT_CARRIED.includes(key) && LATER_POLY_SETTINGS[key as keyof PolySettings] !== value
  );
  const floats = new Set(["router_temperature", "router_allocation"]);
  return pythonJson(Object.fromEntries(carried), floats);
}

/** Settings of forms that PEFT's Poly has no place for: its files hold low-rank skills and logits alone. */
const NOT_CARRIED = ["router_type", "skill_form", "feedforward_modules", "skill_density"];

/**
 * Parses a `poly_settings.json`; absent settings have PEFT's values.
 *
 * @param config sizes of the adapter, which a fixed allocation must match
 * @param source name of the file for error messages
 * @throws {SyntaxError} when the string is not a JSON object
 * @throws {TypeError} when a setting is unknown or of the wrong type
 * @throws {RangeError} when a value is not allowed
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { PolyConfig } from "../poly/config.ts";
 *
 * const read = parseSettings('{"router_granularity": "block"}', new PolyConfig());
 * assert.equal(read.router_granularity, "block");
 * assert.equal(read.router_noise, "relaxed_bernoulli");
 * ```
 */
export function parseSettings(
  text: string,
  { n_tasks, n_skills }: Pick<PolyConfig, "n_tasks" | "n_skills">,
  source = SETTINGS_NAME,
): PolySettings {
  const given = parseStrictJsonObject(text, source);
  const foreign = Object.keys(given).find((key) => NOT_CARRIED.includes(key));
  if (foreign !== undefined) {
    throw new TypeError(
      `Cannot read "${source}" as a saved Poly adapter has low-rank skills and routing logits: ` +
        `got the setting "${foreign}"`,
    );
  }
  return naming(source, () => readSettings(given, n_tasks, n_skills));
}
