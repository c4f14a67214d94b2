/**
 * Runs a program and returns its first line of output or, when there is none, of errors.
 *
 * @returns null when the program is missing or fails
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.match((await askProgram(Deno.execPath(), ["--version"]))!, /^deno \d/);
 * assert.equal(await askProgram("no-such-program", ["--version"]), null);
 * ```
 */
export async function askProgram(program: string, args: readonly string[]): Promise<string | null> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(program, {
      args: [...args],
      stdin: "null",
    }).output();
    if (!success) return null;
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    return (text(stdout) || text(stderr)).split("\n")[0]!.trim();
  } catch {
    return null;
  }
}
