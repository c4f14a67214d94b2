import { escaped } from "../files/escaped.ts";
import { type PolySettings, PROFILES, readSettings } from "./settings.ts";

/** Type of a task, as PEFT names it. */
export type TaskType =
  | "SEQ_CLS"
  | "SEQ_2_SEQ_LM"
  | "CAUSAL_LM"
  | "TOKEN_CLS"
  | "QUESTION_ANS"
  | "FEATURE_EXTRACTION";

/** All task types that PEFT knows. */
export const TASK_TYPES: readonly TaskType[] = [
  "SEQ_CLS",
  "SEQ_2_SEQ_LM",
  "CAUSAL_LM",
  "TOKEN_CLS",
  "QUESTION_ANS",
  "FEATURE_EXTRACTION",
];

/** Names of modules, or one pattern that a whole name must match. */
export type ModuleNames = string | ReadonlySet<string> | readonly string[];

/** The settings of a Poly adapter as PEFT names them: the 16 keys of `adapter_config.json`. */
export interface PolyConfigFields {
  /** Rank of each skill; above 0. */
  readonly r: number;
  /** Modules to adapt; null means the architecture's default, `"all-linear"` every linear layer. */
  readonly target_modules: ModuleNames | null;
  /** Modules to leave out of the targets. */
  readonly exclude_modules: ModuleNames | null;
  /** Modules to train and save as a whole, beside the adapted layers. */
  readonly modules_to_save: readonly string[] | null;
  /** Whether an adapter starts as the identity, with B = 0; false draws B at random, for tests. */
  readonly init_weights: boolean;
  /** Variant of Poly; PEFT knows only one. */
  readonly poly_type: "poly";
  /** Number of tasks T; above 0. */
  readonly n_tasks: number;
  /** Number of skills S; above 0. */
  readonly n_skills: number;
  /** Number of splits H, each routed on its own; above 0. 1 is Poly, more is MHR. */
  readonly n_splits: number;
  /** Task type of the base model; some types add their heads to `modules_to_save`. */
  readonly task_type: TaskType | null;
  /** The method, always POLY; other values are ignored. */
  readonly peft_type: string;
  /** Class of a base model without `task_type`, for Python. */
  readonly auto_mapping: Readonly<Record<string, unknown>> | null;
  /** Release of PEFT that wrote the file. */
  readonly peft_version: string | null;
  /** Folder or hub id of the model that the adapter was made for. */
  readonly base_model_name_or_path: string | null;
  /** Revision of the base model. */
  readonly revision: string | null;
  /** Whether the adapter starts frozen. */
  readonly inference_mode: boolean;
}

/** Fields that the constructor of {@linkcode PolyConfig} takes. */
export type PolyConfigOptions = Partial<PolyConfigFields> & {
  readonly settings?: Partial<PolySettings>;
};

/** The release of PEFT whose files are read and written. */
export const PEFT_VERSION = "0.21.0";

const DEFAULTS: PolyConfigFields = {
  r: 8,
  target_modules: null,
  exclude_modules: null,
  modules_to_save: null,
  init_weights: true,
  poly_type: "poly",
  n_tasks: 1,
  n_skills: 4,
  n_splits: 1,
  task_type: null,
  peft_type: "POLY",
  auto_mapping: null,
  peft_version: PEFT_VERSION,
  base_model_name_or_path: null,
  revision: null,
  inference_mode: false,
};

/** The 16 keys of `adapter_config.json`, in the order in which PEFT writes them. */
export const POLY_CONFIG_KEYS: readonly (keyof PolyConfigFields)[] = (
  Object.keys(DEFAULTS) as (keyof PolyConfigFields)[]
).sort();

/**
 * Configuration of a Poly or MHR adapter. It is immutable, and its constructor checks every field.
 *
 * `settings` holds choices that PEFT fixes. They are not in PEFT's file, and their defaults are
 * PEFT's behaviour.
 *
 * Source: tuners/poly/config.py of PEFT, `PolyConfig`; config.py, `PeftConfig`
 *
 * @throws {TypeError} when a field has the wrong type or no field has that name
 * @throws {RangeError} when a value is not one of those allowed
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const config = new PolyConfig({ n_tasks: 3, n_splits: 4, target_modules: ["v", "q"] });
 * assert.equal(config.r, 8);
 * assert.deepEqual(config.target_modules, new Set(["q", "v"]));
 * assert.deepEqual(config.toDict().target_modules, ["q", "v"]);
 * assert.throws(() => new PolyConfig({ n_skills: 0 }), /`n_skills` should be a positive integer/);
 * ```
 */
