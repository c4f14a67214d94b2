import { HubError } from "./hub_error.ts";

/** A model on a hub, and how to ask for it. */
export interface HubModel {
  /** `org/name`, or `name`. */
  readonly id: string;
  /** Branch, tag or commit. */
  readonly revision: string;
  /** The hub's address, without a slash at the end. */
  readonly endpoint: string;
  /** Sent to the hub, and to nobody it redirects to; null for none. */
  readonly token: string | null;
  /** Ends everything when aborted. */
  readonly signal: AbortSignal | undefined;
  /** Milliseconds to wait before each further try. */
  readonly retryDelays: readonly number[];
  /** Milliseconds without a byte after which a connection counts as broken. */
  readonly patience: number;
}

/** One answer of the hub, and its body as it comes in. */
export interface Answer {
  /** Its HTTP status. */
  readonly status: number;
  /** Its headers. */
  readonly headers: Headers;
  /** Its bytes. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** An error that may be gone at the next try. */
class Passing extends HubError {}

/**
 * Asks the hub for `path` and hands the answer to `read`. When the connection breaks, before or
 * while `read` takes the body, or the hub is at fault, all is tried again.
 *
 * @param status further statuses that `read` wants to see, beside success
 * @throws {HubError} when the last try fails, or a further one would not help
 * @throws the signal's reason when it is aborted
 */
export async function ask<T>(
  hub: HubModel,
  path: string,
  headers: () => Record<string, string> | Promise<Record<string, string>>,
  read: (answer: Answer) => Promise<T>,
  status: readonly number[] = [],
): Promise<T> {
  for (let tried = 0;; tried++) {
    try {
      return await askOnce(hub, path, await headers(), read, status);
    } catch (error) {
      hub.signal?.throwIfAborted();
      const delay = hub.retryDelays[tried];
      if (!(error instanceof Passing) || delay === undefined) throw error;
      await pause(delay, hub.signal);
    }
  }
}

async function askOnce<T>(
  hub: HubModel,
  path: string,
  headers: Record<string, string>,
  read: (answer: Answer) => Promise<T>,
  status: readonly number[],
): Promise<T> {
  const broken = new AbortController();
  const signal = hub.signal === undefined
    ? broken.signal
    : AbortSignal.any([hub.signal, broken.signal]);
  /** Runs one step on the network; whatever it throws is the network's fault. */
  const network = async <R>(step: () => Promise<R>): Promise<R> => {
    const timer = setTimeout(() => broken.abort(), hub.patience);
    try {
      return await step();
    } catch (error) {
      throw unreachable(hub, broken.signal.aborted ? `no data for ${hub.patience} ms` : error);
    } finally {
      clearTimeout(timer);
    }
  };
  const authorization = hub.token === null ? {} : { authorization: `Bearer ${hub.token}` };
  const response = await network(() =>
    fetch(`${hub.endpoint}${path}`, { headers: { ...authorization, ...headers }, signal })
  );
  const reader = response.body?.getReader();
  const body = async function* () {
    while (reader !== undefined) {
      const { done, value } = await network(() => reader.read());
      if (done) return;
      yield value;
    }
  };
  try {
    if (!response.ok && !status.includes(response.status)) throw refusal(hub, response);
    return await read({ status: response.status, headers: response.headers, body: body() });
  } finally {
    await reader?.cancel().catch(() => {});
  }
}

function unreachable(hub: HubModel, why: unknown): HubError {
  const cause = why instanceof Error && why.cause instanceof Error ? why.cause : why;
  const text = cause instanceof Error ? cause.message : String(cause);
  // A host that is not known or not listening will not be there a second later.
  const Kind = text.includes("(Connect)") ? HubError : Passing;
  return new Kind(
    "unreachable",
    `Cannot download ${hub.id} as ${hub.endpoint} cannot be reached: ${text}; ` +
      `check the network, set HF_ENDPOINT, or pass a folder`,
    why,
  );
}

function refusal(hub: HubModel, { status, headers }: Response): HubError {
  const start = `Cannot download ${hub.id} as ${hub.endpoint}`;
  if (status === 401 || status === 403) {
    const asked = hub.token === null
      ? `set HF_TOKEN to a token that may read it`
      : `check that the token in HF_TOKEN may read it, and that its terms are accepted on its page`;
    return new HubError(
      "unauthorized",
      `${start} does not let this reader have it (status ${status}): it is gated, private or ` +
        `does not exist; check the spelling, or ${asked}`,
    );
  }
  if (status === 404) {
    return new HubError(
      "not_found",
      headers.get("x-error-code") === "RevisionNotFound"
        ? `${start} has no revision "${hub.revision}" of it; check the revision`
        : `${start} has no such model or revision: revision is "${hub.revision}"; ` +
          `check the spelling, or pass a folder`,
    );
  }
  const Kind = status >= 500 || status === 429 || status === 408 ? Passing : HubError;
  return new Kind("server", `${start} answers with status ${status}; try again later`);
}

/** An error after which asking again may help. */
export function mayPass(failure: "server" | "unreachable", message: string): HubError {
  return new Passing(failure, message);
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
