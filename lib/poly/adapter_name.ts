import { isPlainFileName } from "../files/plain_file_name.ts";

/** The prefix of PEFT's names of parameters of Poly layers. */
const PARAMETER_PREFIX = "poly_";

/**
 * Refuses names that are not possible in a parameter's name or as the name of a folder.
 *
 * Differs from PEFT, which fails on a dot after it has changed half of the model.
 *
 * @throws {TypeError} when the name is not a string
 * @throws {RangeError} when it is empty, or has a dot, a separator or outer spaces
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
      `Cannot name an adapter ${JSON.stringify(name)} as its name must not be empty, ` +
        `or hold dots, separators or outer spaces: it names parameters and a folder`,
    );
  }
}

/** PEFT's warning about a name; null when there is none. */
export function adapterNameWarning(name: string): string | null {
  return PARAMETER_PREFIX.includes(name)
    ? `Adapter name '${name}' should not be contained in the prefix '${PARAMETER_PREFIX}'. ` +
      "This may lead to reinitialization of the adapter weights during loading in Python."
    : null;
}
