import os from "node:os";
import { useBackend } from "../backend/backend.ts";
import { cpuInfo, openBlas } from "../backend/wasm/blas.ts";
import { sharedEnvironment } from "../backend/wasm/child_environment.ts";
import { betterCoreType, isOldCore } from "../backend/wasm/core_type.ts";
import { webgpuAdapter } from "../backend/webgpu/find_adapter.ts";
import { askProgram } from "../util/ask_program.ts";
import { environmentVariable } from "../util/environment.ts";
import { findJupyter, INSTALL_JUPYTER } from "./notebooks.ts";

/** One thing that a machine has or lacks. */
export interface Finding {
  readonly name: string;
  /** What was found, such as a version; null when it is missing. */
  readonly found: string | null;
  /** What it makes possible. */
  readonly widens: string;
  /** How to install it; null when there is nothing to install. */
  readonly install: string | null;
}

/** The machine that is examined; tests pass another one. */
export interface Machine {
  /** Its system. */
  readonly os: typeof Deno.build.os;
  /** The version of Deno. */
  readonly deno: string;
  /** A variable of the environment; undefined when it is unset or empty. */
  readonly env: (name: string) => string | undefined;
  /** The first line that a program prints, or null. */
  readonly ask: (program: string, args: readonly string[]) => Promise<string | null>;
  /** The backend that runs take, with its reason. */
  readonly backend: () => Promise<string>;
  /** Its WebGPU adapter, or null. */
  readonly adapter: () => Promise<{ description: string; isSoftware: boolean } | null>;
  /** A BLAS: its name, and the processor that OpenBLAS has kernels for; null without one. */
  readonly blas: () => { readonly name: string; readonly coreName: string | null } | null;
  /** What Linux says of the processor in `/proc/cpuinfo`; empty elsewhere. */
  readonly cpuInfo: () => string;
  /** A Python that can execute notebooks, or null. */
  readonly jupyter: () => Promise<string | null>;
}

/** The version of Deno that the tests are run with. */
const DENO = "2.9.6";

/** Programs that are a Chromium; CHROMIUM in the environment goes first. */
const CHROMIUMS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The machine of this process. */
export const THIS_MACHINE: Machine = {
  os: Deno.build.os,
  deno: Deno.version.deno,
  env: environmentVariable,
  ask: askProgram,
  backend: async () => {
    const { name, reason } = await useBackend();
    if (name !== "wasm") return reason;
    const { OPENBLAS_CORETYPE, POLY_MATMUL } = await sharedEnvironment();
    const set = Object.entries({ OPENBLAS_CORETYPE, POLY_MATMUL })
      .flatMap(([variable, value]) => value === undefined ? [] : [`${variable}=${value}`]);
    return set.length === 0 ? reason : `${reason}; sweeps start workers with ${set.join(" ")}`;
  },
  adapter: webgpuAdapter,
  blas: () => {
    const blas = openBlas(environmentVariable("POLY_BLAS"));
    return typeof blas === "string" ? null : blas;
  },
  cpuInfo,
  jupyter: findJupyter,
};

/**
 * Looks at what a machine has of what this project can make use of. Nothing of it is required but Deno.
 *
 * @throws {BackendError} when no backend computes known values
 */
export async function examine(machine: Machine): Promise<Finding[]> {
  return [
    deno(machine),
    await backend(machine),
    await adapter(machine),
    blas(machine),
    await git(machine),
    await jupyter(machine),
    await jupyterPages(machine),
    await chromium(machine),
    await peft(machine),
  ];
}

/** The first program of a list that is a Chromium; null when there is none. */
export async function findChromium(
  { env, ask }: Pick<Machine, "env" | "ask"> = THIS_MACHINE,
): Promise<string | null> {
  for (const program of [env("CHROMIUM"), ...CHROMIUMS]) {
    if (program !== undefined && await ask(program, ["--version"]) !== null) return program;
  }
  return null;
}

