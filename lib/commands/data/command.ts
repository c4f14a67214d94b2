import { HubError } from "../../hub/error.ts";
import { downloadSuperni, type SuperniDownloadOptions } from "../../tasks/superni_download.ts";
import { environmentVariable } from "../../util/environment.ts";
import { byteSize, suggest } from "../../util/words.ts";
import { ArgumentError, runCommand } from "../arguments.ts";
import type { Help } from "../help.ts";
import { dataBar, dataLines } from "../bars.ts";
import { checkData } from "./check.ts";
import { interruptible } from "../interruptible.ts";
import type { CommandOutput, LastingOutput } from "../output.ts";
import { lackingPermission } from "../permissions.ts";
import { commandLine } from "../shell.ts";
import { userPath } from "../user_path.ts";

/** What the command writes to, and downloads from: GitHub unless given. */
export interface DataCommandOptions extends CommandOutput {
  /** Another server, in tests. */
  readonly download?: SuperniDownloadOptions;
}

/** The data that can be downloaded, with the folder that each goes into. */
const FOLDERS: Readonly<Record<string, string>> = { superni: "data/superni" };

const HELP: Help = {
  about: [
    "Looks at data of your own before a sweep, or downloads data for sweeps.",
  ],
  usage: "check FILE [key=value ...] | superni [FOLDER]",
  rows: [
    [
      "check FILE",
      "says what tasks FILE has, how long their texts are in tokens, what would be cut, which targets are " +
      "empty and which inputs stand in several parts, and prints the command that runs it; FILE holds " +
      "JSON lines, a JSON list, CSV or TSV with task, input and target, or is a folder of such files " +
      "(experiments/own_data.md)",
    ],
    [
      "key=value",
      "settings of the sweep, such as base_model=models/mine or heldout_tasks=[a,b]",
    ],
    [
      "superni",
      "Super-NaturalInstructions (Wang et al. 2022): 1,613 tasks and the official split, from GitHub, " +
      "as of one commit; about 3 GB",
    ],
    ["FOLDER", `where it goes [${FOLDERS.superni}]`],
  ],
  examples: ["deno task data check mine.csv", "deno task data superni"],
  sections: [
    {
      title: "Environment",
      rows: [
        ["GITHUB_TOKEN", "a token of any account, for when GitHub limits requests"],
        ["POLY_GITHUB_API", "the address that stands in for that of GitHub's API"],
        ["POLY_GITHUB_RAW", "the address that stands in for that of GitHub's files"],
      ],
    },
  ],
  notes: [
    "Every downloaded file is checked against its hash, up to the id of the commit; provenance.json says " +
    "what came. Run the same command again to go on where it was stopped, or to check what is there.",
  ],
  exitCodes: [
    "0 all is there and right",
    "2 it cannot be had or used",
    "130 interrupted",
  ],
};

/**
 * Does what `deno task data` does: checks data of one's own or downloads data, and prints how to use it.
 *
 * SIGINT and SIGTERM stop it in good order; a second one ends the process at once.
 *
 * @param args the words after `deno task data`
 * @returns the exit code: 0 when all files are there and right, 2 when they cannot be had, 130 when
 * it was interrupted
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { PassThrough } from "node:stream";
 *
 * const stderr = new PassThrough();
 * assert.equal(await dataCommand(["supreni"], { stderr }), 2);
 * assert.equal(`${stderr.read()}`, `Unknown data "supreni", did you mean "superni"? See deno task data --help\n`);
 * ```
 */
export async function dataCommand(
  args: readonly string[],
  options: DataCommandOptions = {},
): Promise<number> {
  return await runCommand(
    { task: "data", help: HELP, options: {} },
    args,
    options,
    ({ positionals: [what, ...rest] }, output) =>
      what === "check" ? checkData(rest, output) : downloadInto(
        readFolder(what === undefined ? [] : [what, ...rest]),
        args,
        options,
        output,
      ),
  );
}

async function downloadInto(
  dir: string,
  args: readonly string[],
  { download = {} }: DataCommandOptions,
  { stderr, say, print }: LastingOutput,
): Promise<number> {
  const again = commandLine("data", args);
  const lacking = lackingPermission("data", args, { write: [dir], net: hostsOf(download) });
  if (lacking !== null) {
    say(`Cannot download into ${dir}: ${lacking}`);
    return 2;
  }
  const progress = stderr.isTTY === true ? await dataBar(stderr) : dataLines(say);
  let reached = "";
  try {
    const { commit, files, bytes, fetched, others } = await interruptible(
      (stop) =>
        downloadSuperni(dir, {
          ...download,
          signal: AbortSignal.any([stop, download.signal ?? stop]),
          onProgress: (event) => {
            reached = ` with ${event.done} of ${event.files} files there`;
            progress.show(event);
          },
        }),
      () => progress.stop(),
    );
    progress.stop();
    if (others.length > 0) {
      say(
        `Not of this data, and a sweep would read it too: ${others.slice(0, 3).join(", ")}` +
          `${others.length > 3 ? ` and ${others.length - 3} more` : ""} in ${dir}`,
      );
    }
    print(
      `Super-NaturalInstructions is in ${dir}: ${files} files, ${byteSize(bytes)}, each as in ` +
        `commit ${commit.slice(0, 7)}; ${fetched === 0 ? "all" : files - fetched} were there ` +
        `before.\nTo use it:\n` +
        `  ${commandLine("sweep", ["experiments/superni.yaml", `data_dir=${dir}`])}\n`,
    );
    return 0;
  } catch (error) {
    progress.stop();
    if (error instanceof HubError) {
      say(error.message);
      if (reached !== "") say(`Stopped${reached}. To go on:\n  ${again}`);
      return 2;
    }
    if (!(error instanceof DOMException && error.name === "AbortError")) throw error;
    say(`Stopped${reached}. To go on:\n  ${again}`);
    return 130;
  }
}

/** The hosts that are asked, each with its port where that is not the usual. */
function hostsOf({ api, raw }: SuperniDownloadOptions): string[] {
  const addresses = [
    api ?? environmentVariable("POLY_GITHUB_API") ?? "https://api.github.com",
    raw ?? environmentVariable("POLY_GITHUB_RAW") ?? "https://raw.githubusercontent.com",
  ];
  // What is no address is told by the download.
  return addresses.flatMap((address) => URL.parse(address)?.host ?? []);
}

/** The folder that the data goes into. */
function readFolder(positionals: readonly string[]): string {
  const names = ["check", ...Object.keys(FOLDERS)];
  const [name, dir, ...more] = positionals;
  if (name === undefined) {
    throw new ArgumentError(
      `Name what to do: ${commandLine("data", ["check", "mine.csv"])}, or ` +
        commandLine("data", ["superni"]),
    );
  }
  const folder = Object.hasOwn(FOLDERS, name) ? FOLDERS[name] : undefined;
  if (folder === undefined) {
    throw new ArgumentError(`Unknown data "${name}"${suggest(name, names)}`);
  }
  if (more.length > 0 || dir === "") {
    throw new ArgumentError(
      `Cannot download into ${JSON.stringify(positionals.slice(1))}: name one ` +
        `folder, or none for ${folder}`,
    );
  }
  return dir === undefined ? folder : userPath(dir);
}
