/**
 * Replays recorded cases: a case drives the local KMS through the real SDK client and hands each response to
 * `match`, which compares it with what AWS answered.
 */
import {
  CreateKeyCommand,
  type CreateKeyCommandInput,
  type KeyMetadata,
  KMSClient,
} from '@aws-sdk/client-kms'
import { expect } from '@jest/globals'
import type { LocalKms } from '../../src/index.ts'

export const region = 'eu-west-1'
/** The Region that one recording names; the others call it `<secondary-region>`. */
export const otherRegion = 'ap-southeast-1'

/** An error as the recordings hold it. */
interface RecordedError {
  readonly Error: { readonly Code: string; readonly Message: string }
  readonly message?: string
  readonly ResponseMetadata: { readonly HTTPStatusCode: number }
}

/** A thrown error of the SDK with the body it was made from. */
export interface Caught {
  readonly name: string
  readonly status: number | undefined
  readonly body: { readonly __type?: string; readonly message?: string }
}

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const keyId = `(?:${uuid}|mrk-[0-9a-f]{32})`

/** What the placeholders of the recordings stand for. A number after the name binds it within the case. */
const placeholders: Readonly<Record<string, string>> = {
  partition: 'aws',
  region,
  'secondary-region': otherRegion,
  'key-arn': `arn:aws:kms:[a-z0-9-]+:\\d{12}:key/${uuid}`,
  'mrk-key-arn': `arn:aws:kms:[a-z0-9-]+:\\d{12}:key/mrk-[0-9a-f]{32}`,
  'key-id': keyId,
  resource: keyId,
  'current-key-material-id': '[0-9a-f]{64}',
  'key-material-id': '[0-9a-f]{64}',
}

/** Values that the recordings replaced because they are random bytes. */
const bytes =
  /^(?:<signature>|<mac>|ciphertext-blob|plaintext|public-key|private-key-ciphertext-blob|private-key-plaintext|shared-secret)$/

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** Members that AWS added in June 2025: a recording from before cannot show them. */
const added = new Set([
  'KeyMaterialId',
  'CurrentKeyMaterialId',
  'SourceKeyMaterialId',
  'DestinationKeyMaterialId',
])

type Match = (name: string, actual: unknown) => void

/** Compares the responses of one case; counts which of its recorded responses were looked at. */
export const createMatcher = (
  recorded: Readonly<Record<string, unknown>>,
  recordedAt: Date,
  accountId: string,
) => {
  const bound = new Map<string, string>()
  const matched: string[] = []
  const mayLack = recordedAt < new Date('2025-07-01')

  const matchText = (expected: string, actual: unknown, path: string): void => {
    const groups: string[] = []
    const source = expected
      .replaceAll('111111111111', accountId)
      .split(/(<[a-z-]+(?::\d+)?>)/)
      .map((part) => {
        const [, name, number] = /^<([a-z-]+)(:\d+)?>$/.exec(part) ?? []
        const pattern = name === undefined ? undefined : placeholders[name]
        if (pattern === undefined) return escaped(part)
        if (number === undefined) return `(?:${pattern})`
        groups.push(part)
        // A key id may be recorded where the response has the whole ARN.
        return name === 'key-id' && expected === part
          ? `(?:arn:aws:kms:[^/]+key/)?(${pattern})`
          : `(${pattern})`
      })
      .join('')
    expect({ path, value: actual }).toEqual({ path, value: expect.stringMatching(new RegExp(`^${source}$`)) })
    const found = new RegExp(`^${source}$`).exec(actual as string) ?? []
    groups.forEach((group, index) => {
      const value = found[index + 1] ?? ''
      if (bound.has(group)) expect(`${group} ${value}`).toBe(`${group} ${bound.get(group)}`)
      else expect([...bound.values()]).not.toContain(value)
      bound.set(group, value)
    })
  }

  const matchValue = (expected: unknown, actual: unknown, path: string): void => {
    if (expected === 'datetime') expect({ path, date: actual }).toEqual({ path, date: expect.any(Date) })
    else if (typeof expected === 'string' && bytes.test(expected)) {
      expect({ path, bytes: (actual as Uint8Array | undefined)?.length }).toEqual({
        path,
        bytes: expect.any(Number),
      })
      expect((actual as Uint8Array).length).toBeGreaterThan(15)
    } else if (typeof expected === 'string') matchText(expected, actual, path)
    else if (Array.isArray(expected)) {
      expect({ path, length: (actual as unknown[]).length }).toEqual({ path, length: expected.length })
      expected.forEach((entry, index) => {
        matchValue(entry, (actual as unknown[])[index], `${path}[${index}]`)
      })
    } else if (typeof expected === 'object' && expected !== null) {
      const { ResponseMetadata, ...members } = expected as Record<string, unknown>
      const { $metadata, ...answer } = actual as Record<string, unknown>
      const names = Object.keys(answer).filter(
        (name) => answer[name] !== undefined && !(mayLack && added.has(name) && !(name in members)),
      )
      expect({ path, names: names.sort() }).toEqual({ path, names: Object.keys(members).sort() })
      if (ResponseMetadata !== undefined) {
        expect(($metadata as { httpStatusCode: number }).httpStatusCode).toBe(
          (ResponseMetadata as { HTTPStatusCode: number }).HTTPStatusCode,
        )
      }
      for (const [name, member] of Object.entries(members))
        matchValue(member, answer[name], `${path}.${name}`)
    } else expect({ path, value: actual }).toEqual({ path, value: expected })
  }

  const matchError = (expected: RecordedError, actual: Caught, path: string): void => {
    expect({ path, name: actual.name }).toEqual({ path, name: expected.Error.Code })
    expect(actual.body.__type).toBe(expected.Error.Code)
    expect(actual.status).toBe(expected.ResponseMetadata.HTTPStatusCode)
    const { Code, Message } = expected.Error
    const [, before, values] = /^(.*enum value set: )\[(.*)\]$/.exec(Message) ?? []
    if (before !== undefined && values !== undefined) {
      // AWS has added values since; what it had then must still be there.
      expect(actual.body.message?.startsWith(before)).toBe(true)
      const [, now = ''] = /\[(.*)\]$/.exec(actual.body.message ?? '') ?? []
      expect(now.split(', ').slice(0, values.split(', ').length)).toEqual(values.split(', '))
    } else matchText(Message, actual.body.message ?? '', path)
    // The recorder copied the member only for errors of the service's own model.
    if (Code !== 'ValidationException') {
      expect({ path, hasMessage: actual.body.message !== undefined }).toEqual({
        path,
        hasMessage: expected.message !== undefined,
      })
    }
  }

  const match: Match = (name, actual) => {
    matched.push(name)
    const expected = recorded[name]
    expect({ name, recorded: expected !== undefined }).toEqual({ name, recorded: true })
    if (typeof expected === 'object' && expected !== null && 'Error' in expected) {
      matchError(expected as RecordedError, actual as Caught, name)
    } else matchValue(expected, actual, name)
  }
  return { match, matched }
}

