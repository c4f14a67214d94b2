import { fileURLToPath } from "node:url";

/**
 * Path of a Python with torch, transformers and peft, from PEFT_PYTHON; tests that need it are
 * ignored without.
 */
export const PYTHON: string | undefined = Deno.env.get("PEFT_PYTHON");

/** Whether there is such a Python. */
export const HAS_PYTHON: boolean = PYTHON !== undefined && PYTHON !== "";

/**
 * The words of a command that runs a program as Python does, but where torch, transformers and peft are loaded
 * already: they are loaded once for all test files, see warm_python.py. What comes next is `-c` and a script,
 * or a file, and its arguments.
 */
export const WARM_PYTHON: readonly string[] = Deno.build.os === "windows" // no process can be copied there
  ? [PYTHON!]
  : [PYTHON!, fileURLToPath(new URL("./warm_python.py", import.meta.url)), `${Deno.pid}`];

/**
 * Runs a Python script and returns its output.
 *
 * @param script source of the program
 * @param args arguments, which Python has as `sys.argv[1:]`
 * @throws {Error} with the script's standard error when it fails
 */
export async function runPython(script: string, args: readonly string[]): Promise<string> {
  return await run([PYTHON!, "-c", script, ...args]);
}

/** Runs a Python script that needs torch, transformers or peft, as `runPython` does. */
export async function runTorch(script: string, args: readonly string[]): Promise<string> {
  return await run([...WARM_PYTHON, "-c", script, ...args]);
}

/** Runs a script as often as it is told, each time as if it alone were run. */
const EACH = `import json, runpy, sys
script, calls = sys.argv[1], json.loads(sys.argv[2])
for arguments in calls:
    sys.argv = [script, *arguments]
    runpy.run_path(script)
`;

/**
 * Runs a Python file that needs torch, transformers or peft once for each list of arguments, all in one
 * process. Returns what all of them print, one after the other.
 *
 * @throws {Error} with the scripts' standard error when one of them fails
 */
export async function runTorchFile(
  file: URL,
  calls: readonly (readonly string[])[],
): Promise<string> {
  return await runTorch(EACH, [fileURLToPath(file), JSON.stringify(calls)]);
}

async function run([command, ...args]: readonly string[]): Promise<string> {
  if (!HAS_PYTHON) throw new Error("Cannot run Python as PEFT_PYTHON is not set");
  const { success, code, stdout, stderr } = await new Deno.Command(command!, {
    args,
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
