import { randomUUID } from 'node:crypto'
import { optionError } from '@glassine/core/internal'
import type { Context } from 'aws-lambda'
import { arn, region } from '../events/facts.ts'

/** What can be chosen in a Lambda context. */
export interface ContextOptions {
  /** What `getRemainingTimeInMillis` counts down from, in ms: Lambda's own default, 3,000. Nothing is killed. */
  readonly timeoutMs?: number
  /** `context.tenantId`, as with Lambda's tenant isolation. Default: absent. */
  readonly tenantId?: string
  /** Any other member of the context, in place of the made-up one. */
  readonly context?: Partial<Context>
}

const functionName = 'patients'

/**
 * Makes a Lambda context with a new `awsRequestId` whose time starts to run now.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 * @example
 * ```ts
 * import { sampleContext } from '@glassine/testing'
 *
 * const context = sampleContext({ timeoutMs: 10_000, tenantId: 't-1' })
 * const left = context.getRemainingTimeInMillis() // 10,000 at most
 * ```
 */
export const sampleContext = ({ timeoutMs = 3_000, tenantId, context }: ContextOptions = {}): Context => {
  if (!Number.isFinite(timeoutMs) || timeoutMs < 0)
    throw optionError('@glassine/testing', 'timeoutMs', 'must be a number of ms')
  // Not Date.now(): a clock that a test or the system turns back must not give time to the invocation.
  const end = performance.now() + timeoutMs
  const gone = () => {
    throw new Error('context.done, fail and succeed are of Node 0.10; return a promise')
  }
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: arn('lambda', `function:${functionName}`),
    memoryLimitInMB: '1024',
    awsRequestId: randomUUID(),
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: `2026/01/05/[$LATEST]${region.replaceAll('-', '')}00000000000000000000`,
    ...(tenantId !== undefined && { tenantId }),
    getRemainingTimeInMillis: () => Math.max(0, Math.round(end - performance.now())),
    done: gone,
    fail: gone,
    succeed: gone,
    ...context,
  }
}
