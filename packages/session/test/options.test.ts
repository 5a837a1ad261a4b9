import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import {
  dynamodbReplayStore,
  kmsAgreementRecipient,
  kmsSigner,
  localRecipient,
  localSigner,
  publishedKeys,
  sessionEnvelope,
  wrappedRecipient,
} from '@glassine/session'
import { hasCode, refusedOption } from '@glassine/test-support'
import { afterEach, describe, expect, test } from '@jest/globals'
import { audience } from './support/device.ts'

const recipient = localRecipient()
const keys = keyMaterial({ keyring: localKeyring() })
const [jwk] = await recipient.jwks({ deadline: () => Date.now() })

describe('sessionEnvelope refuses', () => {
  test.each<[string, any]>([
    ['recipients', { recipients: undefined }],
    ['recipients', { recipients: [] }],
    ['recipients', { recipients: [{}] }],
    ['audience', { audience: undefined }],
    ['audience', { audience: '' }],
    ['audience', { audience: [] }],
    ['audience', { audience: ['a', 7] }],
    ['shape', { shape: 'list' }],
    ['bundleMember', { bundleMember: 'x' }],
    ['bundleMember', { shape: 'bundle', bundleMember: '$jwe' }],
    ['bundleMember', { shape: 'bundle', bundleMember: '__proto__' }],
    ['maxAge', { maxAge: 900_001 }],
    ['maxAge', { maxAge: 0 }],
    ['clockTolerance', { clockTolerance: 300_001 }],
    ['clockTolerance', { clockTolerance: -1 }],
    ['maxTokenBytes', { maxTokenBytes: Number.POSITIVE_INFINITY }],
    ['ticketKeys', { ticketKeys: {} }],
    ['replay', { replay: {} }],
    ['budget', { budget: 3 }],
    ['budget.sessions', { budget: {} }],
    ['budget.sessions', { budget: { sessions: 0 } }],
    ['budget.window', { budget: { sessions: 1, window: 0 } }],
    ['budget.perHour', { budget: { sessions: 1, perHour: 1 } }],
    ['padding.bucket', { padding: {} }],
    ['padding.bucket', { padding: { bucket: 0 } }],
    ['cacheExpiry', { cacheExpiry: 900_001 }],
    ['cacheMaxEntries', { cacheMaxEntries: 0 }],
    ['cacheRefusals', { cacheRefusals: -1 }],
    ['timeout', { timeout: 0 }],
    ['now', { now: 7 }],
    ['maxage', { maxage: 1 }],
  ])('%s: %j', (option, change) => {
    expect(refusedOption(() => sessionEnvelope({ recipients: recipient, audience, ...change }))).toBe(option)
  })

  test.each<[string, number, number, (value: number) => object]>([
    ['maxAge', 1_000, 900_000, (maxAge) => ({ maxAge })],
    ['clockTolerance', 0, 300_000, (clockTolerance) => ({ clockTolerance })],
    ['maxTokenBytes', 512, 1_000_000, (maxTokenBytes) => ({ maxTokenBytes })],
    ['cacheExpiry', 0, 900_000, (cacheExpiry) => ({ cacheExpiry })],
    ['cacheMaxEntries', 1, 1_000_000, (cacheMaxEntries) => ({ cacheMaxEntries })],
    ['cacheRefusals', 0, 900_000, (cacheRefusals) => ({ cacheRefusals })],
    ['budget.sessions', 1, 1_000_000, (sessions) => ({ budget: { sessions } })],
    ['budget.window', 1, 86_400_000, (window) => ({ budget: { sessions: 1, window } })],
    ['padding.bucket', 1, 65_536, (bucket) => ({ padding: { bucket } })],
  ])('%s below %d or above %d', (option, least, most, change) => {
    const faultWith = (value: number) =>
      refusedOption(() => sessionEnvelope({ recipients: recipient, audience, ...change(value) }))
    expect([least, most].map(faultWith)).toEqual([undefined, undefined])
    expect([least - 1, most + 1, least + 0.5].map(faultWith)).toEqual(Array(3).fill(option))
  })

  test('missing options', () => {
    expect(refusedOption(() => sessionEnvelope(undefined as never))).toBe('options')
  })

  test('no valid option', () => {
    const all = {
      shape: 'bundle',
      bundleMember: 'x',
      maxAge: 1_000,
      clockTolerance: 0,
      maxTokenBytes: 1_000,
      ticketKeys: keys,
      replay: { spend: async () => true },
      budget: { sessions: 1, window: 1 },
      padding: { bucket: 1 },
      cacheExpiry: 0,
      cacheMaxEntries: 1,
      cacheRefusals: 0,
      timeout: 1,
      now: Date.now,
    } as const
    expect(
      refusedOption(() =>
        sessionEnvelope({ recipients: [recipient, recipient], audience: ['a', 'b'], ...all }),
      ),
    ).toBe(undefined)
  })
})

