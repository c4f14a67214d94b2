import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** How many pixels a unit of an SVG has on each side. */
const ZOOM = 2;
const FONT = "DejaVu Sans";

/**
 * Renders an SVG as a PNG of twice its size, in the bundled font, so that every machine makes the
 * same image: with a native library, or with the same library in WebAssembly where the native one may not be
 * opened or does not exist for the machine. The latter is some ten times slower.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const png = await renderPng('<svg xmlns="http://www.w3.org/2000/svg" width="3" height="2"/>');
 * const header = new DataView(png.buffer, png.byteOffset);
 * assert.deepEqual([header.getUint32(16), header.getUint32(20)], [6, 4]);
 * ```
 */
export async function renderPng(svg: string): Promise<Uint8Array> {
  const render = await (native ??= nativeRenderer().catch(() => wasmRenderer()));
  return render(svg);
}

type Renderer = (svg: string) => Uint8Array;

let native: Promise<Renderer> | undefined;

async function nativeRenderer(): Promise<Renderer> {
  const [{ Resvg }, fontFiles] = await Promise.all([import("@resvg/resvg-js"), bundledFonts()]);
  const options = {
    fitTo: { mode: "zoom", value: ZOOM },
    font: { loadSystemFonts: false, fontFiles, defaultFontFamily: FONT, sansSerifFamily: FONT },
  } as const;
  const render: Renderer = (svg) => new Resvg(svg, options).render().asPng();
  render('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'); // refused here, if at all
  return render;
}

/** The same in WebAssembly, for machines without the native library. */
export async function wasmRenderer(): Promise<Renderer> {
  const { initWasm, Resvg } = await import("@resvg/resvg-wasm");
  const place = import.meta.resolve("@resvg/resvg-wasm");
  const [module, ...fontBuffers] = await Promise.all(
    [fileURLToPath(new URL("index_bg.wasm", place)), ...await bundledFonts()].map((path) =>
      readFile(path)
    ),
  );
  await (ready ??= initWasm(module!));
  return (svg) =>
    new Resvg(svg, {
      fitTo: { mode: "zoom", value: ZOOM },
      font: { loadSystemFonts: false, fontBuffers, defaultFontFamily: FONT, sansSerifFamily: FONT },
    }).render().asPng();
}

/** Set once the module is there: it may be initialised once in a process. */
let ready: Promise<void> | undefined;

async function bundledFonts(): Promise<string[]> {
  // Imported here, as the import makes Deno fetch the package; the fonts are beside the file.
  await import("dejavu-fonts-ttf/package.json", { with: { type: "json" } });
  const place = import.meta.resolve("dejavu-fonts-ttf/package.json");
  return ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((name) =>
    fileURLToPath(new URL(`ttf/${name}`, place))
  );
}
