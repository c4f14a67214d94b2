import { HubError } from "./error.ts";
import { askText, type Hub, type Refusal } from "./request.ts";

/**
 * Asks GitHub's API for an object.
 *
 * @throws {HubError} when it does not answer, refuses, or answers with something else than JSON
 */
export async function askGithub(hub: Hub, path: string): Promise<unknown> {
  const text = await askText(hub, path, {
    "accept": "application/vnd.github+json",
    "x-github-api-version": "2022-11-28",
  });
  try {
    return JSON.parse(text);
  } catch {
    throw new HubError(
      "server",
      `Cannot download ${hub.id} as ${hub.endpoint} does not answer as GitHub does: ${path} is not ` +
        `JSON; ${hub.otherWays}`,
    );
  }
}

/**
 * What GitHub means by a refusal; null when the status says all.
 *
 * Source: GitHub REST API, "Rate limits for the REST API", "Troubleshooting the REST API"
 *
 * @param wanted what the address should have led to, for messages
 * @param hasToken whether the request came with a token
 * @param now the time in ms
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const headers = new Headers({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1200" });
 * const refusal = githubRefusal("it", false, 403, headers, 0)!;
 * assert.match(refusal.text, /no more requests for now \(status 403\); wait 20 minutes, or set GIT/);
 * ```
 */
export function githubRefusal(
  wanted: string,
  hasToken: boolean,
  status: number,
  headers: Headers,
  now: number = Date.now(),
): Refusal | null {
  const askForMore = hasToken
    ? "set GITHUB_TOKEN to a token that may ask more often"
    : "set GITHUB_TOKEN to a token of any GitHub account, which may ask more often";
  if (status === 401) {
    return {
      failure: "unauthorized",
      text: hasToken
        ? `does not accept the token in GITHUB_TOKEN (status 401); set another, or none`
        : `does not let this reader have it (status 401); ${askForMore}`,
    };
  }
  if (status === 404) {
    return {
      failure: "not_found",
      text: `does not have ${wanted} (status 404); check that address`,
    };
  }
  if (status !== 403 && status !== 429) return null;
  if (headers.get("x-ratelimit-remaining") === "0") {
    const minutes = Math.ceil((Number(headers.get("x-ratelimit-reset")) * 1000 - now) / 60_000);
    const wait = minutes > 0 ? `wait ${minutes} minute${minutes === 1 ? "" : "s"}` : "wait an hour";
    return {
      failure: "server",
      text: `allows no more requests for now (status ${status}); ${wait}, or ${askForMore}`,
    };
  }
  if (status === 429 || headers.has("retry-after")) {
    return {
      failure: "server",
      text: `is asked too often (status ${status}); try again later, or ${askForMore}`,
      passing: true,
    };
  }
  return {
    failure: "unauthorized",
    text: `does not let this reader have it (status 403); ${askForMore}, and check that no proxy ` +
      `stands in between`,
  };
}
