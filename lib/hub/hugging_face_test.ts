import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { type DownloadEvent, HubError, resolveModel, type ResolveOptions } from "./hugging_face.ts";
import {
  at,
  bytes,
  COMMIT,
  cut,
  LISTING,
  rejects,
  stalled,
  TestHub,
  WEIGHTS,
} from "../testing/fakes/test_hub.ts";
import { withEnvironment } from "../testing/with_environment.ts";

Deno.test("resolveModel() downloads what is wanted, and nothing the second time", async () => {
  await using hub = await TestHub.start();
  const dir = await hub.resolve();
  assert.equal(dir, hub.dir);
  assert.deepEqual(hub.asked, [LISTING, at("config.json"), WEIGHTS]);
  for (const name of ["config.json", "model.safetensors"]) {
    assert.deepEqual(await Deno.readFile(join(dir, name)), hub.files.get(name));
  }
  assert.deepEqual(
    (await Array.fromAsync(Deno.readDir(dir))).map(({ name }) => name).sort(),
    ["config.json", "model.safetensors"],
  );
  hub.asked.length = 0;
  assert.equal(await hub.resolve(), dir);
  assert.deepEqual(hub.asked, [LISTING]);
});

Deno.test("resolveModel() takes a folder as it is, a relative one too", async () => {
  await using hub = await TestHub.start();
  await Deno.mkdir(join(hub.cacheDir, "org/name"), { recursive: true });
  const path = join(hub.cacheDir, "org/name");
  assert.equal(await hub.resolve({}, path), path);
  assert.equal(await hub.resolve({}, "."), ".");
  assert.deepEqual(hub.asked, []);
});

Deno.test("resolveModel() tells a folder that is absent from a name that cannot be", async () => {
  for (
    const path of ["./no-such", "../no-such", "/no/such", "~/no-such", "a\\b", "no/such/c", ".no"]
  ) {
    await rejects(resolveModel(path), "name", /there is no such folder/);
  }
  for (
    const id of ["", "a/", "org/..", "a..b", "a--b", "a b", "a\0b", "a\n", "-a", "a.", "a.git", "é"]
  ) {
    await rejects(resolveModel(id), "name", /is neither a folder nor a hub's "org\/name"/);
  }
  for (const revision of ["", "..", "a/../b", "a b", "/a", "a/", "a//b", ".a", "a\0", "a?b"]) {
    await rejects(resolveModel("org/name", { revision }), "name", /revision must be the name/);
  }
  await rejects(
    resolveModel("org/name", { endpoint: "file:///etc" }),
    "name",
    /found "file:\/\/\/etc"/,
  );
});

Deno.test("resolveModel() never leaves the cache, whatever the name and revision", async () => {
  await using hub = await TestHub.start();
  const cut = [".", "..", "/", "\\", "-", "a", "C:", "%2e", "\0", "~"];
  const word = fc.array(fc.constantFrom(...cut), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(word, word, async (id, revision) => {
      const options = { revision: revision.join("") };
      const found = await hub.resolve(options, `no-such-${id.join("")}`).catch((error) => error);
      assert.ok(found instanceof HubError, String(found));
    }),
    { numRuns: 200 },
  );
  for (const path of hub.asked) assert.match(path, /^\/api\/models\/[\w.-]+(\/[\w.-]+)?\/revision/);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(hub.cacheDir)), []);
});

Deno.test("resolveModel() asks for a revision with a slash, and keeps its commit under it", async () => {
  await using hub = await TestHub.start();
  const dir = await hub.resolve({ revision: "refs/pr/1", patterns: ["config.json"] });
  assert.equal(dir, hub.dir);
  const ref = join(hub.cacheDir, "models--org--name", "refs", "refs", "pr", "1");
  assert.equal(await Deno.readTextFile(ref), COMMIT);
  assert.deepEqual(hub.asked, ["/api/models/org/name/revision/refs%2Fpr%2F1", at("config.json")]);
});

Deno.test("resolveModel() does not ask at all about a commit that is there", async () => {
  await using hub = await TestHub.start();
  const revision = "c".repeat(40);
  await hub.resolve({ revision });
  hub.asked.length = 0;
  await hub.resolve({ revision });
  assert.deepEqual(hub.asked, []);
});

Deno.test("resolveModel() fetches again what the hub lists otherwise, of the same size too", async () => {
  await using hub = await TestHub.start();
  await hub.resolve();
  hub.asked.length = 0;
  hub.files.set("config.json", bytes(`{"model_type":"t6"}`));
  await hub.resolve();
  assert.deepEqual(hub.asked, [LISTING, at("config.json")]);
  assert.equal(await Deno.readTextFile(join(hub.dir, "config.json")), `{"model_type":"t6"}`);
});

