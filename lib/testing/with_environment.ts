/**
 * Runs a test in which the program reads other variables of the environment.
 *
 * Only what `Deno.env.get` answers changes, in this file's isolate, until the test ends. The real
 * environment belongs to the whole process: other test files would see the change, and a C library
 * that reads a variable on another thread while one is set reads freed memory.
 */
export async function withEnvironment(
  set: Readonly<Record<string, string>>,
  test: () => void | Promise<void>,
): Promise<void> {
  const { get } = Deno.env;
  Deno.env.get = (key) => set[key] ?? get.call(Deno.env, key);
  try {
    await test();
  } finally {
    Deno.env.get = get;
  }
}
