/** Uploads of a few files, by the requests that Python's client sends. */
import { isJsonObject } from "../files/json_object.ts";
import { HubError } from "./error.ts";
import { type HubModel, hubModel, type ModelOptions } from "./hub_model.ts";
import { ask, askText, type Hub, type Refusal, type Sent } from "./request.ts";

/** Options of {@linkcode uploadFiles}. */
export interface UploadOptions extends ModelOptions {
  /** First line of the commit's message. */
  readonly commitMessage?: string;
  /** Whether a model that is made by this is private; what the hub does by default when absent. */
  readonly isPrivate?: boolean;
}

/** A file that is uploaded. */
interface Upload {
  readonly path: string;
  readonly content: Uint8Array<ArrayBuffer>;
  readonly sha256: string;
}

/**
 * Uploads files into a model of a hub, which is made where it is not there, as one commit: all of them, or
 * none. Files of the model that are not among them stay.
 *
 * It takes the five requests of the hub's own protocol; the client library of the hub would bring
 * nineteen packages for them.
 *
 * @param id `org/name`
 * @param files contents by path, such as `adapter_config.json` or `second/adapter_config.json`
 * @returns the address of the commit
 * @throws {HubError} when there is no token, or the hub cannot be reached or refuses; then the model is as
 *   it was
 *
 * Source: huggingface_hub 1.33, hf_api.py (`create_repo`), _commit_api.py and lfs.py
 */
export async function uploadFiles(
  id: string,
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  { commitMessage = "Upload adapter", isPrivate, ...options }: UploadOptions = {},
): Promise<string> {
  const known = await hubModel(id, options);
  const hub: HubModel = { ...known, verb: "upload", otherWays: "set HF_ENDPOINT", refusal };
  if (hub.token === null && (hub.credentials ?? null) === null) {
    throw new HubError(
      "unauthorized",
      `Cannot upload ${id} without a token: set HF_TOKEN to one that may write`,
    );
  }
  const uploads = await Promise.all(
    [...files].map(async ([path, content]): Promise<Upload> => ({
      path,
      content,
      sha256: hex(new Uint8Array(await crypto.subtle.digest("SHA-256", content))),
    })),
  );
  await makeModel(hub, isPrivate);
  const large = await largeAmong(hub, uploads);
  if (large.size > 0) await storeLarge(hub, uploads.filter(({ path }) => large.has(path)));
  const lines = [
    { key: "header", value: { summary: commitMessage, description: "" } },
    ...uploads.map(({ path, content, sha256 }) =>
      large.has(path)
        ? { key: "lfsFile", value: { path, algo: "sha256", oid: sha256, size: content.length } }
        : { key: "file", value: { content: base64(content), path, encoding: "base64" } }
    ),
  ];
  const revision = encodeURIComponent(hub.revision);
  const answer = await send(hub, `/api/models/${id}/commit/${revision}`, {
    "content-type": "application/x-ndjson",
  }, { method: "POST", body: lines.map((line) => JSON.stringify(line)).join("\n") });
  if (typeof answer.commitUrl !== "string") throw notAHub(hub, "the commit has no commitUrl");
  return answer.commitUrl;
}

/** Makes the model unless it is there. */
async function makeModel(hub: HubModel, isPrivate: boolean | undefined): Promise<void> {
  const [name, organization] = hub.id.split("/").reverse();
  const body = {
    name,
    organization: organization ?? null,
    ...isPrivate !== undefined && { private: isPrivate },
  };
  await askText(hub, "/api/repos/create", JSON_HEADERS, [409], post(body));
}

/** The paths of the files that the hub wants to have in its store of large files. */
async function largeAmong(hub: HubModel, uploads: readonly Upload[]): Promise<Set<string>> {
  const files = uploads.map(({ path, content }) => ({
    path,
    size: content.length,
    sample: base64(content.subarray(0, 512)),
  }));
  const revision = encodeURIComponent(hub.revision);
  const path = `/api/models/${hub.id}/preupload/${revision}`;
  const answer = await send(hub, path, JSON_HEADERS, post({ files }));
  if (!Array.isArray(answer.files)) throw notAHub(hub, "its answer has no files");
  const modes = answer.files.filter(isJsonObject);
  return new Set(
    modes.filter(({ uploadMode }) => uploadMode === "lfs").map(({ path }) => `${path}`),
  );
}

