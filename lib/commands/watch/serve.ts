/** The live page as a server on this machine alone, for its one person. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { reportPage } from "../../report/page/page.ts";
import { wish } from "../../sweep/steering.ts";
import { LiveSweep } from "./live.ts";

/** A live page that is served. */
export interface ServedSweep extends AsyncDisposable {
  /** Where it is, with the token that opens it. */
  readonly address: string;
}

/** The address at which a sweep was served, so that an open page finds it again. */
interface Address {
  readonly port: number;
  readonly token: string;
}

const HOST = "127.0.0.1";
/** The file of the address, which only its person may read. */
const ADDRESS = ".watch.json";
/** How often an open connection is told that it is alive, in ms. */
const ALIVE_EVERY = 10_000;

/**
 * Serves the live page of a sweep on 127.0.0.1. Its address holds a random token, and stays the same for a
 * folder while its port is free, so that an open page finds a server that has ended and come back.
 *
 * A request without the token, for another host, or from the page of another origin is refused: neither
 * another user of this machine nor a page in the same browser can read or steer the sweep.
 *
 * @param dir the folder of a sweep
 */
export async function serveSweep(dir: string): Promise<ServedSweep> {
  const before = await addressOf(dir);
  const token = before?.token ?? randomBytes(24).toString("base64url");
  const live = new LiveSweep(dir);
  const closing = new AbortController();
  const handler = (request: Request) =>
    answer(request, { dir, live, token, closing: closing.signal });
  const server = serveAt(before?.port ?? 0, handler) ?? serveAt(0, handler)!;
  const { port } = server.addr as Deno.NetAddr;
  // A folder that cannot be written is looked at all the same, at an address of this time.
  await writeFile(join(dir, ADDRESS), JSON.stringify({ port, token }), { mode: 0o600 })
    .catch(() => {});
  return {
    address: `http://${HOST}:${port}/${token}/`,
    async [Symbol.asyncDispose]() {
      await live[Symbol.asyncDispose](); // open pages hear how the sweep ended
      closing.abort();
      await server.shutdown();
    },
  };
}

function serveAt(port: number, handler: (request: Request) => Promise<Response>) {
  try {
    return Deno.serve({ hostname: HOST, port, onListen: () => {} }, handler);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse && port !== 0) return null;
    throw error;
  }
}

async function addressOf(dir: string): Promise<Address | null> {
  try {
    const { port, token } = JSON.parse(await readFile(join(dir, ADDRESS), "utf8"));
    const isOne = Number.isInteger(port) && /^[\w-]{32}$/.test(token);
    return isOne ? { port, token } : null;
  } catch {
    return null;
  }
}

/** What an answer is made with. */
interface Served {
  readonly dir: string;
  readonly live: LiveSweep;
  readonly token: string;
  readonly closing: AbortSignal;
}

async function answer(request: Request, served: Served): Promise<Response> {
  const url = new URL(request.url);
  const refused = refusal(request, url, served.token);
  if (refused !== null) return plain(403, refused);
  const path = url.pathname.slice(served.token.length + 1);
  if (request.method === "GET" && path === "/") return await pageOf(served);
  if (request.method === "GET" && path === "/events") return events(served);
  if (request.method === "POST" && path === "/wish") return await takeWish(request, served);
  return plain(404, "There is no such page");
}

/** Why a request is refused; null when it is not. */
function refusal({ headers }: Request, url: URL, token: string): string | null {
  if (headers.get("host") !== `${HOST}:${url.port}`) return `Ask at ${HOST}, under no other name`;
  const origin = headers.get("origin");
  if (origin !== null && origin !== url.origin) return "Pages of other origins may not ask";
  const site = headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") {
    return "Pages of other origins may not ask";
  }
  const [given, wanted] = [url.pathname.split("/")[1] ?? "", token].map((text) =>
    new TextEncoder().encode(text)
  );
  const isRight = given!.length === wanted!.length && timingSafeEqual(given!, wanted!);
  return isRight ? null : "The address lacks its token: use the one that the command has printed";
}

async function pageOf({ live }: Served): Promise<Response> {
  try {
    const page = await reportPage(await live.data(), { isLive: true });
    return new Response(page, {
      headers: { ...HEADERS, "content-type": "text/html; charset=utf-8" },
    });
  } catch (error) {
    return plain(
      503,
      `The sweep cannot be read now; load this page again.\n${(error as Error).message}`,
    );
  }
}

/** What happens, as server-sent events. */
function events({ live, closing }: Served): Response {
  let end = () => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string) => controller.enqueue(new TextEncoder().encode(text));
      send("retry: 2000\n\n");
      const leave = live.listen(({ kind, value }) =>
        send(`event: ${kind}\ndata: ${JSON.stringify(value)}\n\n`)
      );
      const timer = setInterval(() => send(": alive\n\n"), ALIVE_EVERY);
      const close = () => {
        end();
        controller.close();
      };
      end = () => {
        clearInterval(timer);
        leave();
        closing.removeEventListener("abort", close);
      };
      closing.addEventListener("abort", close);
    },
    cancel: () => end(),
  });
  return new Response(body, { headers: { ...HEADERS, "content-type": "text/event-stream" } });
}

async function takeWish(request: Request, { dir }: Served): Promise<Response> {
  try {
    const { run } = await request.json() as { run: unknown };
    if (run !== null && typeof run !== "string") return plain(400, "run must be an id or null");
    await wish(dir, run);
    return plain(200, "It is asked for");
  } catch (error) {
    return plain(400, (error as Error).message);
  }
}

const HEADERS = {
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
};

function plain(status: number, text: string): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { ...HEADERS, "content-type": "text/plain" },
  });
}
