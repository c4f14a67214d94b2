import assert from "node:assert/strict";
import { allowedCoreType, betterCoreType } from "./core_type.ts";

const AVX2 = "fpu sse sse2 ssse3 fma cx16 sse4_1 sse4_2 avx f16c avx2 bmi1 bmi2";
const AVX512 = `${AVX2} avx512f avx512dq avx512cd avx512bw avx512vl`;

/** The lines of `/proc/cpuinfo` that there are for each of two processors. */
function fixture(vendor: string, flags: string): string {
  const one = `processor\t: 0\nvendor_id\t: ${vendor}\ncpu family\t: 6\nmodel\t\t: 207\n` +
    `model name\t: A processor\nflags\t\t: ${flags}\nvmx flags\t: vnmi\nbugs\t\t: spectre_v1\n\n`;
  return one + one.replace("processor\t: 0", "processor\t: 1");
}

Deno.test("M8: allowedCoreType() is the newest core type whose instructions the processor has", () => {
  const cases: [string, string, string, string | null][] = [
    ["Sapphire Rapids", "GenuineIntel", `${AVX512} avx512_bf16 amx_bf16 avx512_fp16`, "Cooperlake"],
    ["Ice Lake", "GenuineIntel", `${AVX512} avx512_vnni`, "SkylakeX"],
    ["Knights Landing", "GenuineIntel", `${AVX2} avx512f avx512cd avx512er avx512pf`, "Haswell"],
    ["Alder Lake", "GenuineIntel", `${AVX2} avx_vnni`, "Haswell"],
    ["Zen 3", "AuthenticAMD", AVX2, "Zen"],
    ["Dhyana", "HygonGenuine", AVX2, "Zen"],
    ["Zen 5", "AuthenticAMD", `${AVX512} avx512_bf16`, "Cooperlake"],
    ["Ivy Bridge", "GenuineIntel", "fpu sse sse2 ssse3 sse4_1 sse4_2 avx f16c", null],
    ["a guest without fma", "GenuineIntel", AVX2.replace("fma ", ""), null],
    ["Core 2", "GenuineIntel", "fpu sse sse2 ssse3", null],
  ];
  for (const [name, vendor, flags, expected] of cases) {
    assert.equal(allowedCoreType(fixture(vendor, flags)), expected, name);
  }
  const arm =
    "processor\t: 0\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd sve\nCPU implementer\t: 0x41\n";
  assert.equal(allowedCoreType(arm), null);
  assert.equal(allowedCoreType(""), null);
});

Deno.test("M8: betterCoreType() tells a fallback from a choice", () => {
  const modern = () => fixture("GenuineIntel", AVX512);
  for (const old of ["Prescott", "Core2", "Nehalem", "Penryn", "Atom", "generic", "prescott"]) {
    assert.equal(betterCoreType(old, modern), "SkylakeX", old);
  }
  const unread = () => assert.fail("the processor was asked for");
  for (const known of ["Haswell", "Zen", "SkylakeX", "Cooperlake", "ARMV8", "NEOVERSEN1", null]) {
    assert.equal(betterCoreType(known, unread), null, String(known));
  }
  assert.equal(betterCoreType("Prescott", () => fixture("GenuineIntel", "fpu sse2 sse3")), null);
  assert.equal(betterCoreType("Prescott", () => ""), null);
});
