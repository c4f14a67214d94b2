import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";

/** Output of a command, and its exit code. */
export interface Captured {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command, and records what it writes. */
export async function captured(
  command: (output: { stdout: PassThrough; stderr: PassThrough }) => Promise<number>,
): Promise<Captured> {
  const output = { stdout: new PassThrough(), stderr: new PassThrough() };
  const [stdout, stderr] = [text(output.stdout), text(output.stderr)];
  const code = await command(output);
  output.stdout.end();
  output.stderr.end();
  return { code, stdout: await stdout, stderr: await stderr };
}
