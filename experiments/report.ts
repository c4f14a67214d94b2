/**
 * `deno task report results/<sweep>`: see `deno task report --help`.
 *
 * @module
 */
import { reportCommand } from "../lib/commands/mod.ts";

Deno.exitCode = await reportCommand(Deno.args);
