// Builds a composition, runs one request through it, and collects all that came out of it.
import { inspect } from 'node:util'
import * as aws from '@aws-crypto/client-node'
import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import type { FieldPolicy } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { rawAesKeyring } from '@glassine/keys/raw-aes'
import { redactor } from '@glassine/logger'
import { messageEnvelope } from '@glassine/message'
import {
  assertEncrypted,
  decryptRequest,
  encryptResponse,
  fieldEncryption,
  iamRole,
  withoutFields,
} from '@glassine/middy'
import { encryptedTables } from '@glassine/middy/tables'
import { localRecipient, sessionEnvelope } from '@glassine/session'
import { sampleContext, sampleEvent } from '@glassine/testing'
import httpErrorHandler from '@middy/http-error-handler'
import { compactDecrypt } from 'jose'
import { audience, beginSession, sealFields } from '../../../session/test/support/device.ts'
import { errorWith, lineWith } from './carriers.ts'
import {
  type Composition,
  type Entry,
  entryFields,
  listFields,
  receiptFields,
  spellings,
} from './composition.ts'
import { memoryTable } from './memory-table.ts'
import { majors } from './outcome.ts'

const key = Buffer.alloc(32, 5)
const names = { namespace: 'test', name: 'compositions' }
const keys = keyMaterial({ keyring: rawAesKeyring({ ...names, key }) })
const recipients = localRecipient()
const envelopes = {
  field: messageEnvelope({ keys, shape: 'field' }),
  bundle: messageEnvelope({ keys, shape: 'bundle' }),
  session: sessionEnvelope({ recipients, audience }),
}
const binding = { tenant: 't-1' }
const resource = { method: 'POST', path: '/entries', query: [] }

const [jwk] = await recipients.jwks({ deadline: () => Date.now() + 10_000 })
const device = await beginSession(jwk)
const bind = () => binding

const { client, rows } = memoryTable()
const documents = DynamoDBDocumentClient.from(client)
const tables = { Entries: { fields: entryFields, keys, partitionKey: 'id' } }

/** AWS's own library, which shares no code with ours. */
const oracle = {
  client: aws.buildClient(aws.CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT),
  keyring: new aws.RawAesKeyringNode({
    keyNamespace: names.namespace,
    keyName: names.name,
    unencryptedMasterKey: new Uint8Array(key),
    wrappingSuite: aws.RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
    utf8Sorting: true,
  }),
}

/** What the sealed values in a text say, by AWS's own library and by jose. */
export const openedByOracle = async (text: string): Promise<string> => {
  const messages = text.match(/Ag[RV]4[A-Za-z0-9+/]{100,}={0,2}/g) ?? []
  const plain = await Promise.all(
    messages.map(
      async (message) =>
        (await oracle.client.decrypt(oracle.keyring, Buffer.from(message, 'base64'))).plaintext,
    ),
  )
  const tokens = text.match(/eyJ[\w-]+\.\.[\w-]{16}\.[\w-]+\.[\w-]{22}/g) ?? []
  const inner = await Promise.all(
    tokens.map(async (token) => (await compactDecrypt(token, device.r)).plaintext),
  )
  return [...plain, ...inner].map((one) => Buffer.from(one).toString()).join('\n')
}

/** Markers of one run: no two values share one, and no other run has them. */
const markersOf = (seed: number) => {
  const markers: string[] = []
  let state = seed
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state
  }
  const digits = () => String(next() % 1e6).padStart(6, '0')
  return {
    markers,
    /** A text with a marker in it, and with characters that encodings change. */
    text: (): string => {
      const marker = `mark${next().toString(36)}q${next().toString(36)}`
      markers.push(marker)
      return [`${marker}`, `${marker} "é" & </b>`, `'1%2 ${marker}\n\\n`, `ß+ü ${marker}`][next() % 4]!
    },
    integer: (): number => {
      const marker = `7${digits()}3${digits()}`
      markers.push(marker)
      return Number(marker)
    },
    fraction: (): number => {
      const marker = `8${digits()}.${digits()}1`
      markers.push(marker)
      return Number(marker)
    },
  }
}

