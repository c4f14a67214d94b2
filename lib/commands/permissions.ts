/** What a task may do, as `deno.json` says, and what to say when it is asked for more. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { environmentVariable, loaderVariables } from "../util/environment.ts";
import { shellWord } from "../util/shell_word.ts";

const ROOT = new URL("../../", import.meta.url);

/** What a command would do that its task may not be allowed to. */
export interface Needs {
  /** Folders that it would write into. */
  readonly write?: readonly string[];
  /**
   * Hosts that it would connect to, each with its port where that is not the usual; `*.` before a name
   * stands for all hosts below it.
   */
  readonly net?: readonly string[];
  /** Programs that it would start. */
  readonly run?: readonly string[];
}

/**
 * Why a task cannot do what it is asked for, and the command that may: one sentence that names each flag
 * of Deno. Nothing is asked of the person.
 *
 * @param task the task's name in `deno.json`
 * @param args the words after it
 * @returns null when all is permitted
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const write = ["/elsewhere"];
 * const why = lackingPermission("sweep", ["--out", "/elsewhere"], { write }, () => false)!;
 * assert.match(why, /^deno task sweep has no permission to write into \/elsewhere /);
 * assert.match(why, /--allow-write=results,\/elsewhere .*experiments\/sweep\.ts --out \/elsewhere$/);
 * assert.equal(lackingPermission("sweep", [], { write }, () => true), null);
 * ```
 */
export function lackingPermission(
  task: string,
  args: readonly string[],
  needs: Needs,
  isGranted: (permission: Deno.PermissionDescriptor) => boolean = isGrantedHere,
): string | null {
  const write = (needs.write ?? []).filter((path) => !isGranted({ name: "write", path }));
  const net = (needs.net ?? []).filter((host) =>
    !isGranted({ name: "net", host: host.replace(/^\*\./, "") })
  );
  const run = (needs.run ?? []).filter((command) => !isGranted({ name: "run", command }));
  const lacks = [
    ...write.map((path) => `to write into ${path} (--allow-write)`),
    ...net.map((host) => `to connect to ${host} (--allow-net)`),
    ...run.map((command) => `to start ${command} (--allow-run)`),
  ];
  if (lacks.length === 0) return null;
  const flags = { "--allow-write": write.map(escapeComma), "--allow-net": net, "--allow-run": run };
  return `deno task ${task} has no permission ${lacks.join(" or ")}; with it: ` +
    widened(task, args, flags);
}

/** What Deno grants this process without asking anybody. */
function isGrantedHere(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}

/** The command of a task with more in the lists of its flags. */
function widened(
  task: string,
  args: readonly string[],
  flags: Readonly<Record<string, readonly string[]>>,
): string {
  let command = taskCommand(task).replace(SELF, () => Deno.execPath());
  for (const [flag, more] of Object.entries(flags)) {
    if (more.length === 0) continue;
    const list = new RegExp(`("?)${flag}=([^"\\s]*)\\1`);
    const before = list.exec(command)?.[2];
    const word = shellWord(
      `${flag}=${[...before === undefined ? [] : [before], ...more].join(",")}`,
    );
    command = before === undefined
      ? command.replace("--no-prompt", () => `--no-prompt ${word}`)
      : command.replace(list, () => word);
  }
  const program = command.replace(/^deno /, () => `${shellWord(Deno.execPath())} `);
  return [...placeWords(), program, ...args.map(shellWord)].join(" ");
}

/** How the path of Deno itself stands in `deno.json`, whose tasks are run by a shell. */
const SELF = "$(deno eval 'console.log(Deno.execPath())')";

/** The command of a task, as `deno.json` has it. */
export function taskCommand(task: string): string {
  const config = JSON.parse(readFileSync(new URL("deno.json", ROOT), "utf8")) as {
    tasks: Record<string, { command: string }>;
  };
  return config.tasks[task]!.command;
}

/**
 * The words that start the program of a task for one folder: with the flags of the task, except that it may
 * write into that folder and nowhere else.
 *
 * @param args more words for the program, before the folder
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const words = taskWords("report", "/a,b");
 * assert.ok(words.includes("--allow-write=/a,,b") && words.at(-1) === "/a,b");
 * ```
 */
export function taskWords(task: string, dir: string, args: readonly string[] = []): string[] {
  const folder = resolve(dir);
  const flags = taskCommand(task).split(" ").filter((word) =>
    word.startsWith("--") && !word.startsWith("--allow-write")
  );
  const program = fileURLToPath(new URL(`experiments/${task}.ts`, ROOT));
  return ["run", ...flags, `--allow-write=${escapeComma(folder)}`, program, ...args, folder];
}

/** What a shell in the person's folder does before the command, which is of the project's folder. */
function placeWords(): string[] {
  const from = environmentVariable("INIT_CWD");
  if (from === undefined || resolve(from) === resolve(".")) return [];
  return ["cd", shellWord(resolve(".")), "&&", `INIT_CWD=${shellWord(from)}`];
}

function escapeComma(path: string): string {
  return path.replaceAll(",", ",,");
}

/** Says which variables of the system's loader the workers do not get, where there are some. */
export function noteLoaderVariables(note: (sentence: string) => void): void {
  const heldBack = loaderVariables();
  if (heldBack.length === 0) return;
  note(
    `workers start without ${heldBack.join(" and ")}, which Deno passes on only to those who may ` +
      `start every program (--allow-run); name a BLAS that is found by it alone in POLY_BLAS`,
  );
}
