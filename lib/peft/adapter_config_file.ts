/**
 * Reads and writes `adapter_config.json`, with PEFT's keys and layout. All values are checked, of
 * which PEFT checks only some.
 */
import { escapedValue } from "../files/escaped.ts";
import { pythonJson } from "../files/python_json.ts";
import { POLY_CONFIG_KEYS, PolyConfig, type PolyConfigOptions } from "../poly/config.ts";
import { IA3_CONFIG_KEYS, ia3Fields } from "./ia3_file.ts";
import { naming, parseStrictJsonObject } from "../files/json_object.ts";
import type { Identity } from "../models/identity.ts";
import { pythonList } from "../util/python_list.ts";
import type { PolySettings } from "../poly/settings.ts";

/** Name of the file that holds an adapter's configuration. */
export const CONFIG_NAME = "adapter_config.json";

/** The base model that an adapter is saved for. */
export type SavedFor = Pick<Identity, "nameOrPath" | "className" | "pythonModule">;

/** Options of {@linkcode parseAdapterConfig}. */
export interface ReadConfigOptions {
  /** Name of the file for error messages. */
  readonly source?: string;
  /** Called with a warning about all keys that are ignored. */
  readonly onWarning?: (message: string) => void;
  /** Settings that PEFT's file cannot hold; PEFT's behaviour when absent. */
  readonly settings?: Partial<PolySettings>;
}

/**
 * Parses the `adapter_config.json` of a Poly adapter, or of an (IA)³ adapter, which is read as one of one
 * skill and one task.
 *
 * Missing keys have PEFT's defaults. Unknown keys are ignored with one warning in PEFT's words, and
 * so is `runtime_config`.
 *
 * @throws {SyntaxError} when the string is not a JSON object, or has a key twice
 * @throws {TypeError} when `peft_type` is missing, or a value has the wrong type
 * @throws {RangeError} when `peft_type` is neither POLY nor IA3, or a value is out of range
 *
 * Source: config.py of PEFT, `from_json_file` and `from_peft_type`. Differs: values are checked.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const config = parseAdapterConfig('{"peft_type": "POLY", "r": 4, "target_modules": ["q", "v"]}');
 * assert.equal(config.r, 4);
 * assert.equal(config.n_skills, 4);
 * ```
 */
export function parseAdapterConfig(
  text: string,
  { source = CONFIG_NAME, onWarning = () => {}, settings }: ReadConfigOptions = {},
): PolyConfig {
  const { runtime_config, ...file } = parseStrictJsonObject(text, source);
  if (runtime_config !== undefined) {
    onWarning(
      `The configuration file contains a \`runtime_config\` key. This is ignored. Runtime ` +
        `configurations are only valid at runtime.`,
    );
  }
  for (const key of ["peft_type", "poly_type", "task_type"]) {
    const value = file[key];
    if (value !== undefined && value !== null && typeof value !== "string") {
      throw new TypeError(
        `Cannot read "${source}" as ${key} must be a string: got ${escapedValue(value)}`,
      );
    }
  }
  if (file["peft_type"] === undefined || file["peft_type"] === null) {
    throw new TypeError(
      `Cannot read "${source}" as the key peft_type is missing: it must be "POLY" in the ` +
        `configuration of a Poly adapter`,
    );
  }
  const isIa3 = file["peft_type"] === "IA3";
  if (file["peft_type"] !== "POLY" && !isIa3) {
    throw new RangeError(
      `Cannot read "${source}" as only Poly and (IA)³ adapters can be loaded: ` +
        `peft_type must be "POLY" or "IA3", ` +
        `got ${escapedValue(file["peft_type"])}`,
    );
  }
  const keys: readonly string[] = isIa3 ? IA3_CONFIG_KEYS : POLY_CONFIG_KEYS;
  const isKnown = (key: string) => keys.includes(key);
  const unknown = Object.keys(file).filter((key) => !isKnown(key)).sort();
  if (unknown.length > 0) {
    onWarning(
      `Unexpected keyword arguments ${pythonList(unknown)} for class ${
        isIa3 ? "IA3Config" : "PolyConfig"
      }, these are ` +
        `ignored. A newer version of PEFT may have written "${source}".`,
    );
  }
  // A file without a version counts as one of the running version, as in PEFT.
  if (file["peft_version"] === null) delete file["peft_version"];
  const known = Object.fromEntries(Object.entries(file).filter(([key]) => isKnown(key)));
  return naming(
    source,
    () =>
      new PolyConfig(
        isIa3
          ? ia3Fields(known, source)
          : { ...known as PolyConfigOptions, settings: settings ?? {} },
      ),
  );
}

/**
 * Formats an `adapter_config.json` with exactly the keys and the layout of PEFT's, and with lists
 * of modules sorted. In the file an adapter is in inference mode, as in PEFT's.
 *
 * @param model written as the base model where the configuration names none; its class is written
 * too where there is no task type
 *
 * Source: config.py of PEFT, `PeftConfigMixin.save_pretrained`, and peft_model.py, `save_pretrained`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { PolyConfig } from "../poly/config.ts";
 *
 * const config = new PolyConfig({ task_type: "CAUSAL_LM", target_modules: ["v_proj", "q_proj"] });
 * const base = { nameOrPath: "llama", className: "LlamaForCausalLM", pythonModule: "" };
 * const file = JSON.parse(adapterConfigText(config, base));
 * assert.equal(Object.keys(file).length, 16);
 * assert.equal(file.base_model_name_or_path, "llama");
 * assert.deepEqual(file.target_modules, ["q_proj", "v_proj"]);
 * ```
 */
export function adapterConfigText(config: PolyConfig, model: SavedFor): string {
  return pythonJson({ ...config.toDict(), ...savedForFields(config, model), inference_mode: true });
}

/** The keys that identify the base model of an adapter. */
export function savedForFields(
  config: PolyConfig,
  model: SavedFor,
): {
  readonly base_model_name_or_path: string | null;
  readonly auto_mapping: Readonly<Record<string, unknown>> | null;
} {
  return {
    base_model_name_or_path: config.base_model_name_or_path ?? model.nameOrPath,
    auto_mapping: config.task_type === null
      ? { base_model_class: model.className, parent_library: model.pythonModule }
      : config.auto_mapping,
  };
}
