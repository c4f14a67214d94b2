import assert from "node:assert/strict";
import { escapeXml } from "./escape_xml.ts";
import { printable, printableLine } from "./printable.ts";

Deno.test("R3 R19 printable() shows every control character as U+FFFD, and keeps all other text", () => {
  const controls = Array.from({ length: 0xA0 }, (_, code) => String.fromCharCode(code))
    .filter((letter) => /\p{Cc}/u.test(letter) && letter !== "\n" && letter !== "\t");
  assert.equal(controls.length, 63);
  for (const text of [...controls, "\uD800", "\uDC00", "\u202E", "\u2066", "\uFFFF"]) {
    assert.equal(printable(`a${text}b`), "a\uFFFDb", JSON.stringify(text));
    assert.equal(escapeXml(`a${text}b`), "a\uFFFDb", JSON.stringify(text));
  }
  for (const text of ["", "a\n\tb", "שלום", "👩‍🔬", "é\u0301", "\u200F", "�"]) {
    assert.equal(printable(text), text);
  }
  assert.equal(printable("a\r\nb\rc"), "a\nb\uFFFDc");
  assert.equal(printableLine("a \r\n  b\tc\x1b"), "a b c\uFFFD");
});
