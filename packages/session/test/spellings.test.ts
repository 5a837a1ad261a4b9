/** Bytes have one spelling in base64url; every other text that some decoder reads as the same bytes is refused. */
import { generateKeyPairSync } from 'node:crypto'
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { localRecipient, type Recipient, sessionEnvelope } from '@glassine/session'
import { codeOf, respelled } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import {
  audience,
  b64u,
  beginSession,
  openFields,
  proved,
  type SessionOptions,
  sealFields,
} from './support/device.ts'
import { fields, opened, patient, scope, sealed } from './support/patient.ts'

const call = { deadline: () => Date.now() + 1_000 }
const recipient = localRecipient()
const [jwk] = await recipient.jwks(call)
const rsa = localRecipient({ privateKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey })
const [rsaJwk] = await rsa.jwks(call)
const ticket = keyMaterial({ keyring: localKeyring() })
const envelope = sessionEnvelope({
  recipients: [recipient, rsa],
  audience,
  ticketKeys: ticket,
  cacheRefusals: 0,
})

/** Every token with one part respelled; a part that is empty has one spelling. */
const variants = (token: string): readonly (readonly [what: string, token: string])[] => {
  const parts = token.split('.')
  return parts.flatMap((part, at) =>
    part === ''
      ? []
      : respelled(part).map(
          ([what, other]) => [`part ${at}, ${what}`, parts.with(at, other).join('.')] as const,
        ),
  )
}

/** Which of the texts are not refused with one of the codes. */
const accepted = async (
  texts: readonly (readonly [what: string, text: string])[],
  open: (text: string) => Promise<unknown>,
  codes = /^ERR_(?:DECRYPT_FAILED|FIELD_NOT_ENCRYPTED)$/,
): Promise<readonly string[]> => {
  expect(texts.length).toBeGreaterThan(5)
  const results: string[] = []
  for (const [what, text] of texts) {
    const code = await codeOf(open(text))
    if (!codes.test(code)) results.push(`${what}: ${code}`)
  }
  return results
}

describe('only one spelling is accepted', () => {
  test('of a sealed field', async () => {
    const body = await sealFields(await beginSession(jwk), patient, fields, scope)
    expect(await codeOf(opened(envelope, body))).toBe('none')
    expect(await accepted(variants(body.ssn), (ssn) => opened(envelope, { ...body, ssn }))).toEqual([])
  })

  test.each<[string, any, SessionOptions]>([
    ['to a key on a curve', jwk, {}],
    ['with a wrapped content key', jwk, { alg: 'ECDH-ES+A256KW' }],
    ['to an RSA key', rsaJwk, {}],
  ])('of the keys of a session %s', async (_what, to, options) => {
    const { carrier } = await beginSession(to, options)
    const open = (header: string) => opened(envelope, undefined, { sessionHeader: header })
    expect(await codeOf(open(carrier))).toBe('none')
    expect(await accepted(variants(carrier), open)).toEqual([])
  })

  test('of a ticket', async () => {
    const session = await beginSession(jwk)
    const { reply } = await opened(envelope, undefined, { sessionHeader: session.carrier })
    const { ticket = '' } = await openFields(session, await sealed(reply, patient), fields, scope)
    const open = (header: string) => opened(envelope, undefined, { sessionHeader: header })
    expect(await codeOf(open(ticket))).toBe('none')
    expect(await accepted(variants(ticket), open)).toEqual([])
  })

  test('of the proof after the keys in a header', async () => {
    const { carrier } = await beginSession(jwk)
    const [, proof = ''] = (await proved(carrier, fields, scope)).split(';proof=')
    const open = (text: string) => opened(envelope, undefined, { sessionHeader: `${carrier};proof=${text}` })
    expect(await codeOf(open(proof))).toBe('none')
    expect(await accepted(variants(proof), open)).toEqual([])
  })

  test('of a key in the key set', async () => {
    const { carrier, q } = await beginSession(jwk)
    expect(await codeOf(opened(envelope, undefined, { sessionHeader: carrier }))).toBe('none')
    const open = async (k: string) => {
      const plaintext = ([first, second]: any[]) => ({ keys: [{ ...first, k }, second] })
      return opened(envelope, undefined, { sessionHeader: (await beginSession(jwk, { plaintext })).carrier })
    }
    expect(await accepted(respelled(b64u(q)), open)).toEqual([])
  })
})

describe('another spelling costs no call', () => {
  /** The header is what is authenticated, so another one is refused in the end, too. */
  const calls = async (change: (header: any) => object): Promise<readonly number[]> => {
    const { carrier } = await beginSession(jwk, { apu: Buffer.from('Alice'), apv: Buffer.from('Bob') })
    const [head, ...rest] = carrier.split('.')
    const header = JSON.parse(Buffer.from(head!, 'base64url').toString())
    let count = 0
    const counting: Recipient = {
      jwks: recipient.jwks,
      unwrap: (request) => {
        count++
        return recipient.unwrap(request)
      },
    }
    const counted = sessionEnvelope({ recipients: counting, audience })
    const open = (changed: object) =>
      codeOf(
        opened(counted, undefined, { sessionHeader: [b64u(JSON.stringify(changed)), ...rest].join('.') }),
      )
    expect(await open(change(header))).toBe('ERR_DECRYPT_FAILED')
    const refused = count
    expect(await open(header)).toBe('none')
    return [refused, count]
  }

  test.each(['apu', 'apv', 'x', 'y'])('of `%s`', async (name) => {
    const texts = ({ epk, ...header }: any): string => (name in epk ? epk[name] : header[name])
    const changed = ({ epk, ...header }: any, text: string) =>
      name in epk ? { ...header, epk: { ...epk, [name]: text } } : { ...header, epk, [name]: text }
    for (const at of [0, 1, 2, -1, -2, -3])
      expect(await calls((header) => changed(header, respelled(texts(header)).at(at)![1]))).toEqual([0, 1])
  })
})
