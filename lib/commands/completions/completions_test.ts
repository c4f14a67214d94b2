import assert from "node:assert/strict";
import { captured } from "../../testing/captured.ts";
import { lacking } from "../../testing/lacking.ts";
import { taskCommand } from "../permissions.ts";
import { completionsCommand } from "./command.ts";
import { TASKS } from "./tasks.ts";

async function outputOf(shell: string, script: string): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(shell, {
    args: shell === "bash" ? ["--norc", "-c", script] : [shell === "zsh" ? "-fc" : "-Nc", script],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
}

async function has(shell: string): Promise<boolean> {
  try {
    const command = new Deno.Command(shell, { args: ["-c", "exit 0"], stdout: "null" });
    return (await command.output()).success;
  } catch {
    return false;
  }
}

const [HAS_BASH, HAS_ZSH, HAS_FISH] = await Promise.all(["bash", "zsh", "fish"].map(has));

const scriptOf = async (shell: string) =>
  (await captured((output) => completionsCommand([shell], output))).stdout;

Deno.test("every task that is completed is a task, and takes the options that are offered", () => {
  for (const { task, options, values } of TASKS) {
    assert.match(taskCommand(task), /experiments\/\w+\.ts$/, task);
    assert.ok(options.includes("--help"));
    for (const option of Object.keys(values).filter((name) => name !== "--out")) {
      assert.ok(options.includes(option), `${task} ${option}`);
    }
  }
});

Deno.test("completionsCommand() refuses a shell that it does not know", async () => {
  const { code, stderr } = await captured((output) => completionsCommand(["bsah"], output));
  assert.deepEqual([code, stderr], [
    2,
    `Unknown shell "bsah", did you mean "bash"? See deno task completions --help\n`,
  ]);
});

/** What is typed, and what is offered at its end, as whole words. */
const CASES: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ["deno task swe", ["sweep"]],
  ["deno task sweep n_sk", ["n_skills="]],
  ["deno task sweep adaptation=so", ["adaptation=soup"]],
  ["deno task sweep method=shared,hy", ["method=shared,hyper"]],
  ["deno task sweep router_shared_skill=t", ["router_shared_skill=true"]],
  ["deno task sweep --launcher sl", ["slurm"]],
  ["deno task sweep --mixed", ["--mixed-code"]],
  ["deno task stages --remove un", ["unneeded", "unused"]],
  ["deno task completions f", ["fish"]],
];

Deno.test({
  name: "in bash, words are completed" + lacking("bash", HAS_BASH!),
  ignore: !HAS_BASH,
  async fn() {
    const script = await scriptOf("bash");
    for (const [line, offered] of CASES) {
      const found = await outputOf(
        "bash",
        `${script}\nCOMP_LINE=${JSON.stringify(line)} COMP_POINT=${line.length}\n` +
          `_polytropos; printf '%s\\n' "\${COMPREPLY[@]}" | sort`,
      );
      // Bash has the words end at "=".
      const typed = /=/.test(line) ? line.split(" ").at(-1)!.split("=")[0] + "=" : "";
      assert.deepEqual(found.map((word) => typed + word), offered, line);
    }
    const files = "deno task report lib/comm";
    assert.deepEqual(
      await outputOf(
        "bash",
        `${script}\nCOMP_LINE="${files}" COMP_POINT=${files.length}\n` +
          `_polytropos; printf '%s\\n' "\${COMPREPLY[@]}"`,
      ),
      ["lib/commands"],
    );
  },
});

Deno.test({
  name: "in zsh, words are completed" + lacking("zsh", HAS_ZSH!),
  ignore: !HAS_ZSH,
  async fn() {
    // What zsh's completion does with what it is given, in the least form.
    const stubs = `
      typeset -A _comps; prefix=""
      compdef() { }; _files() { }
      compset() { local word="$words[CURRENT]"; prefix="\${word%\${word##\${~2}}}" }
      compadd() {
        while [[ "$1" == -* ]]; do [[ "$1" == -- ]] && { shift; break }; shift; done
        [[ "$1" == "" ]] && shift; [[ "$1" == -- ]] && shift
        for word in "$@"; do [[ "$prefix$word" == "$words[CURRENT]"* ]] && print -r -- "$prefix$word"; done
      }`;
    const script = await scriptOf("zsh");
    for (const [line, offered] of CASES) {
      const words = line.split(" ").map((word) => `"${word}"`).join(" ");
      const found = await outputOf(
        "zsh",
        `${stubs}\n${script}\nwords=(${words}); CURRENT=$#words; _polytropos; true`,
      );
      assert.deepEqual(found.sort(), offered, line);
    }
  },
});

Deno.test({
  name: "in fish, words are completed" + lacking("fish", HAS_FISH!),
  ignore: !HAS_FISH,
  async fn() {
    const script = await scriptOf("fish");
    const asked = CASES.map(([line]) => `echo "> ${line}"; complete -C "${line}"`).join("\n");
    const found = (await outputOf("fish", `${script}\n${asked}`)).join("\n").split(/^> /m).slice(1);
    for (const [i, [line, offered]] of CASES.entries()) {
      const [, ...words] = found[i]!.trim().split("\n");
      assert.deepEqual(words.map((word) => word.split("\t")[0]).sort(), offered, line);
    }
  },
});
