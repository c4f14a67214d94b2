/**
 * `deno task report results/<sweep>`: see `deno task report --help`.
 *
 * @module
 */
import { reportCommand } from "../lib/experiment/report_command.ts"; // becomes ../lib/mod.ts

Deno.exitCode = await reportCommand(Deno.args);
