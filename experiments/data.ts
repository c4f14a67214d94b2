/**
 * `deno task data superni`: see `deno task data --help`.
 *
 * @module
 */
import { dataCommand } from "../lib/commands/mod.ts";

Deno.exitCode = await dataCommand(Deno.args);
