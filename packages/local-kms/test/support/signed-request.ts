/** Requests signed by hand, so that tests can spoil any part of them. */
import { createHash, createHmac } from 'node:crypto'
import { type OutgoingHttpHeaders, request } from 'node:http'
import type { LocalKms } from '../../src/index.ts'

/** What goes into a signature. */
export interface Signing {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly region: string
  readonly service: string
  readonly terminator: string
  readonly algorithm: string
  /** Milliseconds. */
  readonly at: number
  /** Headers to sign besides host and those that begin with `x-amz-`. */
  readonly also: readonly string[]
  /** Headers to leave out of the signature. */
  readonly unsigned: readonly string[]
}

/** An HTTP response. */
export interface WireResponse {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

const hash = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex')

/** The headers of a signed request, `authorization` among them. */
export const sign = (
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
  signing: Signing,
): Record<string, string> => {
  const stamp = `${new Date(signing.at).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
  const all: Record<string, string> = {
    ...headers,
    'x-amz-date': stamp,
    ...(signing.sessionToken !== undefined && { 'x-amz-security-token': signing.sessionToken }),
  }
  const names = Object.keys(all)
    .filter((name) => name === 'host' || name.startsWith('x-amz-') || signing.also.includes(name))
    .filter((name) => !signing.unsigned.includes(name))
    .sort()
  const lines = names.map((name) => `${name}:${all[name]?.trim().replace(/ +/g, ' ')}\n`).join('')
  const canonical = `POST\n/\n\n${lines}\n${names.join(';')}\n${hash(body)}`
  const scope = `${stamp.slice(0, 8)}/${signing.region}/${signing.service}/${signing.terminator}`
  let key = Buffer.from(`AWS4${signing.secretAccessKey}`)
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest()
  const toSign = `${signing.algorithm}\n${stamp}\n${scope}\n${hash(canonical)}`
  const signature = createHmac('sha256', key).update(toSign).digest('hex')
  return {
    ...all,
    authorization:
      `${signing.algorithm} Credential=${signing.accessKeyId}/${scope}, ` +
      `SignedHeaders=${names.join(';')}, Signature=${signature}`,
  }
}

/** Sends exactly these headers and bytes. */
export const send = (
  endpoint: string,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  body: string | Buffer,
  method = 'POST',
  path = '/',
): Promise<WireResponse> =>
  new Promise((resolve, reject) => {
    const sent: OutgoingHttpHeaders = {}
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) sent[name] = value as string
    const call = request(endpoint, { method, path, headers: sent, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('end', () =>
        resolve({
          status: response.statusCode,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      )
    })
    call.once('error', reject)
    call.end(body)
  })

/** The headers of a call of KMS, before it is signed. */
export const kmsHeaders = (kms: LocalKms, operation: string): Record<string, string> => ({
  host: new URL(kms.endpoint).host,
  'content-type': 'application/x-amz-json-1.1',
  'x-amz-target': `TrentService.${operation}`,
})

/** Signing with the account root's pair, now, in the server's Region. */
export const usualSigning = (kms: LocalKms): Signing => ({
  ...kms.credentials,
  region: kms.region,
  service: 'kms',
  terminator: 'aws4_request',
  algorithm: 'AWS4-HMAC-SHA256',
  at: Date.now(),
  also: ['content-type'],
  unsigned: [],
})

/** One signed call. */
export const call = (
  kms: LocalKms,
  operation: string,
  body: string | Buffer,
  signing: Partial<Signing> = {},
): Promise<WireResponse> =>
  send(kms.endpoint, sign(kmsHeaders(kms, operation), body, { ...usualSigning(kms), ...signing }), body)