/**
 * What was found, for people: what is there, then what is missing, what it would widen, and the command
 * that installs it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const text = describeFindings([
 *   { name: "Deno", found: "2.9.6", widens: "everything", install: null },
 *   { name: "git", found: null, widens: "results name their commit", install: "apt-get install git" },
 * ], "linux");
 * assert.match(text, /^✓ Deno: 2.9.6$/m);
 * assert.match(text, /^– git: missing\n {4}With it: results name their commit\n {4}apt-get install git$/m);
 * ```
 */
export function describeFindings(findings: readonly Finding[], os: Machine["os"]): string {
  const there = findings.filter(({ found }) => found !== null);
  const missing = findings.filter(({ found }) => found === null);
  const lines = [
    ...there.map(({ name, found }) => `✓ ${name}: ${found}`),
    ...missing.flatMap(({ name, widens, install }) => [
      `– ${name}: missing`,
      `    With it: ${widens}`,
      ...(install === null ? [] : [`    ${install}`]),
    ]),
    "",
    missing.length === 0
      ? "Nothing is missing."
      : `Nothing of what is missing is required: deno task sweep and deno task test work without it.`,
  ];
  const packages = missing.flatMap(({ install }) =>
    install?.startsWith(APT) ? install.slice(APT.length).split(" ") : []
  );
  if (os === "linux" && packages.length > 0) {
    const command = `${APT}${packages.join(" ")}`;
    lines.push(`All packages at once, on Debian or Ubuntu and as root:`, `    ${command}`);
  }
  return lines.join("\n") + "\n";
}

/** The machine in one line. */
export function describeMachine(): string {
  const cpus = os.cpus();
  const memory = (os.totalmem() / 2 ** 30).toFixed(1);
  return `${os.type()} ${os.release()} ${os.arch()}, ${cpus.length} × ${
    cpus[0]?.model ?? "unknown processor"
  }, ${memory} GiB of memory`;
}

const APT = "apt-get install ";

/** The way to install that fits the system; null where nobody tried. */
function installBy(os: Machine["os"], ways: { linux: string; darwin?: string }): string | null {
  if (os === "linux") return ways.linux;
  return os === "darwin" ? ways.darwin ?? null : null;
}

function deno({ deno }: Machine): Finding {
  const note = deno === DENO
    ? ""
    : ` (the tests are run with ${DENO}: npx --yes deno@${DENO} task)`;
  return { name: "Deno", found: `${deno}${note}`, widens: "everything", install: null };
}

async function backend({ backend }: Machine): Promise<Finding> {
  const widens = "runs compute";
  return { name: "backend of runs", found: await backend(), widens, install: null };
}

async function adapter({ os, adapter }: Machine): Promise<Finding> {
  const found = await adapter();
  const software = found?.isSoftware ? " (software: for tests, too slow for runs)" : "";
  return {
    name: "WebGPU adapter",
    found: found === null ? null : `${found.description}${software}`,
    widens:
      "runs use a graphics card, given its maker's Vulkan driver; without a card, the driver " +
      "below computes on the CPU and lets the WebGPU tests run",
    install: installBy(os, { linux: `${APT}mesa-vulkan-drivers libvulkan1` }),
  };
}

function blas(machine: Machine): Finding {
  const { os, blas, cpuInfo } = machine;
  const library = blas();
  const better = library === null ? null : betterCoreType(library.coreName, cpuInfo);
  return {
    name: "BLAS",
    found: library === null
      ? null
      : `${library.name}${coreAdvice(library.coreName, better, machine)}`,
    widens:
      "matrix products on the CPU take the library's instead of the built-in WebAssembly ones",
    install: installBy(os, {
      linux: `${APT}libopenblas0-pthread`,
      darwin: "brew install openblas",
    }),
  };
}

