/** The address of a server, apart from the name and password that it may hold. */
export interface ServerAddress {
  /** The address without name and password, and without a slash at its end. */
  readonly endpoint: string;
  /** `name:password`, as the server wants them; null when there are none. */
  readonly credentials: string | null;
}

/**
 * Takes an address apart.
 *
 * @returns null when it is no address that starts with `https://` or `http://`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseAddress("https://ann:p%40ss@hub.example.org/mirror/"), {
 *   endpoint: "https://hub.example.org/mirror",
 *   credentials: "ann:p@ss",
 * });
 * assert.equal(parseAddress("ftp://hub.example.org"), null);
 * ```
 */
export function parseAddress(text: string): ServerAddress | null {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return null;
  const { username, password, protocol, host, pathname, search } = new URL(text);
  const endpoint = `${protocol}//${host}${pathname}${search}`.replace(/\/+$/, "");
  if (username === "" && password === "") return { endpoint, credentials: null };
  return { endpoint, credentials: `${decoded(username)}:${decoded(password)}` };
}

/**
 * A text without the names and passwords of the addresses in it, as messages and files may show it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(withoutCredentials("at http://ann:p/@ss@host:80/x: no"), "at http://host:80/x: no");
 * ```
 */
export function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^\s"'<>]*@/g, "//");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
