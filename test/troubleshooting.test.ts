/*
 * docs/troubleshooting.md has a row for every public error code, and what it says about the log is what the log says:
 * each failure of IAM and KMS in its first table is provoked here, on a local KMS.
 */
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { defineFields, type ErrorCode, errorCodes, GlassineError } from '@glassine/core'
import { type KmsKeyringOptions, keyMaterial, kmsKeyring } from '@glassine/keys'
import { hierarchicalKeyring, type KeyStore, keyStore } from '@glassine/keys/key-store'
import { type LocalKms, startLocalKms } from '@glassine/local-kms'
import { messageEnvelope } from '@glassine/message'
import { decryptRequest, encryptResponse } from '@glassine/middy'
import { kmsAgreementRecipient, publishedKeys } from '@glassine/session'
import { filesUnder } from '@glassine/test-support'
import { invoke, sampleEvent } from '@glassine/testing'
import { startLocalDynamoDB } from '@glassine/testing/dynamodb'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import middy from '@middy/core'
import httpErrorHandler from '@middy/http-error-handler'

const root = path.join(import.meta.dirname, '..')
const page = readFileSync(path.join(root, 'docs/troubleshooting.md'), 'utf8')

/** The rows of the page's tables, by the heading of their first column. */
const rowsOf = (heading: string): string[][] =>
  page
    .split('\n\n')
    .filter((block) => block.startsWith(`| ${heading} |`))
    .flatMap((block) => block.split('\n').slice(2))
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )

const codeRows = rowsOf('code')
const reasonRows = rowsOf('`reason` in the log')
const unquoted = (cell: string): string => cell.replace(/^`|`$/g, '')

describe('the codes', () => {
  test('each public code has one row, and no row has another code', () => {
    expect(codeRows.map(([code]) => unquoted(code!)).sort()).toEqual([...errorCodes].sort())
  })

  test('the sources throw no code that is not public', () => {
    const inSources = filesUnder('packages')
      .filter((file) => /^packages\/[a-z-]+\/src\/.*\.ts$/.test(file))
      .flatMap((file) => readFileSync(path.join(root, file), 'utf8').match(/'ERR_[A-Z_]+'/g) ?? [])
      .map((text) => text.slice(1, -1))
    // Node's own, from zlib.
    const ours = new Set(inSources.filter((code) => code !== 'ERR_BUFFER_TOO_LARGE'))
    expect([...ours].filter((code) => !(errorCodes as readonly string[]).includes(code))).toEqual([])
    expect(codeRows.map(([code]) => unquoted(code!)).filter((code) => !ours.has(code))).toEqual([])
  })

  test.each(codeRows.map((cells) => [unquoted(cells[0]!), cells] as const))(
    '%s: five cells, and the status that its error has',
    (code, cells) => {
      expect(cells).toHaveLength(5)
      for (const cell of cells) expect(cell).not.toBe('')
      const { statusCode, message } = new GlassineError(code as ErrorCode, { package: 'test' })
      const [, seen] = cells
      if (code === 'ERR_KEY_REFUSED' || code === 'ERR_MODEL_INVALID') return
      expect(seen).toContain(String(statusCode))
      // A sentence in italics is the one of the code.
      const [, sentence] = /\*([^*]+)\*/.exec(seen!) ?? []
      if (sentence !== undefined) expect(message).toBe(sentence)
    },
  )
})