export class PolyConfig implements PolyConfigFields {
  /** Rank of each skill. */
  readonly r: number;
  /** Modules to adapt; a list has become a set. */
  readonly target_modules: string | ReadonlySet<string> | null;
  /** Modules to leave out; a list has become a set. */
  readonly exclude_modules: string | ReadonlySet<string> | null;
  /** Modules to train and save as a whole. */
  readonly modules_to_save: readonly string[] | null;
  /** Whether B starts at 0. */
  readonly init_weights: boolean;
  /** Variant of Poly; PEFT knows only one. */
  readonly poly_type: "poly";
  /** Number of tasks T. */
  readonly n_tasks: number;
  /** Number of skills S. */
  readonly n_skills: number;
  /** Number of splits H. */
  readonly n_splits: number;
  /** Task type of the base model. */
  readonly task_type: TaskType | null;
  /** The method, always POLY; as in PEFT, other values are ignored. */
  readonly peft_type = "POLY" as const;
  /** Class of a base model without `task_type`, for Python. */
  readonly auto_mapping: Readonly<Record<string, unknown>> | null;
  /** Release of PEFT that wrote the file. */
  readonly peft_version: string | null;
  /** Folder or hub id of the model that the adapter was made for. */
  readonly base_model_name_or_path: string | null;
  /** Revision of the base model. */
  readonly revision: string | null;
  /** Whether the adapter starts frozen. */
  readonly inference_mode: boolean;
  /** Choices that PEFT's file cannot hold. */
  readonly settings: PolySettings;

  /** Makes a config from the given fields; the others have PEFT's defaults. */
  constructor(options: PolyConfigOptions = {}) {
    const { settings, ...given } = options;
    const fields = { ...DEFAULTS };
    for (const [key, value] of Object.entries(given)) {
      if (!Object.hasOwn(DEFAULTS, key)) {
        throw new TypeError(
          `Cannot make PolyConfig as each field must be one of ` +
            `${[...POLY_CONFIG_KEYS, "settings"].join(", ")}: got "${escaped(key)}"`,
        );
      }
      if (value !== undefined) Object.assign(fields, { [key]: value });
    }
    this.r = positiveInteger("r", fields.r);
    this.target_modules = moduleNames("target_modules", fields.target_modules);
    this.exclude_modules = moduleNames("exclude_modules", fields.exclude_modules);
    this.modules_to_save = modulesToSave(fields.modules_to_save);
    this.init_weights = boolean("init_weights", fields.init_weights);
    this.poly_type = polyType(fields.poly_type);
    this.n_tasks = positiveInteger("n_tasks", fields.n_tasks);
    this.n_skills = positiveInteger("n_skills", fields.n_skills);
    this.n_splits = positiveInteger("n_splits", fields.n_splits);
    this.task_type = taskType(fields.task_type);
    this.auto_mapping = autoMapping(fields.auto_mapping);
    this.peft_version = stringOrNull("peft_version", fields.peft_version);
    this.base_model_name_or_path = stringOrNull(
      "base_model_name_or_path",
      fields.base_model_name_or_path,
    );
    this.revision = stringOrNull("revision", fields.revision);
    this.inference_mode = boolean("inference_mode", fields.inference_mode);
    this.settings = readSettings(settings ?? {}, this.n_tasks, this.n_skills);
    if (this.settings.composition === "products" && this.n_splits > 1) {
      throw new RangeError(
        `Cannot make PolyConfig as composition "products" is of one split: got n_splits ${this.n_splits}`,
      );
    }
    Object.freeze(this);
  }

  /** Makes the same config with some fields changed. */
  with(changes: PolyConfigOptions): PolyConfig {
    const { settings, ...fields } = changes;
    const kept = Object.fromEntries(POLY_CONFIG_KEYS.map((key) => [key, this[key]]));
    return new PolyConfig({ ...kept, ...fields, settings: { ...this.settings, ...settings } });
  }

