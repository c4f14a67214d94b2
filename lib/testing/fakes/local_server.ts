/**
 * Starts a server on a free port of this machine, without logging; an error in a handler is status
 * 500.
 */
export function localServer(
  answer: (request: Request) => Response | Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({
    port: 0,
    hostname: "127.0.0.1",
    onListen() {},
    onError: () => new Response(null, { status: 500 }),
  }, answer);
}
