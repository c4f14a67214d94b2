import { HubError, type HubFailure } from "./error.ts";
import { networkNotes } from "./python_environment.ts";

/** A server that files come from, and how it is asked. */
export interface Hub {
  /** Name of the download in messages. */
  readonly id: string;
  /** What is done with it in messages; "download" when absent. */
  readonly verb?: "download" | "upload";
  /** The hub's address, without a slash at the end. */
  readonly endpoint: string;
  /** Sent to the hub, and to nobody it redirects to; null for none. */
  readonly token: string | null;
  /** `name:password` for the hub, which are sent in place of the token. */
  readonly credentials?: string | null;
  /** Ends everything when aborted. */
  readonly signal: AbortSignal | undefined;
  /** Milliseconds to wait before each further try. */
  readonly retryDelays: readonly number[];
  /** Milliseconds without a byte after which a connection counts as broken. */
  readonly patience: number;
  /** Advice for a person when the hub cannot be reached. */
  readonly otherWays: string;
  /** How a person names another folder for the files, up to that folder: "set HF_HOME to". */
  readonly otherFolder: string;
  /** What the hub means by a status; null when the status says all. */
  readonly refusal: (status: number, headers: Headers) => Refusal | null;
}

/** Why a hub does not give what it was asked for. */
export interface Refusal {
  readonly failure: HubFailure;
  /** Goes on after the hub's address: "has no such model". */
  readonly text: string;
  /** Whether asking again soon may help. */
  readonly passing?: boolean;
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

/** What is sent with a question. */
export interface Sent {
  /** The method; GET when nothing is sent. */
  readonly method: "POST" | "PUT";
  /** The content, which is sent again at each try. */
  readonly body: string | Uint8Array<ArrayBuffer>;
}

/** An error that may be gone at the next try. */
class Passing extends HubError {
  /** Milliseconds that the hub wants to be left alone. */
  wait = 0;
}

/** Who asks to be left alone for longer, in milliseconds, is not asked again. */
const LONGEST_WAIT = 120_000;

/**
 * Asks the hub for `path` and hands the answer to `read`. When the connection breaks, before or
 * while `read` takes the body, or the hub is at fault, all is tried again.
 *
 * @param status further statuses that `read` wants to see, beside success
 * @param sent what is sent; nothing when absent
 * @throws {HubError} when the last try fails, or a further one would not help
 * @throws the signal's reason when it is aborted
 */
export async function ask<T>(
  hub: Hub,
  path: string,
  headers: () => Record<string, string> | Promise<Record<string, string>>,
  read: (answer: Answer) => Promise<T>,
  status: readonly number[] = [],
  sent?: Sent,
): Promise<T> {
  for (let tried = 0;; tried++) {
    try {
      return await askOnce(hub, path, await headers(), read, status, sent);
    } catch (error) {
      hub.signal?.throwIfAborted();
      const delay = hub.retryDelays[tried];
      if (!(error instanceof Passing) || delay === undefined) throw error;
      await pause(Math.max(delay, error.wait), hub.signal);
    }
  }
}

/** The most bytes of a listing, or what else is read as a whole; the largest real ones have one million. */
const MOST_TEXT_BYTES = 8 * 2 ** 20;

/** How often the patience with a connection must suffice for a whole text. */
const PATIENCES = 3;

/**
 * The whole answer of the hub to {@linkcode ask}, as text.
 *
 * @throws {HubError} also when it is longer than 8 MiB, is no UTF-8, or takes three times the patience
 */
export async function askText(
  hub: Hub,
  path: string,
  headers: Readonly<Record<string, string>>,
  status: readonly number[] = [],
  sent?: Sent,
): Promise<string> {
  const read = async ({ body }: Answer) => {
    const fail = (found: string) =>
      new HubError(
        "server",
        `Cannot ${
          verbOf(hub)
        } ${hub.id} as the answer of ${hub.endpoint} to ${path} ${found}; ${hub.otherWays}`,
      );
    const end = performance.now() + PATIENCES * hub.patience;
    const decoder = new TextDecoder("utf-8", { fatal: true });
    let [text, bytes] = ["", 0];
    const decode = (chunk?: Uint8Array) => {
      try {
        return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
      } catch {
        throw fail("must be UTF-8 text");
      }
    };
    for await (const chunk of body) {
      bytes += chunk.length; // unpacked, as a small packed answer can be gigabytes
      if (bytes > MOST_TEXT_BYTES) throw fail(`must have at most ${MOST_TEXT_BYTES} bytes`);
      if (performance.now() > end) throw fail(`must be whole after ${PATIENCES * hub.patience} ms`);
      text += decode(chunk);
    }
    return text + decode();
  };
  return await ask(hub, path, () => ({ ...headers }), read, status, sent);
}

async function askOnce<T>(
  hub: Hub,
  path: string,
  headers: Record<string, string>,
  read: (answer: Answer) => Promise<T>,
  status: readonly number[],
  sent: Sent | undefined,
): Promise<T> {
  const broken = new AbortController();
  const signal = hub.signal === undefined
    ? broken.signal
    : AbortSignal.any([hub.signal, broken.signal]);
  /** Runs one step on the network; everything it throws counts as the network's fault. */
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
  const authorization = authorizationOf(hub);
  const response = await network(() =>
    fetch(`${hub.endpoint}${path}`, { ...sent, headers: { ...authorization, ...headers }, signal })
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

/** As Python's client, which sends name and password in place of a token. */
function authorizationOf({ token, credentials = null }: Hub): Record<string, string> {
  if (credentials !== null) {
    const bytes = new TextEncoder().encode(credentials);
    return { authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
  }
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

function verbOf({ verb = "download" }: Hub): string {
  return verb;
}

function unreachable(hub: Hub, why: unknown): HubError {
  const cause = why instanceof Error && why.cause instanceof Error ? why.cause : why;
  const text = cause instanceof Error ? cause.message : String(cause);
  // A host that is not known, not listening or not permitted will not be there a second later.
  const isLasting = text.includes("(Connect)") ||
    (cause as Error | undefined)?.name === "NotCapable";
  const Kind = isLasting ? HubError : Passing;
  return new Kind(
    "unreachable",
    `Cannot ${verbOf(hub)} ${hub.id} as ${hub.endpoint} cannot be reached: ${text}${
      networkNotes(text)
    }; ` +
      `check the network, ${hub.otherWays}`,
  ); // without its cause, which could name a password of an address on the way
}

function refusal(hub: Hub, { status, headers }: Response): HubError {
  const start = `Cannot ${verbOf(hub)} ${hub.id} as ${hub.endpoint}`;
  const meant = hub.refusal(status, headers);
  const wait = Number(headers.get("retry-after") ?? 0) * 1000; // NaN when it is a date
  const helps = meant === null
    ? status >= 500 || status === 429 || status === 408
    : meant.passing === true;
  const passing = helps && !(wait > LONGEST_WAIT);
  const error = new (passing ? Passing : HubError)(
    meant?.failure ?? "server",
    `${start} ${meant?.text ?? `answers with status ${status}; try again later`}`,
  );
  if (error instanceof Passing && wait > 0) error.wait = wait;
  return error;
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
