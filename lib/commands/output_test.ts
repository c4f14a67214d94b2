import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { withFolder } from "../testing/with_folder.ts";
import { runCommand } from "./arguments.ts";
import { LastingOutput } from "./output.ts";

const SWEEP = fileURLToPath(new URL("../testing/fakes/fake_sweep.ts", import.meta.url));
const DOCTOR = fileURLToPath(new URL("../../experiments/doctor.ts", import.meta.url));

/** What a shell says of a command whose streams are lent to others, and the command's own exit code. */
async function inShell(program: string, args: readonly string[], streams: string) {
  const command = `"$0" run -A --quiet "$@" ${streams}; echo "code \${PIPESTATUS[0]}" >&3`;
  const child = new Deno.Command("bash", {
    args: ["-c", `exec 3>&1; { ${command}; } 2>&1`, Deno.execPath(), program, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const text = new TextDecoder().decode((await child.output()).stdout);
  return { code: Number(/^code (\d+)$/m.exec(text)![1]), text: text.replace(/^code \d+\n/m, "") };
}

const HAS_SHELL = Deno.build.os === "linux";

Deno.test({
  name: "R8 a sweep whose output nobody reads does every run and writes its page",
  ignore: !HAS_SHELL,
  fn: () =>
    withFolder(async (dir) => {
      const file = join(dir, "x.yaml");
      await Deno.writeTextFile(file, "seeds: 0..2\n");
      for (
        const [streams, code, said] of [
          ["| true", 0, /^(\[\d\/3\] .*\n)+3 runs: 3 done in [^]*Report: /],
          ["> /dev/full", 2, /Cannot write to standard output: No space left on device/],
          ["2> /dev/full | cat", 0, /^# x\n/],
          ["2>&1 >/dev/null | true", 0, /^$/],
          ["> /dev/full 2> /dev/full", 2, /^$/],
          [">&- 2>&-", 0, /^$/],
        ] as const
      ) {
        const out = join(dir, streams.replaceAll(/\W/g, "_"));
        const told = await inShell(SWEEP, [file, "--out", out, "--jobs", "1"], streams);
        assert.equal(told.code, code, `${streams}\n${told.text}`);
        assert.match(told.text, said, streams);
        assert.doesNotMatch(told.text, /Uncaught|EPIPE|^ {4}at /m, streams);
        assert.ok(existsSync(join(out, "report.html")), streams);
        const runs = (await Array.fromAsync(Deno.readDir(join(out, "runs")))).map(({ name }) =>
          join(out, "runs", name, "result.json")
        );
        assert.deepEqual(runs.map(existsSync), Array(3).fill(true), streams);
      }
    }),
});

Deno.test({
  name: "R8 commands end quietly when their reader leaves",
  ignore: !HAS_SHELL,
  async fn() {
    for (
      const [args, streams, code] of [[["--help"], "| true", 0], [
        ["x"],
        "2> /dev/full",
        2,
      ]] as const
    ) {
      const told = await inShell(DOCTOR, args, streams);
      assert.deepEqual(told, { code, text: "" });
    }
    const full = await inShell(DOCTOR, ["--help"], "> /dev/full");
    assert.equal(full.code, 2);
    assert.match(full.text, /^Cannot write to standard output: No space left[^\n]*\n$/);
  },
});

Deno.test("R8 LastingOutput drops what its streams do not take, and the command's code stays", async () => {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  stderr.write = () => {
    throw new Error("No space left on device");
  };
  const command = { task: "say", help: { about: [], usage: "", exitCodes: [] }, options: {} };
  const code = await runCommand(command, [], { stdout, stderr }, (_, { print, say }) => {
    print("first\n");
    stdout.destroy(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    for (let i = 0; i < 3; i++) say("progress");
    print("second\n");
    return Promise.resolve(0);
  });
  assert.equal(code, 0);
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(await new LastingOutput({ stdout, stderr }).lost(), null);
});

Deno.test("R19 LastingOutput shows control characters on a terminal as U+FFFD", () => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const output = new LastingOutput({ stdout, stderr });
  output.print("a\x1b[2J\x07\n");
  output.say("b\x9b31m\r");
  assert.equal(`${stdout.read()}`, "a\uFFFD[2J\uFFFD\n");
  assert.equal(`${stderr.read()}`, "b\uFFFD31m\uFFFD\n");
});
