/**
 * What the library runs on. Deno and Node have files and an environment; a browser has neither.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(PLATFORM, "deno");
 * ```
 */
export const PLATFORM: "deno" | "node" | "browser" = "Deno" in globalThis
  ? "deno"
  : nodeProcess()?.versions?.node !== undefined
  ? "node"
  : "browser";

/** The modules of Node that this library asks for. */
interface NodeModules {
  readonly "node:crypto": typeof import("node:crypto");
  readonly "node:fs": typeof import("node:fs");
  readonly "node:os": typeof import("node:os");
}

interface NodeProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly versions?: { readonly node?: string };
  getBuiltinModule?(name: string): unknown;
}

/** What Node knows of its process, under Deno too; null in a browser. */
export function nodeProcess(): NodeProcess | null {
  return (globalThis as { process?: NodeProcess }).process ?? null;
}

/**
 * A module of Node; null in a browser. An import would end a page in a browser before its first line, so
 * nothing of the library imports one.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const { createHash } = nodeModule("node:crypto")!;
 * assert.equal(createHash("sha1").update("a").digest("hex").slice(0, 8), "86f7e437");
 * ```
 */
export function nodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] | null {
  return (nodeProcess()?.getBuiltinModule?.(name) ?? null) as NodeModules[Name] | null;
}
