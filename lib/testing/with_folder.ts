/** Runs a test with a temporary folder, which is removed afterwards. */
export async function withFolder<T>(test: (dir: string) => Promise<T>): Promise<T> {
  const dir = await Deno.makeTempDir();
  try {
    return await test(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
