import assert from "node:assert/strict";
import { bytes, COMMIT, rejects, sha256, TestHub } from "../testing/fakes/test_hub.ts";
import { uploadFiles } from "./upload.ts";

const WEIGHTS = Uint8Array.from({ length: 900 }, (_, i) => i % 7);
const FILES = new Map([["second/a.json", bytes("é")], ["weights.safetensors", WEIGHTS]]);

/** Options for a hub on this machine. */
const at = ({ endpoint }: TestHub) => ({ endpoint, token: "hf_w", retryDelays: [0] });

Deno.test("uploadFiles() makes the model, stores what is large, and commits all at once", async () => {
  await using hub = await TestHub.start();
  const options = { ...at(hub), commitMessage: "two files", isPrivate: true };
  assert.equal(
    await uploadFiles("org/name", FILES, options),
    `${hub.endpoint}/org/name/commit/${COMMIT}`,
  );
  const oid = sha256(WEIGHTS);
  const sample = btoa(String.fromCharCode(...WEIGHTS.subarray(0, 512)));
  assert.deepEqual(hub.uploaded, [
    ["/api/repos/create", { name: "name", organization: "org", private: true }],
    ["/api/models/org/name/preupload/main", {
      files: [
        { path: "second/a.json", size: 2, sample: "w6k=" },
        { path: "weights.safetensors", size: 900, sample },
      ],
    }],
    ["/org/name.git/info/lfs/objects/batch", {
      operation: "upload",
      transfers: ["basic"],
      objects: [{ oid, size: 900 }],
      hash_algo: "sha256",
    }],
    [`/store/${oid}`, null],
    ["/verify", { oid, size: 900 }],
    ["/api/models/org/name/commit/main", [
      { key: "header", value: { summary: "two files", description: "" } },
      { key: "file", value: { content: "w6k=", path: "second/a.json", encoding: "base64" } },
      { key: "lfsFile", value: { path: "weights.safetensors", algo: "sha256", oid, size: 900 } },
    ]],
  ]);
  assert.deepEqual([...hub.authorizations], ["Bearer hf_w"]);
  assert.deepEqual(hub.files.get("weights.safetensors"), WEIGHTS);
  // What is in the store already is not sent again.
  hub.uploaded.length = 0;
  await uploadFiles("org/name", FILES, at(hub));
  assert.deepEqual(hub.uploaded.map(([path]) => path.split("/").at(-1)), [
    "create",
    "main",
    "batch",
    "main",
  ]);
});

Deno.test("uploadFiles() takes a model that is there, and tries again after a server's error", async () => {
  await using hub = await TestHub.start();
  let errors = 1;
  hub.trick = (path) => {
    if (path === "/api/repos/create") return new Response("there", { status: 409 });
    return path.includes("preupload") && errors-- > 0
      ? new Response("", { status: 503 })
      : undefined;
  };
  await uploadFiles("org/name", FILES, at(hub));
  assert.equal(hub.asked.filter((path) => path.includes("preupload")).length, 2);
});

Deno.test("uploadFiles() sends the token to nobody but the hub", async () => {
  await using hub = await TestHub.start();
  await using store = await TestHub.start();
  const action = { href: `${store.endpoint}/store/x`, header: { "x-signed": "yes" } };
  hub.trick = (path) => {
    if (!path.endsWith("/batch")) return undefined;
    return Response.json({ objects: [{ oid: sha256(WEIGHTS), actions: { upload: action } }] });
  };
  let signed: string | null = null;
  store.trick = (_, request) => {
    signed = request.headers.get("x-signed");
    return undefined;
  };
  await uploadFiles("org/name", FILES, at(hub));
  assert.deepEqual([...store.authorizations], [null]);
  assert.equal(signed, "yes");
});

Deno.test("uploadFiles() says what a refusal is about, and then commits nothing", async () => {
  await using hub = await TestHub.start();
  const upload = (options = {}) => uploadFiles("org/name", FILES, { ...at(hub), ...options });
  await rejects(
    upload({ token: "" }),
    "unauthorized",
    /^Cannot upload .* set HF_TOKEN to one that/,
  );
  assert.equal(hub.asked.length, 0);
  hub.trick = () => new Response("no", { status: 403 });
  await rejects(upload(), "unauthorized", /^Cannot upload org\/name .* refuses the token .*403/);
  const oid = sha256(WEIGHTS);
  const wrong: [string, unknown, RegExp][] = [
    ["/preupload/", {}, /its answer has no files/],
    ["/preupload/", [], /an answer is no JSON object/],
    ["/batch", { objects: [] }, /it does not take weights.safetensors: null/],
    ["/batch", { objects: [{ oid, error: { message: "full" } }] }, /does not take .*full/],
    ["/batch", { objects: [{ oid, actions: { upload: { href: "x" } } }] }, /no href/],
  ];
  for (const [part, answer, message] of wrong) {
    hub.trick = (path) => path.includes(part) ? Response.json(answer) : undefined;
    await rejects(upload(), "server", message);
  }
  assert.ok(!hub.asked.some((path) => path.includes("/commit/")));
  hub.trick = (path) => path.includes("/commit/") ? Response.json({}) : undefined;
  await rejects(upload(), "server", /the commit has no commitUrl/);
});
