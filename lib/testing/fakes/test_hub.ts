import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { HubError } from "../../hub/error.ts";
import { resolveModel, type ResolveOptions } from "../../hub/hugging_face.ts";
import { localServer } from "./local_server.ts";

/** The commit of the model. */
export const COMMIT = "c".repeat(40);

/** What a test hub may do to a request instead of answering it as a hub does. */
export type Trick = (path: string, request: Request) => Response | Promise<Response> | undefined;

/** A hub on this machine with one model, `org/name`, and a cache that is gone afterwards. */
export class TestHub implements AsyncDisposable {
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>([
    ["config.json", bytes(`{"model_type":"t5"}`)],
    ["model.safetensors", Uint8Array.from({ length: 1000 }, (_, i) => i % 251)],
    ["pytorch_model.bin", bytes("not wanted")],
    ["onnx/config.json", bytes("not wanted")],
  ]);
  /** What is asked for, with the range. */
  readonly asked: string[] = [];
  readonly authorizations = new Set<string | null>();
  trick: Trick = () => undefined;
  /** Whether it does what a range asks for. */
  ranges = true;
  listed: (name: string, content: Uint8Array) => Record<string, unknown> = (name, content) => ({
    rfilename: name,
    size: content.length,
    blobId: gitHash(content),
    ...(name.endsWith(".safetensors") &&
      { lfs: { sha256: sha256(content), size: content.length } }),
  });
  readonly #server = localServer((request) => this.#answer(request));

  private constructor(readonly cacheDir: string) {}

