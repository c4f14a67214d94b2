/**
 * Builds `matmul_wasm.as` into `matmul_wasm_binary.ts`. The binaries are text, since importing a file
 * needs no permission to read and survives publishing. Run by `deno task build:wasm`.
 *
 * @module
 */
import asc from "assemblyscript/asc";

/** Where the built binaries lie. */
export const BINARIES = new URL("./matmul_wasm_binary.ts", import.meta.url);

/** The text of {@linkcode BINARIES} that the source gives. */
export async function buildBinaries(): Promise<string> {
  const source = await Deno.readTextFile(new URL("./matmul_wasm.as", import.meta.url));
  const relaxed = await compile(source, ["simd", "relaxed-simd"]);
  const plain = await compile(source, ["simd"]);
  return `// Built from matmul_wasm.as by \`deno task build:wasm\`; do not edit.

/** With relaxed SIMD: fused multiply-adds. */
export const RELAXED =
  "${relaxed.toBase64()}";

/** With fixed-width SIMD only: a multiplication and an addition. */
export const PLAIN =
  "${plain.toBase64()}";
`;
}

async function compile(source: string, features: readonly string[]): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  // Above level 1 the optimiser sinks loads into nested multiply-adds, which spills registers.
  const { error, stderr } = await asc.main(
    [
      ...["matmul.ts", "--outFile", "matmul.wasm", "--optimizeLevel", "1", "--shrinkLevel", "0"],
      ...["--noAssert", "--runtime", "stub", "--importMemory", "--initialMemory", "0"],
      ...features.flatMap((feature) => ["--enable", feature]),
    ],
    {
      readFile: (name) => name === "matmul.ts" ? source : null,
      writeFile: (name, contents) => {
        if (name === "matmul.wasm") binary = contents as Uint8Array;
      },
      listFiles: () => [],
    },
  );
  if (error !== null || binary === undefined) {
    throw new SyntaxError(`Cannot build matmul_wasm.as: ${error?.message}\n${stderr.toString()}`);
  }
  return binary;
}

if (import.meta.main) await Deno.writeTextFile(BINARIES, await buildBinaries());
