// JWE sessions, service side: ten fields of a payload, compared to jose with the same tokens and keys.
import { randomBytes, webcrypto } from 'node:crypto'
import { defineFields, type Prepared } from '@glassine/core'
import { localRecipient, sessionEnvelope } from '@glassine/session'
import { CompactEncrypt, compactDecrypt } from 'jose'
import { contextOf, deviceTo, headerOf, provedHeader, sealedBody } from './device.ts'
import { atLeast, type BenchOptions, type Figure, reported } from './figure.ts'
import { compare } from './paired.ts'

const names = Array.from({ length: 10 }, (_, at) => `field${at}`)
const value = '0123456789abcdef0123456789abcdef'
const payload = { id: 'p-1', ...Object.fromEntries(names.map((name) => [name, value])) }
const fields = defineFields<any>('patient', Object.fromEntries(names.map((name) => [name, {}])))
const resource = { method: 'PUT', path: '/patients/p-1', query: [] } as const
const invocation = { binding: { tenant: 't-1' }, resource }
const audience = 'https://api.example.com'

const finished = (prepared: Prepared): any => prepared.finish()

/** All figures of sessions. */
export const sessionFigures = async (options: BenchOptions): Promise<readonly Figure[]> => {
  const recipient = localRecipient()
  const [jwk] = await recipient.jwks({ deadline: () => Date.now() })
  const begin = await deviceTo(jwk, audience)
  const envelope = sessionEnvelope({ recipients: recipient, audience })
  const session = await begin()
  const body = await sealedBody(session, payload, {
    model: 'patient',
    members: names,
    resource,
    binding: invocation.binding,
  })
  const { reply } = await envelope.prepareOpen(body, fields, invocation)

  // jose at its best: the key imported once, and all fields at once or one after another, whichever is faster.
  const key = (raw: Buffer) =>
    webcrypto.subtle.importKey('raw', new Uint8Array(raw), 'AES-GCM', false, ['encrypt', 'decrypt'])
  const [requestKey, responseKey] = [await key(session.request), await key(session.response)]
  const ctx = contextOf('patient', names.length, resource, invocation.binding)
  const jti = randomBytes(16).toString('base64url')
  const encoder = new TextEncoder()
  const decoder = new TextDecoder()
  const joseSeal = (name: string): Promise<string> =>
    new CompactEncrypt(encoder.encode(JSON.stringify(value)))
      .setProtectedHeader(headerOf(session, `/${name}`, ctx, jti))
      .encrypt(responseKey)
  const joseOpen = async (name: string): Promise<unknown> =>
    JSON.parse(decoder.decode((await compactDecrypt(body[name] as string, requestKey)).plaintext))
  const inTurn = (work: (name: string) => Promise<unknown>) => async () => {
    for (const name of names) await work(name)
  }
  const atOnce = (work: (name: string) => Promise<unknown>) => () => Promise.all(names.map(work))

  const open = async () => finished(await envelope.prepareOpen(body, fields, invocation))
  const seal = async () => finished(await reply!.prepareSeal(payload, fields, invocation))
  if (JSON.stringify(await open()) !== JSON.stringify(payload)) throw new Error('a payload differs')
  for (const name of names) {
    const { plaintext } = await compactDecrypt((await seal())[name], responseKey)
    if (JSON.parse(decoder.decode(plaintext)) !== value) throw new Error('a value differs')
  }

  const sealing = [
    await compare(inTurn(joseSeal), seal, options),
    await compare(atOnce(joseSeal), seal, options),
  ]
  const opening = [
    await compare(inTurn(joseOpen), open, options),
    await compare(atOnce(joseOpen), open, options),
  ]
  const best = (of: typeof sealing) => of.reduce((one, other) => (other.ratio < one.ratio ? other : one))
  const [sealed, opened] = [best(sealing), best(opening)]

  // New sessions, so that each must be agreed on, derived, opened and read.
  const uncached = sessionEnvelope({ recipients: recipient, audience, cacheExpiry: 0 })
  const sessionHeader = await provedHeader(session, session.carrier, { model: 'patient', ...invocation })
  const unwrap = () => uncached.prepareOpen(undefined, fields, { ...invocation, sessionHeader })
  const secret = await compare(unwrap, seal, options)

  const what = 'ten 32-byte values of a payload, kept session, against jose `dir` with an imported CryptoKey'
  const each = (us: number): number => us / names.length
  return [
    atLeast('session-field-encrypt-vs-jose', sealed.ratio, 4, 'times faster', what),
    atLeast('session-field-decrypt-vs-jose', opened.ratio, 4, 'times faster', what),
    reported(
      'session-field-encrypt-us',
      each(sealed.b),
      'us',
      'one of the ten values, all work on the payload included',
    ),
    reported(
      'session-field-decrypt-us',
      each(opened.b),
      'us',
      'one of the ten values, all work on the payload included',
    ),
    reported(
      'jose-field-encrypt-us',
      each(sealed.a),
      'us',
      'one value in the faster of two ways of calling jose',
    ),
    reported(
      'jose-field-decrypt-us',
      each(opened.a),
      'us',
      'one value in the faster of two ways of calling jose',
    ),
    reported(
      'session-unwrap-us',
      secret.a,
      'us',
      'a session that was not seen before, without the round trip to KMS',
    ),
  ]
}