const LFS = "application/vnd.git-lfs+json";

/** Puts files into the store of large files, each unless it is there. */
async function storeLarge(hub: HubModel, uploads: readonly Upload[]): Promise<void> {
  const answer = await send(
    hub,
    `/${hub.id}.git/info/lfs/objects/batch`,
    { accept: LFS, "content-type": LFS },
    post({
      operation: "upload",
      transfers: ["basic"],
      objects: uploads.map(({ sha256, content }) => ({ oid: sha256, size: content.length })),
      hash_algo: "sha256",
    }),
  );
  const objects = Array.isArray(answer.objects) ? answer.objects.filter(isJsonObject) : [];
  for (const { path, sha256, content } of uploads) {
    const object = objects.find(({ oid }) => oid === sha256);
    if (object === undefined || object.error !== undefined) {
      throw notAHub(hub, `it does not take ${path}: ${JSON.stringify(object?.error ?? null)}`);
    }
    const actions = isJsonObject(object.actions) ? object.actions : {};
    await act(hub, actions.upload, { method: "PUT", body: content });
    await act(hub, actions.verify, post({ oid: sha256, size: content.length }));
  }
}

/** Does what the store of large files wants done; nothing where it wants nothing. */
async function act(hub: HubModel, action: unknown, sent: Sent): Promise<void> {
  if (!isJsonObject(action)) return;
  const { href, header } = action;
  if (typeof href !== "string" || !URL.canParse(href)) throw notAHub(hub, "an action has no href");
  const { origin, pathname, search } = new URL(href);
  const isHub = origin === new URL(hub.endpoint).origin;
  // A token is for the hub alone; the address of another server carries what that wants.
  const server: Hub = isHub
    ? { ...hub, endpoint: origin }
    : { ...hub, endpoint: origin, token: null, credentials: null };
  const headers = isJsonObject(header)
    ? Object.fromEntries(Object.entries(header).map(([name, value]) => [name, `${value}`]))
    : {};
  const type: Record<string, string> = sent.method === "POST"
    ? { accept: LFS, "content-type": LFS }
    : {};
  const done = () => Promise.resolve();
  await ask(server, pathname + search, () => ({ ...type, ...headers }), done, [], sent);
}

const JSON_HEADERS = { "content-type": "application/json" };

function post(body: object): Sent {
  return { method: "POST", body: JSON.stringify(body) };
}

/** Sends something and reads the object that comes back. */
async function send(
  hub: HubModel,
  path: string,
  headers: Readonly<Record<string, string>>,
  sent: Sent,
): Promise<Record<string, unknown>> {
  const text = await askText(hub, path, headers, [], sent);
  try {
    const answer: unknown = JSON.parse(text);
    if (isJsonObject(answer)) return answer;
  } catch {
    // Said below.
  }
  throw notAHub(hub, "an answer is no JSON object");
}

function notAHub(hub: Hub, found: string): HubError {
  return new HubError(
    "server",
    `Cannot upload ${hub.id} as ${hub.endpoint} does not answer as a hub does: ${found}; check ` +
      `HF_ENDPOINT`,
  );
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function base64(content: Uint8Array): string {
  let binary = "";
  // A call takes no more arguments than that for sure.
  for (let i = 0; i < content.length; i += 1 << 14) {
    binary += String.fromCharCode(...content.subarray(i, i + (1 << 14)));
  }
  return btoa(binary);
}

function refusal(status: number): Refusal | null {
  if (status === 401 || status === 403) {
    return {
      failure: "unauthorized",
      text:
        `refuses the token (status ${status}): check that it may write, and the name before "/"`,
    };
  }
  if (status === 404) {
    return { failure: "not_found", text: "has no such model or branch; check the spelling" };
  }
  return null;
}
