/**
 * Runs a test with other values of environment variables.
 *
 * Only the answers of `Deno.env.get` change, in this file's isolate, until the test ends. The real
 * environment belongs to the whole process: other test files would see the change, and a C library
 * that reads a variable on another thread during a change reads freed memory.
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
