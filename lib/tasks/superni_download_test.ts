import assert from "node:assert/strict";
import { join } from "node:path";
import { type FakeFolder, FakeGithub, fakeSuperni } from "../testing/fakes/fake_github.ts";
import { withEnvironment } from "../testing/with_environment.ts";
import { HubError } from "../hub/error.ts";
import { superniSuite } from "./superni.ts";
import {
  downloadSuperni,
  type SuperniDownload,
  type SuperniDownloadOptions,
  type SuperniProgress,
} from "./superni_download.ts";

/** A server with some tasks, and a folder that is gone afterwards. */
class Case implements AsyncDisposable {
  private constructor(readonly github: FakeGithub, readonly home: string) {}

  static async start(count = 5, instances = 8): Promise<Case> {
    return new Case(new FakeGithub(fakeSuperni(count, instances)), await Deno.makeTempDir());
  }

  get dir(): string {
    return join(this.home, "superni");
  }

  download(options: SuperniDownloadOptions = {}, dir = this.dir): Promise<SuperniDownload> {
    const { endpoint, commit } = this.github;
    const server = { api: endpoint, raw: endpoint, token: "", commit };
    return downloadSuperni(dir, { ...server, retryDelays: [0, 0], ...options });
  }

  async rejects(
    failure: HubError["failure"],
    message: RegExp,
    options: SuperniDownloadOptions = {},
    dir = this.dir,
  ): Promise<void> {
    await assert.rejects(this.download(options, dir), (error) => {
      assert.ok(error instanceof HubError, String(error));
      assert.match(error.message, message);
      assert.equal(error.failure, failure);
      return true;
    });
  }

  /** Every file below the folder, by its path. */
  async files(): Promise<string[]> {
    const found: string[] = [];
    const visit = async (dir: string, below: string) => {
      for await (const { name, isDirectory } of Deno.readDir(dir)) {
        if (isDirectory) await visit(join(dir, name), `${below}${name}/`);
        else found.push(`${below}${name}`);
      }
    };
    await visit(this.dir, "");
    return found.sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.github[Symbol.asyncDispose]();
    await Deno.remove(this.home, { recursive: true });
  }
}

const SPLITS = ["excluded_tasks.txt", "test_tasks.txt", "train_tasks.txt"].map((name) =>
  `splits/default/${name}`
);
const TASKS = [1, 2, 3, 4, 5].map((i) => `tasks/task${i}_say_${"abc"[(i - 1) % 3]}.json`);
const GIT = "/repos/allenai/natural-instructions/git";

Deno.test("downloadSuperni() fetches tasks and split along the hashes, and a suite reads them", async () => {
  await using one = await Case.start();
  const { github, dir } = one;
  const events: SuperniProgress[] = [];
  const found = await one.download({ onProgress: (event) => events.push(event) });

  assert.equal(github.listings[0], `${GIT}/commits/${github.commit}`);
  assert.equal(github.listings.length, 5, "the commit, its tree, tasks, splits, splits/default");
  for (const path of github.listings.slice(1)) {
    assert.ok(path.startsWith(`${GIT}/trees/`) && !path.includes(github.commit), path);
  }
  assert.deepEqual(github.fetched.toSorted(), [...SPLITS, ...TASKS]);
  assert.deepEqual(await one.files(), [".lock", "provenance.json", ...SPLITS, ...TASKS]);
  const tasks = github.root.tasks as Record<string, string>;
  for (const path of TASKS) {
    assert.equal(await Deno.readTextFile(join(dir, path)), tasks[path.slice("tasks/".length)]);
  }
  const bytes = events.at(-1)!.bytes;
  assert.deepEqual(found, { commit: github.commit, files: 8, bytes, fetched: 8, others: [] });
  assert.deepEqual(events.at(-1), { done: 8, files: 8, received: bytes, bytes });

  const size = { n_tasks: 4, n_heldout_tasks: 1, n_train: 3, n_validation: 1, n_test: 2, seed: 0 };
  const suite = await superniSuite({ ...size, data_dir: dir, split: "official" });
  assert.deepEqual(suite.heldOut.map(({ name }) => name), ["task5_say_b"]);
  assert.equal(suite.training.length, 4);
});

