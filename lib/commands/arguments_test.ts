import assert from "node:assert/strict";
import { type Help, helpText } from "./help.ts";
import { captured } from "../testing/captured.ts";
import { ArgumentError, readArguments, runCommand } from "./arguments.ts";

const OPTIONS = {
  out: { type: "string", short: "o" },
  quiet: { type: "boolean", default: false },
} as const;

const HELP: Help = { about: ["Greets."], usage: "[NAME]", exitCodes: ["3 greeted"] };
const GREET = { task: "greet", help: HELP, options: OPTIONS };

/** Runs a command that refuses the word "nobody". */
const greet = (...args: string[]) =>
  captured((output) =>
    runCommand(GREET, args, output, ({ positionals }) => {
      if (positionals.includes("nobody")) throw new ArgumentError(`Cannot greet "nobody"`);
      output.stdout.write(`Hello ${positionals.join(" and ")}\n`);
      return Promise.resolve(3);
    })
  );

Deno.test("readArguments() gives options by name, long and short, and the other words in order", () => {
  const { values, positionals } = readArguments(["a", "-o", "b", "--quiet", "c"], OPTIONS);
  assert.deepEqual({ ...values }, { out: "b", quiet: true, help: false });
  assert.deepEqual(positionals, ["a", "c"]);
  assert.deepEqual(readArguments(["--", "--out"], OPTIONS).positionals, ["--out"]);
});

Deno.test("readArguments() refuses in one line what it cannot read", () => {
  const refused: [string[], RegExp][] = [
    [["--oot", "x"], /^Unknown option --oot, did you mean "--out"\?$/],
    [["-x"], /^Unknown option -x/],
    [["--out"], /^Cannot read the arguments: Option '-o, --out <value>' argument missing$/],
    [["--out", "--quiet"], /^Cannot read the arguments: .*ambiguous.*$/],
    [["--quiet=yes"], /^Cannot read the arguments: .*does not take an argument$/],
  ];
  for (const [args, message] of refused) {
    assert.throws(() => readArguments(args, OPTIONS), { name: "ArgumentError", message });
  }
});

Deno.test("runCommand() works, helps or refuses, each with its exit code", async () => {
  assert.deepEqual(await greet("Ann"), { code: 3, stdout: "Hello Ann\n", stderr: "" });
  for (const help of ["-h", "--help"]) {
    assert.deepEqual(await greet("Ann", help), {
      code: 0,
      stdout: helpText("greet", HELP),
      stderr: "",
    });
  }
  assert.deepEqual(await greet("nobody"), {
    code: 2,
    stdout: "",
    stderr: `Cannot greet "nobody"; see deno task greet --help\n`,
  });
  assert.match(
    (await greet("--quite")).stderr,
    /did you mean "--quiet"\? See deno task greet --help\n$/,
  );
});

Deno.test("runCommand() lets other errors through", async () => {
  const fail = () => Promise.reject(new RangeError("a fault of the program"));
  await assert.rejects(captured((output) => runCommand(GREET, [], output, fail)), RangeError);
});

Deno.test("readArguments() refuses words that are too long to be any, at once and in a short line", () => {
  // parseArgs overflowed the stack on the first, and took seconds for the second.
  for (
    const word of [`-q${"{".repeat(600_000)}`, `-q"${"[".repeat(100_000)}`, "x".repeat(10_001)]
  ) {
    const started = performance.now();
    assert.throws(() => readArguments(["a", word], OPTIONS), (error) => {
      assert.ok(error instanceof ArgumentError);
      assert.match(
        error.message,
        /^Cannot read the arguments: .{40}… must have at most 100*\d* char/,
      );
      return error.message.length < 200;
    });
    assert.ok(performance.now() - started < 1000);
  }
});
