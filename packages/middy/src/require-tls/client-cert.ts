import type { EventSource } from '../event-source.ts'
import { getOwnObject, getOwnString } from '../event-value.ts'
import { oneValue, type RequestHeaders } from '../headers.ts'
import type { AlbOptions, CheckedOptions, ClientCertificate } from './options.ts'

const found = (certificate: ClientCertificate): ClientCertificate | undefined =>
  certificate.pem !== undefined || certificate.subject !== undefined ? certificate : undefined

/** API Gateway writes it into the request context, where no client can. */
const ofGateway = (source: 'rest' | 'http-api', holder: unknown): ClientCertificate | undefined => {
  const cert = getOwnObject(holder, 'clientCert')
  const validity = getOwnObject(cert, 'validity')
  return found({
    source,
    isVerified: true,
    pem: getOwnString(cert, 'clientCertPem'),
    subject: getOwnString(cert, 'subjectDN'),
    issuer: getOwnString(cert, 'issuerDN'),
    serialNumber: getOwnString(cert, 'serialNumber'),
    notBefore: getOwnString(validity, 'notBefore'),
    notAfter: getOwnString(validity, 'notAfter'),
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

/** The client's certificate; `undefined` when the source has none, or no option says that its headers are trusted. */
const certificateOf = (
  event: unknown,
  source: EventSource,
  headers: RequestHeaders,
  alb: AlbOptions | undefined,
): ClientCertificate | undefined => {
  const context = getOwnObject(event, 'requestContext')
  switch (source) {
    case 'rest':
      return ofGateway('rest', getOwnObject(context, 'identity'))
    case 'http-api':
      return ofGateway('http-api', getOwnObject(context, 'authentication'))
    case 'alb':
      return ofAlb(headers, alb?.clientCert)
    default:
      return undefined
  }
}

/** Whether the certificate meets the option `clientCert`. */
export const certificateAllowed = (
  event: unknown,
  source: EventSource,
  headers: RequestHeaders,
  { clientCert, alb }: CheckedOptions,
): boolean => {
  if (clientCert === 'ignore') return true
  const certificate = certificateOf(event, source, headers, alb)
  if (certificate === undefined) return false
  // Exactly `true`: an async function returns a promise, which is truthy.
  return clientCert === 'require' ? certificate.isVerified : clientCert(certificate) === true
}
