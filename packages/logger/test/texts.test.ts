import { deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { logged } from './capture.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const decoded = (text: string) => Buffer.from(text, 'base64').toString()
const json = (value: unknown) => JSON.stringify(value)

describe('in JSON text,', () => {
  test('a document keeps its other members', () => {
    expect(JSON.parse(logged(json({ id: 'p-1', ssn: 'MARK', visits: [{ SSN: 1 }] })))).toEqual({
      id: 'p-1',
      ssn: '[redacted phi]',
      visits: [{ SSN: '[redacted phi]' }],
    })
  })

  test('a document is rewritten after any redaction', () => {
    for (const document of [
      { ssn: 'MARK', note: 'ssn: MARK' },
      { name: 'ssn', value: 'MARK' },
      { list: [{ name: 'ssn', value: 'MARK' }], ssn: 'MARK' },
    ])
      expect(logged(json(document))).not.toContain('MARK')
  })

  test('an untouched document keeps every byte', () => {
    for (const text of ['{ "id":  12345678901234567890 }', '[1.0, 2]', '{"note":"no ssn here"}', '"ssn"'])
      expect(logged(text)).toBe(text)
  })

  test('JSON in JSON in JSON is redacted', () => {
    const once = json({ ssn: 'MARK', a: 1 })
    const result = JSON.parse(logged(json({ body: json({ Message: once }) })))
    expect(JSON.parse(JSON.parse(result.body).Message)).toEqual({ ssn: '[redacted phi]', a: 1 })
  })

  test('a name behind escapes is found', () => {
    expect(JSON.parse(logged('{"\\u0073sn":"MARK","a":1}'))).toEqual({ ssn: '[redacted phi]', a: 1 })
    expect(logged('got {"\\u0073sn":"MARK"}')).toBe('[redacted]')
  })
})

describe('fragments of JSON in a text:', () => {
  test.each([
    ['got {"id":"p-1","ssn":"078-05-1120"} at 12', 'got {"id":"p-1","ssn":"[redacted phi]"} at 12'],
    ['{"ssn":"a\\"b\\\\"}\n{"ssn":"c"}', '{"ssn":"[redacted phi]"}\n{"ssn":"[redacted phi]"}'],
    ['x "bloodPressure": {"a":["}"],"b":1}, "id": 1', 'x "bloodPressure": "[redacted phi]", "id": 1'],
    ['x "bloodPressure": {"a":"","b":1}, "id": 1', 'x "bloodPressure": "[redacted phi]", "id": 1'],
    ['x "ssn" : -1.5e3 }', 'x "ssn" :"[redacted phi]" }'],
    ['x "ssn":null, "a":1', 'x "ssn":"[redacted phi]", "a":1'],
    ["{ 'ssn': 'MARK', 'a': 1 }", "{ 'ssn':'[redacted phi]', 'a': 1 }"],
    ['x {\\"ssn\\":\\"a\\\\\\"b\\",\\"a\\":1}', 'x {\\"ssn\\":\\"[redacted phi]\\",\\"a\\":1}'],
  ])('%s', (text, expected) => {
    expect(logged(text).replaceAll(': "[', ':"[').replaceAll(": '[", ":'[")).toBe(
      expected.replaceAll(': "[', ':"[').replaceAll(": '[", ":'["),
    )
  })

  test('a value that does not end like JSON is redacted with everything after it', () => {
    for (const text of [
      'x {"ssn":"078-05',
      'x {"ssn":["a", {"b": "MARK',
      'x {"ssn":"a" MARK}',
      'x {"ssn":MARK, "a": 1}',
      'x {"ssn":"a", MARK',
      'x {"ssn":\\"MARK\\"}',
    ])
      expect(logged(text)).toMatch(/^x \{"ssn": ?\[redacted phi\]$/)
  })
})

test('a name at the end of a quoted text is not a quoted name: what follows it has no end', () => {
  for (const text of ['x "his ssn": "a", "b": "MARK"', 'x "a", "his ssn": 1, "b": "MARK"'])
    expect(logged(text)).toMatch(/^x .*ssn": ?\[redacted phi\]$/)
})

test('a value cut off inside JSON text has no end', () => {
  expect(logged('x {\\"ssn\\":\\"a", MARK \\", \\"b\\":MARK')).toBe('x {\\"ssn\\":[redacted phi]')
})

test('a value without an end is redacted with everything after it, but nothing before it', () => {
  expect(logged('}, "ssn":"MARK')).toBe('}, "ssn":[redacted phi]')
  expect(logged('}, "ssn":MARK')).toBe('}, "ssn":[redacted phi]')
  expect(logged('}, \\"ssn\\":\\"a" MARK')).toBe('}, \\"ssn\\":[redacted phi]')
  expect(logged('}, \\"ssn\\":"MARK')).toBe('}, \\"ssn\\":[redacted phi]')
})

describe('names and values in a text:', () => {
  test.each([
    ['ssn: 078-05-1120', 'ssn:[redacted phi]'],
    ['Invalid ssn = 1, age = 3', 'Invalid ssn =[redacted phi]'],
    ['line\nSSN=1\nMARK', 'line\nSSN=[redacted phi]'],
    ['date of birth: 1985', 'date of birth:[redacted]'],
    ['patient.ssn=MARK', 'patient.ssn=[redacted phi]'],
    ['ssn[0] => MARK', 'ssn[0] =>[redacted phi]'],
    ['"ssn" with value "MARK" fails', '"ssn" with value[redacted phi]'],
    ['<ssn>MARK</ssn>', '<ssn>[redacted phi]'],
    ['--ssn=MARK', '--ssn=[redacted phi]'],
    ['escaped\\nssn: MARK', 'escaped\\nssn:[redacted phi]'],
    ['&quot;ssn&quot;:&quot;MARK', '&quot;ssn&quot;:[redacted phi]'],
    [
      'Content-Disposition: form-data; name="ssn"\r\n\r\nMARK',
      'Content-Disposition: form-data; name="ssn [redacted phi]',
    ],
    ['ssn: ', 'ssn:[redacted phi]'],
    ['phone: +44 20 7946 0958', 'phone:[masked]'],
  ])('%j', (text, expected) => {
    expect(logged(text)).toBe(expected)
  })

  test('a name without a value stays', () => {
    for (const text of [
      'the ssn is required',
      'missing field: "ssn"',
      'ssn',
      'lessn: 1',
      'ssnHash: abc',
      'phone and ssn',
    ])
      expect(logged(text)).toBe(text)
  })
})

describe('queries:', () => {
  test.each([
    ['ssn=1&a=2', 'ssn=[redacted phi]&a=2'],
    ['a=2&user[ssn]=1&b=3', 'a=2&user[ssn]=[redacted phi]&b=3'],
    ['/p?ssn=1%202&a=%7B%7D#top', '/p?ssn=[redacted phi]&a=%7B%7D#top'],
    ['/p?a=1#ssn=3&a=2', '/p?a=1#ssn=[redacted phi]'],
    ['a=1&%73sn=MARK', 'a=1&ssn=[redacted phi]'],
    ['a=1&f%5Bssn%5D=MARK&b=2', 'a=1&f[ssn]=[redacted phi]&b=2'],
    ['ssn%3DMARK%26MARK&a=1', 'ssn=[redacted phi]&a=1'],
    ['x=note%20ssn%3DMARK&b=MARK', 'x=note ssn=[redacted phi]'],
    ['a=1&~ssn=MARK&b=MARK', 'a=1&~ssn=[redacted phi]'],
    ['ssn=a&b', 'ssn=[redacted phi]'],
    ['ssn=a b&c=d', 'ssn=[redacted phi]'],
  ])('%s', (text, expected) => {
    expect(logged(text)).toBe(expected)
  })

  test('an encoded value without an end is redacted with the parameters after it', () => {
    expect(logged('x=%22ssn%22%3A%22MARK&b=MARK')).toBe('x="ssn":[redacted phi]')
  })

  test('JSON as a parameter is redacted, even if encoded twice', () => {
    const body = json({ ssn: 'MARK', a: 1 })
    expect(logged(`x=1&body=${encodeURIComponent(body)}&y=2`)).toBe(
      'x=1&body={"ssn":"[redacted phi]","a":1}&y=2',
    )
    expect(logged(`body=${encodeURIComponent(encodeURIComponent(body))}`)).not.toContain('MARK')
    expect(logged(`body=${encodeURIComponent(body)}%`)).not.toContain('MARK')
  })
})

describe('in encoded text,', () => {
  const body = json({ id: 'p-1', ssn: 'MARK' })
  const safe = { id: 'p-1', ssn: '[redacted phi]' }

  test('base64 and base64url keep their encoding', () => {
    expect(JSON.parse(decoded(logged(base64(body))))).toEqual(safe)
    const token = `h.${Buffer.from(`${body}???>>>`).toString('base64url')}.s`
    expect(logged(token)).toMatch(/^h\.[\w-]+\.s$/)
    expect(decoded(logged(token).split('.')[1])).not.toContain('MARK')
    expect(JSON.parse(decoded(decoded(logged(base64(base64(body))))))).toEqual(safe)
  })

  test('the base64 body of an event is redacted', () => {
    const event = { body: base64(body), isBase64Encoded: true, path: '/patients' }
    const result = logged({ event }).event
    expect(JSON.parse(decoded(result.body))).toEqual(safe)
    expect(result).toMatchObject({ isBase64Encoded: true, path: '/patients' })
  })

  test('base64 after something else is found', () => {
    for (const before of ['/', 'a/', 'ab/', 'abc/', 'Basic ', 'data:application/json;base64,'])
      expect(decoded(logged(before + base64(body)).replace(/^.*[, ]/, ''))).not.toContain('MARK')
  })

  test('hexadecimal, gzip and deflate are decoded', () => {
    const hex = Buffer.from(body).toString('hex')
    expect(logged(`id ${hex}.`)).toBe('id [redacted].')
    expect(logged(`id 0x${hex.toUpperCase()}.`)).toBe('id [redacted].')
    expect(logged(`id \\x${hex}.`)).not.toContain(hex.slice(2))
    expect(logged(gzipSync(body).toString('base64'))).toBe('[redacted]')
    expect(logged(deflateSync(body).toString('base64'))).toBe('[redacted]')
    const other = gzipSync('{"a":1}').toString('base64')
    expect(logged(other)).toBe(other)
  })

  test('a compressed text that would be too large is not decompressed', () => {
    const bomb = gzipSync(Buffer.alloc(5_000_000)).toString('base64')
    expect(logged({ bomb })).toBeUndefined() // the whole line is not shown
  })

  test('data without declared fields stays unchanged', () => {
    for (const text of [
      'arn:aws:lambda:eu-west-1:111122223333:function:patients-intake',
      '550e8400-e29b-41d4-a716-446655440000',
      base64('{"id":"p-1"}'),
      'https://x.example/a%20b?q=%22x%22',
      'C:\\users\\x',
      Buffer.from([...Array(64).keys()]).toString('base64'),
      // They begin like gzip and zlib, and are neither.
      Buffer.from('1f8b0102030405060708090a', 'hex').toString('base64'),
      Buffer.from('78010102030405060708090a', 'hex').toString('base64'),
    ])
      expect(logged(text)).toBe(text)
  })
})

describe('texts made to be slow terminate and show nothing:', () => {
  const many = (text: string) => text.repeat(Math.ceil(300_000 / text.length))
  test.each([
    ['names', many('ssn')],
    ['pairs', `${many('ssn=1&')} x`],
    ['quotes', many('"ssn":"')],
    ['brackets', `"ssn":${many('{')}`],
    ['backslashes', `${many('\\')}ssn:MARK`],
    ['escaped quotes', many('\\"ssn\\":\\"')],
    ['escapes', many('\\u0073')],
    ['percents', many('%7B%22')],
    ['percents of percents', many('%25')],
    ['base64', many('eyJz')],
    ['subscripts', many('ssn[a][b]')],
    ['closing quotes', many('ssn"\']}) ')],
    ['spaces', `"ssn":${many(' ')}MARK`],
  ])('%s', (_, text) => {
    expect(JSON.stringify(logged([text, new Error(text)]))).not.toContain('MARK')
  })
})
