import assert from "node:assert/strict";
import { BackendError } from "../backend/backend.ts";
import { captured } from "../testing/captured.ts";
import { doctorCommand } from "./doctor.ts";
import { describeFindings, examine, type Machine, THIS_MACHINE } from "./examine.ts";

/** A machine with nothing but Deno. */
const BARE: Machine = {
  os: "linux",
  deno: "2.9.6",
  env: () => undefined,
  ask: () => Promise.resolve(null),
  backend: () => Promise.resolve("cpu: wasm does not start"),
  adapter: () => Promise.resolve(null),
  blas: () => null,
  cpuInfo: () => "",
  jupyter: () => Promise.resolve(null),
};

/** One that has everything; programs answer as the real ones do. */
const FULL: Machine = {
  ...BARE,
  env: (name) => ({ PEFT_PYTHON: "/venv/bin/python" })[name],
  ask: (program, args) =>
    Promise.resolve(
      {
        git: "git version 2.39.5",
        jupyter: { notebook: "6.4.12", lab: "4.6.4" }[args[0]!],
        chromium: "Chromium 156.0.8078.79",
        python3: "0.7.2",
        "/venv/bin/python": "peft 0.21.0, torch 2.13.0, transformers 5.17.0",
      }[program] ?? `unexpected ${program} ${args}`,
    ),
  backend: () => Promise.resolve("webgpu: best of all (a card)"),
  adapter: () => Promise.resolve({ description: "a card", isSoftware: false }),
  blas: () => ({ name: "libopenblas.so.0 (OpenBLAS 0.3.21 Haswell)", coreName: "Haswell" }),
  jupyter: () => Promise.resolve("python3"),
};

const foundBy = async (machine: Machine) =>
  Object.fromEntries((await examine(machine)).map(({ name, found }) => [name, found]));

Deno.test("examine() finds what is there, in its own words", async () => {
  assert.deepEqual(await foundBy(FULL), {
    Deno: "2.9.6",
    "backend of runs": "webgpu: best of all (a card)",
    "WebGPU adapter": "a card",
    BLAS: "libopenblas.so.0 (OpenBLAS 0.3.21 Haswell)",
    git: "2.39.5",
    Jupyter: "nbclient 0.7.2 of python3",
    "Jupyter's pages": "Notebook 6.4.12 (deno task jupyter), Lab 4.6.4 (deno task jupyter:lab)",
    Chromium: "156.0.8078.79",
    "Python with PEFT": "peft 0.21.0, torch 2.13.0, transformers 5.17.0",
  });
  assert.match(describeFindings(await examine(FULL), "linux"), /\nNothing is missing\.\n$/);
});

Deno.test("examine() says of everything missing what it widens and how to install it", async () => {
  for (const os of ["linux", "darwin"] as const) {
    const missing = (await examine({ ...BARE, os })).filter(({ found }) => found === null);
    assert.deepEqual(missing.map(({ name }) => name), [
      "WebGPU adapter",
      "BLAS",
      "git",
      "Jupyter",
      "Jupyter's pages",
      "Chromium",
      "Python with PEFT",
    ]);
    for (const { name, widens, install } of missing) {
      assert.ok(widens.length > 20, name);
      // macOS has a WebGPU adapter of its own; one that is missing there cannot be installed.
      if (os === "darwin" && name === "WebGPU adapter") assert.equal(install, null);
      else assert.ok(install !== null && install.length > 5, name);
      if (os === "darwin") assert.ok(!install?.includes("apt-get"), name);
    }
  }
});

Deno.test("describeFindings() ends with one command for all Debian packages", async () => {
  const words = describeFindings(await examine(BARE), "linux");
  assert.match(words, /\nNothing of what is missing is required/);
  const command = words.trimEnd().split("\n").at(-1)!.trim();
  for (const name of ["mesa-vulkan-drivers", "libopenblas0-pthread", "git", "chromium"]) {
    assert.ok(command.startsWith("apt-get install ") && command.split(" ").includes(name), name);
  }
  assert.ok(command.includes("python3-nbclient") && !command.includes("pip"));
  const onMac = describeFindings(await examine({ ...BARE, os: "darwin" }), "darwin");
  assert.ok(!onMac.includes("apt-get") && onMac.includes("brew install openblas"));
});

