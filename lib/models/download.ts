import { createHash } from "node:crypto";
import { HubError } from "./hub_error.ts";
import type { ListedFile } from "./hub_listing.ts";
import { type Answer, ask, type HubModel, mayPass } from "./hub_request.ts";

/**
 * Downloads one file of a model. What has come so far is kept as `<path>.incomplete`, and the next
 * call goes on from there when the listing has a hash by which the whole can be checked. The file
 * appears under `path` only when its size and hash are right and it is flushed to disk.
 *
 * @param path where the file goes; its folder exists
 * @param onBytes told how many bytes are there, as they come
 * @throws {HubError} when the file cannot be had, is not what the listing says, or cannot be written
 * @throws the signal's reason when it is aborted
 */
export async function download(
  hub: HubModel,
  commit: string,
  file: ListedFile,
  path: string,
  onBytes: (received: number) => void,
): Promise<void> {
  const part = `${path}.incomplete`;
  try {
    let resumed = await fetchInto(part, hub, commit, file, onBytes);
    for (;;) {
      const fault = await faultOf(part, file);
      if (fault === null) break;
      await Deno.remove(part);
      if (!resumed) throw new HubError("content", `Cannot download ${hub.id}: ${fault}`);
      resumed = await fetchInto(part, hub, commit, file, onBytes);
    }
    await Deno.rename(part, path);
  } catch (error) {
    throw onDisk(error, path);
  }
}

/** Completes `part`; says whether some of it was there before. */
async function fetchInto(
  part: string,
  hub: HubModel,
  commit: string,
  file: ListedFile,
  onBytes: (received: number) => void,
): Promise<boolean> {
  using out = await Deno.open(part, { write: true, create: true });
  let start = (await out.stat()).size;
  if (file.hash === null || (file.size !== null && start > file.size)) start = 0;
  const resumed = start > 0;
  if (resumed && start === file.size) return true;
  const restart = async () => {
    start = 0;
    if ((await out.stat()).size > 0) await out.truncate();
  };
  if (start === 0) await restart();

  const write = async ({ status, headers, body }: Answer) => {
    const range = headers.get("content-range");
    if (status === 416 || (status === 206 && !range?.startsWith(`bytes ${start}-`))) {
      const asked = start;
      await restart();
      throw mayPass(
        "server",
        `Cannot download ${hub.id} as ${hub.endpoint} answers the request for ${file.name} from ` +
          `byte ${asked} with status ${status}, range ${range}`,
      );
    }
    if (status !== 206) await restart(); // the server does not know ranges
    await out.seek(start, Deno.SeekMode.Start);
    for await (const chunk of body) {
      for (let at = 0; at < chunk.length;) at += await out.write(chunk.subarray(at));
      start += chunk.length;
      onBytes(start);
      if (file.size !== null && start > file.size) return; // too long already
    }
  };
  const name = encodeURIComponent(file.name);
  await ask(
    hub,
    `/${hub.id}/resolve/${encodeURIComponent(commit)}/${name}`,
    (): Record<string, string> => ({
      // A compressed answer would have neither the size nor the ranges of the file.
      "accept-encoding": "identity",
      ...(start > 0 && { range: `bytes=${start}-` }),
    }),
    write,
    [416],
  );
  await out.sync();
  return resumed;
}

/** What is wrong with a downloaded file; null when nothing is. */
async function faultOf(part: string, { name, size, hash }: ListedFile): Promise<string | null> {
  const found = (await Deno.stat(part)).size;
  if (size !== null && found !== size) {
    return `the size of ${name} must be ${size} bytes as listed, not ${found}; try again`;
  }
  if (hash === null) return null;
  const digest = createHash(hash.length === 64 ? "sha256" : "sha1");
  if (hash.length === 40) digest.update(`blob ${found}\0`);
  using input = await Deno.open(part);
  for await (const chunk of input.readable) digest.update(chunk);
  const actual = digest.digest("hex");
  return actual === hash
    ? null
    : `the hash of ${name} must be ${hash} as listed, not ${actual}; try again`;
}

function onDisk(error: unknown, path: string): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  if (error instanceof HubError || typeof code !== "string") return error;
  return new HubError(
    "disk",
    code === "ENOSPC" || code === "EDQUOT"
      ? `Cannot write ${path} as the disk is full; free some space, or set HF_HOME to another disk`
      : `Cannot write ${path}: ${
        (error as Error).message
      }; set HF_HOME to a folder that can be written`,
    error,
  );
}
