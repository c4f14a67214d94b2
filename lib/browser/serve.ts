import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";

/** What a browser must be told of each kind of file. */
const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/**
 * The file of a folder that a request asks for; 404 when there is none. What begins with a dot is not handed
 * out, and nothing outside of the folder can be named.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const dir = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${dir}/index.html`, "hello");
 * const response = await fileOf(dir, new Request("http://localhost/"));
 * assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
 * assert.equal(await response.text(), "hello");
 * assert.equal((await fileOf(dir, new Request("http://localhost/.git/config"))).status, 404);
 * await Deno.remove(dir, { recursive: true });
 * ```
 */
export async function fileOf(dir: string, { url }: Request): Promise<Response> {
  const parts = decodeURIComponent(new URL(url).pathname).split("/").slice(1);
  if (parts.at(-1) === "") parts.splice(-1, 1, "index.html");
  const isPlain = parts.every((part) => !/^\.|[\\:\0/]/.test(part));
  const bytes = isPlain ? await readFile(join(dir, ...parts)).catch(() => null) : null;
  if (bytes === null) return new Response("Not found", { status: 404 });
  const type = TYPES[extname(parts.at(-1)!)] ?? "application/octet-stream";
  return new Response(new Uint8Array(bytes), {
    headers: { "content-type": type, "cache-control": "no-cache" },
  });
}
