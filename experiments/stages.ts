/**
 * `deno task stages`: see `deno task stages --help`.
 *
 * @module
 */
import { stagesCommand } from "../lib/commands/mod.ts";

Deno.exitCode = await stagesCommand(Deno.args);
