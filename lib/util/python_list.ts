/**
 * How Python prints a list of names; PEFT's warnings hold such lists.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(pythonList(["q", "it's"]), `['q', "it's"]`);
 * ```
 */
export function pythonList(names: readonly string[]): string {
  return `[${
    names.map((name) => name.includes("'") ? JSON.stringify(name) : `'${name}'`).join(", ")
  }]`;
}