Deno.test("downloadSuperni() says what the folder holds, by hash", async () => {
  await using one = await Case.start();
  const { files, bytes } = await one.download();
  const { finished, tree, git_blobs, ...rest } = JSON.parse(
    await Deno.readTextFile(join(one.dir, "provenance.json")),
  );
  assert.ok(Math.abs(Date.parse(finished) - Date.now()) < 60_000);
  assert.equal(`${GIT}/trees/${tree}`, one.github.listings[1]);
  assert.equal(
    git_blobs["splits/default/excluded_tasks.txt"],
    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
  );
  assert.deepEqual(Object.keys(git_blobs).sort(), [...SPLITS, ...TASKS]);
  assert.deepEqual(rest, {
    name: "Super-NaturalInstructions",
    cite: "Wang et al. 2022, arXiv 2204.07705",
    source: "https://github.com/allenai/natural-instructions",
    commit: one.github.commit,
    files,
    bytes,
  });
});

Deno.test("downloadSuperni() asks nobody about a folder that is whole, and mends one that is not", async () => {
  await using one = await Case.start();
  const first = await one.download();
  one.github.asked.length = 0;
  assert.deepEqual(await one.download(), { ...first, fetched: 0 });
  assert.deepEqual(one.github.asked, []);

  const path = join(one.dir, TASKS[2]!);
  const content = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, content.replace("word 0", "ward 0")); // of the same size
  await Deno.remove(join(one.dir, TASKS[3]!));
  await Deno.writeTextFile(join(one.dir, "tasks/mine.json"), "{}");
  assert.deepEqual(await one.download(), { ...first, fetched: 2, others: ["tasks/mine.json"] });
  assert.deepEqual(one.github.fetched.toSorted(), [TASKS[2], TASKS[3]]);
  assert.equal(await Deno.readTextFile(path), content);
});

Deno.test("downloadSuperni() takes what a clone has already", async () => {
  await using one = await Case.start();
  await Deno.mkdir(join(one.dir, "tasks"), { recursive: true });
  for (const path of TASKS.slice(0, 3)) {
    const text = (one.github.root.tasks as Record<string, string>)[path.slice("tasks/".length)]!;
    await Deno.writeTextFile(join(one.dir, path), text);
  }
  assert.equal((await one.download()).fetched, 5);
});

Deno.test("downloadSuperni() that is stopped goes on, and fetches no file twice", async () => {
  await using one = await Case.start(20);
  const { github, dir } = one;
  const stop = new AbortController();
  const stopped = one.download({
    signal: stop.signal,
    onProgress: ({ done }) => done >= 8 && stop.abort(new Error("enough")),
  });
  await assert.rejects(stopped, { message: "enough" });
  const there = (await one.files()).filter((path) => /\.(json|txt)$/.test(path));
  assert.ok(there.length >= 8 && there.length < 23, `${there.length} of 23 files`);
  const size = { n_tasks: 1, n_heldout_tasks: 1, n_train: 3, n_validation: 1, n_test: 2, seed: 0 };
  await assert.rejects(superniSuite({ ...size, data_dir: dir, split: "seeded" }), {
    name: "TaskFileError",
    message: /as its download is not finished: run deno task data superni .*superni again/,
  });

  // Another server: what the first was asked when the download stopped may reach it later.
  await using other = new FakeGithub(github.root);
  const from = { api: other.endpoint, raw: other.endpoint };
  const { fetched } = await one.download(from);
  assert.equal(fetched, 23 - there.length);
  assert.equal(other.fetched.length, fetched);
  assert.deepEqual(other.fetched.filter((path) => there.includes(path)), []);
  assert.equal(new Set(other.fetched).size, fetched);
  await superniSuite({ ...size, data_dir: dir, split: "seeded" });

  other.asked.length = 0;
  await assert.rejects(one.download({ ...from, signal: stop.signal }), { message: "enough" });
  assert.deepEqual(other.asked, []);
});

Deno.test("downloadSuperni() goes on inside a file", async () => {
  await using one = await Case.start(5, 2000);
  await Deno.mkdir(join(one.dir, "tasks"), { recursive: true });
  const path = TASKS[1]!;
  const text = (one.github.root.tasks as Record<string, string>)[path.slice("tasks/".length)]!;
  await Deno.writeTextFile(join(one.dir, `${path}.incomplete`), text.slice(0, 5000));
  await one.download();
  const request = one.github.asked.findIndex((asked) => asked.endsWith(path));
  assert.match(one.github.headers[request]!.get("range")!, /^bytes=500[1-9]-$/); // two bytes for é
  assert.equal(await Deno.readTextFile(join(one.dir, path)), text);
});

