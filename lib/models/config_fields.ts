import { escapedValue } from "../files/escaped.ts";

/** The range that a number in a configuration must be in. */
interface Bounds {
  readonly min?: number;
  readonly max?: number;
  /** The value where the field is absent or null; without it the field is needed. */
  readonly fallback?: number;
}

/**
 * Reads the fields of a model's `config.json`. A field that is absent or null takes its fallback; one
 * of a wrong type is a TypeError, one out of range a RangeError, and both name the field.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const fields = new ConfigFields("llama", { hidden_size: 8, vocab_size: "29" });
 * assert.equal(fields.integer("hidden_size", { min: 1 }), 8);
 * assert.throws(() => fields.integer("vocab_size", { min: 1 }), {
 *   message: 'Cannot read the configuration of a "llama" as vocab_size must be an integer: got "29"',
 * });
 * ```
 */
export class ConfigFields {
  readonly #model: string;
  readonly #raw: Readonly<Record<string, unknown>>;
  readonly #within: string;

  /**
   * @param model what the errors call the model, such as its `model_type`
   * @param raw the object in the file
   * @param within the path of `raw` in the file, such as `rope_parameters.`
   */
  constructor(model: string, raw: Readonly<Record<string, unknown>>, within = "") {
    this.#model = model;
    this.#raw = raw;
    this.#within = within;
  }

  /** Whether the field is there and not null. */
  has(name: string): boolean {
    return this.#value(name) !== undefined;
  }

  /** An integer; for instance a size. */
  integer(name: string, bounds: Bounds): number {
    const value = this.#value(name) ?? bounds.fallback;
    if (!Number.isInteger(value)) this.#mistyped(name, "an integer");
    return this.#bounded(name, value as number, bounds);
  }

  /** A finite number. */
  number(name: string, bounds: Bounds): number {
    const value = this.#value(name) ?? bounds.fallback;
    if (typeof value !== "number" || !Number.isFinite(value)) this.#mistyped(name, "a number");
    return this.#bounded(name, value as number, bounds);
  }

  /** True or false. */
  flag(name: string, fallback: boolean): boolean {
    const value = this.#value(name) ?? fallback;
    if (typeof value !== "boolean") this.#mistyped(name, "true or false");
    return value as boolean;
  }

  /** One of the strings in `choices`. */
  choice<Choice extends string>(
    name: string,
    choices: readonly Choice[],
    fallback?: Choice,
  ): Choice {
    const value = this.string(name, fallback);
    if (!choices.includes(value as Choice)) {
      throw new RangeError(this.#complaint(name, `one of ${choices.join(", ")}`));
    }
    return value as Choice;
  }

  /** Any string. */
  string(name: string, fallback?: string): string {
    const value = this.#value(name) ?? fallback;
    if (typeof value !== "string") this.#mistyped(name, "a string");
    return value as string;
  }

  /** One id or a list of them; empty where the field is absent. */
  ids(name: string): number[] {
    const value = this.#value(name) ?? [];
    const list: unknown[] = Array.isArray(value) ? value : [value];
    if (!list.every(Number.isInteger)) this.#mistyped(name, "an id or a list of ids");
    return list as number[];
  }

  /** The list as it is, or null where the field is none. */
  list(name: string): readonly unknown[] | null {
    const value = this.#value(name);
    return Array.isArray(value) ? value : null;
  }

  /** A list of integers, each at least `min` and at most `max`. */
  integers(name: string, min: number, max = Infinity): number[] {
    const value = this.#value(name);
    if (!Array.isArray(value) || !value.every(Number.isInteger)) {
      this.#mistyped(name, "a list of integers");
    }
    const list = value as number[];
    for (const number of list) this.#bounded(name, number, { min, max });
    return list;
  }

  /** A list of strings, or null where the field is absent. */
  strings(name: string): string[] | null {
    const value = this.#value(name);
    if (value === undefined) return null;
    if (!Array.isArray(value) || value.some((word) => typeof word !== "string")) {
      this.#mistyped(name, "a list of strings");
    }
    return value as string[];
  }

  /** The fields of an object within, or null where it is absent. */
  within(name: string): ConfigFields | null {
    const value = this.#value(name);
    if (value === undefined) return null;
    if (typeof value !== "object" || Array.isArray(value)) this.#mistyped(name, "an object");
    return new ConfigFields(
      this.#model,
      value as Record<string, unknown>,
      `${this.#within}${name}.`,
    );
  }

  #value(name: string): unknown {
    return Object.hasOwn(this.#raw, name) ? this.#raw[name] ?? undefined : undefined;
  }

  #bounded(name: string, value: number, { min = -Infinity, max = Infinity }: Bounds): number {
    if (value < min || value > max) {
      const rule = max === Infinity ? `at least ${min}` : `in [${min}, ${max}]`;
      throw new RangeError(this.#complaint(name, rule));
    }
    return value;
  }

  #mistyped(name: string, rule: string): never {
    throw new TypeError(this.#complaint(name, rule));
  }

  #complaint(name: string, rule: string): string {
    const value = this.#value(name);
    const got = value === undefined ? "it is absent" : `got ${escapedValue(value)}`;
    return `Cannot read the configuration of a "${this.#model}" as ${this.#within}${name} must be ` +
      `${rule}: ${got}`;
  }
}
