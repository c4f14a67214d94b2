import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { basename, delimiter, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { blasEnvironment } from "../backend/wasm/child_environment.ts";
import { escaped } from "../files/escaped.ts";
import { flushFolder } from "../files/file_system.ts";
import { environmentVariable, withoutLoaderVariables } from "../util/environment.ts";
import { scratchFolder } from "../util/scratch_folder.ts";
import { ArgumentError, runCommand } from "./arguments.ts";
import type { Help } from "./help.ts";
import type { CommandOutput } from "./output.ts";
import { type Notebook, notebookCode, outputFaults } from "./notebook.ts";
import { lackingPermission } from "./permissions.ts";
import { readablePath, userPath } from "./user_path.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const NOTEBOOKS = join(ROOT, "notebooks");

/** What installs Jupyter on Debian and Ubuntu; anything else that has nbclient will do. */
export const INSTALL_JUPYTER = "apt-get install jupyter-client jupyter-nbconvert python3-nbclient";

const HELP: Help = {
  about: [
    "Executes the notebooks, each in a fresh kernel, and writes their outputs into them.",
  ],
  usage: "[NOTEBOOK.ipynb ...] [options]",
  rows: [
    ["NOTEBOOK.ipynb", "which [all of notebooks/]"],
    ["--out DIR", "write executed copies there, and leave the notebooks as they are"],
    ["--check", "check types alone, without Jupyter: what deno task notebooks:check does"],
  ],
  examples: [
    "deno task notebooks notebooks/quick.ipynb",
    "SWEEP=results/mine deno task notebooks notebooks/quick.ipynb --out results/mine/notebooks",
  ],
  notes: [
    "Those of notebooks/ show the results in results/reference/, and are written in place with no others. " +
    "With --out they show yours, where results/ has the sweep or SWEEP names one.",
    "A notebook is written only when none of its cells failed and everything is shown that should be.",
  ],
  exitCodes: ["0 all is well", "1 a notebook is at fault", "2 there is no Jupyter or no such file"],
};

/** The options of `deno task notebooks`. */
export const NOTEBOOKS_OPTIONS = {
  check: { type: "boolean", default: false },
  out: { type: "string" },
} as const;

/**
 * The command behind `deno task notebooks`.
 *
 * @param args the words after the task's name
 * @returns the exit code: 0 all is well, 1 a notebook is at fault, 2 there is no Jupyter or no such file
 */
export async function notebooksCommand(
  args: readonly string[],
  output: CommandOutput = {},
): Promise<number> {
  return await runCommand(
    { task: "notebooks", help: HELP, options: NOTEBOOKS_OPTIONS },
    args,
    output,
    async ({ values: { check, out: asked }, positionals }, { say }) => {
      const named = positionals.map((path) => readablePath(path));
      const missing = named.find((path) => !existsSync(path));
      if (missing !== undefined) {
        throw new ArgumentError(`Cannot execute notebooks: there is no file "${missing}"`);
      }
      const paths = named.length > 0 ? named : await notebookPaths();
      if (check) return await checkAll(paths, say);
      const out = asked === undefined ? null : userPath(asked);
      const why = whyNotWritten(paths, out, environmentVariable("SWEEP")) ??
        lackingPermission("notebooks", args, { write: out === null ? paths : [out] });
      if (why !== null) {
        say(`Cannot execute notebooks: ${why}`);
        return 2;
      }
      return await executeAll(paths, out, say);
    },
  );
}

/** Whether a path is a notebook of this project, which is committed with its outputs. */
function isCommitted(path: string): boolean {
  return dirname(resolve(path)) === resolve(NOTEBOOKS);
}

/**
 * Why notebooks are not written where they were asked to be: those of this project show committed results,
 * never a person's own.
 *
 * @param out the folder of copies; null to write in place
 * @param sweep what the environment variable `SWEEP` names
 * @returns null when they are
 */
export function whyNotWritten(
  paths: readonly string[],
  out: string | null,
  sweep: string | undefined,
): string | null {
  if (out !== null) {
    const own = paths.find((path) => resolve(out, basename(path)) === resolve(path));
    return own === undefined
      ? null
      : `--out must be another folder than that of ${own}, or left out to write it in place`;
  }
  const committed = paths.find(isCommitted);
  return sweep === undefined || committed === undefined
    ? null
    : `${relative(ROOT, committed)} shows committed results, and SWEEP names ${escaped(sweep)}: ` +
      `write a copy, as with --out results/notebooks, or unset SWEEP`;
}

/**
 * The variables by which a notebook finds its studies: one of this project reads committed results alone,
 * and copies read what there is.
 *
 * @param target where the notebook is written
 */
export function studiesOf(target: string): Record<string, string> {
  return isCommitted(target) ? { SWEEP: "", POLY_REFERENCE_ONLY: "1" } : {};
}

async function checkAll(paths: readonly string[], say: (line: string) => void): Promise<number> {
  const faults = await checkNotebooks(paths);
  say(faults === "" ? `${paths.length} notebooks have no type errors` : faults);
  return faults === "" ? 0 : 1;
}

async function executeAll(
  paths: readonly string[],
  out: string | null,
  say: (line: string) => void,
): Promise<number> {
  const python = await findJupyter();
  if (python === null) {
    say(`Cannot execute notebooks as no Python here has nbclient: ${INSTALL_JUPYTER}`);
    return 2;
  }
  let failures = 0;
  if (out !== null) await mkdir(out, { recursive: true });
  for (const path of paths) {
    const target = out === null ? path : join(out, basename(path));
    const faults = await executeNotebook(python, path, target);
    const done = out === null ? "executed" : `executed, in ${target}`;
    say(`${path}: ${faults.length === 0 ? done : faults.join("\n")}`);
    if (faults.length > 0) failures++;
  }
  return failures === 0 ? 0 : 1;
}

/** The notebooks of this project, in order. */
export async function notebookPaths(): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(NOTEBOOKS))).map(({ name }) => name)
    .filter((name) => name.endsWith(".ipynb")).sort();
  return names.map((name) => join(NOTEBOOKS, name));
}