Deno.test("downloadSuperni() asks again when asked to wait, after an error and after a break", async () => {
  await using one = await Case.start();
  const answers = new Map([
    [`${GIT}/commits/${one.github.commit}`, [429, 200]],
    [TASKS[0]!, [429, 502, 200]],
    [TASKS[1]!, [0, 200]],
  ]);
  one.github.trick = (path) => {
    const left = [...answers].find(([end]) => path.endsWith(end))?.[1] ?? [];
    const status = left.shift() ?? 200;
    if (status === 200) return undefined;
    if (status === 0) {
      const body = new ReadableStream({ start: (controller) => controller.error(new Error()) });
      return new Response(body);
    }
    return new Response("later", { status, headers: { "retry-after": "0" } });
  };
  assert.equal((await one.download()).fetched, 8);
  assert.deepEqual([...answers.values()].flat(), []);
  assert.equal(one.github.fetched.filter((path) => path === TASKS[0]).length, 3);
});

Deno.test("downloadSuperni() waits as long as the server says, and not for an hour", async () => {
  await using one = await Case.start();
  let refusals = 1;
  const refuse = (wait: string) => () =>
    refusals-- > 0
      ? new Response("", { status: 403, headers: { "retry-after": wait } })
      : undefined;
  one.github.trick = refuse("1");
  const started = performance.now();
  await one.download();
  assert.ok(performance.now() - started >= 1000);

  await Deno.remove(one.dir, { recursive: true });
  [refusals, one.github.trick] = [Infinity, refuse("3600")];
  one.github.asked.length = 0;
  await one.rejects(
    "server",
    /is asked too often \(status 403\); try again later, or set GITHUB_TO/,
  );
  assert.equal(one.github.asked.length, 1);
});

Deno.test("downloadSuperni() says what to do about a refusal, and does not insist", async () => {
  await using one = await Case.start();
  const reset = `${Math.round(Date.now() / 1000) + 90}`;
  const limit = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset };
  const cases: [number, Record<string, string>, string, HubError["failure"], RegExp][] = [
    [
      403,
      limit,
      "",
      "server",
      /no more requests for now \(status 403\); wait 2 minutes, or set GI/,
    ],
    [429, limit, "t", "server", /wait 2 minutes, or set GITHUB_TOKEN to a token that may ask more/],
    [403, {}, "", "unauthorized", /set GITHUB_TOKEN .*, and check that no proxy stands in between/],
    [401, {}, "t", "unauthorized", /does not accept the token in GITHUB_TOKEN \(status 401\)/],
    [404, {}, "", "not_found", /does not have what commit \w{40} of allenai\/natural-instructions/],
    [400, {}, "", "server", /answers with status 400; try again later/],
  ];
  for (const [status, headers, token, failure, message] of cases) {
    one.github.asked.length = 0;
    one.github.trick = () => new Response("no", { status, headers });
    await one.rejects(failure, message, { token });
    assert.equal(one.github.asked.length, 1);
  }
  // A refusal in the middle stops the others too.
  one.github.trick = (path) =>
    path.endsWith(TASKS[2]!) ? new Response("no", { status: 403, headers: limit }) : undefined;
  await one.rejects("server", /no more requests for now/);
});

Deno.test("downloadSuperni() says when the server cannot be reached, or is none of GitHub's", async () => {
  await using one = await Case.start();
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const endpoint = `http://127.0.0.1:${listener.addr.port}`;
  listener.close();
  const remedy = "check the network, set POLY_GITHUB_API, or clone the repository with git";
  await one.rejects("unreachable", new RegExp(`${endpoint} cannot be reached: .*; ${remedy}`), {
    api: endpoint,
    retryDelays: [60_000], // one try must be enough: nobody listens
  });
  await one.rejects("unreachable", /set POLY_GITHUB_RAW, or clone/, { raw: endpoint });
  await one.rejects("name", /found "ftp:\/\/x"; set POLY_GITHUB_RAW/, { raw: "ftp://x" });
  for (const commit of ["master", "", "A".repeat(40), `${"a".repeat(40)}/../..`]) {
    await one.rejects("name", /commit must be 40 hexadecimal digits: found/, { commit });
  }
  one.github.trick = () => new Response("<html>");
  await one.rejects("server", /does not answer as GitHub does: \/repos.* is not JSON/);
});

