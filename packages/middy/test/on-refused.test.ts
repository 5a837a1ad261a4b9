import { type ErrorInit, GlassineError } from '@glassine/core'
import { describe, expect, test } from '@jest/globals'
import { type Refusal, tell } from '../src/on-refused.ts'

const toldOf = (code: GlassineError['code'], init: Omit<ErrorInit, 'package'> = {}): Refusal | undefined => {
  const told: Refusal[] = []
  tell(
    (refusal) => void told.push(refusal),
    'request',
    new GlassineError(code, { package: 'test', ...init }),
    undefined,
  )
  return told[0]
}

describe('the reason that an operator reads', () => {
  test('is never the sentence for callers, with the status of the code or another', () => {
    expect(toldOf('ERR_DECRYPT_FAILED')).not.toHaveProperty('reason')
    expect(toldOf('ERR_VALUE_INVALID')).not.toHaveProperty('reason')
    // 500 by default: with 400 callers read the sentence about requests.
    expect(toldOf('ERR_VALUE_INVALID', { statusCode: 400 })).not.toHaveProperty('reason')
    expect(toldOf('ERR_TOO_LARGE', { statusCode: 400 })).not.toHaveProperty('reason')
    expect(toldOf('ERR_DECRYPT_FAILED', { statusCode: 500 })).not.toHaveProperty('reason')
    expect(toldOf('ERR_SESSION_EXPIRED')).not.toHaveProperty('reason')
  })

  test('is the message that the error has of its own, unless it has a reason', () => {
    const message = '/ssn: a number that is not finite cannot be encrypted'
    expect(toldOf('ERR_VALUE_INVALID', { message })?.reason).toBe(message)
    expect(toldOf('ERR_VALUE_INVALID', { message, reason: 'another' })?.reason).toBe('another')
    expect(toldOf('ERR_KEY_UNAVAILABLE', { message: 'ECONNREFUSED' })?.reason).toBe('ECONNREFUSED')
  })
})
