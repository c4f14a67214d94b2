/** Formats of servers: listings of the Hugging Face hub and of GitHub, and the listing that is kept. */
import { join } from "node:path";
import { fetchCommitTree } from "../hub/github_commit.ts";
import { fetchTree } from "../hub/github_tree.ts";
import { gitObjectId, gitTreeId } from "../hub/git_object.ts";
import { resolveModel } from "../hub/hugging_face.ts";
import type { Hub } from "../hub/request.ts";
import { type Format, json } from "./format.ts";

const CONTENT = '{"model_type":"t5"}';
const COMMIT = "c".repeat(40);

const LISTING = {
  id: "org/name",
  sha: COMMIT,
  siblings: [
    { rfilename: "config.json", size: CONTENT.length, blobId: gitObjectId("blob", CONTENT) },
    {
      rfilename: "model.safetensors",
      size: 1000,
      lfs: { sha256: "e".repeat(64), size: 1000, pointerSize: 135 },
    },
    { rfilename: "onnx/config.json", size: 10 },
  ],
};

const SAVED = {
  commit: COMMIT,
  files: [{ name: "config.json", size: CONTENT.length, hash: null }],
};

const TREE = {
  sha: COMMIT,
  truncated: false,
  tree: [
    { path: "a.json", mode: "100644", type: "blob", sha: "a".repeat(40), size: 3 },
    { path: "tasks", mode: "040000", type: "tree", sha: "b".repeat(40) },
  ],
};

const TREE_ID = gitTreeId([
  { name: "a.json", mode: "100644", id: "a".repeat(40) },
  { name: "tasks", mode: "40000", id: "b".repeat(40) },
]);

const GIT_COMMIT = {
  sha: COMMIT,
  tree: { sha: "a".repeat(40) },
  parents: [{ sha: "b".repeat(40) }],
  author: { name: "A", email: "a@b", date: "2024-01-02T03:04:05Z" },
  committer: { name: "A", email: "a@b", date: "2024-01-02T03:04:05Z" },
  message: "words",
  verification: { verified: false, signature: null, payload: null },
};

const PERSON = "A <a@b> 1704164645 +0000";
const COMMIT_ID = gitObjectId(
  "commit",
  `tree ${"a".repeat(40)}\nparent ${
    "b".repeat(40)
  }\nauthor ${PERSON}\ncommitter ${PERSON}\n\nwords`,
);

/** Asks a server on this machine that answers everything with `input`, except for files. */
async function asked<T>(
  input: Uint8Array<ArrayBuffer>,
  ask: (endpoint: string) => Promise<T>,
): Promise<T> {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    return new Response(request.url.includes("/resolve/") ? CONTENT : input);
  });
  try {
    return await ask(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

const OPTIONS = { token: "", retryDelays: [], patterns: ["config.json"] };

function github(endpoint: string): Hub {
  return {
    id: "the tasks",
    endpoint,
    token: null,
    signal: undefined,
    retryDelays: [],
    patience: 1000,
    otherWays: "download them by hand",
    otherFolder: "name another folder for",
    refusal: () => null,
  };
}

export const HUB_FORMATS: Readonly<Record<string, Format>> = {
  hub_listing: {
    seeds: () => [json({ ...LISTING, siblings: [{ rfilename: "config.json" }] }), json(LISTING)],
    read: (input, dir) =>
      asked(input, (endpoint) => resolveModel("org/name", { ...OPTIONS, endpoint, cacheDir: dir })),
  },
  saved_listing: {
    seeds: () => [json(SAVED)],
    async read(input, dir) {
      const folder = join(dir, "polytropos", "org--name", "main");
      await Deno.mkdir(folder, { recursive: true });
      await Deno.writeTextFile(join(folder, "config.json"), CONTENT);
      await Deno.writeFile(join(folder, ".listing.json"), input);
      // Nobody listens at this port, so that the kept listing counts.
      const endpoint = "http://127.0.0.1:1";
      await resolveModel("org/name", { ...OPTIONS, endpoint, cacheDir: dir });
    },
  },
  github_tree: {
    seeds: () => [json(TREE)],
    read: (input) =>
      asked(input, (endpoint) => fetchTree(github(endpoint), "org/name", TREE_ID, "tasks")),
  },
  github_commit: {
    seeds: () => [json(GIT_COMMIT)],
    read: (input) =>
      asked(input, (endpoint) => fetchCommitTree(github(endpoint), "org/name", COMMIT_ID)),
  },
};
