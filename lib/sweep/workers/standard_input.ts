/**
 * The thread that reads a worker's standard input: it passes lines on, and ends the whole process when
 * the input ends, however busy the other thread is. So a worker never outlives its parent.
 *
 * @module
 */
import { readLines } from "./message.ts";

const thread = globalThis as unknown as { postMessage(message: string | null): void };
/** Time, in ms, for the other thread to end by itself when it has nothing to do. */
const GRACE = 100;

for await (const line of readLines(Deno.stdin.readable)) thread.postMessage(line);
thread.postMessage(null);
setTimeout(() => Deno.kill(Deno.pid, "SIGKILL"), GRACE);
