import { copyFile, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeFolder } from "../files/file_system.ts";
import { withoutLoaderVariables } from "../util/environment.ts";

const LIB = fileURLToPath(new URL("../", import.meta.url));

/** Where a bundle is to run. */
export type BundlePlatform = "browser" | "node";

/**
 * Bundles entries of `lib/` into a folder, with what they share in files of its own, and puts the WebAssembly
 * kernels beside them.
 *
 * @param out the folder; made when absent
 * @param entries paths below `lib/`, such as `mod.ts`; each becomes the same path with `.js`
 * @throws {Error} with what Deno says, when it cannot bundle
 */
export async function bundle(
  out: string,
  entries: readonly string[],
  platform: BundlePlatform,
): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--minify", "--code-splitting"],
      ...["--platform", platform === "node" ? "deno" : platform],
      ...["--outdir", out, ...entries.map((entry) => join(LIB, entry))],
    ],
    cwd: dirname(LIB),
    env: { NO_COLOR: "1", ...withoutLoaderVariables() },
    stdout: "null",
  }).output();
  if (!success) {
    throw new Error(`Cannot bundle ${entries.join(" and ")}: ${new TextDecoder().decode(stderr)}`);
  }
  await copyFile(KERNELS, join(out, "tfjs-backend-wasm-simd.wasm"));
}

/** The WebAssembly kernels of TensorFlow.js, in its package. */
const KERNELS = fileURLToPath(
  new URL("./tfjs-backend-wasm-simd.wasm", import.meta.resolve("@tensorflow/tfjs-backend-wasm")),
);

/**
 * Builds the page into a folder that any server of files can serve: the page itself, `mod.js` with all that the
 * entry of the method exports, and the kernels. What an earlier call left there is removed first; other files
 * stay.
 *
 * @param out the folder; made when absent
 */
export async function buildPage(out: string): Promise<void> {
  await makeFolder(out);
  for (const name of await readdir(out)) {
    if (/\.(?:js|wasm|html|css)$/.test(name) || name === "browser") {
      await rm(join(out, name), { recursive: true });
    }
  }
  await bundle(out, ["mod.ts", "browser/mod.ts", "browser/page.ts"], "browser");
  const site = fileURLToPath(new URL("./site/", import.meta.url));
  for (const name of await readdir(site)) await copyFile(join(site, name), join(out, name));
}
