import process from "node:process";
import { BackendError } from "../backend/backend.ts";
import {
  describeFindings,
  describeMachine,
  examine,
  type Machine,
  THIS_MACHINE,
} from "./examine.ts";

/** What the command works with; the process's own unless given. */
export interface DoctorCommandOptions {
  /** For what is found. */
  readonly stdout?: NodeJS.WritableStream;
  /** The machine that is looked at. */
  readonly machine?: Machine;
}

/**
 * Does what `deno task doctor` does: says what this machine has of what the project can make use of,
 * what is missing, and how to install it.
 *
 * @returns the exit code: 0, or 1 when no backend computes known values
 */
export async function doctorCommand(options: DoctorCommandOptions = {}): Promise<number> {
  const { stdout = process.stdout, machine = THIS_MACHINE } = options;
  stdout.write(`${describeMachine()}\n\n`);
  try {
    stdout.write(describeFindings(await examine(machine), machine.os));
    return 0;
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    stdout.write(`✗ ${error.message}\n`);
    return 1;
  }
}
