import fc from "fast-check";

/**
 * Any character, of one or two UTF-16 units, that can stand alone. The unit "binary" of fast-check is
 * the same, and takes seconds to set up.
 */
export const anyCharacter: fc.Arbitrary<string> = fc.oneof(
  fc.integer({ min: 0, max: 0x7f }),
  fc.integer({ min: 0x80, max: 0xd7ff }),
  fc.integer({ min: 0xe000, max: 0x10ffff }),
).map((code) => String.fromCodePoint(code));

/** Any text; now and then one that is no ordinary key of an object. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  { weight: 12, arbitrary: fc.string({ unit: anyCharacter }) },
  { weight: 1, arbitrary: fc.constantFrom("__proto__", "toString", "") },
);
