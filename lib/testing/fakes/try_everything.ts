/**
 * Tries what a task or a worker has no business with, and prints what came of each as JSON: the name of
 * the error, or `done`. Its arguments are a file to write and a program to start.
 */
const [file, program] = Deno.args as [string, string];

const attempts: Readonly<Record<string, () => unknown>> = {
  write: () => Deno.writeTextFile(file, "text"),
  connect: () => Deno.connect({ hostname: "127.0.0.1", port: 9 }),
  listen: () => Deno.listen({ port: 0 }),
  start: () => new Deno.Command(program, { args: ["--version"] }).output(),
};

const found: Record<string, string> = {};
for (const [name, attempt] of Object.entries(attempts)) {
  try {
    await attempt();
    found[name] = "done";
  } catch (error) {
    found[name] = (error as Error).name;
  }
}
await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(found)));