describe('the reasons', () => {
  const fields = defineFields<{ id: string; ssn: string }>('patient', { ssn: {} })
  const patient = { id: 'p-1', ssn: '078-05-1120' }
  const binding = { tenant: 't-1' }
  let kms: LocalKms
  beforeAll(async () => {
    kms = await startLocalKms({ keys: ['alias/patients', 'alias/other', 'alias/devices:ECC_NIST_P256'] })
  })
  afterAll(() => kms.close())

  const reach = () => ({ awsClientOptions: kms.clientOptions, insecureEndpoint: kms.endpoint })
  const envelopeOf = (options: KmsKeyringOptions, timeout?: number) =>
    messageEnvelope({
      keys: keyMaterial({ keyring: kmsKeyring({ ...reach(), ...options }), ...(timeout && { timeout }) }),
    })
  type Envelope = ReturnType<typeof envelopeOf>

  /** What `onRefused` gets of a request, which is answered before a response is encrypted. */
  const refusedWith = async (receiver: Envelope, sender: Envelope = receiver, prepare = () => {}) => {
    const told: { code: string; reason?: string; statusCode: number; keyId?: string }[] = []
    const handler = middy()
      .use(httpErrorHandler({ logger: false }))
      .use(
        decryptRequest({
          fields,
          envelope: receiver,
          bind: () => binding,
          onRefused: (one) => told.push(one),
        }),
      )
      .use(encryptResponse({ onRefused: (one) => told.push(one) }))
      .handler(async (event) => ({ statusCode: 200, body: event.body }))
    const body = await sender.encrypt(patient, fields, { binding, use: 'request' })
    prepare()
    try {
      await invoke(handler, sampleEvent('http-api', { body }))
    } finally {
      kms.faults.clear()
    }
    expect(told).toHaveLength(1)
    return told[0]!
  }
  const failureOf = async (promise: Promise<unknown>) => {
    const error = await promise.then(
      () => undefined,
      (thrown: unknown) => thrown as GlassineError,
    )
    if (error === undefined) throw new Error('It did not fail')
    return { code: error.code, reason: error.cause.reason ?? error.message, keyId: error.cause.keyId }
  }
  const encrypting = (keyId: string) =>
    failureOf(envelopeOf({ keyId }).encrypt(patient, fields, { binding, use: 'request' }))
  const sender = () => envelopeOf({ keyId: 'alias/patients' })
  const receiver = sender
  /** For failures that are retried until the time is over. */
  const impatient = () => envelopeOf({ keyId: 'alias/patients' }, 4_000)
  const faulty = (operation: string, kind: 'access-denied' | 'throttle' | 'hang') => () =>
    kms.faults.set(operation, { kind })
  const publishing = () =>
    failureOf(
      publishedKeys({ recipients: kmsAgreementRecipient({ keyId: 'alias/devices', ...reach() }) }).json(),
    )
  const disabledKey = async () => {
    const { arn } = await kms.createKey()
    return arn
  }
  const disable = async (arn: string) => {
    const { DisableKeyCommand, KMSClient } = await import('@aws-sdk/client-kms')
    const client = new KMSClient(kms.clientOptions)
    await client.send(new DisableKeyCommand({ KeyId: arn }))
    client.destroy()
  }

  const branchKey = async (prepare: (store: KeyStore) => Promise<void>) => {
    const dynamoDB = await startLocalDynamoDB({ kind: 'dynalite' })
    const kmsOptions = { keyArn: kms.keys[0]!.arn, awsClientOptions: kms.clientOptions }
    const client = new DynamoDBClient(dynamoDB.clientOptions)
    const store = keyStore({
      tableName: 'BranchKeys',
      logicalKeyStoreName: 'BranchKeys',
      kms: { ...kmsOptions, insecureEndpoint: kms.endpoint },
      dynamoDB: { client, insecureEndpoint: dynamoDB.endpoint },
    })
    await prepare(store)
    const keyring = hierarchicalKeyring({ keyStore: store, branchKeyId: 'tenant-t-1' })
    const envelope = messageEnvelope({ keys: keyMaterial({ keyring }) })
    const failure = await failureOf(envelope.encrypt(patient, fields, { binding, use: 'request' }))
    client.destroy()
    await dynamoDB.close()
    return failure
  }

  /** How each failure comes about; the names are the page's. */
  const scenarios: Record<string, () => Promise<{ code: string; reason?: string; keyId?: string }>> = {
    'AccessDeniedException: kms:Decrypt': () =>
      refusedWith(receiver(), sender(), faulty('Decrypt', 'access-denied')),
    'AccessDeniedException: kms:GenerateDataKey': () => {
      const both = receiver()
      return refusedWith(both, both, faulty('GenerateDataKey', 'access-denied'))
    },
    'AccessDeniedException: kms:GetPublicKey': async () => {
      faulty('GetPublicKey', 'access-denied')()
      return publishing().finally(() => kms.faults.clear())
    },
    'AccessDeniedException: kms:DeriveSharedSecret': async () => {
      const { arn } = await kms.createKey({ keySpec: 'ECC_NIST_P256', keyUsage: 'KEY_AGREEMENT' })
      const recipient = kmsAgreementRecipient({ keyId: arn, ...reach() })
      const soon = { deadline: () => Date.now() + 2_000 }
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      faulty('DeriveSharedSecret', 'access-denied')()
      return failureOf(recipient.unwrap({ kind: 'agree', publicKey, ...soon } as never)).finally(() =>
        kms.faults.clear(),
      )
    },
    'KMS refused to generate a data key: NotFoundException': () => encrypting('alias/absent'),
    'KMS refused to generate a data key: DisabledException': async () => {
      const arn = await disabledKey()
      await disable(arn)
      return encrypting(arn)
    },
    'The key store has no such branch key': () =>
      branchKey(async (store) => void (await store.createKeyStore())),
    'DynamoDB refused to read the branch key: ResourceNotFoundException': () => branchKey(async () => {}),
    'KMS refused to unwrap it, NotFoundException': () =>
      refusedWith(envelopeOf({ keyId: 'alias/absent' }), sender()),
    'KMS refused to unwrap it, DisabledException': async () => {
      const arn = await disabledKey()
      const before = envelopeOf({ keyId: arn })
      const body = await before.encrypt(patient, fields, { binding, use: 'request' })
      await disable(arn)
      const stored = { ...before, encrypt: async () => body } as Envelope
      return refusedWith(envelopeOf({ keyId: arn }), stored)
    },
    'alias/patients is the alias of another key; if it was moved, allow the old key as well': () =>
      refusedWith(receiver(), envelopeOf({ keyId: 'alias/other' })),
    'no configured key unwraps it': () =>
      refusedWith(envelopeOf({ keyId: kms.keys[0]!.arn }), envelopeOf({ keyId: kms.keys[1]!.arn })),
    'The usage of the key in KMS is not KEY_AGREEMENT': publishing,
    'KMS: ThrottlingException': () => refusedWith(impatient(), sender(), faulty('Decrypt', 'throttle')),
    'no response in time': () => refusedWith(impatient(), sender(), faulty('Decrypt', 'hang')),
    'KMS: ECONNREFUSED': () =>
      refusedWith(
        envelopeOf(
          {
            keyId: kms.keys[0]!.arn,
            awsClientOptions: { ...kms.clientOptions, endpoint: 'http://127.0.0.1:9' },
            insecureEndpoint: 'http://127.0.0.1:9',
          },
          1_000,
        ),
        sender(),
      ),
  }

  test('each has a way to come about, and the other way round', () => {
    expect(reasonRows.map(([reason]) => unquoted(reason!)).sort()).toEqual(Object.keys(scenarios).sort())
  })

  test.each(reasonRows.map(([reason, code]) => [unquoted(reason!), unquoted(code!)] as const))(
    '%s',
    async (reason, code) => {
      const found = await scenarios[reason]!()
      // Which of two clocks ends the wait is chance.
      if (found.reason === 'KMS: TimeoutError') found.reason = 'no response in time'
      expect(found).toMatchObject({ code, reason })
    },
    20_000,
  )
})
