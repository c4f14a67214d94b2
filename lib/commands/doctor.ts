import { BackendError } from "../backend/backend.ts";
import { ArgumentError, runCommand } from "./arguments.ts";
import type { Help } from "./help.ts";
import type { CommandOutput, LastingOutput } from "./output.ts";
import {
  describeFindings,
  describeMachine,
  examine,
  type Machine,
  THIS_MACHINE,
} from "./examine.ts";

/** What the command writes to, and the machine that it looks at: this one unless given. */
export interface DoctorCommandOptions extends CommandOutput {
  /** The machine that is looked at. */
  readonly machine?: Machine;
}

const HELP: Help = {
  about: [
    "Says what this machine has, what is missing, and how to install it. Nothing but Deno is required.",
  ],
  usage: "",
  exitCodes: [
    "0 runs can compute",
    "1 no backend computes known values",
    "2 the arguments cannot be read",
  ],
};

/**
 * Does what `deno task doctor` does: says what this machine has of what the project can make use of,
 * what is missing, and how to install it.
 *
 * @param args the words after `deno task doctor`: none, or `--help`
 * @returns the exit code: 0, 1 when no backend computes known values, or 2 when an argument cannot be
 * read
 */
export async function doctorCommand(
  args: readonly string[],
  options: DoctorCommandOptions = {},
): Promise<number> {
  const command = { task: "doctor", help: HELP, options: {} };
  return await runCommand(command, args, options, async ({ positionals: [word] }, output) => {
    if (word !== undefined) throw new ArgumentError(`Unknown argument "${word}"`);
    return await tellFindings(options, output);
  });
}

async function tellFindings(
  { machine = THIS_MACHINE }: DoctorCommandOptions,
  { print }: LastingOutput,
): Promise<number> {
  print(`${describeMachine()}\n\n`);
  try {
    print(describeFindings(await examine(machine), machine.os));
    return 0;
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    print(`✗ ${error.message}\n`);
    return 1;
  }
}