describe('recipients and signers refuse', () => {
  test.each<[string, () => unknown]>([
    ['privateKey', () => localRecipient({ privateKey: 'no key' })],
    ['privateKey', () => localRecipient({ privateKey: 7 as never })],
    ['privateKey', () => localRecipient({ privateKey: jwk as never })],
    ['privatekey', () => localRecipient({ privatekey: '' } as never)],
    ['allowInLambda', () => localRecipient({ allowInLambda: 1 } as never)],
    ['keyId', () => kmsAgreementRecipient({} as never)],
    ['keyId', () => kmsAgreementRecipient({ keyId: 'arn:aws:s3:::x' })],
    [
      'publicKey',
      () => kmsAgreementRecipient({ keyId: 'alias/x', publicKey: { kty: 'RSA', n: 'AQAB', e: 'AQAB' } }),
    ],
    [
      'publicKey',
      () =>
        kmsAgreementRecipient({ keyId: 'alias/x', publicKey: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' } }),
    ],
    ['grantTokens', () => kmsAgreementRecipient({ keyId: 'alias/x', grantTokens: 'x' as never })],
    ['timeout', () => kmsAgreementRecipient({ keyId: 'alias/x', timeout: -1 })],
    [
      'client',
      () => kmsAgreementRecipient({ keyId: 'alias/x', client: { getPublicKey: async () => ({}) } as never }),
    ],
    ['insecureEndpoint', () => kmsAgreementRecipient({ keyId: 'alias/x', insecureEndpoint: 'https://x' })],
    ['region', () => kmsAgreementRecipient({ keyId: 'alias/x', region: 'x' } as never)],
    ['keyId', () => kmsSigner({ keyId: '' })],
    ['privateKey', () => localSigner({} as never)],
    [
      'keys',
      () =>
        wrappedRecipient({
          keys: {} as never,
          publicKey: jwk as never,
          encryptedPrivateKey: Buffer.alloc(1),
          keyId: 'x',
        }),
    ],
    [
      'publicKey',
      () =>
        wrappedRecipient({
          keys,
          publicKey: Buffer.alloc(91),
          encryptedPrivateKey: Buffer.alloc(1),
          keyId: 'x',
        }),
    ],
    [
      'encryptedPrivateKey',
      () =>
        wrappedRecipient({ keys, publicKey: jwk as never, encryptedPrivateKey: Buffer.alloc(0), keyId: 'x' }),
    ],
    ['recipients', () => publishedKeys({ recipients: [] })],
    ['maxAge', () => publishedKeys({ recipients: recipient, maxAge: 999 })],
    ['maxAge', () => publishedKeys({ recipients: recipient, maxAge: 31_536_000_001 })],
    ['timeout', () => publishedKeys({ recipients: recipient, timeout: 0 })],
    ['timeout', () => dynamodbReplayStore({ tableName: 'x', timeout: 0 })],
    ['timeout', () => kmsAgreementRecipient({ keyId: 'alias/x', timeout: 0 })],
    ['sign', () => publishedKeys({ recipients: recipient, sign: {} as never })],
    ['tableName', () => dynamodbReplayStore({} as never)],
    ['ttl', () => dynamodbReplayStore({ tableName: 'x', ttl: 1 } as never)],
  ])('%s', (option, work) => {
    expect(refusedOption(work)).toBe(option)
  })
})

describe('a local recipient in AWS Lambda', () => {
  afterEach(() => {
    delete process.env.AWS_LAMBDA_FUNCTION_NAME
  })
  test('needs the option `allowInLambda`', () => {
    process.env.AWS_LAMBDA_FUNCTION_NAME = 'patients'
    expect(() => localRecipient()).toThrow(
      hasCode('ERR_OPTION_INVALID', {
        message:
          '@glassine/session: option `allowInLambda` must be true in AWS Lambda, where each instance has a local key of its own: use kmsAgreementRecipient',
        cause: { package: '@glassine/session', option: 'allowInLambda' },
      }),
    )
    expect(refusedOption(() => localRecipient({ allowInLambda: true }))).toBe(undefined)
  })
})
