import { randomUUID } from 'node:crypto'
import { checkedOptions, type OptionSchema, text } from '@glassine/core/internal'
import type { Context } from 'aws-lambda'
import { arn, region } from '../events/facts.ts'
import { packageName, plainObject } from '../options.ts'

/** Options of {@link sampleContext}. */
export interface ContextOptions {
  /** Where `getRemainingTimeInMillis` starts, in ms; default 3,000, as in Lambda. The handler is not stopped. */
  readonly timeoutMs?: number
  /** `context.tenantId`, as with Lambda's tenant isolation. Default: absent. */
  readonly tenantId?: string
  /** Replaces any other member of the context. Default: none. */
  readonly context?: Partial<Context>
}

/** The table of {@link ContextOptions}; `invoke` takes them too. */
export const contextOptions: OptionSchema<ContextOptions> = {
  timeoutMs: ['must be a number of ms', (value) => Number.isFinite(value) && value >= 0],
  tenantId: text,
  context: plainObject,
}

const functionName = 'patients'

/**
 * Makes a Lambda context with a new `awsRequestId`; its time starts now.
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
export const sampleContext = (options: ContextOptions = {}): Context => {
  const { timeoutMs = 3_000, tenantId, context } = checkedOptions(packageName, contextOptions, options)
  // Not Date.now(): setting a clock back must not give the invocation more time.
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
