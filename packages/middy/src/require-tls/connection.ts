/*
 * What an event says about the connection: the distribution in front, the version of TLS, the client's certificate, and
 * whether all of it is on a developer's machine.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { EventSource } from '../event-source.ts'
import { getOwnObject, getOwnString } from '../event-value.ts'
import { listValues, oneValue, type RequestHeaders } from '../headers.ts'
import { listOf } from '../options.ts'
import type { AlbOptions, CheckedOptions, ClientCertificate, CloudFrontOptions } from './options.ts'

const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest()

/** Decides whether a request came through the configured distribution, and whether over https. */
export interface DistributionGate {
  /** Whether the request carries a secret of the distribution. */
  isFrom(headers: RequestHeaders): boolean
  /** Whether the viewer's own connection was https. Ask only after {@link isFrom} returned true. */
  isHttps(headers: RequestHeaders): boolean
}

/**
 * CloudFront's headers prove nothing by themselves: a client that finds the origin can write them. The secret proves
 * the distribution. Digests are compared, so that timing reveals neither content nor length.
 */
export const distributionGate = ({ secretHeader, secret }: CloudFrontOptions): DistributionGate => {
  const header = secretHeader.toLowerCase()
  const digests = listOf(secret).map(digest)
  return {
    isFrom: (headers) => {
      const value = oneValue(headers, header)
      if (value === undefined) return false
      const given = digest(value)
      // No early return: its timing would tell which secret matched.
      let found = false
      for (const known of digests) found = timingSafeEqual(known, given) || found
      return found
    },
    isHttps: (headers) => {
      const values = listValues(headers, 'cloudfront-forwarded-proto')
      // Absent when the distribution's origin request policy leaves it out; the viewer's protocol is then unknown.
      return values?.every((value) => value === 'https') === true
    },
  }
}

const versionHeader = 'x-amzn-tls-version'

/** A number that grows with the version; NaN for anything else, SSL included. No comparison with NaN is true. */
const rank = (version: string): number => {
  const [, major, minor] = /^TLSv(\d)(?:\.(\d))?$/i.exec(version.trim()) ?? []
  return Number(major) * 10 + Number(minor ?? 0)
}

/**
 * Whether no known version is below the minimum. A version can only deny: a high one proves nothing, since a client may
 * have written it.
 */
export const versionAllowed = (
  source: EventSource,
  headers: RequestHeaders,
  { minVersion, alb, cloudFront }: CheckedOptions,
): boolean => {
  const least = rank(minVersion)
  const isEnough = (version: string): boolean => rank(version) >= least
  if (source === 'function-url' && !(headers.get(versionHeader) ?? []).every(isEnough)) return false
  if (source === 'alb' && alb?.tlsVersionHeader !== undefined) {
    const versions = headers.get(alb.tlsVersionHeader.toLowerCase())
    if (!versions?.every(isEnough)) return false
  }
  // `TLSv1.3:TLS_AES_128_GCM_SHA256:sessionResumed`, from a distribution whose secret was checked.
  const viewer = cloudFront ? headers.get('cloudfront-viewer-tls') : undefined
  return viewer?.every((value) => isEnough(value.split(':', 1)[0]!)) ?? true
}

// This machine, a private network, or a container's single-label name.
const sam =
  /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|0\.0\.0\.0|10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}|host\.docker\.internal)$/
const localstack = /^(?:[a-z0-9-]+|(?:[a-z0-9-]+\.)*localhost\.localstack\.cloud)$/

/**
 * Whether a development tool's plain-http event was sent to a host that cannot be on the Internet. So the option
 * `local` opens nothing when it is deployed by mistake.
 */
export const isLocal = (event: unknown, headers: RequestHeaders, tool: 'sam' | 'localstack'): boolean => {
  const hosts = [oneValue(headers, 'host'), getOwnString(event, 'requestContext', 'domainName')].filter(
    (host) => host !== undefined,
  )
  return (
    hosts.length > 0 && hosts.every((host) => isLocalHost(host.toLowerCase().replace(/:\d{1,5}$/, ''), tool))
  )
}

const isLocalHost = (host: string, tool: 'sam' | 'localstack'): boolean =>
  sam.test(host) || (tool === 'localstack' && localstack.test(host))

const present = (certificate: ClientCertificate): ClientCertificate | undefined =>
  certificate.pem !== undefined || certificate.subject !== undefined ? certificate : undefined

/** API Gateway writes it into the request context, where no client can. */
const ofGateway = (source: 'rest' | 'http-api', holder: unknown): ClientCertificate | undefined => {
  const cert = getOwnObject(holder, 'clientCert')
  const validity = getOwnObject(cert, 'validity')
  return present({
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

const decodedPem = (text: string | undefined): string | undefined => {
  try {
    return text === undefined ? undefined : decodeURIComponent(text)
  } catch {
    return undefined
  }
}

const ofAlb = (headers: RequestHeaders, mode: AlbOptions['clientCert']): ClientCertificate | undefined => {
  if (mode === undefined) return undefined
  const header = (name: string) => oneValue(headers, `x-amzn-mtls-clientcert${name}`)
  if (mode === 'passthrough')
    return present({ source: 'alb', isVerified: false, pem: decodedPem(header('')) })
  const validity = header('-validity')
  return present({
    source: 'alb',
    isVerified: true,
    pem: decodedPem(header('-leaf')),
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