  static async start(): Promise<TestHub> {
    return new TestHub(await Deno.makeTempDir());
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Where downloads are found by their names. */
  get dir(): string {
    return join(this.cacheDir, "models--org--name", "snapshots", COMMIT);
  }

  /** Where downloads were kept by earlier versions, and are where a hub lists no hashes. */
  get ownDir(): string {
    return join(this.cacheDir, "polytropos", "org--name", "main");
  }

  /** Where the content of a file is kept. */
  blob(name: string): string {
    const content = this.files.get(name)!;
    const hash = name.endsWith(".safetensors") ? sha256(content) : gitHash(content);
    return join(this.cacheDir, "models--org--name", "blobs", hash);
  }

  resolve(options: ResolveOptions = {}, id = "org/name"): Promise<string> {
    const { endpoint, cacheDir } = this;
    return resolveModel(id, { endpoint, cacheDir, token: "", retryDelays: [0, 0], ...options });
  }

  async has(name: string): Promise<boolean> {
    return await Deno.stat(join(this.dir, name)).then(() => true, () => false);
  }

  async #answer(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname;
    const range = request.headers.get("range");
    this.asked.push(range === null ? path : `${path} ${range}`);
    this.authorizations.add(request.headers.get("authorization"));
    const tricked = await this.trick(path, request);
    if (tricked !== undefined) return tricked;
    if (request.method === "POST" || request.method === "PUT") {
      return await this.#take(path, request);
    }
    const commit = COMMIT;
    const revision = /^\/api\/models\/org\/name\/revision\/(.*)$/.exec(path)?.[1];
    if (revision !== undefined && ["main", "refs%2Fpr%2F1", commit].includes(revision)) {
      const siblings = [...this.files].map(([name, content]) => this.listed(name, content));
      return Response.json({ id: "org/name", sha: commit, siblings });
    }
    const content = this.files.get(path.replace(/^\/org\/name\/resolve\/(?:c{40}|main)\//, ""));
    if (content === undefined) return new Response("no", { status: 404 });
    if (request.method === "HEAD") {
      // What Python's client asks for before it downloads.
      const etag = `"${this.blob(decodeURIComponent(path.split("/").at(-1)!)).split("/").at(-1)}"`;
      const headers = { etag, "x-repo-commit": commit, "content-length": `${content.length}` };
      return new Response(null, { headers });
    }
    if (range === null || !this.ranges) return new Response(content);
    const start = Number(/^bytes=(\d+)-$/.exec(range)![1]);
    if (start >= content.length) return new Response(null, { status: 416 });
    const headers = { "content-range": `bytes ${start}-${content.length - 1}/${content.length}` };
    return new Response(content.slice(start), { status: 206, headers });
  }

  /** What comes with an upload: each request's path and, where it is JSON, what it says. */
  readonly uploaded: [path: string, said: unknown][] = [];
  readonly #stored = new Map<string, Uint8Array<ArrayBuffer>>();

  async #take(path: string, request: Request): Promise<Response> {
    const body = new Uint8Array(await request.arrayBuffer());
    const text = new TextDecoder().decode(body);
    if (request.method === "PUT") {
      this.uploaded.push([path, null]);
      this.#stored.set(path.split("/").at(-1)!, body);
      return new Response();
    }
    const lines = text.split("\n").map((line) => JSON.parse(line));
    this.uploaded.push([path, path.includes("/commit/") ? lines : lines[0]]);
    const [said] = lines;
    if (path === "/api/models/org/name/preupload/main") {
      const mode = (file: string) => file.endsWith(".safetensors") ? "lfs" : "regular";
      const files = said.files.map(({ path }: { path: string }) => ({
        path,
        uploadMode: mode(path),
      }));
      return Response.json({ files });
    }
    if (path === "/org/name.git/info/lfs/objects/batch") {
      const objects = said.objects.map(({ oid, size }: { oid: string; size: number }) => {
        const href = `${this.endpoint}/store/${oid}`;
        const actions = { upload: { href }, verify: { href: `${this.endpoint}/verify` } };
        return this.#stored.has(oid) ? { oid, size } : { oid, size, actions };
      });
      return Response.json({ transfer: "basic", objects });
    }
    if (path === "/api/models/org/name/commit/main") {
      for (const { key, value } of lines) {
        if (key === "file") {
          const content = Uint8Array.from(atob(value.content), (c) => c.charCodeAt(0));
          this.files.set(value.path, content);
        }
        if (key === "lfsFile") this.files.set(value.path, this.#stored.get(value.oid)!);
      }
      return Response.json({ commitUrl: `${this.endpoint}/org/name/commit/${COMMIT}` });
    }
    return Response.json({});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    await Deno.remove(this.cacheDir, { recursive: true });
  }
}

/** The path of the listing. */
export const LISTING = "/api/models/org/name/revision/main";
/** The path of a file. */
export const at = (name: string) => `/org/name/resolve/${"c".repeat(40)}/${name}`;
/** The path of the weights. */
export const WEIGHTS = at("model.safetensors");

/** A text in UTF-8. */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** The hash that is listed of large files. */
export function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** The hash that is listed of the others. */
export function gitHash(content: Uint8Array): string {
  return createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}

/** An answer whose connection breaks after `length` bytes. */
export function cut(content: Uint8Array<ArrayBuffer>, length: number): Response {
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      controller.enqueue(content.slice(0, length));
      await new Promise((resolve) => setTimeout(resolve, 20)); // let them go out first
      controller.error(new Error("cut"));
    },
  });
  return new Response(body, { headers: { "content-length": `${content.length}` } });
}

/** An answer that never ends. */
export function stalled(content: Uint8Array<ArrayBuffer>, length: number): Response {
  let left = () => {};
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(content.slice(0, length)),
    pull: () => new Promise<void>((resolve) => left = resolve),
    cancel: () => left(),
  });
  return new Response(body, { headers: { "content-length": `${content.length}` } });
}

/** Fails unless a promise ends in a HubError of that kind. */
export async function rejects(
  promise: Promise<unknown>,
  failure: HubError["failure"],
  message: RegExp,
): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof HubError, String(error));
    assert.match(error.message, message);
    assert.equal(error.failure, failure);
    return true;
  });
}