Deno.test("resolveModel() goes on after a cut connection, within a call and in the next", async () => {
  await using hub = await TestHub.start();
  const content = hub.files.get("model.safetensors")!;
  let cuts = 1;
  hub.trick = (path) => path === WEIGHTS && cuts-- > 0 ? cut(content, 300) : undefined;
  await hub.resolve({ patterns: ["*.safetensors"] });
  assert.deepEqual(hub.asked, [LISTING, WEIGHTS, `${WEIGHTS} bytes=300-`]);
  assert.deepEqual(await Deno.readFile(join(hub.dir, "model.safetensors")), content);

  await Deno.remove(join(hub.cacheDir, "models--org--name"), { recursive: true });
  cuts = 1;
  await rejects(
    hub.resolve({ retryDelays: [], patterns: ["*.safetensors"] }),
    "unreachable",
    /^Cannot download org\/name as http:\/\/127.* cannot be reached: .*; check the network, set HF_ENDPOINT, or pass a folder$/,
  );
  assert.ok(!await hub.has("model.safetensors"));
  hub.asked.length = 0;
  await hub.resolve();
  assert.deepEqual(hub.asked, [LISTING, at("config.json"), `${WEIGHTS} bytes=300-`]);
  assert.deepEqual(await Deno.readFile(join(hub.dir, "model.safetensors")), content);
});

Deno.test("resolveModel() starts afresh where the hub knows no ranges, or no hash", async () => {
  for (const unchecked of [false, true]) {
    await using hub = await TestHub.start();
    const content = hub.files.get("model.safetensors")!;
    hub.ranges = unchecked;
    if (unchecked) hub.listed = (rfilename, { length }) => ({ rfilename, size: length });
    hub.trick = (path) => path === WEIGHTS ? cut(content, 300) : undefined;
    const options = { retryDelays: [], patterns: ["*.safetensors"] };
    await rejects(hub.resolve(options), "unreachable", /cannot be reached/);
    hub.trick = () => undefined;
    hub.asked.length = 0;
    await hub.resolve(options);
    assert.deepEqual(hub.asked, [LISTING, unchecked ? WEIGHTS : `${WEIGHTS} bytes=300-`]);
    const dir = unchecked ? hub.ownDir : hub.dir;
    assert.deepEqual(await Deno.readFile(join(dir, "model.safetensors")), content);
  }
});

Deno.test("resolveModel() recovers from a part that does not belong to the file", async () => {
  await using hub = await TestHub.start();
  const part = `${hub.blob("model.safetensors")}.incomplete`;
  await Deno.mkdir(dirname(part), { recursive: true });
  for (const length of [10, 1000, 2000]) {
    await Deno.writeFile(part, new Uint8Array(length).fill(255));
    await hub.resolve();
    const path = join(hub.dir, "model.safetensors");
    assert.deepEqual(await Deno.readFile(path), hub.files.get("model.safetensors"));
    await assert.rejects(Deno.stat(part), Deno.errors.NotFound);
    await Deno.remove(await Deno.realPath(path));
  }
});

Deno.test("resolveModel() refuses a file of the wrong size or hash, and leaves none of it", async () => {
  const lies: [Record<string, unknown>, RegExp][] = [
    [{ size: 999 }, /the size of model\.safetensors must be 999 bytes as listed, not 1000/],
    [{ size: 1001 }, /the size of model\.safetensors must be 1001 bytes as listed, not 1000/],
    [{ lfs: { sha256: "0".repeat(64) } }, /the hash of model\.safetensors must be 0{64} as listed/],
    [{ lfs: undefined, blobId: "0".repeat(40) }, /the hash of model\.safetensors must be 0{40} as/],
  ];
  for (const [lie, message] of lies) {
    await using hub = await TestHub.start();
    const honest = hub.listed;
    hub.listed = (name, content) => ({ ...honest(name, content), ...lie });
    await rejects(hub.resolve({ patterns: ["*.safetensors"] }), "content", message);
    assert.ok(!await hub.has("model.safetensors"));
    const blobs = Deno.readDir(join(hub.cacheDir, "models--org--name", "blobs"));
    assert.deepEqual(await Array.fromAsync(blobs), []);
  }
});

Deno.test("resolveModel() tries again after a server's error, and not for ever", async () => {
  await using hub = await TestHub.start();
  let errors = 2;
  hub.trick = () => errors-- > 0 ? new Response("busy", { status: 503 }) : undefined;
  await hub.resolve({ patterns: ["config.json"] });
  assert.deepEqual(hub.asked, [LISTING, LISTING, LISTING, at("config.json")]);
  hub.asked.length = 0;
  hub.trick = (path) => path === WEIGHTS ? new Response("broken", { status: 500 }) : undefined;
  await rejects(hub.resolve(), "server", /answers with status 500; try again later/);
  assert.deepEqual(hub.asked, [LISTING, WEIGHTS, WEIGHTS, WEIGHTS]);
});

