import { fileURLToPath } from "node:url";

/**
 * Renders an SVG as a PNG of twice its size, in the bundled font, so that every machine makes the
 * same image.
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
  const [{ Resvg }, fontFiles] = await Promise.all([import("@resvg/resvg-js"), bundledFonts()]);
  return new Resvg(svg, {
    fitTo: { mode: "zoom", value: 2 },
    font: {
      loadSystemFonts: false,
      fontFiles,
      defaultFontFamily: "DejaVu Sans",
      sansSerifFamily: "DejaVu Sans",
    },
  }).render().asPng();
}

async function bundledFonts(): Promise<string[]> {
  // Imported here, as the import makes Deno fetch the package; the fonts are beside the file.
  await import("dejavu-fonts-ttf/package.json", { with: { type: "json" } });
  const place = import.meta.resolve("dejavu-fonts-ttf/package.json");
  return ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((name) =>
    fileURLToPath(new URL(`ttf/${name}`, place))
  );
}
