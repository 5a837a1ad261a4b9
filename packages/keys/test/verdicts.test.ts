/** What a failed call means, whether it is repeated, and what an operator reads of it. */
import { GlassineError } from '@glassine/core'
import { hasCode } from '@glassine/test-support'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { firstResponse, nameOf, type Service, verdictOf } from '../src/kms/retry.ts'
import { RetryBudget } from '../src/kms/retry-budget.ts'

const error = (name: string, more: object = {}): Error =>
  Object.assign(new Error('canary'), { name, ...more })
const status = (httpStatusCode: number) => ({ $metadata: { httpStatusCode } })

describe('a failure of KMS', () => {
  const refusals =
    'AccessDenied Disabled DryRunOperation IncorrectKey InvalidArn InvalidCiphertext InvalidGrantToken ' +
    'InvalidKeyUsage KMSInvalidState NotFound UnsupportedOperation Validation'
  test.each([...refusals.split(' ').map((name) => `${name}Exception`), 'OtherKey', 'OtherLength'])(
    '%s is a refusal, whatever its status',
    (name) => {
      for (const more of [{}, status(400), status(500)]) expect(verdictOf(error(name, more))).toBe('refused')
      for (const other of [`X${name}`, `${name}X`]) expect(verdictOf(error(other))).toBe('retry')
    },
  )

  test.each([
    ['OtherException', 400, 'refused'],
    ['OtherException', 403, 'retry'],
    ['OtherException', 500, 'retry'],
    ['Other', 400, 'retry'],
    ['OtherExceptions', 400, 'retry'],
    ['ThrottlingException', 400, 'retry'],
    ['LimitExceededException', 400, 'retry'],
    ['TooManyRequestsException', 400, 'retry'],
    ['SlowDownException', 400, 'retry'],
    ['DependencyTimeoutException', 400, 'retry'],
    ['KeyUnavailableException', 400, 'retry'],
    ['KMSInternalException', 500, 'retry'],
    ['SyntaxError', 200, 'retry'],
    ['TimeoutError', 0, 'retry'],
  ])('%s with status %i is: %s', (name, httpStatusCode, verdict) => {
    expect(verdictOf(error(name, status(httpStatusCode)))).toBe(verdict)
  })

  const credentials =
    'CredentialsProviderError TokenProviderError InvalidClientTokenId ExpiredToken ExpiredTokenException ' +
    'UnrecognizedClient UnrecognizedClientException IncompleteSignature IncompleteSignatureException ' +
    'InvalidSignature InvalidSignatureException MissingAuthenticationToken MissingAuthenticationTokenException'
  test.each(credentials.split(' '))('%s needs another configuration', (name) => {
    expect(verdictOf(error(name, status(400)))).toBe('unavailable')
    expect(verdictOf(error(`X${name}`))).toBe('retry')
  })

  test.each([
    [{ code: 'ENOTFOUND' }, 'unavailable'],
    [{ code: 'CERT_HAS_EXPIRED' }, 'unavailable'],
    [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, 'unavailable'],
    [{ code: 'ERR_INVALID_URL' }, 'unavailable'],
    [{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'unavailable'],
    [{ code: 'SELF_SIGNED_CERT_IN_CHAIN' }, 'unavailable'],
    [{ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }, 'unavailable'],
    [{ cause: { code: 'ENOTFOUND' } }, 'unavailable'],
    [{ code: 'ECONNRESET', cause: { code: 'ENOTFOUND' } }, 'retry'],
    [{ code: 'XENOTFOUND' }, 'retry'],
    [{ code: 'X_CERT_Y' }, 'retry'],
    [{ code: 'EAI_AGAIN' }, 'retry'],
    [{ code: 'enotfound' }, 'retry'],
    [{ message: 'getaddrinfo ENOTFOUND kms.x' }, 'unavailable'],
    [{ message: 'Region is missing' }, 'unavailable'],
    [{ message: 'Region not accepted: x' }, 'unavailable'],
    [{ message: 'The Region is missing' }, 'retry'],
    [{ message: 5 }, 'retry'],
  ])('with %j is: %s', (more, verdict) => {
    expect(verdictOf(error('Error', more))).toBe(verdict)
  })

  test.each([[null], [undefined], ['text'], [5], [{}]])('%p is like an unknown error', (thrown) => {
    expect(verdictOf(thrown)).toBe('retry')
  })

  test('of our own is thrown on, as another error of the same code', () => {
    const own = new GlassineError('ERR_TLS_REQUIRED', { package: 'x', option: 'y' })
    expect(() => verdictOf(own)).toThrow(
      hasCode('ERR_TLS_REQUIRED', { cause: { package: 'x', option: 'y' } }),
    )
  })

  test('has a name that may be shown, or none', () => {
    expect(nameOf({ name: 'A'.repeat(60) })).toBe('A'.repeat(60))
    for (const thrown of [
      { name: 'A'.repeat(61) },
      { name: 'a b' },
      { name: '' },
      { name: 5 },
      null,
      undefined,
    ])
      expect(nameOf(thrown)).toBe('Error')
  })
})

const setUp = () => {
  const budget = new RetryBudget()
  const service: Service = { name: 'Storage', verdictOf, budget }
  const ask = (calls: (() => Promise<unknown>)[], time = 60_000) => {
    const end = Date.now() + time
    return firstResponse(calls, () => end, service)
  }
  return { budget, ask }
}

describe('what an operator reads', () => {
  test.each([
    [error('CredentialsProviderError'), 'CredentialsProviderError'],
    [error('Error', { code: 'ENOTFOUND' }), 'ENOTFOUND'],
    [error('Error', { cause: { code: 'CERT_HAS_EXPIRED' } }), 'CERT_HAS_EXPIRED'],
    [error('Error', { message: 'getaddrinfo ENOTFOUND x', code: 'no code' }), 'ENOTFOUND'],
    [error('Error', { message: 'Region is missing' }), 'Region is missing'],
    [error('Error', { message: 'Region not accepted: canary' }), 'Region not accepted'],
  ])('of %p is %s, and nothing else', async (thrown, reason) => {
    const { ask } = setUp()
    await expect(ask([() => Promise.reject(thrown)])).rejects.toThrow(
      hasCode('ERR_KEY_UNAVAILABLE', { cause: { package: '@glassine/keys', reason: `Storage: ${reason}` } }),
    )
  })

  test.each([
    [error('SyntaxError'), 'a response that is no JSON'],
    [error('SyntaxError', status(503)), 'a response that is no JSON, with status 503'],
    [error('SyntaxError', { $response: { statusCode: 502 } }), 'a response that is no JSON, with status 502'],
    [error('SyntaxError', { $response: { statusCode: 'x' } }), 'a response that is no JSON'],
    [error('ThrottlingException', status(400)), 'ThrottlingException'],
    [error('Error', { message: 'read ECONNRESET' }), 'ECONNRESET'],
    [error('Error', { message: 'socket hang up' }), 'ECONNRESET'],
    [error('Error', { message: 'connect EHOSTUNREACH 10.0.0.1' }), 'EHOSTUNREACH'],
    [error('Error', { message: 'XECONNRESETX' }), 'Error'],
    [error('a name with canary'), 'Error'],
  ])('of %p, where no retry is left, is %s', async (thrown, reason) => {
    const { ask, budget } = setUp()
    while (budget.take());
    await expect(ask([() => Promise.reject(thrown)])).rejects.toThrow(
      hasCode('ERR_KEY_UNAVAILABLE', { cause: { package: '@glassine/keys', reason: `Storage: ${reason}` } }),
    )
  })
})

describe('calls', () => {
  const refused =
    (name = 'NotFoundException', message = 'x') =>
    () =>
      Promise.reject(error(name, { message }))

  test('are made in turn, until one answers', async () => {
    const { ask } = setUp()
    const made: number[] = []
    const call = (at: number, response: () => Promise<unknown>) => () => {
      made.push(at)
      return response()
    }
    expect(await ask([call(0, refused()), call(1, async () => 'yes'), call(2, async () => 'never')])).toEqual(
      { response: 'yes' },
    )
    expect(made).toEqual([0, 1])
  })

  test('that are all refused tell by which names, and which was denied first', async () => {
    const { ask } = setUp()
    expect(await ask([refused(), refused('DisabledException')])).toEqual({
      refusals: ['NotFoundException', 'DisabledException'],
    })
    const denied = refused('AccessDeniedException')
    expect(await ask([refused(), denied, refused('AccessDeniedException')])).toEqual({
      refusals: ['NotFoundException', 'AccessDeniedException', 'AccessDeniedException'],
      denied: 1,
    })
    // A blob that names a key which does not exist: no permission is missing.
    const foreign = refused('AccessDeniedException', 'The ciphertext refers to a customer master key that')
    expect(await ask([foreign])).toEqual({ refusals: ['AccessDeniedException'] })
    expect(await ask([refused('AccessDeniedException', 'x The ciphertext refers to')])).toMatchObject({
      denied: 0,
    })
  })

  test('of which one may not be had are not refused as a whole', async () => {
    const { ask } = setUp()
    await expect(ask([refused(), refused('CredentialsProviderError')])).rejects.toThrow(
      hasCode('ERR_KEY_UNAVAILABLE'),
    )
  })

  test('that failed for a time are made again, alone, a dead socket at once', async () => {
    const { ask } = setUp()
    let attempts = 0
    let others = 0
    const dead = async () => {
      if (++attempts === 1) throw error('Error', { code: 'EPIPE' })
      return 'back'
    }
    const other = async () => {
      others++
      throw error('NotFoundException')
    }
    expect(await ask([dead, other], 1_000)).toEqual({ response: 'back' })
    expect([attempts, others]).toEqual([2, 1])
  })

  test('are not made after the deadline', async () => {
    const { ask } = setUp()
    const call = jest.fn(async () => 'answer')
    await expect(ask([call], 0)).rejects.toThrow(
      hasCode('ERR_KEY_UNAVAILABLE', {
        cause: { package: '@glassine/keys', reason: 'Storage: TimeoutError' },
      }),
    )
    expect(call).not.toHaveBeenCalled()
  })
})

describe('the budget of retries', () => {
  beforeEach(() => void jest.useFakeTimers({ now: 1_000_000 }))
  afterEach(() => void jest.useRealTimers())
  const takes = (budget: RetryBudget): number => {
    let count = 0
    while (budget.take()) count++
    return count
  }

  test('is ten, and one more for each second, up to ten', () => {
    const budget = new RetryBudget()
    expect(takes(budget)).toBe(10)
    jest.setSystemTime(1_000_999)
    expect(takes(budget)).toBe(0)
    jest.setSystemTime(1_001_000)
    expect(takes(budget)).toBe(1)
    jest.setSystemTime(1_003_500)
    expect(takes(budget)).toBe(2)
    jest.setSystemTime(1_004_000)
    expect(takes(budget)).toBe(1)
    jest.setSystemTime(1_100_000)
    expect(takes(budget)).toBe(10)
    budget.reset()
    expect(takes(budget)).toBe(10)
  })

  test('loses nothing by a clock that is set back', () => {
    const budget = new RetryBudget()
    for (let times = 0; times < 5; times++) budget.take()
    jest.setSystemTime(0)
    expect(takes(budget)).toBe(5)
    jest.setSystemTime(1_000)
    expect(takes(budget)).toBe(1)
  })

  test('gets back what a call took that was answered, and one more', () => {
    const budget = new RetryBudget()
    takes(budget)
    budget.answered(2)
    expect(takes(budget)).toBe(3)
    budget.answered(0)
    expect(takes(budget)).toBe(1)
    budget.answered(50)
    expect(takes(budget)).toBe(10)
  })

  test('pauses until the time is over, or another call is answered', async () => {
    const budget = new RetryBudget()
    const ended: string[] = []
    const pause = (name: string, ms: number) => void budget.pause(ms).then(() => ended.push(name))
    pause('short', 100)
    pause('long', 10_000)
    await jest.advanceTimersByTimeAsync(99)
    expect(ended).toEqual([])
    await jest.advanceTimersByTimeAsync(1)
    expect(ended).toEqual(['short'])
    budget.answered(0)
    await jest.advanceTimersByTimeAsync(0)
    expect(ended).toEqual(['short', 'long'])
    expect(jest.getTimerCount()).toBe(0)
  })
})
