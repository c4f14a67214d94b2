import { fileURLToPath } from "node:url";

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
    // The threads of PyTorch would wait for each other longer than they compute with such small models.
    env: {
      HF_HUB_OFFLINE: "1",
      CUDA_VISIBLE_DEVICES: "",
      PYTHONIOENCODING: "utf-8",
      OMP_NUM_THREADS: "1",
    },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`Python failed with exit code ${code}:\n${text(stderr)}`);
  return text(stdout);
}

/** Runs a script as often as it is told, each time as if it alone were run. */
const EACH = `import json, runpy, sys
script, calls = sys.argv[1], json.loads(sys.argv[2])
for arguments in calls:
    sys.argv = [script, *arguments]
    runpy.run_path(script)
`;

/**
 * Runs a Python file once for each list of arguments, all in one process: loading PyTorch takes longer than
 * what most scripts do with it. Returns what all of them print, one after the other.
 *
 * @throws {Error} with the scripts' standard error when one of them fails
 */
export async function runPythonFile(
  file: URL,
  calls: readonly (readonly string[])[],
): Promise<string> {
  return await runPython(EACH, [fileURLToPath(file), JSON.stringify(calls)]);
}