Deno.test("examine() tells another Deno, a software adapter, and a Python without PEFT", async () => {
  const found = await foundBy({
    ...BARE,
    deno: "3.0.0",
    env: (name) => name === "PEFT_PYTHON" ? "/usr/bin/python3" : undefined,
    adapter: () => Promise.resolve({ description: "llvmpipe", isSoftware: true }),
  });
  assert.equal(found.Deno, "3.0.0 (the tests are run with 2.9.6: npx --yes deno@2.9.6 task)");
  assert.equal(found["WebGPU adapter"], "llvmpipe (software: for tests, too slow for runs)");
  const [peft] = (await examine({ ...BARE, env: () => "/usr/bin/python3" })).slice(-1);
  assert.equal(peft!.found, null);
  assert.match(peft!.widens, /PEFT_PYTHON is \/usr\/bin\/python3, which has no peft/);
});

Deno.test("examine() takes either of Jupyter's pages", async () => {
  for (
    const [page, found] of [
      ["notebook", "Notebook 7.6.3 (deno task jupyter)"],
      ["lab", "Lab 7.6.3 (deno task jupyter:lab)"],
    ] as const
  ) {
    const machine: Machine = {
      ...BARE,
      ask: (_, args) => Promise.resolve(args[0] === page ? "7.6.3" : null),
    };
    assert.equal((await foundBy(machine))["Jupyter's pages"], found);
  }
});

Deno.test("examine() takes the Chromium that the environment names first", async () => {
  const machine: Machine = {
    ...FULL,
    env: (name) => name === "CHROMIUM" ? "/opt/chrome" : undefined,
    ask: (program) => Promise.resolve(program === "/opt/chrome" ? "Google Chrome 150" : null),
  };
  assert.equal((await foundBy(machine)).Chromium, "Google Chrome 150");
});

Deno.test("M8: examine() says when OpenBLAS fell back, what is faster, and how to get it", async () => {
  const machine: Machine = {
    ...FULL,
    blas: () => ({ name: "libopenblas.so.0 (OpenBLAS 0.3.21 Prescott)", coreName: "Prescott" }),
    cpuInfo: () => "vendor_id : GenuineIntel\nflags : sse2 fma avx2\n",
  };
  const found = (await foundBy(machine)).BLAS!;
  assert.match(
    found,
    /^libopenblas\.so\.0 \(OpenBLAS 0\.3\.21 Prescott\) does not know this processor/,
  );
  assert.match(
    found,
    /fell back to its Prescott kernels\. Sweeps, benchmarks and deno task notebooks start .* OPENBLAS_CORETYPE=Haswell/,
  );
  const env = (name: string) => name === "OPENBLAS_CORETYPE" ? "Prescott" : undefined;
  assert.match(
    (await foundBy({ ...machine, env })).BLAS!,
    /runs its Prescott kernels as OPENBLAS_CORETYPE=Prescott asks for; unset it, or set it to Haswell/,
  );
  const old = () => "vendor_id : GenuineIntel\nflags : sse2\n";
  assert.equal(
    (await foundBy({ ...machine, cpuInfo: old })).BLAS,
    "libopenblas.so.0 (OpenBLAS 0.3.21 Prescott)",
    "a processor that has no more",
  );
});

const command = (machine: Machine, ...args: string[]) =>
  captured((output) => doctorCommand(args, { ...output, machine }));

Deno.test("doctorCommand() looks at this machine and ends well", async () => {
  const { code, stdout } = await command(THIS_MACHINE);
  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`^✓ Deno: ${Deno.version.deno}`, "m"));
  assert.match(stdout, /^✓ backend of runs: (webgpu|wasm|cpu): /m);
});

Deno.test("doctorCommand() ends with 1 when no backend computes known values", async () => {
  const { code, stdout } = await command({
    ...BARE,
    backend: () => Promise.reject(new BackendError("Cannot find a backend: all are wrong")),
  });
  assert.equal(code, 1);
  assert.match(stdout, /✗ Cannot find a backend: all are wrong/);
});

Deno.test("doctorCommand() has a help, and refuses arguments that it does not know", async () => {
  const help = await command(BARE, "--help");
  assert.deepEqual([help.code, help.stderr], [0, ""]);
  assert.match(help.stdout, /deno task doctor\n/);
  for (const word of ["--halp", "now"]) {
    const { code, stdout, stderr } = await command(BARE, word);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^Unknown (option|argument) .* deno task doctor --help\n$/);
  }
});