interface Sendable {
  send(command: never): Promise<unknown>
}

/** Everything a case is given. */
export interface Bench {
  readonly kms: LocalKms
  /** The client of the first Region. */
  readonly client: KMSClient
  /** The client of the other Region. */
  readonly other: KMSClient
  createKey(
    input?: Partial<CreateKeyCommandInput>,
    client?: KMSClient,
  ): Promise<KeyMetadata & { KeyId: string; Arn: string }>
  /** Sends a command that has to fail, and answers with the error. */
  fails(command: object, client?: KMSClient): Promise<Caught>
}

const collect = async (stream: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export const createBench = (kms: LocalKms): Bench => {
  const bodies = new WeakMap<object, Buffer>()
  const clientFor = (at: string): KMSClient => {
    const client = new KMSClient({ ...kms.clientOptionsFor({ region: at }), maxAttempts: 1 })
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args)
        const response = result.response as { body: AsyncIterable<Uint8Array> | Buffer }
        const body = await collect(response.body as AsyncIterable<Uint8Array>)
        bodies.set(response, body)
        // A copy: the SDK changes the prototype of what it is given.
        response.body = Buffer.from(body)
        return result
      },
      // Innermost: it sees the body before the deserializer does.
      { step: 'deserialize', priority: 'low', name: 'keepBody' },
    )
    return client
  }
  const client = clientFor(region)
  return {
    kms,
    client,
    other: clientFor(otherRegion),
    async createKey(input = {}, by = client) {
      const { KeyMetadata } = await by.send(new CreateKeyCommand(input))
      return KeyMetadata as KeyMetadata & { KeyId: string; Arn: string }
    },
    async fails(command, by = client) {
      try {
        await (by as Sendable).send(command as never)
      } catch (error) {
        const { name, $metadata, $response } = error as {
          name: string
          $metadata?: { httpStatusCode?: number }
          $response?: object
        }
        const body = $response && bodies.get($response)
        return {
          name,
          status: $metadata?.httpStatusCode,
          body: body ? JSON.parse(body.toString('utf8')) : {},
        }
      }
      throw new Error('The call was expected to fail')
    },
  }
}

/** A case: its parameters are those in the brackets of its name. */
export type Case = (bench: Bench, match: Match, parameters: readonly string[]) => Promise<void>
export type Cases = Readonly<Record<string, Case>>
