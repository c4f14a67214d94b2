import { environmentVariable } from "./environment.ts";

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