/**
 * Reads a notebook.
 * @throws {SyntaxError} when it is no JSON
 */
export async function readNotebook(path: string): Promise<Notebook> {
  return JSON.parse(await Deno.readTextFile(path)) as Notebook;
}

/**
 * Checks the types of notebooks' code, as `deno check` would if it read notebooks.
 *
 * @returns what the compiler says; empty when nothing is wrong
 */
export async function checkNotebooks(paths: readonly string[]): Promise<string> {
  const dir = await scratchFolder("notebooks-");
  try {
    const modules = await Promise.all(paths.map(async (path) => {
      const module = join(dir, `${basename(path, ".ipynb")}.ts`);
      await Deno.writeTextFile(module, notebookCode(await readNotebook(path)));
      return module;
    }));
    const config = ["--config", join(ROOT, "deno.json")];
    const { code, text } = await run(Deno.execPath(), ["check", "--quiet", ...config, ...modules]);
    return code === 0 ? "" : text.replaceAll(dir, "notebooks");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** A Python that can execute notebooks; null when there is none. */
export async function findJupyter(): Promise<string | null> {
  // A Python that stands before the system's on PATH may not see what the system installed.
  for (const python of ["python3", "/usr/bin/python3"]) {
    const { code } = await run(python, ["-c", "import jupyter_client, nbclient, nbformat"]);
    if (code === 0) return python;
  }
  return null;
}

/**
 * Executes a notebook in a fresh kernel of this Deno. What is written among the notebooks of this project
 * has read committed results alone.
 *
 * @param python from {@linkcode findJupyter}
 * @param target where it is written with its outputs, when nothing is wrong with them
 * @returns what is wrong
 */
export async function executeNotebook(
  python: string,
  path: string,
  target: string,
): Promise<string[]> {
  const written = `${target}.tmp`;
  try {
    const { code, text } = await run(python, [join(NOTEBOOKS, "execute.py"), path, written], {
      ...blasEnvironment(),
      JUPYTER_PATH: NOTEBOOKS,
      ...studiesOf(target),
      PATH: [dirname(Deno.execPath()), environmentVariable("PATH")].join(delimiter),
    });
    if (code !== 0) return [text.trim()];
    const faults = outputFaults(await readNotebook(written));
    if (faults.length === 0) {
      await Deno.rename(written, target);
      await flushFolder(dirname(target));
    }
    return faults;
  } finally {
    await rm(written, { force: true });
  }
}

/** Runs a program to its end; one that cannot be started ends with 127. */
async function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; text: string }> {
  try {
    const { code, stdout, stderr } = await new Deno.Command(command, {
      args: [...args],
      env: { ...env, ...withoutLoaderVariables(), NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, text: textOf(stdout) + textOf(stderr) };
  } catch (error) {
    return { code: 127, text: (error as Error).message };
  }
}
