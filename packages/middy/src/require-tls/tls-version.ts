import type { EventSource } from '../event-source.ts'
import type { RequestHeaders } from '../request-headers.ts'
import type { CheckedOptions } from './options.ts'

const versionHeader = 'x-amzn-tls-version'

/** As a number that grows with the version; NaN for what is none, SSL included, and NaN is below everything. */
const rank = (version: string): number => {
  const [, major, minor] = /^TLSv(\d)(?:\.(\d))?$/i.exec(version.trim()) ?? []
  return Number(major) * 10 + Number(minor ?? 0)
}

/**
 * Whether no version that is known is below the minimum. A version only ever denies: that it is high enough says
 * nothing, as a client may have written it.
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
  // `TLSv1.3:TLS_AES_128_GCM_SHA256:sessionResumed`, from a distribution that has proved itself.
  const viewer = cloudFront ? headers.get('cloudfront-viewer-tls') : undefined
  return viewer?.every((value) => isEnough(value.split(':', 1)[0]!)) ?? true
}
