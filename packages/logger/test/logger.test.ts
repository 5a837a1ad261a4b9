import { LogFormatter, type Logger, LogItem } from '@aws-lambda-powertools/logger'
import { GlassineError } from '@glassine/core'
import { redactor } from '@glassine/logger'
import { describe, expect, test } from '@jest/globals'
import { capture, line, logged, Patient } from './capture.ts'

const patient = { id: 'p-1', ssn: 'MARK', phone: '+44 20 7946 0958' }
const safe = { id: 'p-1', ssn: '[redacted phi]', phone: '***0958' }

describe('redaction covers', () => {
  test('extra input, its members at the root, and text', () => {
    expect(line((logger) => logger.info('m', { patient }))).toMatchObject({ message: 'm', patient: safe })
    expect(line((logger) => logger.warn('m', patient))).toMatchObject(safe)
    expect(line((logger) => logger.debug({ message: 'ssn: MARK', patient }))).toMatchObject({
      message: 'ssn:[redacted phi]',
      patient: safe,
    })
    expect(line((logger) => logger.critical('m', 'ssn=MARK'))).toMatchObject({ extra: 'ssn=[redacted phi]' })
    expect(line((logger) => logger.trace(`got ${JSON.stringify(patient)}`)).message).not.toContain('MARK')
  })

  test('only user data, not what the logger adds', () => {
    expect(line((logger) => logger.info('m'), { serviceName: 's' })).toEqual({
      level: 'INFO',
      message: 'm',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      service: 's',
      sampling_rate: 0,
    })
  })

  test('appended and persistent keys', () => {
    const use = (logger: Logger) => {
      logger.appendKeys({ patient })
      logger.info('m')
      logger.resetKeys()
    }
    expect(line(use, { persistentKeys: { owner: patient } })).toMatchObject({ patient: safe, owner: safe })
  })

  test('child loggers', () => {
    expect(line((logger) => logger.createChild({ persistentKeys: { patient } }).info('m'))).toMatchObject({
      patient: safe,
    })
  })

  test('the event', () => {
    const event = { body: JSON.stringify(patient), headers: { cookie: 'ssn=MARK; a=b' } }
    const { event: shown } = line((logger) => logger.logEventIfEnabled(event, true))
    expect(JSON.parse(shown.body)).toEqual(safe)
    expect(shown.headers).toEqual({ cookie: 'ssn=[redacted phi]' })
  })

  test('buffered lines', () => {
    const trace = process.env._X_AMZN_TRACE_ID
    process.env._X_AMZN_TRACE_ID = 'Root=1-695b9c80-4f1d2a3b5c6d7e8f90a1b2c3'
    try {
      const output = capture(
        (logger) => {
          logger.debug('buffered', { patient })
          logger.error('flushes')
        },
        { logBufferOptions: { enabled: true } },
      )
      expect(output).toContain('buffered')
      expect(output).toContain('[redacted phi]')
      expect(output).not.toContain('MARK')
    } finally {
      if (trace === undefined) delete process.env._X_AMZN_TRACE_ID
      else process.env._X_AMZN_TRACE_ID = trace
    }
  })

  test('a custom formatter', () => {
    class Own extends LogFormatter {
      formatAttributes(attributes: { message: string }, additional: object) {
        return new LogItem({ attributes: { text: attributes.message, ...additional } })
      }
      override formatError(error: Error) {
        return {
          kind: error.name,
          says: error.message,
          is: error instanceof TypeError,
          all: JSON.stringify(error),
        }
      }
    }
    const error = Object.assign(new TypeError('ssn: MARK'), patient)
    expect(line((logger) => logger.error('m', error), { logFormatter: new Own() as never })).toEqual({
      text: 'm',
      error: { kind: 'TypeError', says: 'ssn:[redacted phi]', is: true, all: JSON.stringify(safe) },
    })
  })
})

