import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { writeSampleSweep } from "../../testing/samples/sample_sweep.ts";
import { sampleResults } from "../../testing/samples/sample_results.ts";
import { withFolder } from "../../testing/with_folder.ts";
import { pageData } from "../../report/page_data.ts";
import type { Manifest } from "../../sweep/manifest.ts";
import { Study } from "../../tables/study.ts";
import { serveSweep } from "./serve.ts";

/** The status of an answer to a request whose headers a browser would not let a page choose. */
function statusOf(address: URL, path: string, headers: Record<string, string>, method = "GET") {
  const lines = Object.entries({ host: address.host, connection: "close", ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const socket = connect(Number(address.port), "127.0.0.1", () => {
    socket.write(`${method} ${path} HTTP/1.1\r\n${lines}content-length: 12\r\n\r\n{"run":null}`);
  });
  let text = "";
  socket.on("data", (bytes) => {
    text += bytes;
    const status = /^HTTP\/1\.1 (\d+)/.exec(text)?.[1];
    if (status === undefined) return;
    resolve(Number(status));
    socket.destroy();
  });
  socket.on("error", reject);
  return promise;
}

Deno.test("serveSweep() refuses other origins, other names of this machine, and who lacks the token", () =>
  withFolder(async (dir) => {
    await writeSampleSweep(dir, {}, sampleResults({ n_skills: [2], n_splits: [1] }));
    await using served = await serveSweep(dir);
    const address = new URL(served.address);
    const path = address.pathname;
    assert.equal(address.hostname, "127.0.0.1");
    assert.match(path, /^\/[\w-]{32}\/$/);
    const wish = join(dir, ".steering", "hold");
    for (
      const [why, at, headers] of [
        ["another origin", `${path}wish`, { origin: "http://evil.example" }],
        ["this machine at another port", `${path}wish`, { origin: "http://127.0.0.1:1" }],
        ["a file from disk", `${path}wish`, { origin: "null" }],
        ["another page's link", path, { "sec-fetch-site": "cross-site" }],
        ["another port's page", `${path}events`, { "sec-fetch-site": "same-site" }],
        ["a name that leads here", path, { host: `evil.example:${address.port}` }],
        ["localhost", path, { host: `localhost:${address.port}` }],
        ["no token", "/wish", {}],
        ["a part of the token", `${path.slice(0, 9)}/wish`, {}],
        ["another token", `/${"A".repeat(32)}/wish`, {}],
      ] as const
    ) {
      const method = at.endsWith("wish") ? "POST" : "GET";
      assert.equal(await statusOf(address, at, headers, method), 403, why);
    }
    assert.ok(!existsSync(wish), "nothing was asked for");
    assert.equal(await statusOf(address, `${path}wish`, { origin: address.origin }, "POST"), 200);
    assert.ok(existsSync(wish));
    assert.equal(await statusOf(address, `${path}nothing`, {}), 404);
  }));

Deno.test("serveSweep() has the same address again, which nobody else may read", () =>
  withFolder(async (dir) => {
    await writeSampleSweep(dir, {}, sampleResults({ n_skills: [2], n_splits: [1] }));
    const first = await serveSweep(dir);
    const second = await serveSweep(dir);
    assert.notEqual(new URL(second.address).port, new URL(first.address).port, "both at once");
    await second[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
    await using again = await serveSweep(dir);
    assert.equal(again.address, second.address);
    if (Deno.build.os === "windows") return;
    assert.equal((await stat(join(dir, ".watch.json"))).mode & 0o777, 0o600);
  }));

Deno.test("serveSweep() tells what is done, at work and failed, and a page whose server has ended", () =>
  withFolder(async (dir) => {
    const results = sampleResults({ n_skills: [2, 4], n_splits: [1] }, { whole: true });
    await writeSampleSweep(dir, {}, [
      ...results.slice(0, 6),
      {
        ...results[6]!,
        status: "failed",
        error: "RangeError: </script>\n  at x",
        metrics: {},
        tasks: [],
      },
      { ...results[7]!, status: "planned", metrics: {}, tasks: [] },
    ]);
    const runDir = join(dir, "runs", results[7]!.id);
    await Deno.mkdir(runDir, { recursive: true });
    using lock = await Deno.open(join(runDir, ".lock"), { create: true, write: true });
    await lock.lock(true);
    await Deno.writeTextFile(
      join(runDir, "metrics.jsonl"),
      '{"phase":"multitask","step":1,"loss":2}\n{"phase":"multitask","step":2,"loss":1}\n{"phase":"mul',
    );
    await using served = await serveSweep(dir);
    const told = new Map<string, string>();
    const response = await fetch(`${served.address}events`);
    for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
      for (const [, kind, data] of text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)) {
        told.set(kind!, data!);
      }
      if (told.has("progress")) break;
    }
    const { done, all, running, failed, isSteered, cells } = JSON.parse(told.get("progress")!);
    assert.deepEqual([done, all, isSteered], [6, 8, false]);
    assert.deepEqual(running, [{
      ...{ id: results[7]!.id, step: 2, steps: 200, losses: [2, 1] },
      label: results[7]!.id.split("--")[0],
    }]);
    assert.deepEqual(failed.map(({ why }: { why: string }) => why), ["RangeError: </script>"]);
    assert.deepEqual(cells.map((cell: Record<string, unknown>) => Object.values(cell).slice(1)), [
      [4, 0, 0, 4],
      [2, 1, 1, 4],
    ]);
    const page = await (await fetch(served.address)).text();
    assert.match(page, /connect-src 'self'/);
    assert.equal(page.match(/<\/script>/g)!.length, page.match(/<script[ >]/g)!.length);
    const data = JSON.parse(/id="data">(.*?)<\/script>/s.exec(page)![1]!);
    const status = data.runs.columns.indexOf("status");
    assert.deepEqual(data.runs.rows.at(-1)[status], "running");
  }));

Deno.test("the page of 500 runs grows by 1.3 kB a run, without their curves", async () => {
  const bytesOf = async (seeds: number) => {
    const seed = Array.from({ length: seeds }, (_, i) => i);
    const results = sampleResults({ n_splits: [1, 2, 4, 8], seed }, { whole: true });
    const manifest: Manifest = {
      ...{ schema: 1, name: "sample", question: "", metric: "heldout_exact_match", baseline: null },
      varying: ["n_skills", "n_splits", "seed"],
      runs: results,
    };
    const data = await pageData(new Study("/nowhere", manifest, results));
    return { runs: results.length, bytes: JSON.stringify(data).length };
  };
  const [few, many] = [await bytesOf(1), await bytesOf(25)];
  assert.equal(many.runs, 500);
  const each = (many.bytes - few.bytes) / (many.runs - few.runs);
  assert.ok(each > 400 && each < 1300, `${each} bytes a run`);
});
