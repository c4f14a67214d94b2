import { type GitTreeEntry, gitTreeId } from "./git_object.ts";
import { HubError } from "./error.ts";
import type { Hub } from "./request.ts";
import { askGithub } from "./github_api.ts";

/** One file or folder of a repository. */
export interface GithubEntry extends GitTreeEntry {
  /** Bytes of a file; null when not said. */
  readonly size: number | null;
}

/**
 * What is directly inside a folder of a repository, checked: the listing must have the id that was
 * asked for.
 *
 * @param repository `owner/name`
 * @param id the folder's tree: 40 hexadecimal digits
 * @param folder its name, for messages
 * @throws {HubError} when there is no such tree, or the listing is malformed, cut short, not of that
 * id, or has a name that could lead outside its folder
 *
 * Source: GitHub REST API, "Get a tree"
 */
export async function fetchTree(
  hub: Hub,
  repository: string,
  id: string,
  folder: string,
): Promise<GithubEntry[]> {
  const fail = (failure: "server" | "content", found: string) =>
    new HubError(
      failure,
      `Cannot download ${hub.id} as ${hub.endpoint} lists ${folder} wrongly: ${found}; ` +
        `${hub.otherWays}`,
    );
  const answer = await askGithub(hub, `/repos/${repository}/git/trees/${id}`);
  const { tree, truncated } = (answer ?? {}) as { tree?: unknown; truncated?: unknown };
  if (!Array.isArray(tree)) throw fail("server", "the listing has no tree");
  if (truncated === true) throw fail("server", "the listing is cut short");
  const entries = tree.map((entry): GithubEntry => {
    const { path: name, mode, sha, size } = entry ?? {};
    if (
      typeof name !== "string" || typeof mode !== "string" || !/^[0-7]{5,6}$/.test(mode) ||
      typeof sha !== "string" || !/^[0-9a-f]{40}$/.test(sha)
    ) {
      const shown = (JSON.stringify(entry) ?? "nothing").slice(0, 200);
      throw fail("server", `${shown} has no path, mode or sha`);
    }
    if (name.length > 255) {
      throw fail("content", `a name has ${name.length} characters, more than 255`);
    }
    if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) {
      throw fail("content", `${JSON.stringify(name)} is no name of a file in it`);
    }
    return {
      name,
      mode: mode.replace(/^0/, ""),
      id: sha,
      size: Number.isSafeInteger(size) && size >= 0 ? size : null,
    };
  });
  const actual = gitTreeId(entries);
  if (actual !== id) throw fail("content", `its hash must be ${id}, not ${actual}`);
  return entries;
}

/** Whether an entry is a file, not a folder, a link or another repository. */
export function isGithubFile({ mode }: GithubEntry): boolean {
  return mode.startsWith("100");
}
