import process from "node:process";
import { parseArgs } from "node:util";
import { downloadSuperni, type SuperniDownloadOptions } from "../tasks/superni_download.ts";
import { HubError } from "../hub/error.ts";
import { commandLine } from "./shell.ts";
import { dataBar, dataLines, size } from "./data_progress.ts";
import { interruptible } from "./interruptible.ts";
import { SweepError } from "../sweep/sweep_file.ts";
import { suggest } from "../util/words.ts";

/** What the command writes to and downloads from; the process's own and GitHub unless given. */
export interface DataCommandOptions {
  /** For what has been done. */
  readonly stdout?: NodeJS.WritableStream;
  /** For progress and messages. */
  readonly stderr?: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** Another server, in tests. */
  readonly download?: SuperniDownloadOptions;
}

/** The data that can be downloaded, with the folder that each goes into. */
const FOLDERS: Readonly<Record<string, string>> = { superni: "data/superni" };

const USAGE = `\
Downloads data for sweeps. Run the same command again to go on where it was stopped, or to check what
is there.

  deno task data superni [FOLDER]

  superni      Super-NaturalInstructions (Wang et al. 2022): 1,613 tasks and the official split, from
               GitHub, as of one commit; about 3 GB
  FOLDER       where it goes [${FOLDERS.superni}]
  -h, --help   this text

Every file is checked against its hash, up to the id of the commit; provenance.json says what came.
Environment: GITHUB_TOKEN, a token of any account, for when GitHub limits requests; POLY_GITHUB_API and
POLY_GITHUB_RAW, addresses that stand in for GitHub's.

Exit codes: 0 all is there and right, 2 it cannot be had, 130 interrupted.
`;

/**
 * Does what `deno task data` does: downloads data, and prints how to use it.
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
 * assert.equal(`${stderr.read()}`, `Unknown data "supreni", did you mean "superni"?\n`);
 * ```
 */
export async function dataCommand(
  args: readonly string[],
  options: DataCommandOptions = {},
): Promise<number> {
  const { stdout = process.stdout, stderr = process.stderr } = options;
  const say = (line: string) => void stderr.write(`${line}\n`);
  let asked: { help: boolean; dir: string };
  try {
    asked = readArguments(args);
  } catch (error) {
    if (!(error instanceof SweepError)) throw error;
    say(error.message);
    return 2;
  }
  if (asked.help) {
    stdout.write(USAGE);
    return 0;
  }
  const again = commandLine("data", args);
  const progress = stderr.isTTY === true ? await dataBar(stderr) : dataLines(say);
  let reached = "";
  try {
    const { commit, files, bytes, fetched, others } = await interruptible(
      (stop) =>
        downloadSuperni(asked.dir, {
          ...options.download,
          signal: AbortSignal.any([stop, options.download?.signal ?? stop]),
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
          `${others.length > 3 ? ` and ${others.length - 3} more` : ""} in ${asked.dir}`,
      );
    }
    stdout.write(
      `Super-NaturalInstructions is in ${asked.dir}: ${files} files, ${size(bytes)}, each as in ` +
        `commit ${commit.slice(0, 7)}; ${fetched === 0 ? "all" : files - fetched} were there ` +
        `before.\nTo use it:\n` +
        `  ${commandLine("sweep", ["experiments/superni.yaml", `data_dir=${asked.dir}`])}\n`,
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

function readArguments(args: readonly string[]): { help: boolean; dir: string } {
  const names = Object.keys(FOLDERS);
  const { values, positionals } = parse(args);
  if (values.help) return { help: true, dir: "" };
  const [name, dir, ...more] = positionals;
  if (name === undefined) {
    throw new SweepError(`Name what to download: ${commandLine("data", names)}; or see --help`);
  }
  const folder = Object.hasOwn(FOLDERS, name) ? FOLDERS[name] : undefined;
  if (folder === undefined) throw new SweepError(`Unknown data "${name}"${suggest(name, names)}`);
  if (more.length > 0 || dir === "") {
    throw new SweepError(
      `Cannot download into ${JSON.stringify(positionals.slice(1))}: name one ` +
        `folder, or none for ${folder}`,
    );
  }
  return { help: false, dir: dir ?? folder };
}

function parse(args: readonly string[]) {
  try {
    const help = { type: "boolean", short: "h", default: false } as const;
    return parseArgs({ args: [...args], options: { help }, allowPositionals: true });
  } catch (error) {
    const { message } = error as Error;
    const unknown = /^Unknown option '(-[^']*)'/.exec(message)?.[1];
    if (unknown === undefined) throw new SweepError(`Cannot read the arguments: ${message}`);
    throw new SweepError(`Unknown option ${unknown}${suggest(unknown, ["--help"])}`);
  }
}
