import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { codeDiff, keepCodeDiff, machineFacts, peakMemory } from "./provenance.ts";

async function inTemporary(test: (dir: string, root: URL) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await test(dir, pathToFileURL(`${dir}/`));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function git(dir: string, ...args: string[]): Promise<string> {
  const { code, stdout } = await new Deno.Command("git", {
    args: ["-c", "user.name=a", "-c", "user.email=a@b", ...args],
    cwd: dir,
    stderr: "null",
  }).output();
  assert.equal(code, 0, `git ${args.join(" ")}`);
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("machineFacts() works outside a checkout", async () => {
  await inTemporary(async (_, root) => {
    const facts = await machineFacts(root);
    assert.deepEqual(
      [facts.git_commit, facts.git_branch, facts.git_dirty, facts.deno_lock_sha256],
      [null, null, null, null],
    );
    assert.equal(facts.v8, Deno.version.v8);
    assert.ok(facts.cpu_count >= 1);
    assert.match(facts.os, new RegExp(`^${Deno.build.os}`, "i"));
  });
});

Deno.test("machineFacts() tells commit, branch, lock file, and edits other than results", async () => {
  await inTemporary(async (dir, root) => {
    await git(dir, "init", "-q", "-b", "trunk");
    await Deno.mkdir(join(dir, "results"));
    for (const name of ["deno.lock", "code.ts", "results/a.csv"]) {
      await Deno.writeTextFile(join(dir, name), "first");
    }
    await git(dir, "add", ".");
    await git(dir, "commit", "-qm", "First");
    await Deno.writeTextFile(join(dir, "results/a.csv"), "second");
    await Deno.writeTextFile(join(dir, "notes.txt"), "not in git");
    const clean = await machineFacts(root);
    assert.equal(clean.git_commit, await git(dir, "rev-parse", "HEAD"));
    assert.deepEqual([clean.git_branch, clean.git_dirty], ["trunk", false]);
    assert.equal(clean.deno_lock_sha256, createHash("sha256").update("first").digest("hex"));
    await Deno.writeTextFile(join(dir, "code.ts"), "second");
    assert.equal((await machineFacts(root)).git_dirty, true);
  });
});

Deno.test("peakMemory() is in bytes, and remembers what has been freed", () => {
  const before = peakMemory();
  assert.ok(before > 10e6 && before < 100e9, String(before));
  // More than all that was ever held at once: what is held now may be less.
  let kept = new Uint8Array(Math.round(1.2 * before)).fill(1);
  const after = peakMemory();
  assert.ok(after > 1.1 * before, `${before} and then ${after}`);
  kept = new Uint8Array(kept.subarray(0, 1));
  assert.ok(peakMemory() >= after);
});

Deno.test("codeDiff() has what differs from the commit, new files too, and neither results nor pages", async () => {
  await inTemporary(async (dir, root) => {
    assert.equal(await codeDiff(root), null);
    await git(dir, "init", "-q");
    for (const folder of ["lib", "results"]) await Deno.mkdir(join(dir, folder));
    const write = (name: string, text: string) => Deno.writeTextFile(join(dir, name), text);
    for (const name of ["lib/a.ts", "lib/README.md", "results/a.csv"]) await write(name, "first\n");
    await git(dir, "add", ".");
    await git(dir, "commit", "-qm", "First");
    assert.equal(await codeDiff(root), null);
    for (const name of ["lib/README.md", "results/a.csv"]) await write(name, "second\n");
    assert.equal(await codeDiff(root), null);
    await write("lib/a.ts", "second\n");
    await write("lib/b.ts", "new\n");
    const diff = (await codeDiff(root))!;
    assert.match(
      diff,
      /^diff --git a\/lib\/a\.ts [^]*\n-first\n\+second\n[^]*lib\/b\.ts[^]*\n\+new\n$/,
    );
    assert.doesNotMatch(diff, /README|results/);
    // Git takes it back as it is.
    const patch = await keepCodeDiff(dir, diff);
    assert.match(patch, /^code\/[0-9a-f]{16}\.diff$/);
    await Deno.remove(join(dir, "lib/b.ts"));
    await git(dir, "checkout", "-q", "--", "lib");
    await git(dir, "apply", patch);
    assert.deepEqual(
      [
        await Deno.readTextFile(join(dir, "lib/a.ts")),
        await Deno.readTextFile(join(dir, "lib/b.ts")),
      ],
      ["second\n", "new\n"],
    );
    assert.equal(await keepCodeDiff(dir, diff), patch);
    assert.equal([...Deno.readDirSync(join(dir, "code"))].length, 1);
    await write("lib/a.ts", "x".repeat(2 ** 20));
    assert.equal(await codeDiff(root), null, "a difference that is too long is not kept");
  });
});
