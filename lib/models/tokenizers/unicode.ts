/**
 * What the Rust library `tokenizers` 0.23 takes characters for. Its crates follow different versions
 * of Unicode: categories and marks are those of Unicode 8, so this file is mostly the characters that
 * came later, as the ranges of a regular expression. A test compares every character with Python.
 */

/** Punctuation that Unicode 8 did not know. */
const LATER_PUNCTUATION = [
  "\\u061d\\u09fd\\u0a76\\u0c77\\u0c84\\u1b4e\\u1b4f\\u1b7d-\\u1b7f\\u2e43-\\u2e4f",
  "\\u2e52-\\u2e5d\\u{10d6e}\\u{10ead}\\u{10f55}-\\u{10f59}\\u{10f86}-\\u{10f89}\\u{113d4}",
  "\\u{113d5}\\u{113d7}\\u{113d8}\\u{1144b}-\\u{1144f}\\u{1145a}\\u{1145b}\\u{1145d}",
  "\\u{11660}-\\u{1166c}\\u{116b9}\\u{1183b}\\u{11944}-\\u{11946}\\u{119e2}",
  "\\u{11a3f}-\\u{11a46}\\u{11a9a}-\\u{11a9c}\\u{11a9e}-\\u{11aa2}\\u{11b00}-\\u{11b09}",
  "\\u{11be1}\\u{11c41}-\\u{11c45}\\u{11c70}\\u{11c71}\\u{11ef7}\\u{11ef8}",
  "\\u{11f43}-\\u{11f4f}\\u{11fff}\\u{12ff1}\\u{12ff2}\\u{16d6d}-\\u{16d6f}",
  "\\u{16e97}-\\u{16e9a}\\u{16fe2}\\u{1e5ff}\\u{1e95e}\\u{1e95f}",
].join("");

/** Combining marks that the normalizing crate does not know. */
const LATER_MARKS = [
  "\\u07fd\\u0897-\\u089f\\u08ca-\\u08d3\\u09fe\\u0afa-\\u0aff\\u0b55\\u0c04\\u0c3c\\u0cf3",
  "\\u0d00\\u0d3b\\u0d3c\\u0d81\\u0eba\\u0ece\\u1715\\u180f\\u1abf-\\u1ace\\u1cf7",
  "\\u1df6-\\u1dfa\\ua82c\\ua8ff\\u{10d24}-\\u{10d27}\\u{10d69}-\\u{10d6d}\\u{10eab}",
  "\\u{10eac}\\u{10efc}-\\u{10eff}\\u{10f46}-\\u{10f50}\\u{10f82}-\\u{10f85}\\u{11070}",
  "\\u{11073}\\u{11074}\\u{110c2}\\u{11145}\\u{11146}\\u{111c9}\\u{111ce}\\u{111cf}",
  "\\u{11241}\\u{1133b}\\u{113b8}-\\u{113c0}\\u{113c2}\\u{113c5}\\u{113c7}-\\u{113ca}",
  "\\u{113cc}-\\u{113d0}\\u{113d2}\\u{113e1}\\u{113e2}\\u{1145e}\\u{1182c}-\\u{1183a}",
  "\\u{11930}-\\u{11935}\\u{11937}\\u{11938}\\u{1193b}-\\u{1193e}\\u{11940}\\u{11942}",
  "\\u{11943}\\u{119d1}-\\u{119d7}\\u{119da}-\\u{119e0}\\u{119e4}\\u{11a01}-\\u{11a0a}",
  "\\u{11a33}-\\u{11a39}\\u{11a3b}-\\u{11a3e}\\u{11a47}\\u{11a51}-\\u{11a5b}",
  "\\u{11a8a}-\\u{11a99}\\u{11d31}-\\u{11d36}\\u{11d3a}\\u{11d3c}\\u{11d3d}",
  "\\u{11d3f}-\\u{11d45}\\u{11d47}\\u{11d8a}-\\u{11d8e}\\u{11d90}\\u{11d91}",
  "\\u{11d93}-\\u{11d97}\\u{11ef3}-\\u{11ef6}\\u{11f00}\\u{11f01}\\u{11f03}",
  "\\u{11f34}-\\u{11f3a}\\u{11f3e}-\\u{11f42}\\u{11f5a}\\u{13440}\\u{13447}-\\u{13455}",
  "\\u{1611e}-\\u{1612f}\\u{16f4f}\\u{16f7f}-\\u{16f87}\\u{16fe4}\\u{16ff0}\\u{16ff1}",
  "\\u{1cf00}-\\u{1cf2d}\\u{1cf30}-\\u{1cf46}\\u{1e08f}\\u{1e130}-\\u{1e136}\\u{1e2ae}",
  "\\u{1e2ec}-\\u{1e2ef}\\u{1e4ec}-\\u{1e4ef}\\u{1e5ee}\\u{1e5ef}",
].join("");

