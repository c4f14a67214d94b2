import assert from "node:assert/strict";
import { join } from "node:path";
import { at, bytes, LISTING, rejects, TestHub, WEIGHTS } from "../testing/fakes/test_hub.ts";
import { withEnvironment } from "../testing/with_environment.ts";
import { withoutCredentials } from "./address.ts";
import { HubError } from "./error.ts";
import { matchesPattern } from "./file_pattern.ts";
import { resolveModel } from "./hugging_face.ts";

/** An answer that goes on for ever, a chunk every `pause` ms. */
function endless(chunk: Uint8Array<ArrayBuffer>, pause: number, headers = {}): Response {
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      controller.enqueue(chunk);
    },
  });
  return new Response(body, { headers });
}

Deno.test("R5 name and password of an address are sent, and stand in no message", async () => {
  await using hub = await TestHub.start();
  const endpoint = hub.endpoint.replace("//", "//kim9:p%40ss@");
  await hub.resolve({ endpoint, token: "hf_x", patterns: ["config.json"] });
  assert.deepEqual([...hub.authorizations], [`Basic ${btoa("kim9:p@ss")}`]);
  const closed = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const nobody = `http://kim9:p%40ss@127.0.0.1:${closed.addr.port}`;
  closed.close();
  const silent = async (options: { endpoint?: string }, trick?: TestHub["trick"]) => {
    hub.trick = trick ?? (() => undefined);
    await assert.rejects(
      hub.resolve({ endpoint, revision: "main", patterns: ["x"], ...options }),
      (error) => {
        assert.ok(error instanceof HubError);
        assert.doesNotMatch(Deno.inspect(error) + error.stack, /kim9|p%40ss|p@ss/);
        return true;
      },
    );
  };
  await silent({});
  await silent({ endpoint: nobody });
  await silent({}, () => new Response("no", { status: 401 }));
  await silent({}, () => new Response("no", { status: 500 }));
  await silent({}, () => new Response("<html>"));
  await silent({}, () => Response.redirect(nobody));
  for (
    const wrong of [
      "kim9:p@ss@host",
      "http://kim9:p/ass@host:x",
      "ftp://kim9:p@ss@host",
      "http://kim9:p@ss@",
    ]
  ) {
    await silent({ endpoint: wrong });
    await withEnvironment({ HF_ENDPOINT: wrong }, async () => {
      await assert.rejects(resolveModel("org/name", { token: "" }), (error) => {
        assert.doesNotMatch(Deno.inspect(error), /kim9|p@ss|p\/ass/);
        return true;
      });
    });
  }
  assert.equal(withoutCredentials("a https://u:p/@w@h:1/x b"), "a https://h:1/x b");
});

Deno.test("R6 a file without a listed hash is never joined of two versions", async () => {
  for (const tag of [null, '"one"', 'W/"one"']) {
    await using hub = await TestHub.start();
    hub.listed = (rfilename, { length }) => ({ rfilename, size: length });
    const first = new Uint8Array(1000).fill(1);
    const second = new Uint8Array(1000).fill(2);
    hub.files.set("model.safetensors", second);
    let breaks = 1;
    hub.trick = (path, request) => {
      if (path !== WEIGHTS) return undefined;
      if (breaks-- > 0) {
        const body = new ReadableStream<Uint8Array>({
          async pull(controller) {
            controller.enqueue(first.slice(0, 7));
            await new Promise((resolve) => setTimeout(resolve, 20));
            controller.error(new Error("cut"));
          },
        });
        return new Response(body, {
          headers: { "content-length": "1000", ...(tag !== null && { etag: tag }) },
        });
      }
      const range = request.headers.get("if-range") ?? "none";
      assert.equal(request.headers.has("range"), tag === '"one"');
      assert.equal(range, tag === '"one"' ? tag : "none");
      return new Response(second, { headers: { etag: '"two"' } }); // the version has changed
    };
    await hub.resolve();
    assert.deepEqual(await Deno.readFile(join(hub.ownDir, "model.safetensors")), second);
  }
});

