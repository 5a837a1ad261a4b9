import { createHash, timingSafeEqual } from 'node:crypto'
import { listOf } from '../options.ts'
import { listValues, oneValue, type RequestHeaders } from '../request-headers.ts'
import type { CloudFrontOptions } from './options.ts'

const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest()

/** Decides whether a request came through the declared distribution, and how. */
export interface DistributionGate {
  /** Whether the request carries a secret of the distribution. */
  isFrom(headers: RequestHeaders): boolean
  /** Whether the viewer's own connection was https; only to be asked once {@link isFrom} says yes. */
  isHttps(headers: RequestHeaders): boolean
}

/**
 * CloudFront's headers prove nothing by themselves, as whoever finds the origin can write them; the secret makes
 * the difference. The digests are compared and not the texts, so that time tells neither content nor length.
 */
export const distributionGate = ({ secretHeader, secret }: CloudFrontOptions): DistributionGate => {
  const header = secretHeader.toLowerCase()
  const digests = listOf(secret).map(digest)
  return {
    isFrom: (headers) => {
      const value = oneValue(headers, header)
      if (value === undefined) return false
      const given = digest(value)
      // No early end: it would tell which of the secrets was right.
      let found = false
      for (const known of digests) found = timingSafeEqual(known, given) || found
      return found
    },
    isHttps: (headers) => {
      const values = listValues(headers, 'cloudfront-forwarded-proto')
      // Absent means that the distribution's origin request policy leaves it out: then nobody knows.
      return values?.every((value) => value === 'https') === true
    },
  }
}
