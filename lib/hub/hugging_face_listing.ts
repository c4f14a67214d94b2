import type { ListedFile } from "./file_fault.ts";
import { HubError } from "./error.ts";
import type { HubModel } from "./hub_model.ts";
import { askText } from "./request.ts";
import { isPlainFileName } from "../files/plain_file_name.ts";

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
  const patient = { ...hub, patience: hub.listingPatience };
  return parse(hub, await askText(patient, path, { accept: "application/json" }));
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
    if (name.length > LONGEST_NAME) {
      throw new HubError(
        "content",
        `Cannot download ${hub.id} as ${hub.endpoint} lists a name of ${name.length} characters, more ` +
          `than ${LONGEST_NAME}: ${JSON.stringify(name.slice(0, 40))}…`,
      );
    }
    files.push({
      name,
      size: sizeOf(size) ?? sizeOf(lfs?.size),
      hash: hash(lfs?.sha256, 64) ?? (lfs ? null : hash(blobId, 40)),
    });
  }
  return { commit: hash(sha, 40), files };
}

/** The most characters of a name, as in the file systems that are in use. */
const LONGEST_NAME = 255;

/**
 * What an earlier {@linkcode fetchListing} gave, from the file it was kept in.
 *
 * @returns null when it is no listing, by damage or by hand
 */
export function parseSavedListing(text: string): Listing | null {
  let saved: unknown;
  try {
    saved = JSON.parse(text);
  } catch {
    return null;
  }
  const { commit, files } = (saved ?? {}) as { commit?: unknown; files?: unknown };
  const isCommit = commit === null || hash(commit, 40) !== null;
  if (!isCommit || !Array.isArray(files) || !files.every(isListedFile)) return null;
  return { commit, files } as Listing;
}

function isListedFile(file: unknown): boolean {
  const { name, size, hash: id } = (file ?? {}) as Record<string, unknown>;
  return typeof name === "string" && isPlainFileName(name) && name.length <= LONGEST_NAME &&
    (size === null || sizeOf(size) !== null) &&
    (id === null || hash(id, 40) !== null || hash(id, 64) !== null);
}

function sizeOf(value: unknown): number | null {
  return Number.isSafeInteger(value) && value as number >= 0 ? value as number : null;
}

function hash(value: unknown, digits: number): string | null {
  return typeof value === "string" && value.length === digits && /^[0-9a-f]+$/.test(value)
    ? value
    : null;
}
