import assert from "node:assert/strict";
import { gitObjectId, gitTreeId } from "./git_object.ts";

Deno.test("gitObjectId() is what git says", () => {
  assert.equal(gitObjectId("blob", ""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  const bytes = new TextEncoder().encode("hello\n");
  assert.equal(gitObjectId("blob", bytes), "ce013625030ba8dba906f756967f9e9ca394464a");
  const commit = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n" +
    "author Ann Example <ann@example.org> 1651800000 +0545\n" +
    "committer Bo <bo@example.org> 1651803600 -0330\n\nBy hand\n";
  assert.equal(gitObjectId("commit", commit), "6ed063168a03b9c7e6b015e150d1b02c903e5f0e");
});

Deno.test("gitTreeId() is what git says, in whatever order and with whatever is in the tree", () => {
  // A tree that git made: its order is in bytes, and folders count with a slash at their end.
  const entries = [
    ["100644", "223b7836fb19fdf64ba2d3cd6173c6a283141f78", "B"],
    ["40000", "799450a0f8f3a9dcf7ffa00d7b73fdf822939cf9", "a-b"],
    ["100644", "975fbec8256d3e8a3797e7a3611380f27c49f4ac", "a.b"],
    ["40000", "ab69b4abf3bb84d4e268bd42d84e4a9a5e242bd3", "a"],
    ["100755", "bca70f35318f31dd1d1d1d2d2e64c19b880899ff", "a0"],
    ["120000", "c545f2f9813994f2472588ffce7102d8fa81e80d", "link"],
    ["40000", "84bb40e9d011ee678d381b1f29976f947c7c7985", "é"],
  ].map(([mode, id, name]) => ({ mode: mode!, id: id!, name: name! }));
  const made = "e538c25047893632fd5264ac0056568018f3164a";
  assert.equal(gitTreeId(entries), made);
  assert.equal(gitTreeId(entries.toReversed()), made);
  assert.notEqual(gitTreeId(entries.slice(1)), made);
  const executable = entries.map((entry) => ({ ...entry, mode: entry.mode.replace("644", "755") }));
  assert.notEqual(gitTreeId(executable), made);
});
