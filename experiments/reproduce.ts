/**
 * `deno task reproduce`: see `deno task reproduce --help`.
 *
 * @module
 */
import { reproduceCommand } from "../lib/commands/mod.ts";

Deno.exitCode = await reproduceCommand(Deno.args);
