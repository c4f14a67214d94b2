import { suggest } from "../../util/words.ts";
import { ArgumentError, runCommand } from "../arguments.ts";
import type { Help } from "../help.ts";
import type { CommandOutput } from "../output.ts";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { TASKS } from "./tasks.ts";
import { zshScript } from "./zsh.ts";

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

const HELP: Help = {
  about: [
    "Prints a script with which a shell completes what stands behind deno task: options, settings, their " +
    "words, files and folders.",
  ],
  usage: "bash|zsh|fish",
  examples: [
    "source <(deno task -q completions bash)",
    "source <(deno task -q completions zsh)",
    "deno task -q completions fish | source",
  ],
  notes: ["Write the line of your shell into ~/.bashrc, ~/.zshrc or ~/.config/fish/config.fish."],
  exitCodes: ["0 printed", "2 the arguments cannot be read"],
};

/**
 * Does what `deno task completions` does: prints a script with which a shell completes the words of tasks.
 *
 * @param args the words after `deno task completions`: the name of a shell
 * @returns the exit code: 0, or 2 when there is no such shell
 */
export async function completionsCommand(
  args: readonly string[],
  options: CommandOutput = {},
): Promise<number> {
  const command = { task: "completions", help: HELP, options: {} };
  return await runCommand(command, args, options, ({ positionals }, { stdout }) => {
    const [shell, ...others] = positionals;
    if (shell === undefined || others.length > 0) {
      throw new ArgumentError("Name one shell: deno task completions bash, zsh or fish");
    }
    if (!Object.hasOwn(SCRIPTS, shell)) {
      throw new ArgumentError(`Unknown shell "${shell}"${suggest(shell, Object.keys(SCRIPTS))}`);
    }
    stdout.write(SCRIPTS[shell as keyof typeof SCRIPTS](TASKS));
    return Promise.resolve(0);
  });
}
