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

/**
 * The folder of this user; null when it is not known, or may not be.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.notEqual(await homeFolder(), "~");
 * ```
 */
export async function homeFolder(): Promise<string | null> {
  const named = environmentVariable(Deno.build.os === "windows" ? "USERPROFILE" : "HOME");
  if (named !== undefined) return named;
  // Loaded here, as Node's part of Deno takes its time and most calls do not need it.
  const { homedir } = await import("node:os");
  try {
    return homedir() || null;
  } catch {
    return null;
  }
}
