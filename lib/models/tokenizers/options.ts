/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/**
 * The options of one component of a `tokenizer.json`, each read with its type, so that what Python
 * refuses is refused here as well.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const options = new Options("pre_tokenizer", { type: "Digits", individual_digits: true });
 * assert.equal(options.type, "Digits");
 * assert.equal(options.flag("individual_digits"), true);
 * assert.throws(() => options.string("content"), /RangeError: .*Digits\.content must be a string/);
 * ```
 */
export class Options {
  /** The component's type, such as `Digits`. */
  readonly type: string;
  readonly #json: Json;

  /**
   * @param part what the component is, such as `decoder`
   * @throws {RangeError} when it is not an object with a type
   */
  constructor(part: string, json: unknown) {
    if (!isObject(json) || typeof json.type !== "string") {
      throw new RangeError(`${part} must be an object with a type: found ${JSON.stringify(json)}`);
    }
    this.type = json.type;
    this.#json = json;
  }

  /** True or false; `fallback` where the option is absent. */
  flag(name: string, fallback?: boolean): boolean {
    return this.#read(name, "true or false", fallback, (value) => typeof value === "boolean");
  }

  /** A string; `fallback` where the option is absent. */
  string(name: string, fallback?: string): string {
    return this.#read(name, "a string", fallback, (value) => typeof value === "string");
  }

  /** A string of one character; `fallback` where the option is absent. */
  character(name: string, fallback?: string): string {
    const one = (value: unknown) => typeof value === "string" && [...value].length === 1;
    return this.#read(name, "one character", fallback, one);
  }

  /** A whole number of at least `least`; `fallback` where the option is absent. */
  count(name: string, least: number, fallback?: number): number {
    const rule = `a whole number of at least ${least}`;
    const fits = (value: unknown) => Number.isInteger(value) && (value as number) >= least;
    return this.#read(name, rule, fallback, fits);
  }

  /** One of some strings; `fallback` where the option is absent. */
  choice<T extends string>(name: string, among: readonly T[], fallback?: T): T {
    const rule = `one of ${among.join(", ")}`;
    return this.#read(name, rule, fallback, (value) => among.includes(value as T));
  }

  /** A list, its items unread. */
  list(name: string): readonly unknown[] {
    return this.#read<readonly unknown[]>(name, "a list", undefined, Array.isArray);
  }

  /** An object, its entries unread. */
  object(name: string): Json {
    return this.#read<Json>(name, "an object", undefined, isObject);
  }

  /** What the option holds, whatever it is; null where it is absent. */
  raw(name: string): unknown {
    return this.#json[name] ?? null;
  }

  #read<T>(
    name: string,
    rule: string,
    fallback: T | undefined,
    fits: (value: unknown) => boolean,
  ): T {
    const value = this.#json[name];
    if (value === undefined && fallback !== undefined) return fallback;
    if (fits(value)) return value as T;
    throw new RangeError(`${this.type}.${name} must be ${rule}: found ${JSON.stringify(value)}`);
  }
}

/** Whether a value is a JSON object, which a list is not. */
export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
