/**
 * Path of a Python with torch, transformers and peft, from PEFT_PYTHON; tests that need it are
 * ignored without.
 */
export const PYTHON: string | undefined = Deno.env.get("PEFT_PYTHON");

/** Whether there is such a Python. */
export const HAS_PYTHON: boolean = PYTHON !== undefined && PYTHON !== "";

/**
 * Runs a Python script and returns its output.
 *
 * @param script source of the program
 * @param args arguments, which Python has as `sys.argv[1:]`
 * @throws {Error} with the script's standard error when it fails
 */
export async function runPython(script: string, args: readonly string[]): Promise<string> {
  if (!HAS_PYTHON) throw new Error("Cannot run Python as PEFT_PYTHON is not set");
  const { success, code, stdout, stderr } = await new Deno.Command(PYTHON!, {
    args: ["-c", script, ...args],
    env: { HF_HUB_OFFLINE: "1", CUDA_VISIBLE_DEVICES: "", PYTHONIOENCODING: "utf-8" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`Python failed with exit code ${code}:\n${text(stderr)}`);
  return text(stdout);
}
