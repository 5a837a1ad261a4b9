import { describe, expect, test } from '@jest/globals'
import { byStructure } from '../src/sealed-structure.ts'

const jwe = `eyJhbGciOiJkaXIifQ..${'i'.repeat(16)}.c.${'t'.repeat(22)}`
const message = `AgV4${'A'.repeat(100)}`

describe('a value sealed earlier is recognised by its structure', () => {
  const { recognises } = byStructure(undefined)
  test.each([
    jwe,
    jwe.replace('..', '.key.'),
    message,
    `AgR4${'A'.repeat(100)}`,
    `${message}=`,
    `${message}==`,
  ])('%s is sealed', (value) => expect(recognises(value)).toBe(true))

  test.each<[unknown]>([
    [`x${jwe}`],
    [`${jwe}x`],
    [jwe.replace('eyJ', 'eyK')],
    [jwe.replace('.c.', '..')],
    [jwe.replace('.c.', '.c.c.')],
    [jwe.replace('iii', 'ii')],
    [`${jwe} `],
    [` ${message}`],
    [`${message}===`],
    [`AgX4${'A'.repeat(100)}`],
    [`AgV4${'A'.repeat(99)}`],
    [`AgV4${'A'.repeat(100)}-`],
    [5],
    [undefined],
  ])('%p is not', (value) => expect(recognises(value as string)).toBe(false))

  test('a bundle is recognised by its member', () => {
    expect(byStructure({ id: 'p-1', $sealed: jwe, other: 5 }).bundleMember).toBe('$sealed')
    for (const payload of [{ id: 'p-1' }, [jwe], jwe, null])
      expect(byStructure(payload)).not.toHaveProperty('bundleMember')
  })

  test('it opens and seals nothing', () => {
    const { prepareOpen, prepareSeal } = byStructure({}) as any
    for (const prepare of [prepareOpen, prepareSeal])
      expect(() => prepare()).toThrow('An envelope that only recognises')
  })
})