/** Non-spacing marks that Unicode 8 did not know or filed otherwise. */
const LATER_NONSPACING = [
  "\\u07fd\\u0897-\\u089f\\u08ca-\\u08e1\\u09fe\\u0afa-\\u0aff\\u0b55\\u0c04\\u0c3c\\u0d00",
  "\\u0d3b\\u0d3c\\u0d81\\u0eba\\u0ece\\u180f\\u1885\\u1886\\u1abf-\\u1ace\\u1df6-\\u1dfb",
  "\\ua82c\\ua8c5\\ua8ff\\ua9bd\\u{10d24}-\\u{10d27}\\u{10d69}-\\u{10d6d}\\u{10eab}",
  "\\u{10eac}\\u{10efc}-\\u{10eff}\\u{10f46}-\\u{10f50}\\u{10f82}-\\u{10f85}\\u{11070}",
  "\\u{11073}\\u{11074}\\u{110c2}\\u{111c9}\\u{111cf}\\u{1123e}\\u{11241}\\u{1133b}",
  "\\u{113bb}-\\u{113c0}\\u{113ce}\\u{113d0}\\u{113d2}\\u{113e1}\\u{113e2}",
  "\\u{11438}-\\u{1143f}\\u{11442}-\\u{11444}\\u{11446}\\u{1145e}\\u{1182f}-\\u{11837}",
  "\\u{11839}\\u{1183a}\\u{1193b}\\u{1193c}\\u{1193e}\\u{11943}\\u{119d4}-\\u{119d7}",
  "\\u{119da}\\u{119db}\\u{119e0}\\u{11a01}-\\u{11a0a}\\u{11a33}-\\u{11a38}",
  "\\u{11a3b}-\\u{11a3e}\\u{11a47}\\u{11a51}-\\u{11a56}\\u{11a59}-\\u{11a5b}",
  "\\u{11a8a}-\\u{11a96}\\u{11a98}\\u{11a99}\\u{11c30}-\\u{11c36}\\u{11c38}-\\u{11c3d}",
  "\\u{11c3f}\\u{11c92}-\\u{11ca7}\\u{11caa}-\\u{11cb0}\\u{11cb2}\\u{11cb3}\\u{11cb5}",
  "\\u{11cb6}\\u{11d31}-\\u{11d36}\\u{11d3a}\\u{11d3c}\\u{11d3d}\\u{11d3f}-\\u{11d45}",
  "\\u{11d47}\\u{11d90}\\u{11d91}\\u{11d95}\\u{11d97}\\u{11ef3}\\u{11ef4}\\u{11f00}",
  "\\u{11f01}\\u{11f36}-\\u{11f3a}\\u{11f40}\\u{11f42}\\u{11f5a}\\u{13440}",
  "\\u{13447}-\\u{13455}\\u{1611e}-\\u{16129}\\u{1612d}-\\u{1612f}\\u{16f4f}\\u{16fe4}",
  "\\u{1cf00}-\\u{1cf2d}\\u{1cf30}-\\u{1cf46}\\u{1e000}-\\u{1e006}\\u{1e008}-\\u{1e018}",
  "\\u{1e01b}-\\u{1e021}\\u{1e023}\\u{1e024}\\u{1e026}-\\u{1e02a}\\u{1e08f}",
  "\\u{1e130}-\\u{1e136}\\u{1e2ae}\\u{1e2ec}-\\u{1e2ef}\\u{1e4ec}-\\u{1e4ef}\\u{1e5ee}",
  "\\u{1e5ef}\\u{1e944}-\\u{1e94a}",
].join("");

