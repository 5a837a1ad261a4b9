import { anyObject, definedMembers } from '@glassine/core/internal'
import { badOption } from '../errors.ts'
import type { OnRefused } from '../on-refused.ts'
import {
  anyFunction,
  checkOptions,
  headerName,
  isHeaderValue,
  listOf,
  type OptionSchema,
  oneOf,
} from '../options.ts'
import { isCanonicalOrigin } from './origins.ts'

/** A client's certificate, with the members that the source provides. */
export interface ClientCertificate {
  readonly source: 'rest' | 'http-api' | 'alb'
  /** Whether AWS checked it against the trust store; `false` only for an ALB that passes it through. */
  readonly isVerified: boolean
  /** PEM; absent when an ALB does not send it. */
  readonly pem?: string
  readonly subject?: string
  readonly issuer?: string
  readonly serialNumber?: string
  /** In the source's own format. */
  readonly notBefore?: string
  readonly notAfter?: string
}

/** What an Application Load Balancer's events do not say about it. */
export interface AlbOptions {
  /**
   * The header in which the load balancer writes the TLS version, usually `x-amzn-tls-version`; its attribute
   * `routing.http.x_amzn_tls_version_and_cipher_suite.enabled` must be on. With this option a request without the
   * header is refused. Default: the version is not checked.
   */
  readonly tlsVersionHeader?: string
  /**
   * The listener's mutual TLS: `'verify'` when the load balancer checks certificates, `'passthrough'` when it forwards
   * them unchecked. Default: none; its headers are then ignored, since a client could write them.
   */
  readonly clientCert?: 'verify' | 'passthrough'
}

/** The CloudFront distribution in front of the function's own endpoint. */
export interface CloudFrontOptions {
  /** The custom origin header that holds the distribution's secret, for example `x-origin-secret`. */
  readonly secretHeader: string
  /** The secret, 16 characters or more; a list of several during a rotation. */
  readonly secret: string | readonly string[]
}

/** Options of {@link requireTls}. */
export interface RequireTlsOptions {
  /**
   * Origins that may call: `https://app.example.com`, `https://app.example.com:8443`, or with one label open,
   * `https://*.example.com`. Default: any. CORS does not replace this: it never stops the handler.
   */
  readonly origins?: readonly string[]
  /**
   * Requests with an unsafe method and neither `Origin`, `Referer` nor `Sec-Fetch-Site`, as clients other than browsers
   * send them. Default `'deny'`.
   */
  readonly missingOrigin?: 'deny' | 'allow'
  /** The oldest TLS version that is allowed, where the event tells the version. Default `'TLSv1.2'`. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  /** The Application Load Balancer's settings. Default: none. */
  readonly alb?: AlbOptions
  /** Says that the VPC Lattice listener is HTTPS, which its events do not. Default: Lattice events are refused. */
  readonly listener?: 'https'
  /** The CloudFront distribution in front: only requests through it, over https, are allowed. Default: none. */
  readonly cloudFront?: CloudFrontOptions
  /**
   * Mutual TLS. `'require'`: a certificate that AWS verified. A function: the same, and it must return `true`.
   * Default `'ignore'`.
   */
  readonly clientCert?: 'ignore' | 'require' | ((certificate: ClientCertificate) => boolean)
  /** Direct invocations, and every other event without a mark of an AWS service. Default `'deny'`. */
  readonly direct?: 'deny' | 'allow'
  /**
   * The viewer protocol policy of a Lambda@Edge function's distribution, which viewer events do not tell. Default:
   * viewer events are refused.
   */
  readonly edge?: 'https-only' | 'redirect-to-https'
  /** Allows plain http to a host on this machine, as these tools send it. Default: none. */
  readonly local?: 'sam' | 'localstack'
  /** Answers GET and HEAD over plain http with 308 to this origin. Default: none; they get 403. */
  readonly redirect?: string
  /** `Strict-Transport-Security` of allowed responses; `false` for none. Default two years with subdomains. */
  readonly hsts?: string | false
  /**
   * `'problem'` (default): answers a refusal with a problem document (RFC 9457). `'throw'`: leaves it to an error
   * handler.
   */
  readonly refusal?: 'problem' | 'throw'
  /**
   * Called for every refused request; of headers the reason says only whether they were there. Default: one line of
   * JSON on stderr.
   */
  readonly onRefused?: OnRefused
}

const defaults = {
  missingOrigin: 'deny',
  minVersion: 'TLSv1.2',
  clientCert: 'ignore',
  direct: 'deny',
  hsts: 'max-age=63072000; includeSubDomains',
  refusal: 'problem',
} as const satisfies RequireTlsOptions

const minSecretLength = 16

const isSecret = (value: unknown): boolean => isHeaderValue(value) && value.length >= minSecretLength

const isSetting = (value: unknown): boolean =>
  isHeaderValue(value) && /(?:^|;)\s*max-age="?\d+"?\s*(?:;|$)/i.test(value)

const schema: OptionSchema<RequireTlsOptions> = {
  origins: ['must be a list of origins, one or more', (value) => Array.isArray(value) && value.length > 0],
  missingOrigin: oneOf('deny', 'allow'),
  minVersion: oneOf('TLSv1.2', 'TLSv1.3'),
  alb: anyObject,
  listener: oneOf('https'),
  cloudFront: anyObject,
  clientCert: [
    "must be 'ignore', 'require' or a function",
    (value) => value === 'ignore' || value === 'require' || typeof value === 'function',
  ],
  direct: oneOf('deny', 'allow'),
  edge: oneOf('https-only', 'redirect-to-https'),
  local: oneOf('sam', 'localstack'),
  redirect: ['must be an https origin without a path', isCanonicalOrigin],
  hsts: ['must be false or a value with max-age', (value) => value === false || isSetting(value)],
  refusal: oneOf('problem', 'throw'),
  onRefused: anyFunction,
}

const albSchema: OptionSchema<AlbOptions> = {
  tlsVersionHeader: headerName,
  clientCert: oneOf('verify', 'passthrough'),
}

const cloudFrontSchema: OptionSchema<CloudFrontOptions> = {
  secretHeader: headerName,
  secret: [
    `must be printable text of ${minSecretLength} characters or more, or a list of such`,
    (value) => listOf(value).length > 0 && listOf(value).every(isSecret),
  ],
}

/** The options with their defaults. */
export type CheckedOptions = RequireTlsOptions & Required<Pick<RequireTlsOptions, keyof typeof defaults>>

/**
 * Checks all options but `origins`, whose members the gate checks itself.
 *
 * @throws {@link GlassineError} `ERR_OPTION_INVALID`
 */
export const checkedOptions = (options: RequireTlsOptions): CheckedOptions => {
  checkOptions(schema, options)
  const { alb, cloudFront } = options
  if (alb) checkOptions(albSchema, alb, 'alb')
  if (cloudFront) {
    checkOptions(cloudFrontSchema, cloudFront, 'cloudFront')
    if (cloudFront.secretHeader === undefined || cloudFront.secret === undefined)
      throw badOption('cloudFront', 'needs `secretHeader` and `secret`')
  }
  // Passed through, certificates are not verified, and any client can make one.
  if (alb?.clientCert === 'passthrough' && options.clientCert === 'require')
    throw badOption('clientCert', "must be a function where `alb.clientCert` is 'passthrough'")
  if (options.missingOrigin !== undefined && !options.origins)
    throw badOption('missingOrigin', 'needs `origins`')
  return Object.freeze({ ...defaults, ...definedMembers(options) })
}
