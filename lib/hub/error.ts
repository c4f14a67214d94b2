import { escaped } from "../files/escaped.ts";
import { withoutCredentials } from "./address.ts";

/** The most characters of a message, which may quote a server. */
const LONGEST_MESSAGE = 4000;

/** Says that a model or data could not be had, and what to do about it. */
export class HubError extends Error {
  /** The error's class. */
  override readonly name = "HubError";
  /** What went wrong between this program and the hub. */
  readonly failure:
    /** Neither a folder that exists nor a name, commit or address a hub could have. */
    | "name"
    /** No network, no such host, nobody listening, or the connection keeps breaking. */
    | "unreachable"
    /** The hub wants a token, or another one. */
    | "unauthorized"
    /** The hub has no such model, revision or file. */
    | "not_found"
    /** The hub answers with an error, or with something that is not an answer. */
    | "server"
    /** A file or a listing is not what the listing or commit above it says it is. */
    | "content"
    /** The folder of downloads cannot be written. */
    | "disk";

  /**
   * An error of one kind.
   *
   * @param failure what went wrong
   * @param message what to say; names and passwords of addresses are left out, as is what a terminal
   * would obey, since a message may hold what a server sent
   * @param cause the error behind it, where there is one
   */
  constructor(failure: HubFailure, message: string, cause?: unknown) {
    const shown = escaped(withoutCredentials(message), LONGEST_MESSAGE);
    super(shown, cause === undefined ? undefined : { cause });
    this.failure = failure;
  }
}

/** What went wrong between this program and a hub. */
export type HubFailure = HubError["failure"];
