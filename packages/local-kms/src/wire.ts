/** The wire format: `application/x-amz-json-1.1` bodies, and the SigV4 header of a request. */
import { KmsError } from './errors.ts'

export const contentType = 'application/x-amz-json-1.1'

export const targetPrefix = 'TrentService.'

/** Bytes become base64; members that are `undefined` are left out. */
const wireValue = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(wireValue)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, wireValue(member)]))
}

/** An answer's body; operations without output answer with no body at all. */
export const encodeBody = (output: object | undefined): string =>
  output === undefined ? '' : JSON.stringify(wireValue(output))

/** `message` is left out, not empty, where AWS leaves it out. */
export const encodeError = ({ type, text }: KmsError): string =>
  JSON.stringify({ __type: type, message: text })

/** @throws `SerializationException` without a message, as AWS answers a body that is no JSON */
export const decodeBody = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new KmsError('SerializationException')
  }
}

/** What a SigV4 `authorization` header says about the caller. The signature itself is not verified. */
export interface Scope {
  readonly accessKeyId: string
  readonly region: string
}

/** The credential scope: date, Region, service. */
const credentialPattern = /^AWS4-HMAC-SHA256 .*Credential=([^/\s,]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request\b/

/** @throws `MissingAuthenticationTokenException` for an unsigned request, others for a malformed signature */
export const readScope = (authorization: string | undefined): Scope => {
  if (authorization === undefined) {
    throw new KmsError('MissingAuthenticationTokenException', 'Missing Authentication Token')
  }
  const [, accessKeyId, region, service] = credentialPattern.exec(authorization) ?? []
  if (accessKeyId === undefined || region === undefined || !authorization.includes('Signature=')) {
    throw new KmsError(
      'IncompleteSignatureException',
      "Authorization header requires 'Credential', 'Signature' and 'SignedHeaders' parameters.",
    )
  }
  if (service !== 'kms') {
    throw new KmsError('InvalidSignatureException', "Credential should be scoped to correct service: 'kms'. ")
  }
  return { accessKeyId, region }
}
