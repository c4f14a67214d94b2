/**
 * `deno task fuzz`: see `deno task fuzz --help`.
 *
 * @module
 */
import { fuzzCommand } from "../lib/commands/mod.ts";

Deno.exitCode = await fuzzCommand(Deno.args);
