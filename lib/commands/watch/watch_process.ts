import { withoutLoaderVariables } from "../../util/environment.ts";
import { taskWords } from "../permissions.ts";

/** A process that serves the live page of a sweep. */
export interface WatchProcess extends AsyncDisposable {
  /** Where the page is; null where it cannot be served, which the process has told. */
  readonly address: string | null;
}

/**
 * Serves the live page of a sweep in a process of its own: the sweep itself may connect to nothing. It ends
 * with this one, however that ends.
 *
 * @param dir the folder of the sweep
 */
export async function watchInProcess(dir: string): Promise<WatchProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: taskWords("watch", dir, ["--until-eof"]),
    env: { ...withoutLoaderVariables() },
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
  }
  const address = text.split("\n")[0]!.trim();
  return {
    address: address === "" ? null : address,
    async [Symbol.asyncDispose]() {
      await child.stdin.close().catch(() => {});
      await reader.cancel().catch(() => {});
      await child.status;
    },
  };
}
