import { dirname } from "node:path";
import { flushFolder } from "../files/file_system.ts";
import { fileFault, type ListedFile } from "./file_fault.ts";
import { HubError } from "./error.ts";
import { type Answer, ask, type Hub, mayPass } from "./request.ts";

/**
 * Downloads one file from a hub. What has come so far is kept as `<to>.incomplete`, and the next
 * call goes on from there when the listing has a hash by which the whole can be checked. The file
 * appears under `to` only when its size and hash are right and it is flushed to disk.
 *
 * @param from where the hub has it: a path that its address starts
 * @param to where the file goes; its folder exists
 * @param onBytes told how many bytes are there, as they come
 * @throws {HubError} when the file cannot be had, is not what the listing says, or cannot be written
 * @throws the signal's reason when it is aborted
 */
export async function download(
  hub: Hub,
  from: string,
  file: ListedFile,
  to: string,
  onBytes: (received: number) => void,
): Promise<void> {
  const part = `${to}.incomplete`;
  try {
    for (let left = ROUNDS;; left--) {
      const isJoined = await fetchInto(part, hub, from, file, onBytes);
      const fault = await fileFault(part, file);
      if (fault === null) break;
      await Deno.remove(part);
      if (!isJoined || left === 1) {
        throw new HubError("content", `Cannot download ${hub.id}: ${fault}; try again`);
      }
    }
    await Deno.rename(part, to);
    await flushFolder(dirname(to));
  } catch (error) {
    throw onDisk(hub, error, to);
  }
}

/** The most bytes of a file whose size is not listed: without a bound it could fill the disk. */
const MOST_UNLISTED = 64 * 2 ** 20;

/** How often a file is fetched at most, when parts of it turn out not to fit together. */
const ROUNDS = 3;

/** Completes `part`; says whether it was joined of what several answers had. */
async function fetchInto(
  part: string,
  hub: Hub,
  from: string,
  file: ListedFile,
  onBytes: (received: number) => void,
): Promise<boolean> {
  using out = await Deno.open(part, { write: true, create: true });
  let start = (await out.stat()).size;
  if (file.hash === null || (file.size !== null && start > file.size)) start = 0;
  let isJoined = start > 0;
  if (isJoined && start === file.size) return true;
  let tag: string | null = null; // of the version that the part has the start of
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
    const tagNow = strongTag(headers);
    if (status === 206 && tag !== null && tagNow !== null && tag !== tagNow) {
      await restart();
      throw mayPass(
        "server",
        `Cannot download ${hub.id} as ${file.name} changes on ${hub.endpoint} meanwhile`,
      );
    }
    if (status !== 206 || start === 0) await restart(); // the server knows no ranges, or another version
    isJoined = start > 0;
    tag = tagNow;
    await out.seek(start, Deno.SeekMode.Start);
    for await (const chunk of body) {
      for (let at = 0; at < chunk.length;) at += await out.write(chunk.subarray(at));
      start += chunk.length;
      onBytes(start);
      if (start <= (file.size ?? MOST_UNLISTED)) continue;
      if (file.size !== null) return; // too long already
      await restart();
      throw new HubError(
        "content",
        `Cannot download ${hub.id} as ${hub.endpoint} must list the size of ${file.name}, which has ` +
          `more than ${MOST_UNLISTED} bytes; ${hub.otherWays}`,
      );
    }
  };
  await ask(
    hub,
    from,
    (): Record<string, string> => {
      // Nothing else could tell that the parts of two versions were joined.
      if (file.hash === null && tag === null) start = 0;
      return {
        // A compressed answer would have neither the size nor the ranges of the file.
        "accept-encoding": "identity",
        ...(start > 0 && { range: `bytes=${start}-` }),
        ...(start > 0 && tag !== null && { "if-range": tag }),
      };
    },
    write,
    [416],
  );
  await out.sync();
  return isJoined;
}

/** What tells a version of a file from every other; null when the server does not say. */
function strongTag(headers: Headers): string | null {
  const tag = headers.get("etag");
  return tag?.startsWith('"') ? tag : null;
}

/**
 * Gives a file of another cache a second name, or a copy where the file system has no second names. The
 * other cache stays as it is.
 *
 * @param from a file, or a link to one
 * @param to where it goes; replaced when it is there
 */
export async function takeFile(hub: Hub, from: string, to: string): Promise<void> {
  try {
    const file = await Deno.realPath(from);
    await Deno.remove(to).catch(() => {});
    await Deno.link(file, to).catch(async () => {
      await Deno.copyFile(file, `${to}.incomplete`);
      await Deno.rename(`${to}.incomplete`, to);
    });
    await flushFolder(dirname(to));
  } catch (error) {
    throw onDisk(hub, error, to);
  }
}

/**
 * Gives a file another name beside its own: a symbolic link, else a second name, else a copy, as Windows may
 * forbid links, and Deno forbids them to who may not write everywhere.
 *
 * @param relative where the file is, as seen from the folder of the new name
 * @param name the new name; replaced when it is there
 */
export async function linkFile(file: string, relative: string, name: string): Promise<void> {
  await Deno.remove(name).catch(() => {});
  await Deno.symlink(relative, name)
    .catch(() => Deno.link(file, name))
    .catch(() => Deno.copyFile(file, name));
  await flushFolder(dirname(name));
}

/** The error of a file system, as what could not be downloaded; any other error as it is. */
export function onDisk(hub: Hub, error: unknown, path: string): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  if (error instanceof HubError || typeof code !== "string") return error;
  return new HubError(
    "disk",
    code === "ENOSPC" || code === "EDQUOT"
      ? `Cannot write ${path} as the disk is full; free some space, or ${hub.otherFolder} a folder ` +
        `on another disk`
      : `Cannot write ${path}: ${(error as Error).message}; ${hub.otherFolder} a folder that can ` +
        `be written`,
    error,
  );
}
