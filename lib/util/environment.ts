import { nodeModule, nodeProcess, PLATFORM } from "./platform.ts";

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
  if (PLATFORM !== "deno") return nodeProcess()?.env?.[variable] || undefined;
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
 * assert.notEqual(homeFolder(), "~");
 * ```
 */
export function homeFolder(): string | null {
  const isWindows = nodeProcess()?.platform === "win32";
  const named = environmentVariable(isWindows ? "USERPROFILE" : "HOME");
  if (named !== undefined) return named;
  try {
    // Asked here, as Node's part of Deno takes its time and most calls do not need it.
    return nodeModule("node:os")?.homedir() || null;
  } catch {
    return null;
  }
}

/** Variables by which a system's loader finds libraries, or loads others in their place. */
const LOADER_VARIABLES = [
  "LD_LIBRARY_PATH",
  "LD_PRELOAD",
  "LD_AUDIT",
  "LD_BIND_NOW",
  "LD_DEBUG",
  "DYLD_LIBRARY_PATH",
  "DYLD_FALLBACK_LIBRARY_PATH",
  "DYLD_FRAMEWORK_PATH",
  "DYLD_INSERT_LIBRARIES",
];

/**
 * The variables of the loader that are set here and that programs started from here do not get: Deno
 * passes them on only where every program may be started, by `--allow-run` without a list.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.ok(loaderVariables().every((name) => /^(LD|DYLD)_/.test(name)));
 * ```
 */
export function loaderVariables(): string[] {
  if (PLATFORM !== "deno") return [];
  if (Deno.permissions.querySync({ name: "run" }).state === "granted") return [];
  return LOADER_VARIABLES.filter((name) => environmentVariable(name) !== undefined);
}

/**
 * The {@linkcode loaderVariables}, each empty, for `env` of a `Deno.Command`, which Deno would refuse to
 * start with them.
 */
export function withoutLoaderVariables(): Record<string, string> {
  return Object.fromEntries(loaderVariables().map((name) => [name, ""]));
}
