/** The processors before AVX2, as OpenBLAS calls those that it has kernels for, in small letters. */
const OLD_CORES: ReadonlySet<string> = new Set([
  "generic",
  "katmai",
  "coppermine",
  "northwood",
  "prescott",
  "banias",
  "atom",
  "core2",
  "penryn",
  "dunnington",
  "nehalem",
  "athlon",
  "opteron",
  "opteron_sse3",
  "barcelona",
  "bobcat",
  "nano",
]);

/** What the kernels of SkylakeX are made of. */
const AVX512 = ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"];

/**
 * The newest of OpenBLAS's core types whose instructions a processor has.
 *
 * OpenBLAS chooses its kernels by the processor's model, and takes its oldest for a model that came
 * out after the library. The environment variable `OPENBLAS_CORETYPE` names others, which is safe
 * where the processor has their instructions.
 *
 * @param cpuInfo the text of Linux's `/proc/cpuinfo`
 * @returns a value of `OPENBLAS_CORETYPE`, or `null` when the processor has no AVX2, or is no x86
 *
 * Source: OpenBLAS, driver/others/dynamic.c, `get_coretype`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(allowedCoreType("vendor_id : GenuineIntel\nflags : sse2 fma avx2\n"), "Haswell");
 * assert.equal(allowedCoreType("vendor_id : GenuineIntel\nflags : sse2\n"), null);
 * ```
 */
export function allowedCoreType(cpuInfo: string): string | null {
  const field = (name: string) =>
    new RegExp(`^${name}\\s*:\\s*(.*)$`, "m").exec(cpuInfo)?.[1] ?? "";
  const flags = new Set(field("flags").split(/\s+/));
  const has = (...wanted: string[]) => wanted.every((flag) => flags.has(flag));
  if (!has("avx2", "fma")) return null;
  if (has(...AVX512)) return has("avx512_bf16") ? "Cooperlake" : "SkylakeX";
  return /AuthenticAMD|HygonGenuine/.test(field("vendor_id")) ? "Zen" : "Haswell";
}

/**
 * The core type that OpenBLAS should have taken where it fell back to one of its oldest.
 *
 * @param coreName what the library says that it runs, e.g. `Prescott`; `null` for another library
 * @param readCpuInfo gives the text of `/proc/cpuinfo`; asked only for an old core
 * @returns a value of `OPENBLAS_CORETYPE`, or `null` where nothing better is known
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const cpuInfo = () => "vendor_id : GenuineIntel\nflags : sse2 fma avx2\n";
 * assert.equal(betterCoreType("Prescott", cpuInfo), "Haswell");
 * assert.equal(betterCoreType("SkylakeX", cpuInfo), null);
 * ```
 */
export function betterCoreType(
  coreName: string | null,
  readCpuInfo: () => string,
): string | null {
  if (!isOldCore(coreName)) return null;
  return allowedCoreType(readCpuInfo());
}

/** Whether a core type of OpenBLAS is one of its oldest; false for another library. */
export function isOldCore(coreName: string | null): boolean {
  return coreName !== null && OLD_CORES.has(coreName.toLowerCase());
}
