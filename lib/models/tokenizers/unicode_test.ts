import assert from "node:assert/strict";
import { lacking } from "../../testing/lacking.ts";
import { HAS_PYTHON, runPython } from "../../testing/python.ts";
import {
  CHINESE,
  CONTROL,
  type Form,
  lowercase,
  MARK,
  NONSPACING,
  normalForm,
  NUMERIC,
  PUNCTUATION,
  SPACE,
  WORD,
} from "./unicode.ts";

/** Asks the Rust library about every character: ranges of each class, and what each form changes. */
const SCRIPT = `
import json
from tokenizers import normalizers, pre_tokenizers

blocks = [range(0xD800), range(0xE000, 0x34000), range(0xE0000, 0xE0200), range(0x10FF00, 0x110000)]
every = [chr(code) for block in blocks for code in block]

def codes(test):
    return [ord(c) for c in every if test(c)]

def cuts(cutter):
    return lambda c: len(cutter.pre_tokenize_str("a" + c + "a")) > 1

def bert(**on):
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**(off | on))

chinese = bert(handle_chinese_chars=True)

def removes(normalizer):
    return lambda c: normalizer.normalize_str(c) == ""

def changes(normalizer, around=("", "")):
    pairs = ((c, around[0] + c + around[1]) for c in every)
    return {ord(c): changed for c, text in pairs if (changed := normalizer.normalize_str(text)) != text}

words = cuts(pre_tokenizers.Whitespace())
forms = {name: getattr(normalizers, name)() for name in ["NFC", "NFD", "NFKC", "NFKD"]}
print(json.dumps({
    "classes": {
        "PUNCTUATION": codes(cuts(pre_tokenizers.Punctuation())),
        "NUMERIC": codes(cuts(pre_tokenizers.Digits())),
        "SPACE": codes(cuts(pre_tokenizers.WhitespaceSplit())),
        "WORD": codes(lambda c: not words(c)),
        "CONTROL": codes(lambda c: c != chr(0) and removes(bert(clean_text=True))(c)),
        "MARK": codes(removes(normalizers.StripAccents())),
        "NONSPACING": codes(removes(bert(strip_accents=True))),
        "CHINESE": codes(lambda c: chinese.normalize_str(c) != c),
    },
    "lowercase": changes(normalizers.Lowercase()),
    "forms": {name: changes(form) for name, form in forms.items()},
    "marked": {name: changes(form, ("a\\u0301", "\\u0323")) for name, form in forms.items()},
}))
`;

const CLASSES = { PUNCTUATION, NUMERIC, SPACE, WORD, CONTROL, MARK, NONSPACING, CHINESE };

/** Every block of Unicode that has characters. */
const BLOCKS = [[0, 0xd800], [0xe000, 0x34000], [0xe0000, 0xe0200], [0x10ff00, 0x110000]] as const;

/** The characters, by code, of which a test holds. */
function* codes(test: (character: string) => boolean): Generator<number> {
  for (const [start, end] of BLOCKS) {
    for (let code = start; code < end; code++) if (test(String.fromCodePoint(code))) yield code;
  }
}

Deno.test({
  name: `every character is of the classes and forms of tokenizers${lacking("Python", HAS_PYTHON)}`,
  ignore: !HAS_PYTHON,
  async fn() {
    const python = JSON.parse(await runPython(SCRIPT, []));
    const hex = (found: Iterable<number>) => [...found].map((code) => code.toString(16));
    for (const [name, source] of Object.entries(CLASSES)) {
      const regex = new RegExp(`^${source}$`, "u");
      const there = new Set<number>(python.classes[name]);
      if (name === "CONTROL") there.delete(0);
      const wrong = codes((c) => c !== "\0" && regex.test(c) !== there.has(c.codePointAt(0)!));
      assert.deepEqual(hex(wrong), [], name);
    }
    const differing = (
      changed: Record<string, string>,
      change: (text: string) => string,
      [before, after]: readonly [string, string] = ["", ""],
    ) =>
      hex(codes((c) => {
        const text = before + c + after;
        return change(text) !== (changed[c.codePointAt(0)!] ?? text);
      }));
    assert.deepEqual(differing(python.lowercase, lowercase), []);
    for (const form of ["NFC", "NFD", "NFKC", "NFKD"] as Form[]) {
      const change = (text: string) => normalForm(text, form);
      assert.deepEqual(differing(python.forms[form], change), [], form);
      const marked = ["a\u0301", "\u0323"] as const;
      assert.deepEqual(differing(python.marked[form], change, marked), [], `${form} among marks`);
    }
  },
});
