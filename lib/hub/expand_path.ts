import { readTextIfThere } from "../files/file_system.ts";
import { environmentVariable, homeFolder } from "../util/environment.ts";

/**
 * A path in which `~`, `~user`, `$NAME` and `${NAME}` are put in, as Python does. What is not known
 * stays as it is.
 *
 * Source: Python, `os.path.expandvars(os.path.expanduser(path))` of posixpath.py
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(await expandPath("data/~/$NO_SUCH_VARIABLE"), "data/~/$NO_SUCH_VARIABLE");
 * assert.ok(!(await expandPath("~/hf")).startsWith("~"));
 * ```
 */
export async function expandPath(path: string): Promise<string> {
  return (await expandUser(path)).replace(
    /\$(?:([A-Za-z0-9_]+)|\{([^}]*)\})/g,
    (whole, plain, braced) => {
      const name: string = plain ?? braced;
      return /^[^=\0]+$/.test(name) ? environmentVariable(name) ?? whole : whole;
    },
  );
}

/** A path in which `~` and `~user` at its start are put in, as Python's `os.path.expanduser` does. */
export async function expandUser(path: string): Promise<string> {
  const [, user, rest] = /^(?:~([^/]*))?(.*)$/s.exec(path)!;
  const home = user === undefined ? null : user === "" ? homeFolder() : await homeOf(user);
  return home === null ? path : (home.replace(/\/+$/, "") + rest) || "/";
}

/** The folder of another user of this machine; null when there is none by that name. */
async function homeOf(user: string): Promise<string | null> {
  const text = await readTextIfThere("/etc/passwd").catch(() => null);
  const entry = text?.split("\n").map((line) => line.split(":")).find(([name]) => name === user);
  return entry?.[5] ?? null;
}
