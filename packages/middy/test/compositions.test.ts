// The promise in every composition: marked values come in sealed, and leave, are stored and are logged nowhere in the
// clear.
import { inspect } from 'node:util'
import { longOr, seed, spellingsOf } from '@glassine/test-support'
import { describe, expect, it, test } from '@jest/globals'
import fc from 'fast-check'
import { answersErrors, type Composition, compositions, listed, promised } from './support/composition.ts'
import { type Came, openedByOracle, run } from './support/run-composition.ts'

/** Where markers of a run are found, and how they are spelled there. */
const leaksIn = ({ texts, markers }: Came): string[] =>
  markers.flatMap((marker) =>
    Object.entries(texts).flatMap(([where, text]) =>
      spellingsOf(marker, text).map((spelling) => `${marker} in ${where}, ${spelling}`),
    ),
  )

const statusOf = (out: unknown): unknown => (out as { statusCode?: number } | undefined)?.statusCode

describe('the search', () => {
  const marker = 'mark1f3qz9x'
  it.each<[string, (text: string) => string]>([
    ['as it is', (text) => text],
    [
      'as escapes of JSON',
      (text) => text.replace(/./g, (c) => `\\u00${c.charCodeAt(0).toString(16).toUpperCase()}`),
    ],
    ['as bytes of a URL', (text) => text.replace(/./g, (c) => `%${c.charCodeAt(0).toString(16)}`)],
    ['in HTML', (text) => text.replace(/./g, (c) => `&#${c.charCodeAt(0)};`)],
    ['in base64', (text) => Buffer.from(text).toString('base64')],
    ['in base64', (text) => Buffer.from(`a${text}b`).toString('base64')],
    ['in base64', (text) => Buffer.from(`ab${text}c`).toString('base64url')],
    ['in hexadecimal', (text) => Buffer.from(text).toString('hex').toUpperCase()],
    ['in hexadecimal', (text) => inspect(Buffer.from(text))],
    ['as bytes in JSON', (text) => JSON.stringify(Buffer.from(text))],
  ])('finds a marker %s', (spelling, spell) => {
    expect(spellingsOf(marker, `x${spell(marker)}y`)).toContain(spelling)
    expect(spellingsOf(marker, `x${spell('mark7f3qz9x')}y`)).toEqual([])
  })

  test('finds what leaves, is stored and is logged in compositions without anything that keeps the promise', async () => {
    const found = new Set<string>()
    for (const drawn of fc.sample(compositions, { seed: 8, numRuns: 150 })) {
      const one = promised(drawn)
      const came = await run({ ...one, isWrongOrder: false }, true)
      const leaks = leaksIn(came)
      // A hook that answers early leaves the request sealed.
      if (came.ran) expect([listed(one), leaks.length > 0]).toEqual([listed(one), true])
      for (const leak of leaks) found.add(leak.replace(/^\w+(\.\w+)? in /, ''))
    }
    for (const where of ['the response', 'the error', 'what was logged', 'what was stored'])
      expect([...found]).toContain(`${where}, as it is`)
  }, 60_000)
})

const count = longOr(20_000, 300)
const first = seed(8)

test(
  `${count} compositions let no marked value out`,
  async () => {
    const ended = { sealed: 0, redacted: 0, refused: 0, thrown: 0, 'without the handler': 0 }
    let runs = 0
    const check = async (drawn: Composition): Promise<void> => {
      const one = promised(drawn)
      const came = await run(one)
      runs++
      const leaks = leaksIn(came)
      if (leaks.length > 0) throw new Error(`\n  ${leaks.join('\n  ')}\n  ${listed(one)}`)
      const response = came.out as { statusCode?: number }
      if (came.ran && answersErrors(one))
        expect([response.statusCode, came.isError, listed(one)]).toEqual([422, false, listed(one)])
      // What is refused is no success with less in it, and names its code.
      if (response.statusCode === 200 && !came.isError)
        expect([came.texts['the response']!.includes('[redacted]'), listed(one)]).toEqual([
          false,
          listed(one),
        ])
      if (came.ran && one.handler.does === 'answers what throws' && one.hooks.length === 0)
        expect([statusOf(came.out), listed(one)]).toEqual([500, listed(one)])
      if (!came.ran) ended['without the handler']++
      else if (came.isError)
        ended[(came.out as { code?: string }).code === undefined ? 'thrown' : 'refused']++
      else if (came.texts['the response']!.includes('[redacted]')) ended.redacted++
      else if (/Ag[RV]4[A-Za-z0-9+/]{100}|eyJ[\w-]+\.\./.test(came.texts['the response']!)) {
        ended.sealed++
        // What should be there is there, by AWS's own library and by jose.
        const { does, place } = one.handler
        // Another value may stand in the place of the first one.
        const hasFields = does === 'stores and reads' || (does === 'answers' && place !== 'declared place')
        if (response.statusCode === 200 && hasFields && one.seed % 4 === 0)
          expect(await openedByOracle(JSON.stringify(came.out))).toContain(came.markers[0])
      }
    }
    await fc.assert(fc.asyncProperty(compositions, check), {
      numRuns: count,
      seed: first,
    })
    expect(runs).toBe(count)
    // A stack that refused everything would let nothing out either.
    for (const [how, times] of Object.entries(ended)) expect([how, times > count / 50]).toEqual([how, true])
  },
  longOr(3_600_000, 120_000),
)
