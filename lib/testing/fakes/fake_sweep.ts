/** `deno task sweep` with workers that only pretend to train. */
import { sweepCommand } from "../../commands/sweep/command.ts";

Deno.exitCode = await sweepCommand(Deno.args, {
  worker: new URL("./fake_run_worker.ts", import.meta.url),
});
