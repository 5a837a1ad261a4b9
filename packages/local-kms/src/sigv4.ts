/**
 * Signature Version 4 as the server checks it: who signed a request, for which Region, and whether it was
 * changed since. Codes, messages and the order of checks are AWS's.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Caller } from './credentials.ts'
import { KmsError } from './errors.ts'

/** The signed part of an HTTP request. KMS has one method, one path and no query. */
export interface SignedRequest {
  /** Names in lower case, a value for each line. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>
  readonly body: Uint8Array
}

/** The verified caller. */
export interface Signer {
  readonly principal: string
  readonly region: string
}

/** What signatures are checked against. */
export interface SignatureCheck {
  readonly find: (accessKeyId: string) => Caller | undefined
  /** The principal of unknown access keys; without it, unknown keys and wrong signatures are refused. */
  readonly unverified?: string | undefined
}

const supported = 'AWS4-HMAC-SHA256'

/** KMS tolerates clocks that differ by five minutes. */
const tolerance = 5 * 60_000

const incomplete = (message: string): KmsError => new KmsError('IncompleteSignatureException', message)

const wrongSignature = (message: string): KmsError => new KmsError('InvalidSignatureException', message)

/** One message for an unknown access key and for a wrong session token. */
const unknownClient = (): KmsError =>
  new KmsError('UnrecognizedClientException', 'The security token included in the request is invalid.')

/** `20260130T120000Z`, the form that dates have in signatures. */
const basicFormat = (at: number): string => new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, '')

const basicPattern = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/

/** The header's value as the signature has it: lines joined, white space collapsed. */
const headerValue = ({ headers }: SignedRequest, name: string): string | undefined =>
  headers[name]?.map((value) => value.trim().replace(/ +/g, ' ')).join(',')

interface Authorization {
  readonly algorithm: string
  /** `Credential`, `SignedHeaders` and `Signature`, if present. */
  readonly parameters: ReadonlyMap<string, string>
}

const parseAuthorization = (request: SignedRequest): Authorization => {
  const header = headerValue(request, 'authorization')
  if (!header?.startsWith('AWS4-')) {
    throw new KmsError('MissingAuthenticationTokenException', 'Missing Authentication Token')
  }
  const [name = '', ...parts] = header.split(/[, ]+/).filter(Boolean)
  const parameters = new Map<string, string>()
  for (const part of parts) {
    const at = part.indexOf('=')
    if (at < 0) {
      throw incomplete(`'${part}' not a valid key=value pair (missing equal-sign) in Authorization header.`)
    }
    parameters.set(part.slice(0, at), part.slice(at + 1))
  }
  return { algorithm: name, parameters }
}

/** All parts of a signature. */
interface Signature {
  /** Sorted. */
  readonly signedHeaders: readonly string[]
  /** In basic format, as it was signed. */
  readonly date: string
  readonly value: string
}