const entryOf = (
  has: Composition['has'],
  { text, integer, fraction }: ReturnType<typeof markersOf>,
): Entry => ({
  id: 'p-1',
  text: text(),
  ...(has.includes('count') && { count: integer() }),
  ...(has.includes('share') && { share: fraction() }),
  ...(has.includes('list') && { list: [text(), text()] }),
  ...(has.includes('deep') && { deep: { inner: { text: text() } } }),
  ...(has.includes('rows') && {
    rows: [
      { note: text(), at: '2026-01-05' },
      { note: text(), at: '2026-01-06' },
    ],
  }),
  ...(has.includes('any') && { any: { a: [{ b: text() }, integer()], c: { d: text(), e: null } } }),
})

/**
 * The payload as its sender seals it: a device is one that was written for tests, from the description of the format
 * alone.
 */
const sealedOf = async ({ envelope, isList }: Composition, payload: object): Promise<unknown> => {
  const fields: FieldPolicy<any> = isList ? listFields : entryFields
  if (envelope === 'session') return sealFields(device, payload, fields, { resource, binding })
  return (await envelopes[envelope].prepareSeal(payload, fields, { binding, use: 'request' })).finish()
}

/** All that came out of one request. */
export interface Came {
  /** The response, or the error that left the function. */
  readonly out: unknown
  readonly isError: boolean
  /** Everything in which no marker may be, by the place that it was found in. */
  readonly texts: Readonly<Record<string, string>>
  readonly markers: readonly string[]
  readonly sent: unknown
  readonly ran: boolean
}

const shown = (value: unknown): string => {
  const texts = [inspect(value, { depth: 12, showHidden: true, getters: true })]
  if (typeof value === 'string') texts.push(value)
  if (value instanceof Error) texts.push(String(value.stack), value.message, String(value))
  try {
    texts.push(JSON.stringify(value) ?? '')
  } catch {
    // A cycle, which inspect has shown.
  }
  return texts.join('\n')
}

/** What JSON makes of a response; the response itself if Lambda could not write it. */
const jsonValue = (value: unknown): unknown => {
  try {
    return JSON.parse(JSON.stringify(value) ?? 'null')
  } catch {
    return value
  }
}

/** The text of a base64 body: its search in base64 would find what was put into it sealed. */
const bodyOf = (out: any): string =>
  out?.isBase64Encoded === true ? Buffer.from(out.body, 'base64').toString() : ''

/**
 * @param isLeaking - without anything that keeps the promise: it shows that the search finds what leaves
 */
