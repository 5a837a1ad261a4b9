import fc from 'fast-check'
import { normaliseNumber } from '../../src/attributes/number.ts'
import type { AttributeValue } from '../../src/index.ts'

/** Any well-formed text: all planes of Unicode, and byte order marks where they would get lost. */
export const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 5 }).map((rest) => `\uFEFF${rest}`),
)

/** Names of attributes: not empty and not the format's own; some reach the prototype, some need four bytes. */
export const name = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }) },
  fc.constantFrom('__proto__', 'constructor', 'toString', '𐀂', '𐀂𐀁', '\uFFFD', '\uFFFDa', 'a.b', "['a']"),
)

/** Numbers as text in all notations: up to 38 significant digits, and the whole range. */
export const number = fc
  .record({
    sign: fc.constantFrom('', '-', '+'),
    zeros: fc.constantFrom('', '0', '000'),
    digits: fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 38 }),
    point: fc.nat(38),
    exponent: fc.integer({ min: -91, max: 87 }),
    mark: fc.constantFrom('e', 'E', 'e+'),
  })
  .map(({ sign, zeros, digits, point, exponent, mark }) => {
    const at = Math.min(point, digits.length)
    const mantissa = `${sign}${zeros}${digits.slice(0, at)}${at < digits.length ? `.${digits.slice(at)}` : ''}`
    return exponent === 0 ? mantissa : `${mantissa}${exponent < 0 ? 'e' : mark}${exponent}`
  })

export const bytes = fc.uint8Array({ maxLength: 40 })

const setOf = <T>(element: fc.Arbitrary<T>, same: (value: T) => unknown) =>
  fc.uniqueArray(element, { selector: same, minLength: 1, maxLength: 6 })

const scalar: readonly fc.Arbitrary<AttributeValue>[] = [
  text.map((S) => ({ S })),
  number.map((N) => ({ N })),
  bytes.map((B) => ({ B })),
  fc.boolean().map((BOOL) => ({ BOOL })),
  fc.constant({ NULL: true }),
  setOf(text, (value) => value).map((SS) => ({ SS })),
  setOf(number, (value) => normaliseNumber(value)).map((NS) => ({ NS })),
  setOf(bytes, (value) => Buffer.from(value).toString('hex')).map((BS) => ({ BS })),
]

/** A value of any type, nested or not. */
export const { value } = fc.letrec<{ value: AttributeValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    ...scalar,
    fc.array(tie('value'), { maxLength: 4 }).map((L) => ({ L })),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 4 }).map((members) => ({ M: ownMembers(members) })),
  ),
}))

/** An object with own members also where a name reaches the prototype. */
export const ownMembers = <T>(members: readonly (readonly [string, T])[]): Record<string, T> => {
  const object: Record<string, T> = {}
  for (const [key, member] of members)
    Object.defineProperty(object, key, {
      value: member,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  return object
}
