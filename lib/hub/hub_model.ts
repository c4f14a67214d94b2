import { parseAddress } from "./address.ts";
import { HubError } from "./error.ts";
import { hubEndpoint, hubToken, timeoutOf } from "./python_environment.ts";
import type { Hub, Refusal } from "./request.ts";

/** A model on a hub, and how to ask for it; its id is `org/name`, or `name`. */
export interface HubModel extends Hub {
  /** Branch, tag or commit. */
  readonly revision: string;
  /** Milliseconds without a byte of a listing after which a connection counts as broken. */
  readonly listingPatience: number;
}

/** What may be said about a model in place of what the environment says. */
export interface ModelOptions {
  /** Branch, tag or commit. */
  readonly revision?: string;
  /** The hub's address. */
  readonly endpoint?: string;
  /** The token; an empty one is none. */
  readonly token?: string;
  /** Ends everything when aborted. */
  readonly signal?: AbortSignal;
  /** Milliseconds to wait before each further try. */
  readonly retryDelays?: readonly number[];
  /** Milliseconds without a byte after which a connection counts as broken. */
  readonly patience?: number;
}

/**
 * A model on a hub, by its name. Name and revision are checked as Python's client does, so that nothing
 * else can come into a path.
 *
 * @throws {HubError} when the name, the revision, the endpoint, the token or a timeout cannot be one
 */
export async function hubModel(id: string, options: ModelOptions): Promise<HubModel> {
  const shown = JSON.stringify(id);
  if (/^[./~]|\\|\/.*\//.test(id)) {
    throw new HubError("name", `Cannot load a model from ${shown} as there is no such folder`);
  }
  const wellFormed = /^(\b[\w.-]{1,96}\b\/)?\b[\w.-]{1,96}\b$/.test(id);
  if (!wellFormed || /--|\.\.|\.git$/.test(id)) {
    throw new HubError(
      "name",
      `Cannot load a model from ${shown} as it is neither a folder nor a hub's "org/name"`,
    );
  }
  const revision = options.revision ?? "main";
  if (!/^[\w+-][\w.+/-]{0,199}$/.test(revision) || /\.\.|\/\.|\/\/|[./]$/.test(revision)) {
    throw new HubError(
      "name",
      `Cannot download ${id} as the revision must be the name of a branch or tag, or a commit: ` +
        `found ${JSON.stringify(revision)}`,
    );
  }
  const given = options.endpoint || hubEndpoint();
  const address = parseAddress(given);
  if (address === null) {
    throw new HubError(
      "name",
      `Cannot download ${id} as the endpoint must be an address that starts with https:// or ` +
        `http://: found ${JSON.stringify(given.replace(/^.*@/s, "…@"))}; set HF_ENDPOINT`,
    );
  }
  const { token, source } = options.token === undefined
    ? await hubToken()
    : { token: options.token.trim() || null, source: "HF_TOKEN" };
  if (token !== null && !/^[\x21-\x7e]+$/.test(token)) {
    throw new HubError(
      "unauthorized",
      `Cannot download ${id} as the token in ${source} has characters that no token has`,
    );
  }
  return {
    id,
    revision,
    ...address,
    token,
    signal: options.signal,
    retryDelays: options.retryDelays ?? [500, 1000, 2000, 4000],
    patience: options.patience ?? timeoutOf("HF_HUB_DOWNLOAD_TIMEOUT") ?? 60_000,
    listingPatience: options.patience ?? timeoutOf("HF_HUB_ETAG_TIMEOUT") ?? 60_000,
    otherWays: "set HF_ENDPOINT, or pass a folder",
    otherFolder: "set HF_HOME to",
    refusal: (status, headers) => refusal(revision, token, source, status, headers),
  };
}

function refusal(
  revision: string,
  token: string | null,
  source: string,
  status: number,
  headers: Headers,
): Refusal | null {
  if (status === 401 || status === 403) {
    const asked = token === null
      ? `set HF_TOKEN to a token that may read it: none was found in ${source}`
      : `check that the token in ${source} may read it, and that its terms are accepted on its page`;
    return {
      failure: "unauthorized",
      text:
        `does not let this reader have it (status ${status}): it is gated, private or does not ` +
        `exist; check the spelling, or ${asked}`,
    };
  }
  if (status !== 404) return null;
  return {
    failure: "not_found",
    text: headers.get("x-error-code") === "RevisionNotFound"
      ? `has no revision "${revision}" of it; check the revision`
      : `has no such model or revision: revision is "${revision}"; check the spelling, or pass a ` +
        `folder`,
  };
}
