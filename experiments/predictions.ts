/**
 * `deno task predictions results/<sweep>`: see `deno task predictions --help`.
 *
 * @module
 */
import { predictionsCommand } from "../lib/commands/mod.ts";

Deno.exitCode = await predictionsCommand(Deno.args);
