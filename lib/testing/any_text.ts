import fc from "fast-check";

/**
 * Any Unicode character that can stand alone, of one or two UTF-16 units. The unit "binary" of
 * fast-check is the same, but takes seconds to set up.
 */
export const anyCharacter: fc.Arbitrary<string> = fc.oneof(
  fc.integer({ min: 0, max: 0x7f }),
  fc.integer({ min: 0x80, max: 0xd7ff }),
  fc.integer({ min: 0xe000, max: 0x10ffff }),
).map((code) => String.fromCodePoint(code));

/** Any string; sometimes one that behaves unusually as a key of an object, such as `__proto__`. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  { weight: 12, arbitrary: fc.string({ unit: anyCharacter }) },
  { weight: 1, arbitrary: fc.constantFrom("__proto__", "toString", "") },
);
