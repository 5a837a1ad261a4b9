import { expect, test } from '@jest/globals'
import { sampleContext } from '../../src/invoke/context.ts'

test('a sample context has the members of Lambda’s, and nothing is missing', () => {
  const { awsRequestId, getRemainingTimeInMillis, done, fail, succeed, ...facts } = sampleContext()
  expect(facts).toEqual({
    callbackWaitsForEmptyEventLoop: true,
    functionName: 'patients',
    functionVersion: '$LATEST',
    invokedFunctionArn: expect.stringMatching(/^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:patients$/),
    memoryLimitInMB: '1024',
    logGroupName: '/aws/lambda/patients',
    logStreamName: expect.stringMatching(/^2026\/01\/05\/\[\$LATEST\][0-9a-z]+$/),
  })
  expect(awsRequestId).toMatch(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  expect(getRemainingTimeInMillis()).toBeGreaterThan(0)
  expect(getRemainingTimeInMillis()).toBeLessThanOrEqual(3_000)
  expect(sampleContext({ timeoutMs: 0 }).getRemainingTimeInMillis()).toBe(0)
  expect(sampleContext({ tenantId: 't-1', context: { functionName: 'x' } })).toMatchObject({
    tenantId: 't-1',
    functionName: 'x',
  })
  for (const old of [done, fail, succeed])
    expect(() => (old as () => void)()).toThrow(
      'context.done, fail and succeed are of Node 0.10; return a promise',
    )
})
