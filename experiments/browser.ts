/**
 * `deno task browser`: see `deno task browser --help`.
 *
 * @module
 */
import { browserCommand } from "../lib/commands/mod.ts";

Deno.exitCode = await browserCommand(Deno.args);