Deno.test("downloadSuperni() refuses a file that is not what its hash says, and leaves none of it", async () => {
  const text = (one: Case) =>
    (one.github.root.tasks as Record<string, string>)["task2_say_b.json"]!;
  const wrong: [(text: string) => string, RegExp][] = [
    [
      (text) => text.replace("word 0", "ward 0"),
      /the hash of tasks\/task2_say_b\.json must be \w{40}/,
    ],
    [(text) => text.slice(1), /the size of tasks\/task2_say_b\.json must be \d+ bytes as listed/],
    [(text) => text + " ", /the size of tasks\/task2_say_b\.json must be/],
  ];
  for (const [change, message] of wrong) {
    await using one = await Case.start();
    one.github.trick = (path) =>
      path.endsWith(TASKS[1]!) ? new Response(change(text(one))) : undefined;
    await one.rejects("content", message);
    const left = await one.files();
    assert.ok(!left.some((path) => path.startsWith(TASKS[1]!)), left.join());
    assert.ok(left.includes(".unfinished") && !left.includes("provenance.json"));
    one.github.trick = () => undefined;
    await one.download();
  }
});

Deno.test("downloadSuperni() refuses a listing that is not what its hash says", async () => {
  await using evil = new FakeGithub({ ...fakeSuperni(5), "tasks": { "task1_evil.json": "{}" } });
  type Entry = Record<string, unknown>;
  const entry = (entries: Entry[], name: string) => entries.find(({ path }) => path === name);
  const lies: ((entries: Entry[]) => unknown[])[] = [
    (entries) => entries.filter(({ path }) => path !== "task3_say_c.json"),
    (entries) => entries.filter(({ path }) => path !== "tasks-old"),
    (entries) => [...entries, { path: "z.json", mode: "100644", sha: "a".repeat(40), size: 1 }],
    (entries) => entries.map((one) => one.path === "tasks" ? { ...one, sha: "b".repeat(40) } : one),
    (entries) =>
      entries.map((one) => ({ ...one, mode: one.mode === "100644" ? "100755" : one.mode })),
    (entries) =>
      entries.map((one) =>
        one.path === "test_tasks.txt"
          ? { ...entry(entries, "train_tasks.txt"), path: one.path }
          : one
      ),
  ];
  for (const lie of lies) {
    await using one = await Case.start();
    one.github.lie = lie;
    await one.rejects("content", /lists .* wrongly: its hash must be \w{40}, not \w{40}; set POLY/);
    assert.deepEqual(one.github.fetched, []);
  }
  // Everything is in order within another commit: the pinned one decides.
  await using one = await Case.start();
  one.github.trick = async (path) =>
    path.startsWith("/repos")
      ? await fetch(`${evil.endpoint}${path.replace(one.github.commit, evil.commit)}`)
      : undefined;
  await one.rejects("content", /of commit \w{40} does not add up to that id; clone the repository/);
});

Deno.test("downloadSuperni() refuses a listing that is none, and names that lead outside", async () => {
  const entry = { path: "a.json", mode: "100644", sha: "a".repeat(40) };
  const answers: [unknown, HubError["failure"], RegExp][] = [
    [null, "server", /the listing has no tree/],
    [{ tree: {} }, "server", /the listing has no tree/],
    [{ tree: [entry], truncated: true }, "server", /the listing is cut short/],
    [{ tree: [null] }, "server", /null has no path, mode or sha/],
    [{ tree: [{ ...entry, sha: "../../x" }] }, "server", /has no path, mode or sha/],
    [{ tree: [{ ...entry, mode: "file" }] }, "server", /has no path, mode or sha/],
    ...["../a.json", "/etc/a.json", "a/b.json", "..", ".", "", "a\0.json"].map((
      path,
    ): [unknown, HubError["failure"], RegExp] => [
      { tree: [{ ...entry, path }] },
      "content",
      /lists the commit wrongly: ".*" is no name of a file in it/,
    ]),
  ];
  for (const [answer, failure, message] of answers) {
    await using one = await Case.start();
    one.github.trick = (path) => path.includes("/trees/") ? Response.json(answer) : undefined;
    await one.rejects(failure, message);
    assert.deepEqual(one.github.fetched, []);
  }
  // A name that git allows and other systems take for a path.
  await using github = new FakeGithub({ ...fakeSuperni(5), "tasks": { "..\\a.json": "{}" } });
  await using one = await Case.start();
  const { endpoint, commit } = github;
  await one.rejects("content", /tasks has a name that no file here can have: "\.\.\\\\a\.json"/, {
    api: endpoint,
    commit,
  });
});

