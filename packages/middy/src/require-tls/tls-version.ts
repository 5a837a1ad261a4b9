import type { EventSource } from '../event-source.ts'
import type { RequestHeaders } from '../request-headers.ts'
import type { CheckedOptions } from './options.ts'

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
