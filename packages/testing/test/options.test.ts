import { defineFields } from '@glassine/core'
import { thrown } from '@glassine/test-support'
import {
  invoke,
  type SampleSource,
  sampleContext,
  sampleEvent,
  sampleSources,
  startLocalKms,
} from '@glassine/testing'
import { glassineMatchers } from '@glassine/testing/jest'
import { describe, expect, test } from '@jest/globals'

class Options {
  readonly json = true
}

const Patient = defineFields('patient', { ssn: {} })

/** Every function here that takes options, called with some. */
const takers: readonly (readonly [name: string, call: (options: any) => unknown])[] = [
  ...sampleSources.map(
    (source) => [`sampleEvent ${source}`, (options: any) => sampleEvent(source, options)] as const,
  ),
  ['sampleContext', sampleContext],
  ['toHaveEncrypted', (options) => glassineMatchers.toHaveEncrypted.call({}, {}, Patient, options)],
]

describe.each(takers)('%s', (_, call) => {
  test('refuses an option that it does not know, and names it', () => {
    const error = thrown(() => call({ tenent: 't-1' }))
    expect(error).toMatchObject({
      code: 'ERR_OPTION_INVALID',
      cause: { package: '@glassine/testing', option: 'tenent' },
    })
    expect(error.message).toContain('is not known')
  })

  test.each([
    ['an instance of a class', new Options()],
    ['an array', []],
    ['null', null],
    ['a string', 'alb'],
  ])('refuses %s as options', (_, options) => {
    expect(thrown(() => call(options))).toMatchObject({
      code: 'ERR_OPTION_INVALID',
      cause: { option: 'options' },
    })
  })

  test('accepts empty options', () => {
    expect(() => call({})).not.toThrow()
    expect(() => call(undefined)).not.toThrow()
  })
})

describe('invoke', () => {
  const handler = async () => null

  test.each<[string, any]>([
    ['tenent', { tenent: 't-1' }],
    ['options', new Options()],
    ['json', { json: 'no' }],
    ['timeoutMs', { timeoutMs: '3000' }],
    ['timeoutMs', { timeoutMs: -1 }],
    ['tenantId', { tenantId: 7 }],
    ['context', { context: new Options() }],
  ])('rejects and names the option %s', async (option, options) => {
    await expect(invoke(handler, {}, options)).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      cause: { option },
    })
  })

  test('rejects a handler that is not a function', async () => {
    await expect(invoke({} as never, {})).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      cause: { option: 'handler' },
    })
  })
})

describe('sampleEvent', () => {
  test.each<[SampleSource, string, any]>([
    ['rest', 'method', { method: 1 }],
    ['rest', 'path', { path: null }],
    ['rest', 'headers', { headers: ['accept'] }],
    ['rest', 'headers', { headers: { accept: 1 } }],
    ['rest', 'query', { query: { a: undefined } }],
    ['rest', 'cookies', { cookies: 'a=b' }],
    ['rest', 'cookies', { cookies: [1] }],
    ['rest', 'base64', { base64: 'yes' }],
    ['rest', 'origin', { origin: new URL('https://app.example.com') }],
    ['rest', 'proto', { proto: 'ftp' }],
    ['rest', 'tenant', { tenant: 7 }],
    ['rest', 'claims', { claims: { sub: 1 } }],
    ['function-url', 'claims', { claims: { sub: 'user-1' } }],
    ['alb', 'multiValue', { multiValue: 1 }],
    ['lattice', 'multiValue', { multiValue: true }],
    ['websocket', 'eventType', { eventType: 'PING' }],
    ['websocket', 'routeKey', { routeKey: 1 }],
    ['sqs', 'bodies', { bodies: 'text' }],
    ['sqs', 'tenant', { tenant: 1 }],
    ['eventbridge', 'detailType', { detailType: 1 }],
    ['eventbridge', 'source', { source: 1 }],
    ['eventbridge', 'body', { body: {} }],
    ['dynamodb-stream', 'newImage', { newImage: [] }],
    ['dynamodb-stream', 'oldImage', { oldImage: { id: 'p-1' } }],
    ['dynamodb-stream', 'records', { records: {} }],
    ['dynamodb-stream', 'records.newImages', { records: [{ newImages: {} }] }],
    ['appsync', 'fieldName', { fieldName: 1 }],
    ['appsync', 'headers', { headers: { accept: ['a'] } }],
  ])('%s names the option %s', (source, option, overrides) => {
    expect(thrown(() => sampleEvent(source, overrides))).toMatchObject({
      code: 'ERR_OPTION_INVALID',
      cause: { option },
    })
  })

  test('takes undefined for a header, which removes it', () => {
    expect(sampleEvent('alb', { headers: { accept: undefined } }).headers).not.toHaveProperty('accept')
    expect(sampleEvent('appsync', { headers: { accept: undefined } }).request.headers).not.toHaveProperty(
      'accept',
    )
  })
})

test('toHaveEncrypted refuses an envelope that recognises nothing', () => {
  const call = () => glassineMatchers.toHaveEncrypted.call({}, {}, Patient, { envelope: {} as never })
  expect(thrown(call)).toMatchObject({ code: 'ERR_OPTION_INVALID', cause: { option: 'envelope' } })
})

test('the local KMS that this package re-exports checks its options likewise', async () => {
  await expect(startLocalKms({ ports: 1 } as never)).rejects.toMatchObject({
    code: 'ERR_OPTION_INVALID',
    option: 'ports',
  })
  await expect(startLocalKms(new Options() as never)).rejects.toMatchObject({
    code: 'ERR_OPTION_INVALID',
    option: 'options',
  })
})