/** Characters that the normalizing crate does not decompose or compose. */
const LATER_FORMS = [
  "\\u32ff\\ua7f2-\\ua7f4\\uab69\\u{105c9}\\u{105d2}\\u{105da}\\u{105e4}",
  "\\u{10781}-\\u{10785}\\u{10787}-\\u{107b0}\\u{107b2}-\\u{107ba}\\u{11382}-\\u{11385}",
  "\\u{1138b}\\u{1138e}\\u{11390}\\u{11391}\\u{113b8}\\u{113bb}\\u{113c2}\\u{113c5}",
  "\\u{113c7}-\\u{113c9}\\u{11930}\\u{11935}\\u{11938}\\u{1611e}-\\u{16129}\\u{16d63}",
  "\\u{16d67}-\\u{16d6a}\\u{1ccd6}-\\u{1ccf9}\\u{1e030}-\\u{1e06d}\\u{1f16c}",
  "\\u{1fbf0}-\\u{1fbf9}",
].join("");

/** White space, as Rust's `char::is_whitespace`: unlike JavaScript's with U+0085, without U+FEFF. */
export const SPACE = "\\p{White_Space}";

const SPACES = new RegExp(`^${SPACE}$`, "u");

/** Where the white space that ends before a place begins. */
export function startOfSpace(text: string, end: number): number {
  let start = end;
  while (start > 0 && SPACES.test(text[start - 1]!)) start--;
  return start;
}

/** Where the white space that begins at a place ends. */
export function endOfSpace(text: string, start: number): number {
  let end = start;
  while (end < text.length && SPACES.test(text[end]!)) end++;
  return end;
}

/** A letter, mark, digit or connector of a word, as `\w` of Rust's `regex`. */
export const WORD = "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]";

/** Punctuation of ASCII and Unicode 8. */
export const PUNCTUATION = `(?![${LATER_PUNCTUATION}])[\\p{P}!-\\/:-@\\[-\`{-~\\u166d\\u{111c9}]`;

/** A number of any kind, as Rust's `char::is_numeric`. */
export const NUMERIC = "[\\p{N}\\u{11de0}-\\u{11de9}\\u{16ff4}-\\u{16ff6}]";

/** What `BertNormalizer` cleans away: control, format and private characters, U+FFFD. */
export const CONTROL =
  "(?![\\t\\n\\r\\u0890\\u0891\\u08e2\\u{110cd}\\u{13430}-\\u{1343f}])[\\p{Cc}\\p{Cf}\\p{Co}\\ufffd]";

/** What `StripAccents` takes away. */
export const MARK = `(?:(?![${LATER_MARKS}])\\p{M}|[\\u1cf2\\u1cf3])`;

/** What `BertNormalizer` takes away as accents. */
export const NONSPACING = `(?:(?![${LATER_NONSPACING}])\\p{Mn}|[\\u1734\\u{1171e}])`;

/** What `BertNormalizer` puts spaces around; it has no U+2B820 to U+2B91F. */
export const CHINESE = "[\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{2a6df}" +
  "\\u{2a700}-\\u{2b81f}\\u{2b920}-\\u{2ceaf}\\u{2f800}-\\u{2fa1f}]";

const NOT_NORMALIZED = new RegExp(`([${LATER_MARKS}${LATER_FORMS}]+)`, "u");

/** Capital letters that are newer than JavaScript's tables, as far as Rust knows them. */
const LATER_CAPITALS = /[\ua7ce\ua7d2\ua7d4\u{16ea0}-\u{16eb8}]/gu;

/** The forms of Unicode normalization. */
export type Form = "NFC" | "NFD" | "NFKC" | "NFKD";

/** A text in a form of Unicode normalization, newer characters left as they are. */
export function normalForm(text: string, form: Form): string {
  return text.split(NOT_NORMALIZED)
    .map((part, i) => i % 2 === 1 ? part : part.normalize(form)).join("");
}

/**
 * A text in small letters, each character by itself: a sigma that ends a word is no exception.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(lowercase("\u0391\u03a3"), "\u03b1\u03c3");
 * assert.equal("\u0391\u03a3".toLowerCase(), "\u03b1\u03c2");
 * ```
 */
export function lowercase(text: string): string {
  return text.replaceAll("\u03a3", "\u03c3").replace(LATER_CAPITALS, (capital) => {
    const code = capital.codePointAt(0)!;
    return String.fromCodePoint(code < 0x10000 ? code + 1 : code + 0x1b);
  }).toLowerCase();
}
