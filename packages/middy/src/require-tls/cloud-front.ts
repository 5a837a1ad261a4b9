import { createHash, timingSafeEqual } from 'node:crypto'
import { listOf } from '../options.ts'
import { listValues, oneValue, type RequestHeaders } from '../request-headers.ts'
import type { CloudFrontOptions } from './options.ts'

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
