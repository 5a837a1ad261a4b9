import { describe, expect, test } from '@jest/globals'
import { callLine, paintFor } from '../src/bin/output.ts'

const call = {
  eventId: 'e',
  operation: 'Decrypt',
  time: '2026-01-02T03:04:05.678Z',
  region: 'eu-west-1',
  requestId: 'r',
  principal: 'p',
}

describe('colours', () => {
  test('are for streams that support them', () => {
    const colourful = paintFor({ hasColors: () => true })
    expect(colourful('red', 'x')).toBe('\u001b[31mx\u001b[39m')
    for (const stream of [{}, { hasColors: () => false }]) expect(paintFor(stream)('red', 'x')).toBe('x')
  })
})

describe('a line of the call log', () => {
  const plain = paintFor({})
  test('shows time, operation, key and outcome', () => {
    expect(callLine({ ...call, keyArn: 'arn:k' }, plain)).toBe('03:04:05.678  Decrypt          arn:k  ok')
  })
  test('shows the error and the fault that caused it', () => {
    expect(callLine({ ...call, errorCode: 'ThrottlingException', fault: 'throttle' }, plain)).toBe(
      '03:04:05.678  Decrypt          eu-west-1  ThrottlingException (fault: throttle)',
    )
  })
})
