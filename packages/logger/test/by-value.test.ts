import { defineFields } from '@glassine/core'
import { endOpenedValues, openedValues } from '@glassine/core/internal'
import { redactor } from '@glassine/logger'
import { afterEach, describe, expect, it } from '@jest/globals'

const fields = defineFields<{ id: string; ssn: string; email: string }>('patient', {
  id: { authenticated: true },
  ssn: { label: 'phi' },
  email: {},
})
const redact = redactor(fields)
const logged = (value: unknown): string => JSON.stringify(value, redact as never)
const ssn = '078-05-1120'

describe('if a list or an object contains a declared name as a value, its siblings are redacted:', () => {
  it.each<[string, unknown]>([
    ['raw headers', { rawHeaders: ['Host', 'x', 'ssn', ssn, 'Accept', '*/*'] }],
    ['a change', { field: 'ssn', oldValue: ssn, newValue: `${ssn}9` }],
    ['a label', { label: 'ssn', value: ssn }],
    ['any names of members', { what: 'ssn', was: ssn, is: 78051120 }],
    [
      'findings of a validator',
      { path: ['patient', 'ssn'], input: ssn, originalValue: ssn, received: { a: ssn } },
    ],
    [
      'a DynamoDB expression by name',
      { KeyConditionExpression: 'ssn = :s', ExpressionAttributeValues: { ':s': { S: ssn } } },
    ],
    [
      'a DynamoDB expression by placeholder',
      {
        UpdateExpression: 'SET #s = :s',
        ExpressionAttributeNames: { '#s': 'ssn' },
        ExpressionAttributeValues: { ':s': ssn },
      },
    ],
    ['SQL, inserted', `INSERT INTO patients (id, ssn) VALUES ('p-1', '${ssn}')`],
    ['SQL, in a list', `SELECT * FROM patients WHERE ssn IN ('${ssn}', '1')`],
    ['SQL, like', `select id from patients where ssn like '${ssn}%'`],
    ['SQL, a number', 'UPDATE patients SET ssn = 78051120 WHERE id = 1'],
    ['SQL with quotes in a text', `DELETE FROM patients WHERE ssn > 'it''s ${ssn}'`],
    ['a message beside its value', { level: 'INFO', message: 'ssn', received: ssn }],
  ])('%s', (_name, value) => {
    const text = logged(value)
    expect(text).not.toContain('078-05')
    expect(text).not.toContain('78051120')
  })

  it('but not without a declared name', () => {
    for (const value of [
      { rawHeaders: ['Host', 'x', 'Accept', '*/*'] },
      { field: 'city', oldValue: 'a', newValue: 'b' },
      { KeyConditionExpression: 'city = :s', ExpressionAttributeValues: { ':s': { S: 'x' } } },
      `SELECT * FROM patients WHERE city = 'Ghent'`,
    ])
      expect(logged(value)).toBe(JSON.stringify(value))
  })

  it("but not the logger's own members beside a message that is a name", () => {
    expect(JSON.parse(logged({ level: 'INFO', message: 'ssn', service: 'intake' }))).toEqual({
      level: 'INFO',
      message: 'ssn',
      service: 'intake',
    })
  })
})

describe('values that an invocation has decrypted are redacted anywhere:', () => {
  const opened = openedValues()
  opened.add({ ssn, code: 12345678, note: 'Zoë said "no"', word: 'said120' })
  afterEach(() => expect(opened.size).toBeGreaterThan(0))

  it.each<[string, unknown]>([
    ['a text', `saved ${ssn} for them`],
    ['a member of another name', { other: ssn }],
    ['a number', { code: 12345678 }],
    ['a BigInt', { code: 12345678n }],
    ['a negative BigInt in a list', [-12345678n]],
    ['JSON in a text', JSON.stringify({ a: { b: 'Zoë said "no"' } })],
    ['a URL', `/q?s=${encodeURIComponent('Zoë said "no"')}`],
    ['base64', Buffer.from(`x ${ssn} y`).toString('base64')],
    ['an error', new Error(`bad ${ssn}`)],
    ['the name of an error', Object.assign(new Error('bad'), { name: 'said120' })],
    ['a member of an error named after it', Object.assign(new Error('bad'), { [ssn]: 1 })],
    ['a member name', { [ssn]: 1 }],
    ['a Map', new Map([['k', ssn]])],
  ])('%s', (_name, value) => {
    const text = logged({ value })
    expect(text).not.toContain('078-05')
    expect(text).not.toContain('12345678')
    expect(text).not.toContain('said')
    expect(
      Buffer.from(/"value":"([A-Za-z0-9+/=]+)"/.exec(text)?.[1] ?? '', 'base64').toString(),
    ).not.toContain('078-05')
  })

  it.each<[string, unknown]>([
    ['a list', [...Buffer.from(ssn)]],
    ['an object', { ...Buffer.from(ssn) }],
    ['a Buffer in JSON', JSON.stringify({ body: Buffer.from(ssn) })],
    ['JSON in a text', `sent ${JSON.stringify([...Buffer.from(`a ${ssn}`)], undefined, 1)} to it`],
    ['an object in JSON in a text', `sent ${JSON.stringify({ ...Buffer.from(ssn) })} to it`],
  ])('its bytes as numbers: %s', (_name, value) => {
    expect(logged({ value })).toMatch(/redacted/)
    expect(logged({ value })).not.toMatch(/48\W+55\W+56|"0\\*":/)
  })

  it('but not other numbers', () => {
    const value = { list: [1, 2, 3, 4, 5, 6, 7], other: { 0: 1, 1: 2, 2: 3, 3: 4, 4: 5, 5: 6 } }
    expect(logged(value)).toBe(JSON.stringify(value))
  })

  it("an error's name in its stack", () => {
    const error = Object.assign(new Error('bad'), { name: 'said120' })
    error.stack = `said120: bad\n    at f (/a.js:1:1)`
    const copy = redact('', error) as Error
    expect([copy.name, copy.stack]).toEqual(['[redacted]', '[redacted]: bad\n    at f (/a.js:1:1)'])
  })

  it('after the invocation has ended, too, until 16 others have', () => {
    const other = openedValues()
    other.add('of another one')
    endOpenedValues(other)
    for (let at = 0; at < 16; at++) {
      expect(logged('x of another one')).toBe('"x [redacted]"')
      endOpenedValues(openedValues())
    }
    expect(logged('x of another one')).toBe('"x of another one"')
  })
})

it('an authenticated member stays readable: it identifies the record', () => {
  expect(logged({ id: 'p-1', ssn })).toBe('{"id":"p-1","ssn":"[redacted phi]"}')
})