  /** PEFT's 16 keys in ascending order as plain JSON data; sets become sorted arrays. */
  toDict(): Record<keyof PolyConfigFields, unknown> {
    return Object.fromEntries(POLY_CONFIG_KEYS.map((key) => {
      const value = this[key];
      return [key, value instanceof Set ? [...value].sort() : structuredClone(value)];
    })) as Record<keyof PolyConfigFields, unknown>;
  }

  /** Whether every field and setting is equal; module names are compared as sets. */
  equals(other: PolyConfig): boolean {
    const text = (config: PolyConfig) => JSON.stringify([config.toDict(), config.settings]);
    return text(this) === text(other);
  }

  /** Whether PEFT computes the same from its file: all of `settings` has PEFT's values. */
  get isPeft(): boolean {
    return JSON.stringify(this.settings) === JSON.stringify(PROFILES.peft);
  }
}

function boolean(field: string, value: boolean): boolean {
  if (typeof value !== "boolean") {
    throw new TypeError(`Cannot make PolyConfig as ${field} must be a boolean: got ${show(value)}`);
  }
  return value;
}

function positiveInteger(field: string, value: number): number {
  if (typeof value !== "number") {
    throw new TypeError(`Cannot make PolyConfig as ${field} must be a number: got ${show(value)}`);
  }
  if (!Number.isSafeInteger(value) || value <= 0) {
    throw new RangeError(
      `\`${field}\` should be a positive integer value but the value passed is ${value}`,
    );
  }
  return value;
}

function moduleNames(
  field: string,
  value: ModuleNames | null,
): string | ReadonlySet<string> | null {
  if (value === null || typeof value === "string") return value;
  if (!Array.isArray(value) && !(value instanceof Set)) {
    throw new TypeError(
      `Cannot make PolyConfig as ${field} must be a list of names, a pattern or null: got ${
        show(value)
      }`,
    );
  }
  return new Set(eachString(field, [...value]));
}

function modulesToSave(value: readonly string[] | null): readonly string[] | null {
  if (value === null) return null;
  if (!Array.isArray(value)) {
    throw new TypeError(
      `Cannot make PolyConfig as modules_to_save must be a list of names or null, ` +
        `such as ["lm_head"]: got ${show(value)}`,
    );
  }
  return Object.freeze(eachString("modules_to_save", [...value]));
}

function eachString(field: string, names: readonly unknown[]): string[] {
  for (const name of names) {
    if (typeof name !== "string") {
      throw new TypeError(
        `Cannot make PolyConfig as each name in ${field} must be a string: got ${show(name)}`,
      );
    }
  }
  return names as string[];
}

function polyType(value: string): "poly" {
  if (value !== "poly") {
    throw new RangeError(
      `Unsupported poly_type: ${
        escaped(`${value}`)
      }. Currently, only the following types are supported: \`poly\`.`,
    );
  }
  return value;
}

function taskType(value: string | null): TaskType | null {
  if (value === null || TASK_TYPES.includes(value as TaskType)) return value as TaskType | null;
  throw new RangeError(
    `Invalid task type: '${escaped(`${value}`)}'. Must be one of the following task types: ` +
      `${TASK_TYPES.join(", ")}.`,
  );
}

function autoMapping(
  value: Readonly<Record<string, unknown>> | null,
): Readonly<Record<string, unknown>> | null {
  if (value !== null && (typeof value !== "object" || Array.isArray(value))) {
    throw new TypeError(
      `Cannot make PolyConfig as auto_mapping must be an object or null: got ${show(value)}`,
    );
  }
  return value === null ? null : Object.freeze(structuredClone(value));
}

function stringOrNull(field: string, value: string | null): string | null {
  if (value !== null && typeof value !== "string") {
    throw new TypeError(
      `Cannot make PolyConfig as ${field} must be a string or null: got ${show(value)}`,
    );
  }
  return value;
}

function show(value: unknown): string {
  return escaped(
    typeof value === "object" || typeof value === "string" ? JSON.stringify(value) : String(value),
  );
}