Deno.test("R9 a listing is bounded: its bytes, also unpacked, and what it says of files", async () => {
  await using hub = await TestHub.start();
  const chunk = new Uint8Array(2 ** 16).fill(32);
  hub.trick = () => endless(chunk, 0);
  await rejects(hub.resolve(), "server", /\/api\/models.* must have at most 8388608 bytes/);
  const zeros = new Blob([new Uint8Array(2 ** 26).fill(32)]).stream();
  const bomb = await new Response(zeros.pipeThrough(new CompressionStream("gzip"))).bytes();
  assert.ok(bomb.length < 100_000);
  hub.trick = () => new Response(bomb, { headers: { "content-encoding": "gzip" } });
  await rejects(hub.resolve(), "server", /must have at most 8388608 bytes/);
  hub.trick = () => new Response(new Uint8Array([0x7b, 0xe9, 0x7d]));
  await rejects(hub.resolve(), "server", /must be UTF-8 text/);
  hub.trick = () => undefined;
  hub.files.set("model-" + "-of-".repeat(50_000), bytes("x"));
  const started = performance.now();
  await rejects(
    hub.resolve({ patterns: ["model-*-of-*.safetensors"] }),
    "content",
    /lists a name of 200006 characters, more than 255: "model--of-/,
  );
  assert.ok(performance.now() - started < 5000);
});

Deno.test("R9 patterns take a time that grows with the name alone", () => {
  const started = performance.now();
  assert.ok(!matchesPattern("model-" + "-of-".repeat(50_000), "model-*-of-*.safetensors"));
  assert.ok(!matchesPattern("a".repeat(200_000), "*a*a*a*a*a*b*"));
  assert.ok(performance.now() - started < 1000);
  const cases: [string, string, boolean][] = [
    ["a", "*", true],
    ["", "*", true],
    ["", "", true],
    ["ab", "a*b", true],
    ["a", "a*a", false],
    ["aXbYb", "a*b*b", true],
    ["ab", "a**b", true],
    ["a.b", "a?b", false],
    ["a+b", "a+b", true],
    ["abc", "*b", false],
  ];
  for (const [name, pattern, right] of cases) {
    assert.equal(matchesPattern(name, pattern), right, `${name} ${pattern}`);
  }
});

Deno.test("R9 a file without a listed size is bounded", async () => {
  await using hub = await TestHub.start();
  hub.listed = (rfilename) => ({ rfilename });
  const zeros = new Uint8Array(2 ** 20);
  hub.trick = (path) => path === WEIGHTS ? endless(zeros, 0) : undefined;
  await rejects(
    hub.resolve(),
    "content",
    /must list the size of model\.safetensors, which has more than 67108864 bytes/,
  );
  assert.equal((await Deno.stat(join(hub.ownDir, "model.safetensors.incomplete"))).size, 0);
  hub.trick = () => undefined;
  await hub.resolve();
  hub.listed = (rfilename) => ({ rfilename, lfs: { size: 7 } });
  await Deno.remove(hub.ownDir, { recursive: true });
  await rejects(hub.resolve(), "content", /the size of config\.json must be 7 bytes as listed/);
});

Deno.test("R9 a body that goes on after its listed size ends there, packed or not", async () => {
  await using hub = await TestHub.start();
  hub.trick = (path) => path === WEIGHTS ? endless(new Uint8Array(600), 0) : undefined;
  await rejects(
    hub.resolve(),
    "content",
    /the size of model\.safetensors must be 1000 bytes as listed/,
  );
  const part = `${hub.blob("model.safetensors")}.incomplete`;
  await assert.rejects(Deno.stat(part), Deno.errors.NotFound);
});

