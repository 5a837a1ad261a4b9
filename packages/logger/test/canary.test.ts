import { deflateSync, gzipSync } from 'node:zlib'
import { leaksOf } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { capture, line } from './capture.ts'

// Used only under declared names; the digits keep it out of everything that fast-check generates.
const mark = 'Zq7xCanary83Wk'
// A URL writes some of its parts in lower case.
const marks = { mark, small: mark.toLowerCase() }

// Three letters do occur by chance, and the logger itself omits the last two names.
const isPlain = (value: unknown) => !/ssn|phone|__proto__|constructor/i.test(JSON.stringify(value))

const options = { numRuns: 400 }

/** A declared name in any possible spelling. */
const name = fc.constantFrom(
  'ssn',
  'SSN',
  'Ssn',
  'dateOfBirth',
  'date_of_birth',
  'DATE-OF-BIRTH',
  'bloodPressure',
)

/** A sensitive text: the mark among other characters, with quotes, brackets, escapes and line breaks. */
const secretText = fc.tuple(fc.string(), fc.string()).map(([before, after]) => `${before}${mark}${after}`)

/** A sensitive value of any shape. */
const secret: fc.Arbitrary<unknown> = fc.oneof(
  secretText,
  fc.array(secretText, { minLength: 1, maxLength: 3 }),
  secretText.map((value) => ({ value, deeper: [{ value }] })),
  secretText.map((value) => new Map([[value, value]])),
  secretText.map((value) => Buffer.from(value)),
  secretText.map((value) => new Error(value)),
)

/** One object with secrets under declared names, as JSON can hold it. */
const sensitive = fc
  .tuple(
    fc.dictionary(fc.stringMatching(/^[a-hj-m]{1,5}$/), fc.jsonValue(), { maxKeys: 3 }),
    fc.array(fc.tuple(name, secretText), { minLength: 1, maxLength: 3 }),
  )
  .map(([others, secrets]): Record<string, unknown> => ({ ...others, ...Object.fromEntries(secrets) }))

/** Gzip and deflate in base64, which a search for leaks does not decompress. */
const isCompressed = (text: string) => /^(?:H4sI|eJ)/.test(text)

const base64 = (text: string) => Buffer.from(text).toString('base64')

/** Ways in which an object becomes text. */
const written: fc.Arbitrary<string> = fc.tuple(sensitive, fc.nat({ max: 9 })).map(([value, way]) => {
  const json = JSON.stringify(value)
  switch (way) {
    case 0:
      return json
    case 1:
      return JSON.stringify(value, null, 2)
    case 2:
      return JSON.stringify({ Records: [{ body: json }, { body: JSON.stringify({ Message: json }) }] })
    case 3:
      return base64(json)
    case 4:
      return Buffer.from(json).toString('base64url')
    case 5:
      return Buffer.from(json).toString('hex')
    case 6:
      return `https://x.example/p?q=${encodeURIComponent(json)}&page=1`
    case 7:
      return new URLSearchParams(
        Object.entries(value).map(([key, member]): [string, string] => [
          key,
          typeof member === 'string' ? member : JSON.stringify(member),
        ]),
      ).toString()
    case 8:
      return gzipSync(json).toString('base64')
    default:
      return deflateSync(json).toString('base64')
  }
})

/** Text around a written object, which must not end the redaction too early. */
const inText = fc
  .tuple(fc.stringMatching(/^[ \w:;,.()[\]{}-]{0,20}$/), written, fc.string())
  .map(([before, text, after]) => `${before} ${text} ${after}`)

/** Text that a person would write. */
const sentence = fc
  .tuple(
    fc.string(),
    fc.constantFrom(' ', '"', '(', '\n', '.', '\\n', '?', '--'),
    name,
    fc.constantFrom(':', '=', ': ', ' = ', '="', " => '"),
    secretText,
  )
  // With an unencoded `&` it may read as a query in which the value ends there.
  .map(
    ([before, edge, name, separator, value]) =>
      `${before}${edge}${name}${separator}${value.replaceAll('&', '')}`,
  )

const text = fc.oneof(written, inText, sentence)

/** Anything with secrets somewhere in it. */
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.tuple(name, secret).map(([key, value]) => ({ [key]: value })),
    text,
    text.map((value) => Buffer.from(value)),
    text.map((value) => new Error(value)),
    text.map((value) => ({ body: base64(value), isBase64Encoded: true })),
    text.map((value) => ({ rawQueryString: value, headers: { cookie: value } })),
    fc.dictionary(fc.string(), tie('tree'), { maxKeys: 3 }),
    fc.array(tie('tree'), { maxLength: 3 }),
    tie('tree').map((value) => new Map([['some', value]])),
    tie('tree').map((value) => new Set([value])),
    tie('tree').map((value) => new Error('failed', { cause: value })),
    tie('tree').map((value) => Object.assign(new TypeError('failed'), { details: value })),
    tie('tree').map((value) => new AggregateError([value, new Error('other')], 'all failed')),
    tie('tree').map((value) => ({ toJSON: () => value })),
    fc.tuple(name, secret).map(([key, value]) => new Map([[key, value]])),
    fc.tuple(name, secret).map(([key, value]) => Object.assign(new Error('failed'), { [key]: value })),
    fc.tuple(name, secret).map(([key, value]) => [[key, value]]),
    fc.tuple(name, secret).map(([key, value]) => [{ name: key, value }]),
  ),
}))

describe('a value under a declared name is never in the output', () => {
  test('at any depth and in any encoding', () => {
    fc.assert(
      fc.property(tree, (value) => {
        const output = capture((logger) => logger.info('canary', { value } as never))
        expect(leaksOf(output, marks)).toEqual([])
      }),
      options,
    )
  })

  test('as the message, extra text or an error', () => {
    fc.assert(
      fc.property(text, (value) => {
        const output = capture((logger) => {
          logger.info(value)
          logger.info('canary', value)
          logger.error('canary', new Error(value, { cause: value }))
        })
        expect(leaksOf(output, marks)).toEqual([])
      }),
      options,
    )
  })

  test('while the search finds the mark in unredacted output', () => {
    fc.assert(
      fc.property(written, (value) => {
        fc.pre(!isCompressed(value))
        const output = capture((logger) => logger.info(value), { jsonReplacerFn: undefined })
        expect(leaksOf(output, marks)).toHaveLength(1)
      }),
      options,
    )
  })
})

test('data without declared fields is logged unchanged', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.string(), (value, message) => {
      fc.pre(isPlain([value, message]))
      const print = (logger: Parameters<Parameters<typeof capture>[0]>[0]) =>
        logger.info(message, {
          wrapped: { value },
          texts: [JSON.stringify(value), base64(JSON.stringify(value))],
        } as never)
      const { timestamp: _, ...plain } = line(print, { jsonReplacerFn: undefined })
      expect(line(print)).toMatchObject(plain)
    }),
    options,
  )
})

test('data beside a declared field is logged unchanged', () => {
  const others = fc.dictionary(fc.stringMatching(/^[a-hj-m]{1,5}$/), fc.jsonValue(), { maxKeys: 3 })
  fc.assert(
    fc.property(others, secret, (others, ssn) => {
      fc.pre(isPlain(others))
      const shown = JSON.parse(JSON.stringify(others))
      const output = line((logger) =>
        logger.info('m', { a: { ...others, ssn }, b: [JSON.stringify({ ...others, ssn: mark })] } as never),
      )
      expect(output.a).toEqual({ ...shown, ssn: '[redacted phi]' })
      expect(JSON.parse(output.b[0])).toEqual({ ...shown, ssn: '[redacted phi]' })
    }),
    options,
  )
})