/** What a person can do about an OpenBLAS that runs kernels for older processors than this one. */
function coreAdvice(
  coreName: string | null,
  better: string | null,
  { os, env, cpuInfo }: Machine,
): string {
  if (better === null && os === "linux" && isOldCore(coreName) && cpuInfo() === "") {
    return `; whether it runs the newest of its kernels is not known, as neither /proc/cpuinfo ` +
      `(--allow-all) nor /usr/bin/lscpu can be asked`;
  }
  if (better === null) return "";
  const set = env("OPENBLAS_CORETYPE");
  return set === undefined
    ? ` does not know this processor and fell back to its ${coreName} kernels. Sweeps, ` +
      `benchmarks and deno task notebooks start their processes with OPENBLAS_CORETYPE=${better}, ` +
      `which is faster; for other programs, set it before they start, or install a newer OpenBLAS`
    : ` runs its ${coreName} kernels as OPENBLAS_CORETYPE=${set} asks for; unset it, or set it to ` +
      `${better}, which is faster`;
}

async function git({ os, ask }: Machine): Promise<Finding> {
  return {
    name: "git",
    found: (await ask("git", ["--version"]))?.replace(/^git version /, "") ?? null,
    widens: "every result names the commit it was computed with",
    install: installBy(os, { linux: `${APT}git`, darwin: "xcode-select --install" }),
  };
}

async function jupyter({ os, ask, jupyter }: Machine): Promise<Finding> {
  const python = await jupyter();
  const version = "import nbclient; print(nbclient.__version__)";
  return {
    name: "Jupyter",
    found: python === null
      ? null
      : `nbclient ${await ask(python, ["-c", version]) ?? "of unknown version"} of ${python}`,
    widens: "deno task notebooks executes the notebooks; to read them, any viewer will do",
    install: installBy(os, {
      linux: INSTALL_JUPYTER,
      darwin: "python3 -m pip install jupyterlab nbclient",
    }),
  };
}

async function jupyterPages({ os, ask }: Machine): Promise<Finding> {
  const version = (page: string) => ask("jupyter", [page, "--version"]);
  const [notebook, lab] = [await version("notebook"), await version("lab")];
  const found = [
    ...(notebook === null ? [] : [`Notebook ${notebook} (deno task jupyter)`]),
    ...(lab === null ? [] : [`Lab ${lab} (deno task jupyter:lab)`]),
  ];
  return {
    name: "Jupyter's pages",
    found: found.length === 0 ? null : found.join(", "),
    widens: "deno task jupyter opens the notebooks in a browser",
    install: installBy(os, {
      linux: `${APT}jupyter-notebook`,
      darwin: "python3 -m pip install notebook",
    }),
  };
}

async function chromium({ os, env, ask }: Machine): Promise<Finding> {
  const program = await findChromium({ env, ask });
  return {
    name: "Chromium",
    found: program === null ? null : (await ask(program, ["--version"]))!.replace(/^Chromium /, ""),
    widens: "the tests open the report in a browser; to read a report, any browser will do",
    install: installBy(os, {
      linux: `${APT}chromium`,
      darwin: "brew install --cask chromium, and set CHROMIUM to the path of its program",
    }),
  };
}

async function peft({ env, ask, os }: Machine): Promise<Finding> {
  const python = env("PEFT_PYTHON");
  // To import them all would take many seconds.
  const versions = "from importlib.metadata import version; " +
    'print(", ".join(name + " " + version(name) for name in ("peft", "torch", "transformers")))';
  const folder = os === "windows" ? "Scripts" : "bin";
  return {
    name: "Python with PEFT",
    found: python === undefined ? null : await ask(python, ["-c", versions]),
    widens: "the tests compare with PEFT itself" +
      (python === undefined ? "" : ` (PEFT_PYTHON is ${python}, which has no peft)`),
    install: `python3 -m venv ~/peft && ~/peft/${folder}/pip install torch transformers==5.17.0 ` +
      `peft==0.21.0, and set PEFT_PYTHON to ~/peft/${folder}/python`,
  };
}