Deno.test("resolveModel() gives up on a connection that says nothing", async () => {
  await using hub = await TestHub.start();
  const content = hub.files.get("model.safetensors")!;
  let stalls = 1;
  hub.trick = (path) => path === WEIGHTS && stalls-- > 0 ? stalled(content, 300) : undefined;
  await hub.resolve({ patience: 500 });
  assert.deepEqual(hub.asked.slice(-2), [WEIGHTS, `${WEIGHTS} bytes=300-`]);
});

Deno.test("resolveModel() says what to do about a refusal, and does not insist", async () => {
  await using hub = await TestHub.start();
  const cases: [number, Record<string, string>, ResolveOptions, HubError["failure"], RegExp][] = [
    [401, {}, {}, "unauthorized", /check the spelling, or set HF_TOKEN to a token that may read/],
    [403, {}, { token: "hf_x" }, "unauthorized", /check that the token in HF_TOKEN may read it/],
    [404, {}, {}, "not_found", /has no such model or revision: revision is "main"/],
    [404, { "x-error-code": "RevisionNotFound" }, {}, "not_found", /has no revision "main" of it/],
    [400, {}, {}, "server", /answers with status 400/],
  ];
  for (const [status, headers, options, failure, message] of cases) {
    hub.asked.length = 0;
    hub.trick = () => new Response("no", { status, headers });
    await rejects(hub.resolve(options), failure, message);
    assert.deepEqual(hub.asked, [LISTING]);
  }
  hub.trick = (path) => path === WEIGHTS ? new Response("no", { status: 403 }) : undefined;
  await rejects(hub.resolve(), "unauthorized", /gated/);
});

Deno.test("resolveModel() sends the token to the hub, and to nobody it redirects to", async () => {
  await using hub = await TestHub.start();
  await using elsewhere = await TestHub.start();
  hub.trick = (path) =>
    path.startsWith("/api") ? undefined : Response.redirect(`${elsewhere.endpoint}${path}`);
  await withEnvironment({ HF_TOKEN: "hf_secret\n", HF_ENDPOINT: `${hub.endpoint}/` }, async () => {
    await resolveModel("org/name", { cacheDir: hub.cacheDir });
  });
  assert.deepEqual([...hub.authorizations], ["Bearer hf_secret"]);
  assert.deepEqual([...elsewhere.authorizations], [null]);
  assert.deepEqual(elsewhere.asked, [at("config.json"), WEIGHTS]);
});

Deno.test("resolveModel() says when the hub cannot be reached, and uses what is there", async () => {
  await using hub = await TestHub.start();
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const endpoint = `http://127.0.0.1:${listener.addr.port}`;
  listener.close();
  // One try must be enough: nobody listens.
  const options = { endpoint, retryDelays: [60_000] };
  await rejects(
    hub.resolve(options),
    "unreachable",
    new RegExp(`^Cannot download org/name as ${endpoint} cannot be reached: .*refused.*; check `),
  );
  await hub.resolve({ patterns: ["config.json"] });
  assert.equal(await hub.resolve({ ...options, patterns: ["config.json"] }), hub.dir);
  await rejects(hub.resolve(options), "unreachable", /cannot be reached/);
  await Deno.remove(await Deno.realPath(join(hub.dir, "config.json")));
  await rejects(hub.resolve({ ...options, patterns: ["config.json"] }), "unreachable", /reached/);
});

Deno.test("resolveModel() asks nobody when HF_HUB_OFFLINE is set", async () => {
  await using hub = await TestHub.start();
  await withEnvironment({ HF_HUB_OFFLINE: "1" }, async () => {
    await rejects(hub.resolve(), "unreachable", /as HF_HUB_OFFLINE is set/);
    assert.deepEqual(hub.asked, []);
  });
  await hub.resolve();
  hub.asked.length = 0;
  await withEnvironment({ HF_HUB_OFFLINE: "1" }, async () => {
    assert.equal(await hub.resolve(), hub.dir);
  });
  assert.equal(await hub.resolve({ offline: true }), hub.dir);
  const lacking = hub.resolve({ offline: true, patterns: ["pytorch_model.bin"] });
  await rejects(lacking, "unreachable", /as offline is set/);
  assert.deepEqual(hub.asked, []);
});

Deno.test("resolveModel() keeps the cache where the environment says", async () => {
  await using hub = await TestHub.start();
  const { endpoint, cacheDir } = hub;
  const below = join("models--org--name", "snapshots", COMMIT);
  const patterns = ["config.json"];
  await withEnvironment({ HF_HUB_CACHE: "", HF_HOME: join(cacheDir, "home") }, async () => {
    const dir = await resolveModel("org/name", { endpoint, patterns });
    assert.equal(dir, join(cacheDir, "home", "hub", below));
  });
  await withEnvironment({ HF_HUB_CACHE: join(cacheDir, "hubs"), HF_HOME: "/nowhere" }, async () => {
    const dir = await resolveModel("org/name", { endpoint, patterns });
    assert.equal(dir, join(cacheDir, "hubs", below));
  });
});

