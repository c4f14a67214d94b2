/**
 * `deno task report results/<sweep>`: see `deno task report --help`.
 *
 * @module
 */
import { reportCommand } from "../lib/mod.ts";

Deno.exitCode = await reportCommand(Deno.args);
