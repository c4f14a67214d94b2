/**
 * The value of an environment variable; undefined when it is unset, empty or may not be read. It
 * never asks for permission.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(environmentVariable("NO_SUCH_VARIABLE_AS_THIS"), undefined);
 * ```
 */
export function environmentVariable(variable: string): string | undefined {
  if (Deno.permissions.querySync({ name: "env", variable }).state !== "granted") return undefined;
  return Deno.env.get(variable) || undefined;
}
