import assert from "node:assert/strict";
import { HubError } from "./error.ts";
import type { Hub } from "./request.ts";
import { fetchCommitTree } from "./github_commit.ts";

/** Asks a server that has one answer. */
async function treeOf(commit: string, answer: unknown): Promise<string> {
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => Response.json(answer),
  );
  const hub: Hub = {
    id: "it",
    endpoint: `http://127.0.0.1:${server.addr.port}`,
    token: null,
    signal: undefined,
    retryDelays: [],
    patience: 1000,
    otherWays: "or else",
    otherFolder: "name",
    refusal: () => null,
  };
  return await fetchCommitTree(hub, "any/name", commit);
}

/** What GitHub really says of a commit of its own example repository, octocat/Hello-World. */
const REAL = {
  author: { name: "The Octocat", email: "octocat@nowhere.com", date: "2012-03-06T23:06:50Z" },
  committer: { name: "The Octocat", email: "octocat@nowhere.com", date: "2012-03-06T23:06:50Z" },
  tree: { sha: "b4eecafa9be2f2006ce1b709d6857b07069b4608" },
  message: "Merge pull request #6 from Spaceghost/patch-1\n\nNew line at end of file.",
  parents: [
    { sha: "553c2077f0edc3d5dc5d17262f6aa498e69d6f8e" },
    { sha: "762941318ee16e59dabbacb1b4049eec22f0d303" },
  ],
  verification: { verified: false, reason: "unsigned", signature: null, payload: null },
};
const REAL_ID = "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d";

// The ids of the next two are those that `git hash-object -t commit` gives.
const BY_HAND = {
  author: { name: "Ann Example", email: "ann@example.org", date: "2022-05-06T01:20:00Z" },
  committer: { name: "Bo", email: "bo@example.org", date: "2022-05-06T02:20:00Z" },
  tree: { sha: "4b825dc642cb6eb9a060e54bf8d69288fbee4904" },
  message: "By hand", // written with a line break at its end; the zones are +0545 and -0330
  parents: [],
};
const BY_HAND_ID = "6ed063168a03b9c7e6b015e150d1b02c903e5f0e";

const SIGNED = {
  author: { name: "Ann Example", email: "ann@example.org", date: "2022-05-06T01:20:00Z" },
  committer: { name: "GitHub", email: "noreply@github.com", date: "2022-05-06T01:20:00Z" },
  tree: { sha: "4b825dc642cb6eb9a060e54bf8d69288fbee4904" },
  message: "Merge é\n\nTwo lines",
  parents: [{ sha: "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d" }],
  verification: {
    verified: true,
    reason: "valid",
    signature: "-----BEGIN PGP SIGNATURE-----\n\nbm90IGEgc2lnbmF0dXJl\n=abcd\n" +
      "-----END PGP SIGNATURE-----\n",
    payload: "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n" +
      "parent 7fd1a60b01f91b314f59955a4e4d4e80d8edf11d\n" +
      "author Ann Example <ann@example.org> 1651800000 +0200\n" +
      "committer GitHub <noreply@github.com> 1651800000 +0200\n\nMerge é\n\nTwo lines",
  },
};
const SIGNED_ID = "cbd718186f8664785b099a50bd319a9f268685d3";

Deno.test("fetchCommitTree() puts a commit together again, signed or not", async () => {
  assert.equal(await treeOf(REAL_ID, REAL), REAL.tree.sha);
  assert.equal(await treeOf(BY_HAND_ID, BY_HAND), BY_HAND.tree.sha);
  assert.equal(await treeOf(SIGNED_ID, SIGNED), SIGNED.tree.sha);
});

Deno.test("fetchCommitTree() takes the tree from what has the right id, and from nowhere else", async () => {
  const lie = { sha: "d".repeat(40) };
  assert.equal(await treeOf(SIGNED_ID, { ...SIGNED, tree: lie }), SIGNED.tree.sha);
  const { payload } = SIGNED.verification;
  const lies: [string, unknown][] = [
    [REAL_ID, { ...REAL, tree: lie }],
    [REAL_ID, { ...REAL, parents: REAL.parents.toReversed() }],
    [REAL_ID, { ...REAL, message: "Mine" }],
    [REAL_ID, { ...REAL, author: null }],
    [REAL_ID, { ...REAL, parents: [null] }],
    [BY_HAND_ID, REAL],
    [SIGNED_ID, { ...SIGNED, verification: null }],
    [SIGNED_ID, {
      ...SIGNED,
      verification: { ...SIGNED.verification, payload: payload.replace(/4b825/, "ddddd") },
    }],
    [SIGNED_ID, { ...SIGNED, verification: { ...SIGNED.verification, payload: "" } }],
  ];
  for (const [id, answer] of lies) {
    await assert.rejects(treeOf(id, answer), (error) => {
      assert.ok(error instanceof HubError && error.failure === "content", String(error));
      assert.match(error.message, /does not add up to that id; clone the repository with git/);
      return true;
    });
  }
});

Deno.test("fetchCommitTree() refuses what is no commit", async () => {
  for (const answer of [null, [], {}, "x", { ...REAL, tree: {} }, { ...REAL, message: 1 }]) {
    await assert.rejects(treeOf(REAL_ID, answer), (error) => {
      assert.ok(error instanceof HubError && error.failure === "server", String(error));
      assert.match(error.message, /does not answer as GitHub does: the commit has no tree/);
      return true;
    });
  }
});
