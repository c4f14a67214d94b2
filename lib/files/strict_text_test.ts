import assert from "node:assert/strict";
import fc from "fast-check";
import { readText, readTextIfThere } from "./file_system.ts";
import { decodeText } from "./strict_text.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

Deno.test("D1 what is not UTF-8 is refused with line and byte", () => {
  const cases: [number[], number, number, string][] = [
    [[0x6e, 0xe9, 0x65], 1, 2, "0xE9"],
    [[...bytesOf("äö\nxy"), 0xe9], 2, 3, "0xE9"], // at the very end
    [[...bytesOf("a\r\nb\n"), 0xc3, 0x28], 3, 1, "0xC3"], // half a character
    [[...bytesOf("a"), 0xed, 0xa0, 0x80], 1, 2, "0xED"], // a surrogate
    [[0xc0, 0x80], 1, 1, "0xC0"], // longer than needed
    [[...bytesOf("😀"), 0xf0, 0x9f, 0x98], 1, 5, "0xF0"],
    [[0x61, 0x80, 0x62], 1, 2, "0x80"],
  ];
  for (const [bytes, line, byte, value] of cases) {
    assert.throws(() => decodeText(new Uint8Array(bytes), "a.json"), {
      name: "SyntaxError",
      message: new RegExp(
        `"a\\.json" as it must be UTF-8 text: byte ${byte} of line ${line} is ${value}; `,
      ),
    });
  }
});

Deno.test("D1 decodeText() reads what TextEncoder writes, and refuses what it would not", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => {
    if (!text.includes("\0")) {
      assert.equal(decodeText(bytesOf(text), "a"), text.replace(/^\ufeff/, ""));
    }
  }));
  fc.assert(fc.property(fc.uint8Array({ min: 1, minLength: 1 }), (bytes) => {
    let text: string;
    try {
      text = decodeText(bytes, "a");
    } catch (error) {
      assert.match((error as Error).message, /UTF-8 text: (byte \d+ of line \d+ is|it begins as)/);
      return;
    }
    assert.deepEqual(bytesOf(text), bytes.subarray(bytes[0] === 0xef && bytes[1] === 0xbb ? 3 : 0));
  }));
});

Deno.test("D2 a byte order mark is passed over, other formats are named with the remedy", async () => {
  const path = await Deno.makeTempFile();
  const cases: [number[], RegExp][] = [
    [[0xff, 0xfe, 0x7b, 0], /it begins as UTF-16 does; save it as UTF-8: iconv -f UTF-16 -t UTF-8/],
    [[0xfe, 0xff, 0, 0x7b], /begins as UTF-16 does; save it/],
    [[0x7b, 0, 0x22, 0], /begins as UTF-16 does; .*UTF-16LE/],
    [[0, 0x7b, 0, 0x22], /begins as UTF-16 does; .*UTF-16BE/],
    [[0xff, 0xfe, 0, 0, 0x7b, 0, 0, 0], /begins as UTF-32 does/],
    [[0x1f, 0x8b, 8, 0], /begins as gzip does; unpack it with gunzip/],
    [[0x50, 0x4b, 3, 4, 20], /begins as a zip archive or an Excel workbook does; unpack it/],
    [[0x28, 0xb5, 0x2f, 0xfd], /zstd/],
    [[...bytesOf("PAR1"), 21], /Parquet/],
    [[0x10, 0, 0, 0, 0, 0, 0, 0, 0x7b], /begins as/],
    [[0x61, 0x62, 0, 0x63], /begins as a binary file does/],
  ];
  for (const [bytes, message] of cases) {
    await Deno.writeFile(path, new Uint8Array(bytes));
    await assert.rejects(readText(path), { name: "SyntaxError", message });
    await assert.rejects(readTextIfThere(path), { name: "SyntaxError", message });
  }
  await Deno.writeFile(path, new Uint8Array([0xef, 0xbb, 0xbf, ...bytesOf("{}")]));
  assert.equal(await readText(path), "{}");
  await Deno.remove(path);
});
