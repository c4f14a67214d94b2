import { gitObjectId } from "./git_object.ts";
import { HubError } from "./error.ts";
import type { Hub } from "./request.ts";
import { askGithub } from "./github_api.ts";

/** What a commit says that decides its id, as GitHub tells it. */
interface CommitRecord {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Person;
  readonly committer: Person;
  readonly message: string;
  /** The signature, and the commit without it; null for a commit that is not signed. */
  readonly signed: { readonly signature: string; readonly payload: string } | null;
}

interface Person {
  readonly name: string;
  readonly email: string;
  /** Seconds since 1970. */
  readonly seconds: number;
}

/**
 * The id of the tree of a commit, checked: the commit is put together again from what GitHub says of
 * it, and must have the id that was asked for.
 *
 * @param repository `owner/name`
 * @param commit 40 hexadecimal digits
 * @throws {HubError} when the commit cannot be had, or GitHub's answer is not that commit
 *
 * Source: GitHub REST API, "Get a commit object"
 */
export async function fetchCommitTree(
  hub: Hub,
  repository: string,
  commit: string,
): Promise<string> {
  const path = `/repos/${repository}/git/commits/${commit}`;
  const record = readRecord(hub, await askGithub(hub, path));
  for (const text of possibleTexts(record)) {
    if (gitObjectId("commit", text) !== commit) continue;
    const tree = /^tree ([0-9a-f]{40})\n/.exec(text)?.[1];
    if (tree !== undefined) return tree;
  }
  throw new HubError(
    "content",
    `Cannot download ${hub.id} as what ${hub.endpoint} says of commit ${commit} does not add up to ` +
      `that id; clone the repository with git, which checks it too, and name the clone instead`,
  );
}

/**
 * The texts that the commit may have. GitHub tells times without their zones, and a message without
 * the line break at its end, so all that are possible are tried; only one can have the right id.
 */
function* possibleTexts(record: CommitRecord): Generator<string> {
  if (record.signed !== null) {
    const { signature, payload } = record.signed;
    const end = payload.indexOf("\n\n"); // of the headers, the last of which is the signature
    for (const whole of [signature, signature.trimEnd()]) {
      const header = `\ngpgsig ${whole.replaceAll("\n", "\n ")}`;
      yield payload.slice(0, end) + header + payload.slice(end);
    }
    return;
  }
  const { tree, parents, author, committer, message } = record;
  const start = [`tree ${tree}`, ...parents.map((parent) => `parent ${parent}`)].join("\n");
  for (const end of ["", "\n"]) {
    for (const theirs of ZONES) {
      for (const ours of ZONES) {
        yield `${start}\nauthor ${signatureLine(author)} ${theirs}\n` +
          `committer ${signatureLine(committer)} ${ours}\n\n${message}${end}`;
      }
    }
  }
}

function signatureLine({ name, email, seconds }: Person): string {
  return `${name} <${email}> ${seconds}`;
}

/** Every zone in use, as git writes it: -1200 to +1400 in quarters of an hour. */
const ZONES: readonly string[] = Array.from({ length: (12 + 14) * 4 + 1 }, (_, i) => {
  const minutes = (i - 12 * 4) * 15;
  const two = (value: number) => String(Math.trunc(Math.abs(value))).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(minutes / 60)}${two(minutes % 60)}`;
});

/**
 * The most characters of a commit: it is hashed once for each pair of zones, 22,050 times, and a hostile
 * one of a megabyte took minutes.
 */
const MOST_CHARACTERS = 2 ** 15;

function readRecord(hub: Hub, answer: unknown): CommitRecord {
  const { tree, parents, author, committer, message, verification } = (answer ?? {}) as Record<
    string,
    // deno-lint-ignore no-explicit-any -- each is looked at below
    any
  >;
  const person = (found: unknown): Person => {
    const { name, email, date } = (found ?? {}) as Record<string, unknown>;
    return { name: `${name}`, email: `${email}`, seconds: Date.parse(`${date}`) / 1000 };
  };
  if (typeof tree?.sha !== "string" || !Array.isArray(parents) || typeof message !== "string") {
    throw new HubError(
      "server",
      `Cannot download ${hub.id} as ${hub.endpoint} does not answer as GitHub does: the commit has ` +
        `no tree, parents or message; ${hub.otherWays}`,
    );
  }
  const record = { tree, parents, author, committer, message };
  const characters = JSON.stringify(record).length;
  if (characters > MOST_CHARACTERS) {
    throw new HubError(
      "server",
      `Cannot download ${hub.id} as what ${hub.endpoint} says of the commit must have at most ` +
        `${MOST_CHARACTERS} characters: it has ${characters}; ${hub.otherWays}`,
    );
  }
  const { signature, payload } = verification ?? {};
  const isSigned = typeof signature === "string" && typeof payload === "string";
  return {
    tree: tree.sha,
    parents: parents.map((parent) => `${parent?.sha}`),
    author: person(author),
    committer: person(committer),
    message,
    signed: isSigned ? { signature, payload } : null,
  };
}
