import type { EventSource } from '../event-source.ts'
import { ownObject, ownText } from '../own.ts'
import { oneValue, type RequestHeaders } from '../request-headers.ts'
import type { ClientCertificate } from './client-certificate.ts'
import type { AlbOptions, CheckedOptions } from './options.ts'

const found = (certificate: ClientCertificate): ClientCertificate | undefined =>
  certificate.pem !== undefined || certificate.subject !== undefined ? certificate : undefined

/** API Gateway puts it where no client can write. */
const ofGateway = (source: 'rest' | 'http-api', holder: unknown): ClientCertificate | undefined => {
  const cert = ownObject(holder, 'clientCert')
  const validity = ownObject(cert, 'validity')
  return found({
    source,
    isVerified: true,
    pem: ownText(cert, 'clientCertPem'),
    subject: ownText(cert, 'subjectDN'),
    issuer: ownText(cert, 'issuerDN'),
    serialNumber: ownText(cert, 'serialNumber'),
    notBefore: ownText(validity, 'notBefore'),
    notAfter: ownText(validity, 'notAfter'),
  })
}

const decoded = (text: string | undefined): string | undefined => {
  try {
    return text === undefined ? undefined : decodeURIComponent(text)
  } catch {
    return undefined
  }
}

const ofAlb = (headers: RequestHeaders, mode: AlbOptions['clientCert']): ClientCertificate | undefined => {
  if (mode === undefined) return undefined
  const header = (name: string) => oneValue(headers, `x-amzn-mtls-clientcert${name}`)
  if (mode === 'passthrough') return found({ source: 'alb', isVerified: false, pem: decoded(header('')) })
  const validity = header('-validity')
  return found({
    source: 'alb',
    isVerified: true,
    pem: decoded(header('-leaf')),
    subject: header('-subject'),
    issuer: header('-issuer'),
    serialNumber: header('-serial-number'),
    notBefore: /NotBefore=([^;]+)/.exec(validity ?? '')?.[1],
    notAfter: /NotAfter=([^;]+)/.exec(validity ?? '')?.[1],
  })
}

/** The client's certificate; nothing where the source has none or nobody declared that it is to be believed. */
const certificateOf = (
  event: unknown,
  source: EventSource,
  headers: RequestHeaders,
  alb: AlbOptions | undefined,
): ClientCertificate | undefined => {
  const context = ownObject(event, 'requestContext')
  switch (source) {
    case 'rest':
      return ofGateway('rest', ownObject(context, 'identity'))
    case 'http-api':
      return ofGateway('http-api', ownObject(context, 'authentication'))
    case 'alb':
      return ofAlb(headers, alb?.clientCert)
    default:
      return undefined
  }
}

/** Whether the certificate is as declared. */
export const certificateAllowed = (
  event: unknown,
  source: EventSource,
  headers: RequestHeaders,
  { clientCert, alb }: CheckedOptions,
): boolean => {
  if (clientCert === 'ignore') return true
  const certificate = certificateOf(event, source, headers, alb)
  if (certificate === undefined) return false
  // Exactly true: a promise, from a function that was made async, is truthy.
  return clientCert === 'require' ? certificate.isVerified : clientCert(certificate) === true
}
