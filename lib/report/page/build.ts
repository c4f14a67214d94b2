/**
 * Bundles `browser/main.ts` into `script_built.ts`: a string in a TypeScript file, since an import needs no
 * permission to read and survives publishing. Run by `deno task build:page`.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";

const HERE = new URL("./", import.meta.url);
const LIB = new URL("../../", HERE);

/** The file that is built. */
export const BUILT = new URL("./script_built.ts", HERE);

/** Where the bundle begins. */
const ENTRY = new URL("./browser/main.ts", HERE);

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b(?!\s+type\b)[^"';]*?\bfrom\s*["'](\.[^"']+)["']|\bimport\s*["'](\.[^"']+)["']/g;

/**
 * The sources of the bundle, by their path below `lib/`: what the script imports and what that imports,
 * without types.
 */
export async function sourcesOfPage(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const visit = async (url: URL): Promise<void> => {
    const path = url.href.slice(LIB.href.length);
    if (found.has(path)) return;
    const text = await Deno.readTextFile(url);
    found.set(path, text);
    for (const [, a, b] of text.matchAll(IMPORT)) await visit(new URL((a ?? b)!, url));
  };
  await visit(ENTRY);
  return new Map([...found].sort(([a], [b]) => a < b ? -1 : 1));
}

/** A hash of the sources of the bundle: what is built from others is out of date. */
export function hashOfSources(sources: ReadonlyMap<string, string>): string {
  const hash = createHash("sha256");
  for (const [path, text] of sources) hash.update(`${path}\n${text.replaceAll("\r\n", "\n")}\n`);
  return hash.digest("hex");
}

/** Writes {@linkcode BUILT} from the sources as they are. */
export async function buildPage(): Promise<void> {
  const sources = await sourcesOfPage();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "bundle",
      "--quiet",
      "--platform",
      "browser",
      "--format",
      "iife",
      "--minify",
      fileURLToPath(ENTRY),
    ],
  }).output();
  if (code !== 0) {
    throw new Error(`Cannot bundle the page's script: ${new TextDecoder().decode(stderr)}`);
  }
  const script = new TextDecoder().decode(stdout).trim();
  await Deno.writeTextFile(
    BUILT,
    `// Built from browser/main.ts by \`deno task build:page\`; do not edit.

/** The hash of what it was built from. */
export const SOURCES_HASH = "${hashOfSources(sources)}";

/** The script of the page. */
export const PAGE_SCRIPT: string = ${JSON.stringify(script)};
`,
  );
}

if (import.meta.main) await buildPage();