Deno.test("downloadSuperni() says what a commit lacks", async () => {
  const whole = fakeSuperni(5);
  const lacking: [FakeFolder, RegExp][] = [
    [{ ...whole, tasks: "a file" }, /commit \w{40} of allenai\/natural-instructions has no tasks$/],
    [{ ...whole, tasks: { "README.md": "" } }, /has no tasks\/\*\.json$/],
    [{ ...whole, splits: {} }, /has no splits\/default$/],
    [{ ...whole, splits: { default: {} } }, /has no splits\/default\/train_tasks\.txt$/],
  ];
  for (const [root, message] of lacking) {
    await using github = new FakeGithub(root);
    await using one = await Case.start();
    await one.rejects("not_found", message, { api: github.endpoint, commit: github.commit });
  }
});

Deno.test("downloadSuperni() sends GITHUB_TOKEN to GitHub only, and a token it is given", async () => {
  await using one = await Case.start();
  const { endpoint: api, commit } = one.github;
  await withEnvironment({ GITHUB_TOKEN: "ghp_secret" }, async () => {
    await downloadSuperni(one.dir, { api, raw: api, commit });
  });
  const sent = () => new Set(one.github.headers.map((sent) => sent.get("authorization")));
  assert.deepEqual([...sent()], [null]);
  assert.ok(
    one.github.headers.every((sent) => sent.get("user-agent")),
    "GitHub wants one",
  );
  one.github.headers.length = 0;
  await one.download({ token: "ghp_given\n" }, `${one.dir}2`);
  assert.deepEqual([...sent()], ["Bearer ghp_given"]);
});

Deno.test("downloadSuperni() finds other addresses in the environment", async () => {
  await using one = await Case.start();
  const set = { POLY_GITHUB_API: `${one.github.endpoint}/`, POLY_GITHUB_RAW: one.github.endpoint };
  await withEnvironment(set, async () => {
    const { fetched } = await downloadSuperni(one.dir, { commit: one.github.commit });
    assert.equal(fetched, 8);
  });
});

Deno.test("downloadSuperni() pins one commit of the authors' repository", async () => {
  await using one = await Case.start();
  const { endpoint } = one.github;
  await assert.rejects(downloadSuperni(one.dir, { api: endpoint, raw: endpoint, token: "" }), {
    name: "HubError",
  });
  const pinned = "55a365637381ce7f3748fa2eac7aef1a113bbb82";
  assert.deepEqual(one.github.asked, [`${GIT}/commits/${pinned}`]);
});

Deno.test("downloadSuperni() says when the folder cannot be written", async () => {
  await using one = await Case.start();
  await Deno.writeTextFile(join(one.home, "file"), "in the way");
  await one.rejects(
    "disk",
    /^Cannot write .*; name a folder that can be written$/,
    {},
    join(one.home, "file"),
  );
  await Deno.mkdir(join(one.dir, TASKS[0]!), { recursive: true });
  await one.rejects("disk", /^Cannot write .*task1_say_a\.json: .*; name a folder that can be/);
});

Deno.test({
  name: "downloadSuperni() says when the disk is full",
  ignore: Deno.build.os !== "linux", // the device that is always full
  async fn() {
    await using one = await Case.start();
    await Deno.mkdir(join(one.dir, "tasks"), { recursive: true });
    await Deno.symlink("/dev/full", join(one.dir, `${TASKS[4]}.incomplete`));
    await one.rejects("disk", /as the disk is full; free some space, or name a folder on another/);
  },
});

Deno.test("downloadSuperni() does not write where another download is at work", async () => {
  await using one = await Case.start();
  await Deno.mkdir(one.dir);
  using held = await Deno.open(join(one.dir, ".lock"), { write: true, create: true });
  await held.lock(true);
  await one.rejects("disk", /as another download into it is at work; wait for it/);
});
