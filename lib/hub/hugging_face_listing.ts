import type { ListedFile } from "./file_fault.ts";
import { HubError } from "./error.ts";
import { askText, type Hub } from "./request.ts";
import { isPlainFileName } from "../files/plain_file_name.ts";

/** A model on a hub, and how to ask for it; its id is `org/name`, or `name`. */
export interface HubModel extends Hub {
  /** Branch, tag or commit. */
  readonly revision: string;
}

/** What a hub says about one revision of a model. */
export interface Listing {
  /** The commit the revision stands for; null when the hub does not say. */
  readonly commit: string | null;
  /** The files at the top, without those in folders. */
  readonly files: readonly ListedFile[];
}

/**
 * Asks the hub which files a model has.
 *
 * @throws {HubError} when the hub does not answer with a listing, or lists a file outside its folder
 *
 * Source: huggingface_hub, hf_api.py (`model_info`)
 */
export async function fetchListing(hub: HubModel): Promise<Listing> {
  const path = `/api/models/${hub.id}/revision/${encodeURIComponent(hub.revision)}?blobs=true`;
  return parse(hub, await askText(hub, path, { accept: "application/json" }));
}

function parse(hub: HubModel, text: string): Listing {
  const wrong = (found: string) =>
    new HubError(
      "server",
      `Cannot download ${hub.id} as ${hub.endpoint} does not answer as a hub does: ${found}; ` +
        `check HF_ENDPOINT`,
    );
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw wrong("the listing is not JSON");
  }
  const { sha, siblings } = (answer ?? {}) as { sha?: unknown; siblings?: unknown };
  if (!Array.isArray(siblings)) throw wrong("the listing has no siblings");
  const files: ListedFile[] = [];
  for (const sibling of siblings) {
    const { rfilename: name, size, blobId, lfs } = sibling ?? {};
    if (typeof name !== "string") throw wrong("a file has no rfilename");
    if (name.split(/[/\\]/).some((part) => part === "" || part === "..")) {
      throw new HubError(
        "content",
        `Cannot download ${hub.id} as ${hub.endpoint} lists a file that could be written outside ` +
          `the cache: ${JSON.stringify(name)}`,
      );
    }
    if (!isPlainFileName(name)) continue;
    files.push({
      name,
      size: Number.isSafeInteger(size) && size >= 0 ? size : null,
      hash: hash(lfs?.sha256, 64) ?? (lfs ? null : hash(blobId, 40)),
    });
  }
  return { commit: hash(sha, 40), files };
}

function hash(value: unknown, digits: number): string | null {
  return typeof value === "string" && value.length === digits && /^[0-9a-f]+$/.test(value)
    ? value
    : null;
}
