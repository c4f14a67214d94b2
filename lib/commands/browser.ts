import { join } from "node:path";
import { readdir, stat } from "node:fs/promises";
import { buildPage } from "../browser/build.ts";
import { putDemonstration } from "../browser/demonstration.ts";
import { fileOf } from "../browser/serve.ts";
import { byteSize } from "../util/words.ts";
import { ArgumentError, runCommand } from "./arguments.ts";
import type { Help } from "./help.ts";
import { interruptible } from "./interruptible.ts";
import type { CommandOutput, LastingOutput } from "./output.ts";
import { lackingPermission } from "./permissions.ts";
import { userPath } from "./user_path.ts";

/** Where the page goes unless a folder is named. */
const FOLDER = "results/browser";

const HELP: Help = {
  about: [
    "Builds a page on which skills are mixed by hand, in the browser: it loads a base model and an adapter, " +
    "answers, adapts the routing to five examples, and saves the adapter as PEFT's files.",
  ],
  usage: "[FOLDER] [options]",
  rows: [
    ["FOLDER", `where the page goes [${FOLDER}]; any server of files can serve it`],
    [
      "--bare",
      "without the demonstration: a small base model, and an adapter trained here in a minute or two",
    ],
    ["--serve", "serve the folder afterwards, to this machine alone, until Ctrl-C"],
    ["--port N", "at this port [8000]"],
  ],
  examples: ["deno task browser --serve"],
  notes: [
    "The folder has mod.js, too: all that the entry of the method exports, for a page of your own.",
  ],
  exitCodes: [
    "0 built",
    "2 the arguments cannot be read or the folder cannot be written",
    "130 interrupted",
  ],
};

/** The options of `deno task browser`. */
export const BROWSER_OPTIONS = {
  bare: { type: "boolean", default: false },
  serve: { type: "boolean", default: false },
  port: { type: "string", default: "8000" },
} as const;

/**
 * Does what `deno task browser` does: builds the page, and serves it when told.
 *
 * @param args the words after `deno task browser`
 * @returns the exit code: 0 when the page is built, 2 when the arguments cannot be read or the folder cannot
 * be written, 130 when it was interrupted
 */
export async function browserCommand(
  args: readonly string[],
  options: CommandOutput = {},
): Promise<number> {
  const command = { task: "browser", help: HELP, options: BROWSER_OPTIONS };
  return await runCommand(command, args, options, async ({ values, positionals }, output) => {
    const [folder = FOLDER, ...others] = positionals;
    if (others.length > 0) throw new ArgumentError("Cannot build the page into several folders");
    const port = portOf(values.port);
    const out = userPath(folder);
    const lacking = lackingPermission("browser", args, { write: [out] });
    if (lacking !== null) {
      output.say(`Cannot build the page into ${out}: ${lacking}`);
      return 2;
    }
    await buildPage(out);
    if (!values.bare) await demonstrate(out, output);
    output.print(`${join(out, "index.html")}: ${byteSize(await scriptBytes(out))} of scripts\n`);
    return values.serve ? await serve(out, port, output) : 0;
  });
}

function portOf(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text);
  throw new ArgumentError(`Cannot serve at port ${text} as it must be an integer below 65536`);
}

async function demonstrate(out: string, { say }: LastingOutput): Promise<void> {
  await putDemonstration(out, (step, steps) => {
    if (step % 100 === 0) {
      say(`The adapter of the demonstration is trained: step ${step} of ${steps}`);
    }
  });
}

/** The bytes of all scripts of a page. */
async function scriptBytes(out: string): Promise<number> {
  const names = (await readdir(out, { recursive: true })).filter((name) => name.endsWith(".js"));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(out, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function serve(out: string, port: number, { print, say }: LastingOutput): Promise<number> {
  return await interruptible(async (signal) => {
    try {
      const server = Deno.serve({
        port,
        hostname: "127.0.0.1",
        signal,
        onListen: ({ port }) => print(`http://localhost:${port}/ until Ctrl-C\n`),
      }, (request) => fileOf(out, request));
      await server.finished;
      return 130;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      say(`Cannot serve at port ${port} as another program does: name another with --port`);
      return 2;
    }
  }, () => {});
}
