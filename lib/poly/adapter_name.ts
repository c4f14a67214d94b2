import { isPlainFileName } from "../files/plain_file_name.ts";

/** What PEFT calls the parameters of Poly layers by. */
const PARAMETER_PREFIX = "poly_";

/**
 * Refuses names that cannot stand in a parameter's name or name a folder.
 *
 * Source: Differs from PEFT, which fails on a dot when half of the model is changed.
 *
 * @throws {TypeError} when the name is no string
 * @throws {RangeError} when it is empty, holds a dot or a separator, or the like
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * checkAdapterName("default");
 * assert.throws(() => checkAdapterName("v1.5"), RangeError);
 * ```
 */
export function checkAdapterName(name: string): void {
  if (typeof name !== "string") {
    throw new TypeError(`Cannot name an adapter ${String(name)} as its name must be a string`);
  }
  if (name.includes(".") || name.trim() !== name || !isPlainFileName(name)) {
    throw new RangeError(
      `Cannot name an adapter ${
        JSON.stringify(name)
      } as its name stands in parameters' names and ` +
        `names its folder: it must not be empty, or hold dots, separators or outer spaces`,
    );
  }
}

/** What PEFT warns of in a name; null when nothing. */
export function adapterNameWarning(name: string): string | null {
  return PARAMETER_PREFIX.includes(name)
    ? `Adapter name '${name}' should not be contained in the prefix '${PARAMETER_PREFIX}'. ` +
      "This may lead to reinitialization of the adapter weights during loading in Python."
    : null;
}