/** Names everything that is missing at once, as AWS does. */
const readSignature = (request: SignedRequest, { algorithm, parameters }: Authorization): Signature => {
  const date = headerValue(request, 'x-amz-date') ?? headerValue(request, 'date')
  const missing = ['Credential', 'Signature', 'SignedHeaders']
    .filter((parameter) => !parameters.get(parameter))
    .map((parameter) => `Authorization header requires '${parameter}' parameter. `)
  if (date === undefined) {
    missing.push("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
  }
  if (missing.length > 0) throw incomplete(`${missing.join('')}Authorization=${algorithm}`)
  return {
    signedHeaders: parameters.get('SignedHeaders')!.toLowerCase().split(';').sort(),
    date: date!,
    value: parameters.get('Signature')!,
  }
}

/** A captured request can be replayed for minutes only. HTTP's date format is not accepted. */
const checkDate = (date: string, now: number): void => {
  const [, year, month, day, hour, minute, second] = basicPattern.exec(date) ?? []
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (Number.isNaN(at)) {
    throw incomplete(
      `Date must be in ISO-8601 'basic format'. Got '${date}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    )
  }
  if (at < now - tolerance) {
    throw wrongSignature(
      `Signature expired: ${date} is now earlier than ${basicFormat(now - tolerance)} (${basicFormat(now)} - 5 min.)`,
    )
  }
  if (at > now + tolerance) {
    throw wrongSignature(
      `Signature not yet current: ${date} is still later than ${basicFormat(now + tolerance)} ` +
        `(${basicFormat(now)} + 5 min.)`,
    )
  }
}

/** `host` and every `x-amz-` header that is there: otherwise they could be changed on the way. */
const checkSignedHeaders = (request: SignedRequest, signed: readonly string[]): void => {
  if (!signed.includes('host')) {
    throw wrongSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
  }
  for (const name of Object.keys(request.headers)) {
    if (name.startsWith('x-amz-') && !signed.includes(name)) {
      throw wrongSignature(`'${name}' must be a 'SignedHeader' in the AWS Authorization.`)
    }
  }
}

/** The parts of a credential; all of them go into the signing key. */
interface Scope {
  readonly accessKeyId: string
  readonly day: string
  readonly region: string
}

/** @param date - of the request; without it, the day is not compared */
const parseCredential = (credential: string, date: string | undefined): Scope => {
  const parts = credential.split('/')
  const [accessKeyId = '', day = '', region = '', service, terminator] = parts
  if (parts.length !== 5) {
    throw incomplete(
      'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, ' +
        `got '${credential}'`,
    )
  }
  const wrong: string[] = []
  // One server serves all Regions, so any Region is valid.
  if (!/^[a-z]{2,}(-[a-z]+)+-\d+$/.test(region)) {
    wrong.push(`Credential should be scoped to a valid region, not '${region}'. `)
  }
  if (service !== 'kms') wrong.push("Credential should be scoped to correct service: 'kms'. ")
  if (terminator !== 'aws4_request') {
    wrong.push(`Credential should be scoped with a valid terminator: 'aws4_request', not '${terminator}'. `)
  }
  if (date !== undefined && day !== date.slice(0, 8)) {
    wrong.push(
      'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: ' +
        `'${day}' != '${date.slice(0, 8)}', from '${date}'. `,
    )
  }
  if (wrong.length > 0) throw wrongSignature(wrong.join(''))
  return { accessKeyId, day, region }
}

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** The signature that the request should have. */
const signatureOf = (
  request: SignedRequest,
  { date, signedHeaders }: Signature,
  { day, region }: Scope,
  secret: string,
): string => {
  const canonicalRequest = [
    'POST',
    '/',
    '',
    ...signedHeaders.map((name) => `${name}:${headerValue(request, name) ?? ''}`),
    '',
    signedHeaders.join(';'),
    sha256(request.body),
  ].join('\n')
  // Header values are bytes, which node:http shows as Latin-1.
  const hashed = sha256(Buffer.from(canonicalRequest, 'latin1'))
  const stringToSign = [supported, date, `${day}/${region}/kms/aws4_request`, hashed].join('\n')
  const signingKey = hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), 'kms'), 'aws4_request')
  return hmac(signingKey, stringToSign).toString('hex')
}

const sameText = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one, 'latin1'), Buffer.from(other, 'latin1'))

/**
 * Checks a request's signature.
 *
 * @throws `MissingAuthenticationTokenException` for an unsigned request, `IncompleteSignatureException` for a
 *   malformed signature, `UnrecognizedClientException` for an unknown access key or a wrong session token,
 *   `InvalidSignatureException` for a wrong or stale one
 */
export const verifyRequest = (request: SignedRequest, { find, unverified }: SignatureCheck): Signer => {
  const authorization = parseAuthorization(request)
  const credential = authorization.parameters.get('Credential') ?? ''
  if (unverified !== undefined) {
    const { accessKeyId, region } = parseCredential(credential, undefined)
    return { principal: find(accessKeyId)?.principal ?? unverified, region }
  }
  const signature = readSignature(request, authorization)
  // The machine's clock, not the option `now`: clients sign by theirs.
  checkDate(signature.date, Date.now())
  checkSignedHeaders(request, signature.signedHeaders)
  if (authorization.algorithm !== supported) {
    throw incomplete(
      `Unsupported AWS 'algorithm': '${authorization.algorithm}' (only ${supported} for now). `,
    )
  }
  const scope = parseCredential(credential, signature.date)
  const caller = find(scope.accessKeyId)
  if (caller === undefined) throw unknownClient()
  if (!sameText(signature.value, signatureOf(request, signature, scope, caller.secretAccessKey))) {
    throw wrongSignature(
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret ' +
        'Access Key and signing method. Consult the service documentation for details.',
    )
  }
  if (headerValue(request, 'x-amz-security-token') !== caller.sessionToken) throw unknownClient()
  return { principal: caller.principal, region: scope.region }
}