describe('redaction of errors covers', () => {
  test('the message, stack, cause and own members', () => {
    const cause = Object.assign(new RangeError('{"ssn":"MARK"}'), { status: 400 })
    const error = Object.assign(new Error('Invalid ssn: MARK\n    at MARK', { cause }), {
      patient,
      code: 'E_X',
    })
    const output = line((logger) => logger.error('failed', error))
    expect(JSON.stringify(output)).not.toContain('MARK')
    expect(output.error).toMatchObject({
      name: 'Error',
      message: 'Invalid ssn:[redacted phi]',
      location: expect.stringContaining('logger.test.ts'),
      code: 'E_X',
      patient: safe,
      cause: { name: 'RangeError', status: 400 },
    })
    expect(output.error.stack).toMatch(/^Error: Invalid ssn:\[redacted phi\]\n {4}at .*logger\.test\.ts/)
  })

  test('nothing in an error without declared data', () => {
    const error = Object.assign(new TypeError('x is not a function'), { code: 'E_X' })
    const print = (logger: Logger) => logger.error('m', error)
    const { timestamp: _, ...without } = line(print, { jsonReplacerFn: undefined })
    expect(line(print)).toMatchObject(without)
  })

  test('a hand-written stack', () => {
    const error = new Error('boom')
    error.stack = 'Error: boom\n    at x (y.js:1:1)\nssn: 1\nMARK'
    expect(JSON.stringify(logged(error))).not.toContain('MARK')
    error.stack = 'Error: old ssn: 1\n    at MARK (y.js:1:1)'
    expect(JSON.stringify(logged(error))).not.toContain('MARK')
    error.message = ''
    error.stack = 'Error\n    at x (y.js:1:1)'
    expect(logged(error).stack).toBe('Error\n    at x (y.js:1:1)')
  })

  test('the name of an error, like any text', () => {
    const error = new Error('boom')
    error.name = 'ssn: MARK'
    expect(logged(error).name).toBe('ssn:[redacted phi]')
  })

  test('each frame of a stack without a message', () => {
    const error = new Error('')
    error.stack = 'Error\n    at ssn: MARK (y.js:1:1)\n    at x (y.js:2:2)'
    expect(logged(error).stack).toBe('Error\n    at ssn:[redacted phi]\n    at x (y.js:2:2)')
    error.stack = 'Error ssn: MARK\n    at x (y.js:1:1)'
    expect(logged(error).stack).toBe('Error ssn:[redacted phi]\n    at x (y.js:1:1)')
  })

  test('a whole stack with a line that is not a frame', () => {
    const error = new Error('')
    error.stack = 'Error\n    at x (y.js:1:1)\nssn: 1\nMARK'
    expect(logged(error).stack).toBe('Error\n    at x (y.js:1:1)\nssn:[redacted phi]')
    const other = new Error('boom')
    other.stack = 'Error: boom MARK\n    at ssn: 1 (y.js:1:1)\n    at MARK (y.js:2:2)'
    expect(logged(other).stack).toBe('Error: boom MARK\n    at ssn:[redacted phi]')
  })

  test('aggregates, causes that are not errors, and cycles', () => {
    const error: Error & { self?: unknown } = new AggregateError([new Error('ssn: MARK')], 'all failed', {
      cause: patient,
    })
    error.self = error
    const output = logged(error)
    expect(JSON.stringify(output)).not.toContain('MARK')
    expect(output).toMatchObject({ name: 'AggregateError', message: 'all failed', cause: safe })
    expect(output).not.toHaveProperty('self')
  })

  test("the result of an error's toJSON", () => {
    const error = Object.assign(new Error('ssn: MARK'), {
      toJSON: () => ({ config: { data: JSON.stringify(patient) } }),
    })
    expect(JSON.parse(logged(error).config.data)).toEqual(safe)
  })

  test('a message that is not text, and a DOMException', () => {
    expect(logged(Object.assign(new Error('x'), { message: patient })).message).toEqual(safe)
    expect(JSON.stringify([logged(new DOMException('ssn: MARK', 'AbortError'))])).not.toContain('MARK')
  })

  test('nothing in the sentence of a Glassine error', () => {
    const error = new GlassineError('ERR_VALUE_INVALID', {
      message: '/ssn: a cycle cannot be encrypted',
      package: 'p',
      path: '/ssn',
    })
    const output = logged(error)
    expect(output).toMatchObject({ code: 'ERR_VALUE_INVALID', message: '/ssn: a cycle cannot be encrypted' })
    expect(output.cause).toEqual({ package: 'p', path: '/ssn' })
    expect(output.stack).toContain('/ssn: a cycle cannot be encrypted\n    at ')
  })
})

test("redaction does not modify the caller's objects", () => {
  const value = { patient: { ...patient }, list: [patient], error: new Error('ssn: MARK') }
  const before = structuredClone(value)
  capture((logger) => logger.info('m', value))
  expect(value).toEqual(before)
  expect(value.error.message).toBe('ssn: MARK')
})

test('two loggers share nothing', () => {
  const replace = redactor(Patient)
  expect(JSON.stringify({ ssn: 'MARK' }, replace)).toBe(JSON.stringify({ ssn: 'MARK' }, replace))
})
