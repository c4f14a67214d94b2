/**
 * `deno task sweep`: see `deno task sweep --help`.
 *
 * @module
 */
import { sweepCommand } from "../lib/commands/mod.ts";

Deno.exitCode = await sweepCommand(Deno.args);
