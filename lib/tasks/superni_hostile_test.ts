import assert from "node:assert/strict";
import { FakeGithub, fakeSuperni } from "../testing/fakes/fake_github.ts";
import { HubError } from "../hub/error.ts";
import { downloadSuperni, type SuperniDownloadOptions } from "./superni_download.ts";

/** Fails unless the download is refused with `message`, and leaves no file of tasks. */
async function refused(
  github: FakeGithub,
  message: RegExp,
  options: SuperniDownloadOptions = {},
): Promise<void> {
  const dir = await Deno.makeTempDir();
  const { endpoint, commit } = github;
  const server = { api: endpoint, raw: endpoint, token: "", commit, retryDelays: [0] };
  await assert.rejects(downloadSuperni(dir, { ...server, ...options }), (error) => {
    assert.ok(error instanceof HubError, String(error));
    assert.match(error.message, message);
    assert.doesNotMatch(Deno.inspect(error), /kim9|p@ss|p%40ss/);
    return true;
  });
  await Deno.remove(dir, { recursive: true });
}

/** A listing or commit without end, a chunk every `pause` ms. */
function endless(chunk: string, pause: number): Response {
  const bytes = new TextEncoder().encode(chunk);
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      controller.enqueue(bytes);
    },
  });
  return new Response(body);
}

Deno.test("R9 downloadSuperni() bounds commits and trees", async () => {
  await using github = new FakeGithub(fakeSuperni(5));
  for (const kind of ["/commits/", "/trees/"]) {
    github.trick = (path) => path.includes(kind) ? endless(" ".repeat(2 ** 16), 0) : undefined;
    await refused(github, /must have at most 8388608 bytes/);
  }
  const tree = { sha: "b".repeat(40) };
  const commits = [
    { tree, parents: [], message: "x".repeat(2 ** 22) },
    { tree, parents: Array(50_000).fill(tree), message: "x" },
    { tree, parents: [], message: "x", author: { name: "y".repeat(2 ** 20) } },
  ];
  for (const commit of commits) {
    github.trick = (path) => path.includes("/commits/") ? Response.json(commit) : undefined;
    const started = performance.now();
    await refused(github, /says of the commit must have at most 32768 characters/);
    assert.ok(performance.now() - started < 2000);
  }
});

Deno.test("R9 downloadSuperni() wants sizes that a file can have, and names", async () => {
  await using github = new FakeGithub(fakeSuperni(5));
  for (const size of [undefined, null, 2 ** 40, -1, "7"]) {
    github.lie = (entries) =>
      entries.map((entry) => entry.type === "blob" ? { ...entry, size } : entry);
    await refused(
      github,
      /the size of splits\/default\/train_tasks\.txt must be listed with at most/,
    );
  }
  github.lie = (entries) => [...entries, { ...entries[0], path: "model-" + "-of-".repeat(50_000) }];
  await refused(github, /a name has 200006 characters, more than 255/);
  github.lie = () => ["x".repeat(2 ** 20)];
  await refused(github, /"xxx.* has no path, mode or sha/);
});

Deno.test("R25 downloadSuperni() has a deadline for a listing", async () => {
  await using github = new FakeGithub(fakeSuperni(5));
  for (const kind of ["/commits/", "/trees/"]) {
    github.trick = (path) => path.includes(kind) ? endless(" ", 20) : undefined;
    await refused(github, /must be whole after 600 ms/, { patience: 200 });
  }
});

Deno.test("R5 downloadSuperni() sends name and password of an address, and says them to nobody", async () => {
  await using github = new FakeGithub(fakeSuperni(5));
  const api = github.endpoint.replace("//", "//kim9:p%40ss@");
  github.trick = () => new Response("no", { status: 404 });
  await refused(github, /status 404/, { api });
  assert.deepEqual(github.headers.map((sent) => sent.get("authorization")), [
    `Basic ${btoa("kim9:p@ss")}`,
  ]);
  await refused(github, /must be an address/, { api: "ftp://kim9:p@ss@host" });
  await refused(github, /must be an address/, { raw: "kim9:p@ss@host" });
  github.trick = () => undefined;
  const closed = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const raw = `http://kim9:p%40ss@127.0.0.1:${closed.addr.port}`;
  closed.close();
  await refused(github, /cannot be reached/, { raw });
});

Deno.test("R24 downloadSuperni() refuses a damaged provenance.json, and fetches again", async () => {
  await using github = new FakeGithub(fakeSuperni(5));
  const dir = await Deno.makeTempDir();
  const { endpoint, commit } = github;
  const download = () => downloadSuperni(dir, { api: endpoint, raw: endpoint, token: "", commit });
  await download();
  const path = `${dir}/provenance.json`;
  const whole = JSON.parse(await Deno.readTextFile(path));
  const id = "a".repeat(40);
  for (
    const damaged of [
      {},
      { commit },
      { ...whole, git_blobs: null },
      { ...whole, files: 1, git_blobs: { "tasks/..": id } },
      { ...whole, files: 1, git_blobs: { "tasks/../../x": id } },
      { ...whole, files: 1, git_blobs: { "splits/default/": id } },
      { ...whole, files: "8" },
    ]
  ) {
    await Deno.writeTextFile(path, JSON.stringify(damaged));
    assert.equal((await download()).files, 8);
    assert.deepEqual(JSON.parse(await Deno.readTextFile(path)).git_blobs, whole.git_blobs);
  }
  await Deno.writeFile(path, new Uint8Array([0xff, 0xfe, 0]));
  assert.equal((await download()).fetched, 0);
  await Deno.remove(dir, { recursive: true });
});
