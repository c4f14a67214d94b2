import { writeFilesAtomically } from "../files/atomic_write.ts";
import { namesIn } from "../files/file_system.ts";
import { pathIn } from "../files/path.ts";
import { machine } from "../files/this_machine.ts";
import { MODEL_FILES, TOKENIZER_FILES } from "../hub/hugging_face.ts";
import { INDEX, namesInText, WEIGHTS } from "../hub/weight_files.ts";
import { CONFIG_NAME } from "../peft/adapter_config_file.ts";
import { WEIGHTS_NAME } from "../peft/save_adapters.ts";
import { SETTINGS_NAME } from "../peft/settings_file.ts";

/** Files of a base model and its tokenizer. */
export const BASE_FILES: readonly string[] = [...new Set([...MODEL_FILES, ...TOKENIZER_FILES])];

/** Files of an adapter. */
export const ADAPTER_FILES: readonly string[] = [CONFIG_NAME, WEIGHTS_NAME, SETTINGS_NAME];

/**
 * Puts files into a folder where this library finds them: in a browser one in memory, which lasts as long as
 * the page. Files that are in the folder already stay.
 *
 * @param files contents by name
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const dir = await Deno.makeTempDir();
 * await putFiles(dir, new Map([["a.json", new TextEncoder().encode("{}")]]));
 * assert.deepEqual([...(await takeFiles(dir)).keys()], ["a.json"]);
 * await Deno.remove(dir, { recursive: true });
 * ```
 */
export async function putFiles(dir: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  await writeFilesAtomically(dir, files);
}

/** The files directly in a folder, by name. */
export async function takeFiles(dir: string): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const name of (await namesIn(dir)).sort()) {
    files.set(name, await machine.readFile(pathIn(dir, name)));
  }
  return files;
}

/**
 * Puts the files of a model or an adapter into a folder, from an address that they lie below: a folder of a
 * server, or `https://huggingface.co/<org>/<name>/resolve/main/` on the hub. Of those that are not there
 * only the first is missed; shards that an index of weights names come too.
 *
 * @param names the files that are looked for, such as {@linkcode BASE_FILES}
 * @param onFile called with the name of each file before it is fetched
 * @throws {Error} when the server does not answer, or the first file is not there
 */
export async function fetchFiles(
  dir: string,
  address: string | URL,
  names: readonly string[],
  onFile: (name: string) => void = () => {},
): Promise<void> {
  const folder = new URL(address);
  if (!folder.pathname.endsWith("/")) folder.pathname += "/";
  const files = new Map<string, Uint8Array>();
  const get = async (name: string, isNeeded: boolean) => {
    onFile(name);
    const url = new URL(name, folder);
    url.search = folder.search;
    const response = await fetch(url).catch((error: Error) => {
      throw new Error(`Cannot fetch ${url}: ${error.message}`);
    });
    if (response.ok) files.set(name, new Uint8Array(await response.arrayBuffer()));
    else {
      await response.body?.cancel();
      if (isNeeded) throw new Error(`Cannot fetch ${url}: the server says ${response.status}`);
    }
  };
  for (const [i, name] of names.entries()) {
    const isInPlaceOf = name === INDEX && files.has(WEIGHTS);
    if (!isInPlaceOf) await get(name, i === 0);
  }
  const index = files.get(INDEX);
  const shards = index === undefined
    ? []
    : namesInText(new TextDecoder().decode(index), `${new URL(INDEX, folder)}`);
  for (const shard of shards) await get(shard, true);
  await putFiles(dir, files);
}
