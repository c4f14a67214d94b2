import type { LanguageIdentity } from "./identity.ts";

/** What a model's files say about generation. */
export interface GenerationFile {
  /** The file that says it. */
  readonly name: "generation_config.json" | "config.json";
  /** Its settings, as read. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Where the configuration of a whole has that of its decoder. */
const WITHIN = ["decoder", "generator", "text_config"];

/**
 * The settings of generation in a model's files: those of `generation_config.json`, or where there is no
 * such file those of `config.json`, which may also stand in the configuration of its decoder.
 *
 * Source: transformers 5.17 generation/utils.py, `adjust_generation_fn`, and
 * generation/configuration_utils.py, `from_model_config`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const config = { num_beams: 4, decoder: { num_beams: 2, max_length: 9 } };
 * const old = generationFile({ config, generationConfig: null });
 * assert.deepEqual([old.settings.num_beams, old.settings.max_length], [4, 9]);
 * assert.deepEqual(generationFile({ config, generationConfig: {} }).settings, {});
 * ```
 */
export function generationFile(
  { config = {}, generationConfig = null }: Pick<LanguageIdentity, "config" | "generationConfig">,
): GenerationFile {
  if (generationConfig !== null) {
    return { name: "generation_config.json", settings: generationConfig };
  }
  const said = ([, value]: [string, unknown]) => value !== null;
  const inner = WITHIN.map((name) => config[name]).find(Boolean) ?? {};
  const settings = { ...inner, ...Object.fromEntries(Object.entries(config).filter(said)) };
  // The name that BART's first files had for it.
  const forced = config.force_bos_token_to_be_generated === true
    ? { forced_bos_token_id: config.bos_token_id }
    : {};
  return { name: "config.json", settings: { ...settings, ...forced } };
}
