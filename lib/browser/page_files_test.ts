import assert from "node:assert/strict";
import { localServer } from "../testing/fakes/local_server.ts";
import { withFolder } from "../testing/with_folder.ts";
import { fetchFiles, takeFiles } from "./page_files.ts";

const INDEX = "model.safetensors.index.json";

/** Fetches from a server that has these files; says what was asked for and what came. */
async function fetched(has: Readonly<Record<string, string>>, address: string) {
  const asked: string[] = [];
  const server = localServer(({ url }) => {
    const { pathname, search } = new URL(url);
    asked.push(pathname + search);
    const text = has[pathname.slice("/m/".length)];
    return new Response(text ?? null, { status: text === undefined ? 404 : 200 });
  });
  try {
    return await withFolder(async (dir) => {
      const from = new URL(address, `http://127.0.0.1:${server.addr.port}`);
      await fetchFiles(dir, from, ["config.json", "model.safetensors", INDEX]);
      const came = [...await takeFiles(dir)].map(([name, bytes]) =>
        [name, new TextDecoder().decode(bytes)] as const
      );
      return { asked, came: Object.fromEntries(came) };
    });
  } finally {
    await server.shutdown();
  }
}

Deno.test("fetchFiles() takes what is there below an address, and no index beside whole weights", async () => {
  const has = { "config.json": "{}", "model.safetensors": "w" };
  assert.deepEqual(await fetched(has, "/m?token=t"), {
    asked: ["/m/config.json?token=t", "/m/model.safetensors?token=t"],
    came: has,
  });
});

Deno.test("fetchFiles() takes the shards that an index names, once each", async () => {
  const index = JSON.stringify({
    weight_map: { a: "1.safetensors", b: "2.safetensors", c: "1.safetensors" },
  });
  const has = { "config.json": "{}", [INDEX]: index, "1.safetensors": "1", "2.safetensors": "2" };
  assert.deepEqual((await fetched(has, "/m/")).came, has);
});

Deno.test("fetchFiles() says what is missing, and where", async () => {
  await assert.rejects(fetched({}, "/m/"), {
    message: /^Cannot fetch http:\/\/127\.0\.0\.1:\d+\/m\/config\.json: the server says 404$/,
  });
  const index = JSON.stringify({ weight_map: { a: "gone.safetensors" } });
  await assert.rejects(fetched({ "config.json": "{}", [INDEX]: index }, "/m/"), {
    message: /gone\.safetensors: the server says 404$/,
  });
  const nowhere = fetchFiles("never", "http://127.0.0.1:9/", ["config.json"]);
  await assert.rejects(nowhere, {
    message: /^Cannot fetch http:\/\/127\.0\.0\.1:9\/config\.json: /,
  });
});
