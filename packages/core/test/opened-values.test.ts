import { endOpenedValues, liveOpenedValues, OpenedValues, openedValues } from '@glassine/core/internal'
import { describe, expect, it } from '@jest/globals'

const opened = (...values: unknown[]): OpenedValues => {
  const set = new OpenedValues()
  for (const value of values) set.add(value)
  return set
}

/** A text long enough for the search in one pass, with something in its midst. */
const long = (middle: string): string =>
  `${'lorem ipsum dolor '.repeat(4000)}${middle}${' sit amet'.repeat(4000)}`

describe('opened values are found in what leaves', () => {
  const value = 'Zoë "O\'Neil" & <co> 42/7'
  const forms: readonly [name: string, text: string][] = [
    ['as it is', value],
    ['in JSON', JSON.stringify({ a: value })],
    ['in JSON in a JSON string', JSON.stringify({ a: JSON.stringify({ b: value }) })],
    ['in ASCII JSON', JSON.stringify(value).replace('ë', '\\u00eb')],
    ['in ASCII JSON with upper-case hex', JSON.stringify(value).replace('ë', '\\u00EB')],
    ['URL-encoded', encodeURIComponent(value)],
    [
      'URL-encoded in lower case',
      encodeURIComponent(value).toLowerCase().replace('zo', 'Zo').replace("o'neil", "O'Neil"),
    ],
    ['as a form', new URLSearchParams({ q: value }).toString()],
    [
      'in HTML',
      value
        .replaceAll('&', '&amp;')
        .replaceAll('<', '&lt;')
        .replaceAll('>', '&gt;')
        .replaceAll('"', '&quot;'),
    ],
  ]
  it.each(forms)('%s, in a short text', (_name, text) => {
    expect(opened(value).find(`x ${text} y`)?.value).toBe(value)
  })
  it.each(forms)('%s, in a long text', (_name, text) => {
    expect(opened(value, 'other value', 'third one').find(long(text))?.value).toBe(value)
  })
  it.each(forms)('%s, and replaced', (_name, text) => {
    expect(opened(value).redact(`<${text}>`)).not.toContain('Neil')
  })

  it('in lists, objects and numbers', () => {
    const set = opened({
      a: ['abcdefgh', { b: 12345678 }],
      c: true,
      d: null,
      e: -7654321,
      f: -48.20531,
      g: 2n ** 64n,
    })
    for (const text of ['abcdefgh', '12345678', '7654321', '48.20531', '18446744073709551616'])
      expect(set.find(`(${text})`)?.value).toBe(text)
    expect(set.size).toBe(5)
  })

  it.each([
    [
      'every character as an escape of JSON',
      [...value].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
    ],
    ['some characters as escapes of JSON', JSON.stringify(value).replace('N', '\\u004e').replace('/', '\\/')],
    [
      'the same once more in JSON',
      JSON.stringify(JSON.stringify(value).replace('N', '\\u004E').replace('/', '\\/')),
    ],
    [
      'every byte of a URL',
      [...new TextEncoder().encode(value)].map((b) => `%${b.toString(16).padStart(2, '0')}`).join(''),
    ],
    ['encoded twice for a URL', encodeURIComponent(encodeURIComponent(value))],
    ['encoded three times for a URL', encodeURIComponent(encodeURIComponent(encodeURIComponent(value)))],
    ['every character as one of HTML', [...value].map((c) => `&#${c.charCodeAt(0)};`).join('')],
    [
      'as hexadecimal characters of HTML',
      [...value].map((c) => `&#x${c.charCodeAt(0).toString(16)};`).join(''),
    ],
    [
      'as characters of HTML with leading zeros',
      [...value].map((c) => `&#${`${c.charCodeAt(0)}`.padStart(40, '0')};`).join(''),
    ],
    [
      'as hexadecimal characters of HTML with leading zeros',
      [...value].map((c) => `&#X${c.charCodeAt(0).toString(16).padStart(40, '0')};`).join(''),
    ],
    ['as characters of HTML without semicolons', [...value].map((c) => `&#${c.charCodeAt(0)}`).join('')],
    [
      'in HTML without semicolons',
      value.replaceAll('&', '&amp').replaceAll('<', '&lt').replaceAll('>', '&gt').replaceAll('"', '&quot'),
    ],
    ['as a form that writes some blanks as plus', encodeURIComponent(value).replace('%20', '+')],
    [
      'as a form that writes most blanks as plus',
      encodeURIComponent(value).replaceAll('%20&', '+&').replace('%20', '+'),
    ],
    [
      'escaped twice for HTML',
      value.replaceAll('&', '&amp;amp;').replaceAll('<', '&amp;lt;').replaceAll('>', '&amp;gt;'),
    ],
    [
      'as HTML in JSON that escapes its characters',
      JSON.stringify(
        value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
      ).replaceAll('&', '\\u0026'),
    ],
    [
      'as escapes of JavaScript of two digits',
      [...value].map((c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`).join(''),
    ],
    ['as JSON in a URL', encodeURIComponent(JSON.stringify({ a: value }))],
    ['beside bytes that are no UTF-8', `%ff${encodeURIComponent(value)}%c3`],
  ])('%s', (_name, text) => {
    const set = opened(value)
    for (const one of [`x ${text} y`, long(text)]) {
      const { start, end } = set.find(one)!
      expect(one.slice(start, end).length).toBeGreaterThan(value.length - 3)
      expect(set.redact(one)).toBe(`${one.slice(0, start)}[redacted]${one.slice(end)}`)
    }
  })

  describe.each([
    ['bytes', [...new TextEncoder().encode(value)]],
    ['signed bytes', [...new Int8Array(new TextEncoder().encode(value))]],
    ['code units', Array.from(value, (character) => character.charCodeAt(0))],
  ])('as a list of its %s', (_name, numbers) => {
    it.each([
      ['in JSON', JSON.stringify({ a: numbers })],
      ['in JSON with blanks', JSON.stringify({ a: numbers }, undefined, 2)],
      ['in JSON in a JSON string', JSON.stringify({ a: JSON.stringify(numbers, undefined, '\t') })],
      ['as an object', JSON.stringify({ ...numbers })],
      [
        'as an object in a JSON string, with blanks',
        JSON.stringify(JSON.stringify({ ...numbers }, undefined, 1)),
      ],
    ])('%s', (_where, text) => {
      const set = opened(value)
      for (const one of [`x ${text} y`, long(text)]) {
        expect(set.find(one)?.value).toBe(value)
        expect(set.redact(one)).not.toMatch(/90\W|\b79\b/)
      }
    })

    it('but not in a list of others', () => {
      const text = JSON.stringify({ a: numbers.map((number) => number ^ 1), b: [1, 2, 3] })
      expect(opened(value).find(text)).toBeUndefined()
      expect(opened(value).redact(text)).toBe(text)
    })
  })

  it('the bytes of a text that has it encoded', () => {
    const text = JSON.stringify([...new TextEncoder().encode(`q=${encodeURIComponent(value)}`)])
    expect(opened(value).find(text)?.value).toBe(value)
    expect(opened(value).redact(text)).toBe('[redacted]')
  })

  it('bytes that are no text as a list of numbers with blanks', () => {
    const bytes = new Uint8Array([0, 255, 128, 7, 200, 201, 202])
    expect(opened(bytes).find(JSON.stringify({ a: [...bytes] }, undefined, 2))).toBeDefined()
    expect(opened(bytes).find(JSON.stringify({ a: bytes }, undefined, 2))).toBeDefined()
  })

  it.each<[number, string]>([
    [1.234567e21, '1.234567e+21'],
    [1.234567e-7, '1.234567e-7'],
    [-1.234567e-7, '-1.234567e-7'],
  ])('the number %d as %s', (number, text) => {
    expect(opened(number).find(`x ${text} y`)?.value).toBeDefined()
  })

  it.each([
    ['2026-01-05T10:00:00Z', '2026-01-05T10:00:00.000Z'],
    ['2026-01-05T12:00+02:00', '2026-01-05T10:00:00.000Z'],
  ])('the time %s as a program writes it', (time, text) => {
    expect(opened(time).find(JSON.stringify({ at: new Date(time) }))?.value).toBe(text)
    expect(opened(time).find(time)?.value).toBe(time)
  })

  it('no time of a text that begins like one', () => {
    for (const text of ['2026-99-05T10:00:00Z', `2026-01-05T10:00 ${'x'.repeat(50)}`])
      expect(opened(text).size).toBe(1)
  })

  it('with plus signs of its own, where blanks are plus signs too', () => {
    const phone = '+32 475 (12) 34+56'
    for (const text of [
      phone,
      phone.replaceAll(' ', '+'),
      encodeURIComponent(phone),
      encodeURIComponent(phone).replaceAll('%20', '+'),
      encodeURIComponent(phone).replace('%20', '+'),
      JSON.stringify(phone).replaceAll('+', '\\u002b'),
    ])
      expect(opened(phone).find(`x=${text}&y`)?.value).toBe(phone)
  })

  it('in a text of escapes alone, at a cost that grows with its length only', () => {
    const text = '%25'.repeat(500_000)
    const before = process.cpuUsage()
    expect(opened('078-05-1120').find(text)).toBeUndefined()
    expect(opened('078-05-1120').find(`${text} 078%2D05-1120`)?.value).toBe('078-05-1120')
    // An array with a text for each byte takes several times as long.
    expect(process.cpuUsage(before).user).toBeLessThan(3_000_000)
  })

  it('and says whether a number is among them', () => {
    expect(opened('12345678', 12345).hasNumbers).toBe(false)
    expect(opened({ a: [12345678] }).hasNumbers).toBe(true)
  })

  it('without any run of plain characters', () => {
    const text = 'ëëë öö ü ß'
    expect(opened(text).find(`{"a":"${text}"}`)?.value).toBe(text)
    expect(opened(text).find(long(encodeURIComponent(text)))?.value).toBe(text)
  })

  it('only from six characters on', () => {
    const set = opened('12345', 99999, 'Berlin')
    expect(set.find('12345 99999')).toBeUndefined()
    expect(set.find('in Berlin')?.value).toBe('Berlin')
  })

  it('and tells where they stand', () => {
    expect(opened('078-05-1120').find('Saved 078-05-1120.')).toEqual({
      start: 6,
      end: 17,
      value: '078-05-1120',
    })
  })

  it('among thousands of values, wherever they stand in the text', () => {
    const values = Array.from({ length: 2000 }, (_, at) => `value-number-${at}-x`)
    const set = opened(...values)
    for (const at of [0, 777, 1999])
      for (const text of [`value-number-${at}-x`, long(`value-number-${at}-x`)])
        expect(set.find(text)?.value).toBe(`value-number-${at}-x`)
    expect(set.find(long('value-number-2000-x'))).toBeUndefined()
  })

  it('the first of several, and every one is replaced', () => {
    const set = opened('aaaaaa-one', 'bbbbbb-two')
    const text = 'x bbbbbb-two y aaaaaa-one z bbbbbb-two'
    expect(set.find(text)?.value).toBe('bbbbbb-two')
    expect(set.redact(text)).toBe('x [redacted] y [redacted] z [redacted]')
    expect(set.redact(long(text))).toBe(long('x [redacted] y [redacted] z [redacted]'))
  })

  it('a value that begins before its anchor is replaced whole', () => {
    const set = opened('é-1 secret-word', 'secret-word')
    expect(set.redact('<é-1 secret-word>')).toBe('<[redacted]>')
    expect(set.redact(long('<é-1 secret-word>'))).toBe(long('<[redacted]>'))
  })

  it('a value that begins before another one and has its anchor behind it is replaced whole', () => {
    const set = opened('é é é é inner-value-é-é-é 12 34 56 outer!', 'inner-value', '12 34 56')
    const text = '<é é é é inner-value-é-é-é 12 34 56 outer!>'
    expect(set.redact(text)).toBe('<[redacted]>')
    expect(set.redact(long(text))).toBe(long('<[redacted]>'))
  })

  it('a text that was made to cost much work is taken for one that leaks', () => {
    const set = opened(...Array.from({ length: 5000 }, (_, at) => `aaaaaa${at}`))
    expect(set.find('a'.repeat(200_000))).toEqual({ start: 0, end: 200_000, value: '' })
    expect(set.redact('a'.repeat(200_000))).toBe('[redacted]')
  })

  it('but not those that are exempt', () => {
    const set = opened('known-to-caller', 'not-known-yet')
    const isExempt = (value: string) => value === 'known-to-caller'
    expect(set.find('known-to-caller', isExempt)).toBeUndefined()
    expect(set.redact('known-to-caller not-known-yet', isExempt)).toBe('known-to-caller [redacted]')
    expect(set.find(long('known-to-caller not-known-yet'), isExempt)?.value).toBe('not-known-yet')
  })

  it('by a search that agrees with a plain one', () => {
    let seed = 7
    const next = (below: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
      return seed % below
    }
    const word = (length: number) => Array.from({ length }, () => 'abcé/"'[next(6)]).join('')
    for (let round = 0; round < 300; round++) {
      const values = Array.from({ length: 1 + next(40) }, () => word(6 + next(4)))
      const text = word(next(3000))
      const set = opened(...values)
      const expected = values.some(
        (value) => text.includes(value) || text.includes(JSON.stringify(value).slice(1, -1)),
      )
      const found = set.find(text)
      if (expected) expect(found).toBeDefined()
      else if (found)
        expect(JSON.parse(`"${JSON.stringify(text).slice(1, -1)}"`)).toContain(
          text.slice(found.start, found.end),
        )
    }
  })
})

describe('the sets of a process', () => {
  const endedWith = (text: string) => {
    const set = openedValues()
    set.add(text)
    endOpenedValues(set)
    return set
  }

  it('are seen by all copies of the package', () => {
    const set = openedValues()
    const { running, ended } = (globalThis as any)[Symbol.for('@glassine/core/opened-values')]
    const isThere = () => [...running].some((reference: any) => reference.deref() === set)
    expect([isThere(), ended.has(set)]).toEqual([true, false])
    expect(liveOpenedValues()).toContain(set)
    endOpenedValues(set)
    expect([isThere(), ended.has(set)]).toEqual([false, true])
    expect(liveOpenedValues().filter((one) => one === set)).toHaveLength(1)
  })

  it('are held, with their values, until 16 others have ended after them', () => {
    const sets = Array.from({ length: 20 }, () => endedWith('078-05-1120'))
    for (const set of sets) expect(set.find('was 078-05-1120')).toBeDefined()
    const live = liveOpenedValues()
    expect(sets.map((set) => live.includes(set))).toEqual(sets.map((_, at) => at >= 4))
    // Ended twice, as by two hooks: it is the last one now.
    endOpenedValues(sets[4]!)
    endedWith('one more')
    expect(liveOpenedValues()).toContain(sets[4])
    expect(liveOpenedValues()).not.toContain(sets[5])
  })

  it('that have ended hold a million code units together at most, the latest first', () => {
    const third = 'a'.repeat(400_000)
    const [first, second, last] = [endedWith(third), endedWith(`${third}b`), endedWith(`${third}c`)]
    expect(liveOpenedValues()).not.toContain(first)
    expect(liveOpenedValues()).toEqual(expect.arrayContaining([second, last]))
    const held = () => [...(globalThis as any)[Symbol.for('@glassine/core/opened-values')].ended]
    const huge = endedWith('a'.repeat(1_000_001))
    expect(held()).not.toContain(huge)
    expect(held()).toContain(last)
    expect(liveOpenedValues()).toContain(huge)
  })

  it('are bounded, so that invocations that never end cost no memory, and each goes on to find its own values', () => {
    const first = openedValues()
    first.add('078-05-1120')
    const others = Array.from({ length: 300 }, openedValues)
    const live = liveOpenedValues()
    expect(others.filter((one) => live.includes(one))).toEqual(others.slice(-256))
    expect(live).not.toContain(first)
    expect(first.find('078-05-1120')).toBeDefined()
  })
})

describe('names inside of an opened value', () => {
  const opened = (value: unknown) => {
    const set = openedValues()
    set.add(value)
    return set
  }

  it('that are data are found anywhere', () => {
    const set = opened({ 'HIV-positive-2024': true, nested: { 'secret name': 1 } })
    for (const text of [
      'unknown diagnosis HIV-positive-2024',
      '{"by":{"HIV-positive-2024":{}}}',
      '["secret name"]',
      '/q?d=secret%20name',
    ])
      expect(set.find(text)).toBeDefined()
    expect(set.redact('is HIV-positive-2024')).toBe('is [redacted]')
  })

  it.each<[string, string, boolean]>([
    ['as an element of a list', '["postalCode"]', true],
    ['as a value', '{"a": "postalCode"}', true],
    ['as a value in JSON in a text', JSON.stringify({ a: JSON.stringify({ a: 'postalCode' }) }), true],
    ['as the whole text', 'postalCode', true],
    ['as the name of a member', '{"postalCode" : 1}', false],
    ['as such in JSON in a text', JSON.stringify({ a: JSON.stringify({ postalCode: 1 }) }), false],
    ['as a part of a name', '{"postalCodes":1,"apostalCode":"x"}', false],
    ['as a word', 'the postalCode is missing', false],
    ['in HTML', '<input name="postalCode">', false],
  ])('that a program may have written are found where they are a whole text: %s', (_, text, isFound) => {
    const set = opened({ postalCode: 'B-9000' })
    expect(set.find(text) !== undefined).toBe(isFound)
    // The same in a long text, which is searched in another way.
    expect(set.find(`${'x '.repeat(15_000)}${text}`) !== undefined).toBe(isFound && text !== 'postalCode')
  })

  it('are found as values where they are values, too', () => {
    for (const value of [
      { postalCode: 1, a: 'postalCode' },
      { a: 'postalCode', b: { postalCode: 1 } },
    ])
      expect(opened(value).find('the postalCode is missing')).toBeDefined()
  })

  it('are as short as other values at least', () => {
    expect(opened({ 'a b c': 1 }).size).toBe(0)
    expect(opened({ 'a b cd': 1 }).size).toBe(1)
  })
})

describe('bytes that were opened', () => {
  const text = 'Zoë 078-05-1120?>~'
  const bytes = new TextEncoder().encode(text)
  const set = openedValues()
  set.add({ B: bytes })
  it.each<[string, string]>([
    ['as text', `is ${text}`],
    ['as text in JSON', JSON.stringify({ a: text })],
    ['in base64', `x ${Buffer.from(bytes).toString('base64')}`],
    ['in base64 of URLs', Buffer.from(bytes).toString('base64url')],
    ['as a list of numbers', JSON.stringify({ a: [...bytes] })],
    ["as Buffer's JSON", JSON.stringify(Buffer.from(bytes))],
  ])('are found %s', (_, one) => {
    expect(set.find(one)).toBeDefined()
  })

  it('are found in base64 where they are no text, and as views of any kind', () => {
    const other = openedValues()
    other.add([new DataView(Uint8Array.of(255, 254, 1, 2, 3, 4).buffer)])
    expect(other.find('//4BAgME')).toBeDefined()
    expect(other.find('[255,254,1,2,3,4]')).toBeDefined()
    expect(other.find('\ufffd\ufffd\u0001\u0002\u0003\u0004')).toBeUndefined()
  })

  it('are not remembered if they are few', () => {
    const other = openedValues()
    other.add(Uint8Array.of(65, 66, 67, 68, 69))
    expect(other.size).toBe(0)
  })
})
