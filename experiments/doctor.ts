/**
 * `deno task doctor`: see `deno task doctor --help`.
 *
 * @module
 */
import { doctorCommand } from "../lib/commands/mod.ts";

Deno.exitCode = await doctorCommand(Deno.args);
