/**
 * Builds `matmul.as` into `matmul_binary.ts`, and `fused.as` into `fused_binary.ts`. The binaries
 * are strings in TypeScript files, since an import needs no permission to read and survives
 * publishing. Run by `deno task build:wasm`.
 *
 * @module
 */
import asc from "assemblyscript/asc";

/** The modules to build: the names of their sources. */
export const MODULES = ["matmul", "fused"] as const;

/** One of {@linkcode MODULES}. */
export type WasmModule = typeof MODULES[number];

/** Location of a module's built binaries. */
export function binariesOf(module: WasmModule): URL {
  return new URL(`./${module}_binary.ts`, import.meta.url);
}

/** Builds a module and returns what the file at {@linkcode binariesOf} should contain. */
export async function buildBinaries(module: WasmModule): Promise<string> {
  const source = await Deno.readTextFile(new URL(`./${module}.as`, import.meta.url));
  const relaxed = await compile(module, source, ["simd", "relaxed-simd"]);
  const plain = await compile(module, source, ["simd"]);
  return `// Built from ${module}.as by \`deno task build:wasm\`; do not edit.

/** With relaxed SIMD: fused multiply-adds. */
export const RELAXED =
  "${relaxed.toBase64()}";

/** With fixed-width SIMD only: a multiplication and an addition. */
export const PLAIN =
  "${plain.toBase64()}";
`;
}

async function compile(
  module: WasmModule,
  source: string,
  features: readonly string[],
): Promise<Uint8Array> {
  const [input, output] = [`${module}.ts`, `${module}.wasm`];
  let binary: Uint8Array | undefined;
  // Above level 1 the optimiser sinks loads into nested multiply-adds, which spills registers.
  const { error, stderr } = await asc.main(
    [
      input,
      "--outFile",
      output,
      "--optimizeLevel",
      "1",
      "--shrinkLevel",
      "0",
      "--noAssert",
      "--runtime",
      "stub",
      "--importMemory",
      "--initialMemory",
      "0",
      ...features.flatMap((feature) => ["--enable", feature]),
    ],
    {
      readFile: (name) => name === input ? source : null,
      writeFile: (name, contents) => {
        if (name === output) binary = contents as Uint8Array;
      },
      listFiles: () => [],
    },
  );
  if (error !== null || binary === undefined) {
    throw new SyntaxError(
      `Cannot build ${module}.as: ${error?.message}\n${stderr.toString()}`,
    );
  }
  return binary;
}

if (import.meta.main) {
  for (const module of MODULES) {
    await Deno.writeTextFile(binariesOf(module), await buildBinaries(module));
  }
}