Deno.test("R9 what a server sends reaches no terminal as it is, and fills no message", async () => {
  await using hub = await TestHub.start();
  hub.files.set("\x9b2Jx\u202e", bytes("x"));
  for (let i = 0; i < 50; i++) hub.files.set(`other${i}`, bytes("x"));
  await rejects(hub.resolve({ patterns: ["none"] }), "not_found", /\\x9b2Jx.*and \d+ more; wanted/);
  const error = new HubError("server", `\x1b[2J${"x".repeat(10_000)}`);
  assert.ok(error.message.length < 5000 && error.message.startsWith(String.raw`\x1b[2J`));
});

Deno.test("R24 a damaged listing of the cache is refused and fetched again", async () => {
  await using hub = await TestHub.start();
  const dir = await hub.resolve();
  const path = join(hub.cacheDir, "models--org--name", ".listings", "main.json");
  const whole = await Deno.readTextFile(path);
  const files = JSON.parse(whole).files;
  const damaged = [
    ...["{}", "", "null", "[]", "7", '{"files":{}}', '{"files":[null],"commit":null}', "\xff"],
    whole.slice(0, -5),
    JSON.stringify({ commit: "main", files }),
    JSON.stringify({ commit: null, files: [{ ...files[0], name: "../x" }] }),
    JSON.stringify({ commit: null, files: [{ ...files[0], size: "9" }] }),
    JSON.stringify({ commit: null, files: [{ ...files[0], hash: 7 }] }),
  ];
  for (const text of damaged) {
    await Deno.writeTextFile(path, text);
    hub.asked.length = 0;
    assert.equal(await hub.resolve(), dir);
    assert.deepEqual(hub.asked, [LISTING], text);
    assert.equal(await Deno.readTextFile(path), whole);
  }
  await Deno.writeFile(path, new Uint8Array([0xff, 0xfe, 0]));
  await hub.resolve();
  // What is there counts as Python's download then, of which nothing is known but its names.
  await Deno.writeTextFile(path, "{}");
  await withEnvironment({ HF_HUB_OFFLINE: "1" }, async () => {
    assert.equal(await hub.resolve(), dir);
    await Deno.remove(join(dir, "model.safetensors"));
    await rejects(hub.resolve(), "unreachable", /OFFLINE/);
  });
});

Deno.test("R24 a cached file of the right size and other bytes is fetched again", async () => {
  await using hub = await TestHub.start();
  const dir = await hub.resolve();
  for (const name of ["config.json", "model.safetensors"]) {
    const content = hub.files.get(name)!;
    await Deno.writeFile(join(dir, name), new Uint8Array(content.length));
    await withEnvironment(
      { HF_HUB_OFFLINE: "1" },
      () => rejects(hub.resolve(), "unreachable", /OFFLINE/),
    );
    hub.asked.length = 0;
    await hub.resolve();
    assert.deepEqual(hub.asked, [LISTING, at(name)]);
    assert.deepEqual(await Deno.readFile(join(dir, name)), content);
  }
});

Deno.test("R24 without hashes another commit means other files", async () => {
  await using hub = await TestHub.start();
  hub.listed = (rfilename, { length }) => ({ rfilename, size: length });
  await hub.resolve();
  const path = join(hub.ownDir, ".listing.json");
  const saved = JSON.parse(await Deno.readTextFile(path));
  await Deno.writeTextFile(path, JSON.stringify({ ...saved, commit: "d".repeat(40) }));
  hub.asked.length = 0;
  await hub.resolve();
  assert.deepEqual(hub.asked, [LISTING, at("config.json"), WEIGHTS]);
});

Deno.test("R25 a listing that comes byte by byte ends, and is not asked for again", async () => {
  await using hub = await TestHub.start();
  hub.trick = () => endless(bytes(" "), 20);
  const started = performance.now();
  await rejects(hub.resolve({ patience: 200 }), "server", /must be whole after 600 ms/);
  assert.ok(performance.now() - started < 5000);
  assert.deepEqual(hub.asked, [LISTING]);
});
