import { escapedValue } from "../../files/escaped.ts";
import type { LanguageModel } from "../base_model.ts";
import { generationFile } from "../generation_file.ts";
import type { GenerateSettings } from "./settings.ts";

/** Settings of transformers that change what is generated and that are not here. */
type UnsupportedSetting = keyof typeof ASKS;

type Asks = (value: unknown, settings: GenerateSettings) => boolean;
const always: Asks = () => true;
const when = (asked: unknown): Asks => (value) => value === asked;
const above = (most: number): Asks => (value) => !(typeof value === "number" && value <= most);

/** Whether a value that is not null asks for something. */
const ASKS = {
  assistant_early_exit: always,
  cache_implementation: when("quantized"),
  constraints: always,
  dola_layers: always,
  force_words_ids: always,
  guidance_scale: (value) => value !== 1,
  low_memory: when(true),
  max_time: always,
  num_beam_groups: above(1),
  penalty_alpha: (value, { do_sample, num_beams, top_k }) =>
    above(0)(value, DEFAULT) && !do_sample && num_beams === 1 && top_k > 1,
  prompt_lookup_num_tokens: always,
  speculation_type: always,
  stop_strings: always,
  token_healing: when(true),
  use_mtp: when(true),
  watermarking_config: always,
} satisfies Readonly<Record<string, Asks>>;

const DEFAULT = {} as GenerateSettings;

/** Their names, which a call may set to null to take back what a file says. */
export const UNSUPPORTED = Object.keys(ASKS) as UnsupportedSetting[];

/**
 * Refuses what a call or the model's files ask for and cannot be done, by its name.
 *
 * @throws {RangeError} when there is such a setting
 */
export function refuseUnsupported(
  model: Pick<LanguageModel, "identity">,
  options: Readonly<Record<string, unknown>>,
  settings: GenerateSettings,
): void {
  const file = generationFile(model.identity);
  for (const name of UNSUPPORTED) {
    const inCall = options[name] !== undefined;
    const value = inCall ? options[name] : file.settings[name] ?? null;
    if (value === null || !ASKS[name](value, settings)) continue;
    throw new RangeError(
      `Cannot generate as ${name} is not supported: got ${escapedValue(value)}` +
        (inCall ? "" : ` in ${file.name}; pass ${name}: null to generate without it`),
    );
  }
}