export const run = async (one: Composition, isLeaking = false): Promise<Came> => {
  const made = markersOf(one.seed)
  const entry = entryOf(one.has, made)
  const fields = one.isList ? listFields : entryFields
  const payload = one.isList ? [entry] : entry
  const envelope = envelopes[one.envelope]
  const other = envelopes[one.envelope === 'field' ? 'bundle' : 'field']
  const choice = one.isOneOfSeveral
    ? [{ envelope }, { envelope: other, from: iamRole('arn:aws:iam::111122223333:role/Orders') }]
    : envelope
  const [, middy] = majors.find(([major]) => major === one.middy)!
  const logged: string[] = []
  const told: string[] = []
  const redact = isLeaking ? undefined : redactor(entryFields)
  /** As the logger's formatter shows errors: JSON alone has nothing of them. */
  const written = (key: string, value: unknown): unknown => {
    const kept = redact ? redact(key, value) : value
    if (!(kept instanceof Error)) return kept
    const { name, message, stack, cause } = kept
    return { ...kept, name, message, stack, cause }
  }
  const log = (value: unknown): void =>
    void logged.push(JSON.stringify({ message: 'm', value }, written) ?? '')
  const onRefused = (refusal: unknown): void => void told.push(JSON.stringify(refusal))
  const spell = spellings[one.handler.spelling]
  let ran = false
  rows.clear()

  /** The values in the clear, of the event or of the table. */
  let clear: any

  const withValue = (response: any): any => {
    const first = one.isList ? clear?.[0] : clear
    const value: string = spell(first?.text ?? entry.text)
    const body = response.body ?? {}
    const holder = Array.isArray(body) ? body[0] : body
    switch (one.handler.place) {
      case 'member':
        holder.note = value
        break
      case 'member name':
        holder[value] = 1
        break
      case 'nested list':
        holder.notes = [[{ note: value }]]
        break
      case 'number':
        holder.code = first?.count ?? first?.share ?? value
        break
      case 'declared place':
        // Nothing has decrypted this one, and the request declares its place.
        if (one.decrypt && typeof body === 'object' && one.handler.does === 'answers')
          holder.text = made.text()
        break
      case 'header':
        response.headers = { 'X-Note': value }
        break
      case 'header name':
        response.headers = { [value]: '1' }
        break
      case 'multi-value header':
        response.multiValueHeaders = { 'X-Note': ['1', value] }
        break
      case 'cookie':
        response.cookies = [`note=${value}`]
        break
      case 'status description':
        response.statusDescription = value
        break
      case 'whole body':
        response.body = value
        break
      case 'map':
        holder.remarks = new Map([['entry', { remark: value }]])
        break
      case 'set':
        holder.remarks = new Set([value])
        break
      default:
    }
    return response
  }

  const inForm = (response: any): any => {
    const { body } = response
    const isTwice = one.handler.place === 'member twice' && typeof body === 'object'
    const isRespelled = one.handler.place === 'number in another spelling' && typeof body === 'object'
    const isText = isTwice || isRespelled
    if (one.handler.body === 'bare' && !isText && !response.headers) return body
    if (typeof body !== 'object' || (one.handler.body === 'object' && !isText)) return response
    let text = JSON.stringify(body)
    if (isTwice) text = text.replace(/^(\[?)\{/, `$1{"twice":${JSON.stringify(spell(entry.text))},"twice":0,`)
    const count = entry.count ?? entry.share
    if (isRespelled && count !== undefined) {
      const [first, ...rest] = String(count).replace('.', '')
      const spelled = `${first}.${rest.join('')}e${String(Math.trunc(count)).length - 1}`
      made.markers.push(spelled)
      text = text.replace(/^(\[?)\{/, `$1{"code":${spelled},`)
    }
    if (one.handler.body === 'base64')
      return { ...response, body: Buffer.from(text).toString('base64'), isBase64Encoded: true }
    return { ...response, body: text }
  }

  const answerOf = (statusCode: number): any => {
    const body =
      one.encrypt && one.answerFields === 'others' && !one.preset
        ? { id: 'r-1', total: entry.text }
        : structuredClone(clear)
    return inForm(withValue({ statusCode, body }))
  }

  const handle = async (event: any, context: any): Promise<unknown> => {
    ran = true
    clear = one.decrypt ? (one.source === 'direct' ? event : event.body) : structuredClone(payload)
    log({ event })
    if (one.tables) {
      await context.tables.send(new PutCommand({ TableName: 'Entries', Item: entry }))
      clear = (await context.tables.send(new GetCommand({ TableName: 'Entries', Key: { id: entry.id } })))
        .Item
      log({ item: clear, note: `read ${clear.text}` })
    }
    log(lineWith[one.handler.line](spell(entry.text)))
    const error = errorWith[one.handler.error](spell(entry.text))
    switch (one.handler.does) {
      case 'answers with 422':
        return answerOf(422)
      case 'throws': {
        const { body, headers } = withValue({ body: {} })
        const isWhole = one.handler.place !== 'nowhere'
        throw Object.assign(
          error,
          { statusCode: 422, expose: true },
          isWhole && { body, headers, entry: clear },
        )
      }
      case 'answers what throws': {
        const thrower = (): never => {
          throw error
        }
        const body = structuredClone(clear)
        const holder = Array.isArray(body) ? body[0] : body
        // One that is not enumerable is not part of the payload: its copy lacks it.
        if (one.handler.isWhole) Object.defineProperty(holder, 'toJSON', { value: thrower, enumerable: true })
        else Object.defineProperty(holder, 'text', { get: thrower, enumerable: true })
        return { statusCode: 200, body }
      }
      case 'answers a page':
        return withoutFields(
          withValue({ statusCode: 200, headers: { 'Content-Type': 'text/html' }, body: '<p>Hi</p>' }),
        )
      case 'answers nothing':
        return withValue({ statusCode: 204 })
      default:
        return answerOf(200)
    }
  }

  /** A value that a hook can know: of a request that was opened, or of what the handler has read. */
  const known = ({ event }: any): string => {
    const body = one.source === 'direct' ? event : event.body
    const seen = clear ?? (typeof body === 'object' ? body : undefined)
    return spell((Array.isArray(seen) ? seen[0] : seen)?.text ?? 'nothing')
  }

  const hookOf = ({ does, error, isBase64 }: Composition['hooks'][number]): any => {
    const inBase64 = (statusCode: number, body: object) =>
      isBase64
        ? { statusCode, body: Buffer.from(JSON.stringify(body)).toString('base64'), isBase64Encoded: true }
        : undefined
    const answer = (request: any) => {
      const body = { event: request.event, entry: clear, note: known(request) }
      return inBase64(200, body) ?? { statusCode: 200, body: JSON.stringify(body) }
    }
    switch (does) {
      case 'logs':
        return {
          before: ({ event }: any) => log({ event }),
          after: ({ event, response }: any) => log({ event, response }),
          onError: ({ event, error }: any) => log({ event, error, message: error?.message }),
        }
      case 'changes the response':
        return {
          after: (request: any) => {
            const { response } = request
            if (typeof response === 'object' && response !== null && !Array.isArray(response))
              response.headers = { ...response.headers, 'X-Hook': known(request) }
            else request.response = answer(request)
          },
        }
      case 'answers errors':
        return {
          onError: (request: any) => {
            const body = { message: request.error.message, input: known(request), entry: clear }
            request.response = inBase64(422, body) ?? { statusCode: 422, body }
          },
        }
      case 'answers early':
        return {
          before: answer,
        }
      case 'answers instead':
        return { after: answer }
      case 'throws after':
        return {
          after: (request: any) => {
            throw errorWith[error](known(request))
          },
        }
      default:
        return {
          onError: (request: any) => {
            throw errorWith[error](known(request))
          },
        }
    }
  }
  /** What an outer hook finds right behind `encryptResponse`: no one may rely on a later look. */
  const handedOn: string[] = []
  const witness: any = {
    after: ({ response }: any) => void handedOn.push(shown(jsonValue(response)) + bodyOf(response)),
    onError: ({ response, error }: any) =>
      void handedOn.push(shown(error) + shown(jsonValue(response)) + bodyOf(response)),
  }
  const hooksAt = (at: string): any[] => one.hooks.filter((hook) => hook.at === at).map(hookOf)

  const clearResponse = isLeaking
  const opener: any = () =>
    decryptRequest({
      fields,
      envelope: choice,
      bind,
      onRefused,
      clearResponse,
      resource: () => resource,
    } as any)
  const table: any = () => encryptedTables({ client: documents, tables, bind, onRefused, clearResponse })
  const answerFields = one.answerFields === 'others' ? receiptFields : fields
  /** Behind `decryptRequest` in the format of the request: only so it answers within a session. */
  const format = one.decrypt && !one.isWrongOrder ? {} : { envelope, bind }
  const sealer: any = () => encryptResponse({ fields: answerFields, ...format, onRefused })
  const stack: any = middy(
    one.guard && !isLeaking
      ? (assertEncrypted({ fields, envelope: [envelope, other], onRefused }) as any)
      : undefined,
  )
  if (one.errorHandler)
    stack.use(httpErrorHandler({ logger: (error) => log({ error, message: error.message }) }))
  stack.use(hooksAt('outside'))
  if (one.preset && !isLeaking) {
    const own = one.tables ? { tables: table() } : {}
    stack.use(
      fieldEncryption({
        fields,
        envelope: choice,
        bind,
        tls: false,
        onRefused,
        resource: () => resource,
        ...own,
      } as any),
    )
    stack.use(hooksAt('between'))
  } else {
    if (one.isWrongOrder) stack.use(sealer())
    if (one.decrypt) stack.use(opener())
    if (one.tables) stack.use(table())
    stack.use(hooksAt('between'))
    if (one.encrypt && !one.isWrongOrder && !isLeaking) stack.use(witness).use(sealer())
  }
  stack.use(hooksAt('inside'))
  stack.handler(handle)

  const sealed = one.decrypt ? await sealedOf(one, payload) : { id: 'q-1' }
  const event: any =
    one.source === 'direct' ? sealed : sampleEvent(one.source, { method: 'POST', body: sealed } as never)
  let out: unknown
  let isError = false
  try {
    out = await stack(event, sampleContext())
  } catch (error) {
    out = error
    isError = true
  }
  if (isLeaking)
    await client.send(new PutItemCommand({ TableName: 'Entries', Item: { id: { S: entry.text } } }))
  const texts = {
    // Of a response Lambda sends what JSON makes of it; of an error it logs all that there is.
    [isError ? 'the error' : 'the response']: shown(isError ? out : jsonValue(out)) + bodyOf(out),
    'what was logged': logged.join('\n'),
    'what encryptResponse handed on': handedOn.join('\n'),
    'what was told to onRefused': told.join('\n'),
    'what was stored': JSON.stringify([...rows.values()]),
  }
  return { out, isError, texts, markers: made.markers, sent: entry, ran }
}
