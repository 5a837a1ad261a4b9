/**
 * The made-up account of all sample events. Constant, so that snapshots stay the same.
 */
export const region = 'eu-west-1'
export const accountId = '111122223333'
export const requestId = '5b0c4f6e-2f0a-4d4e-9f7d-0c4f3a1d7e21'
export const apiId = 'gl4ss1ne00'
export const sourceIp = '203.0.113.24'
export const userAgent = 'glassine-testing/1'
export const traceId = 'Root=1-695b9c80-4f1d2a3b5c6d7e8f90a1b2c3'

/** 5 January 2026, 11:12:00 UTC, in ms since the epoch. */
export const epoch = Date.UTC(2026, 0, 5, 11, 12)
export const isoTime = new Date(epoch).toISOString()
/** The form of API Gateway's request times (Apache's common log format). */
export const logTime = '05/Jan/2026:11:12:00 +0000'

/** The ARN of something in the made-up account. */
export const arn = (service: string, resource: string): string =>
  `arn:aws:${service}:${region}:${accountId}:${resource}`

/** A UUID that differs by position: records of one batch must not share an id. */
export const idOf = (at: number): string => `${at.toString(16).padStart(8, '0')}${requestId.slice(8)}`