Deno.test("resolveModel() refuses a listing that would write outside, or is none", async () => {
  for (
    const name of ["../config.json", "..\\config.json", "/etc/config.json", "a/../../x.safetensors"]
  ) {
    await using hub = await TestHub.start();
    hub.files.set(name, bytes("x"));
    await rejects(hub.resolve({ patterns: ["*"] }), "content", /written outside the cache/);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(hub.cacheDir)), []);
  }
  const answers: [string, RegExp][] = [
    ["<html>", /the listing is not JSON/],
    ["null", /the listing has no siblings/],
    [`{"siblings":{}}`, /the listing has no siblings/],
    [`{"siblings":[null]}`, /a file has no rfilename/],
    [`{"siblings":[{"rfilename":"pytorch_model.bin"}]}`, /none of its files is wanted: it has pyt/],
  ];
  for (const [answer, message] of answers) {
    await using hub = await TestHub.start();
    hub.trick = () => new Response(answer);
    await assert.rejects(
      hub.resolve(),
      (error) => error instanceof HubError && message.test(error.message),
    );
  }
});

Deno.test("resolveModel() skips names that are no files of this system, and hidden ones", async () => {
  await using hub = await TestHub.start();
  hub.files.set("C:config.json", bytes("x")).set(".listing.json", bytes("x"));
  await hub.resolve({ patterns: ["*"] });
  assert.deepEqual(hub.asked.slice(1), [at("config.json"), WEIGHTS, at("pytorch_model.bin")]);
});

Deno.test("resolveModel() stops when told to, and keeps what has come", async () => {
  await using hub = await TestHub.start();
  const content = hub.files.get("model.safetensors")!;
  const stop = new AbortController();
  hub.trick = (path, request) =>
    path === WEIGHTS && !request.headers.has("range") ? stalled(content, 300) : undefined;
  const stopped = hub.resolve({
    signal: stop.signal,
    onProgress: ({ file, received }) => {
      if (file === "model.safetensors" && received === 300) stop.abort(new Error("enough"));
    },
  });
  await assert.rejects(stopped, { message: "enough" });
  assert.equal((await Deno.stat(`${hub.blob("model.safetensors")}.incomplete`)).size, 300);
  hub.asked.length = 0;
  await assert.rejects(hub.resolve({ signal: stop.signal }), { message: "enough" });
  assert.deepEqual(hub.asked, []);
  await hub.resolve();
  assert.deepEqual(hub.asked, [LISTING, `${WEIGHTS} bytes=300-`]);
  assert.deepEqual(await Deno.readFile(join(hub.dir, "model.safetensors")), content);
});

Deno.test("resolveModel() tells how far it is", async () => {
  await using hub = await TestHub.start();
  const events: DownloadEvent[] = [];
  await hub.resolve({ onProgress: (event) => events.push(event) });
  assert.deepEqual(events.filter(({ received, total }) => received === total), [
    { file: "config.json", received: 19, total: 19, files: 2, fileIndex: 0 },
    { file: "model.safetensors", received: 1000, total: 1000, files: 2, fileIndex: 1 },
  ]);
  events.length = 0;
  await hub.resolve({ onProgress: (event) => events.push(event) });
  assert.deepEqual(events, []);
});

Deno.test("resolveModel() called twice at once downloads once", async () => {
  await using hub = await TestHub.start();
  assert.deepEqual(await Promise.all([hub.resolve(), hub.resolve()]), [hub.dir, hub.dir]);
  assert.equal(hub.asked.filter((path) => path === WEIGHTS).length, 1);
});

Deno.test({
  name: "resolveModel() says when the disk is full",
  ignore: Deno.build.os !== "linux", // the device that is always full
  async fn() {
    await using hub = await TestHub.start();
    const part = `${hub.blob("model.safetensors")}.incomplete`;
    await Deno.mkdir(dirname(part), { recursive: true });
    await Deno.symlink("/dev/full", part);
    await rejects(
      hub.resolve(),
      "disk",
      /^Cannot write .*blobs.* as the disk is full; free some space, or set HF_HOME/,
    );
    assert.ok(!await hub.has("model.safetensors"));
  },
});

Deno.test("resolveModel() says when the cache cannot be written", async () => {
  await using hub = await TestHub.start();
  await Deno.writeTextFile(join(hub.cacheDir, "models--org--name"), "in the way");
  await rejects(hub.resolve(), "disk", /^Cannot write .*; set HF_HOME to a folder/);
});
