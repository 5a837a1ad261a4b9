import { hasCode } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'
import { awsSender } from '../src/aws/sender.ts'

/** An SDK whose import fails so many times. */
const setUp = (failures: number, options: object = {}, failure = new Error('Cannot find package')) => {
  const seen = { loads: 0, clients: [] as object[], sent: [] as object[] }
  class Client {
    readonly config: object
    constructor(config: object) {
      this.config = config
      seen.clients.push(config)
    }
    async send(command: object) {
      seen.sent.push(command)
      return { response: seen.sent.length }
    }
  }
  const sender = awsSender(options, {
    name: 'Storage',
    package: '@aws-sdk/client-storage',
    async load() {
      if (++seen.loads <= failures) throw failure
      return { Client }
    },
    clientOf: (sdk: { Client: typeof Client }) => sdk.Client,
  })
  const send = (region?: string) =>
    sender.send(() => ({ middlewareStack: { add() {} } }), {
      signal: new AbortController().signal,
      region,
    })
  return { seen, sender, send }
}

describe('the SDK', () => {
  test('is imported once, at construction, for all calls', async () => {
    const { seen, send } = setUp(0)
    expect(seen.loads).toBe(1)
    await Promise.all([send(), send()])
    expect(seen.loads).toBe(1)
    expect(seen.sent).toHaveLength(2)
  })

  test('is not imported before the first call where that is asked for', async () => {
    const { seen, send } = setUp(0, { disablePrefetch: true })
    expect(seen.loads).toBe(0)
    await send()
    expect(seen.loads).toBe(1)
  })

  test('that is installed but cannot be loaded is refused with what the loader says', async () => {
    const { send } = setUp(1, {}, new Error('Dynamic require of "node:https" is not supported\nstack'))
    await expect(send()).rejects.toEqual(
      hasCode('ERR_OPTION_INVALID', {
        message: expect.stringMatching(
          /`@aws-sdk\/client-storage` be installed: Error: Dynamic require of "node:https" is not supported$/,
        ),
      }),
    )
  })

  test('is imported again at the next call after a failure, which names the package', async () => {
    const { seen, send } = setUp(2)
    await expect(send()).rejects.toEqual(
      hasCode('ERR_OPTION_INVALID', {
        message: expect.stringContaining(
          '`client` must be given, or `@aws-sdk/client-storage` be installed: Error: Cannot find package',
        ),
      }),
    )
    await send().catch(() => {})
    expect(await send()).toEqual({ response: 1 })
    expect(seen.loads).toBe(3)
  })
})

describe('clients', () => {
  test('are one for each Region, with one attempt unless the options say otherwise', async () => {
    const { seen, send } = setUp(0)
    for (const region of [undefined, 'eu-west-1', 'us-east-1', 'eu-west-1', undefined]) await send(region)
    expect(seen.clients).toEqual([
      { maxAttempts: 1 },
      { maxAttempts: 1, region: 'eu-west-1' },
      { maxAttempts: 1, region: 'us-east-1' },
    ])
    const own = setUp(0, { awsClientOptions: { maxAttempts: 3, region: 'ap-south-1' } })
    for (const region of [undefined, 'eu-west-1']) await own.send(region)
    expect(own.seen.clients).toEqual([
      { maxAttempts: 3, region: 'ap-south-1' },
      { maxAttempts: 3, region: 'eu-west-1' },
    ])
  })

  test('that could not be made are made again', async () => {
    let makes = 0
    const { send } = setUp(0, {
      client: () => {
        if (++makes === 1) throw new Error('no credentials')
        return { send: async () => ({ by: makes }) }
      },
    })
    await expect(send()).rejects.toThrow('no credentials')
    expect(await send()).toEqual({ by: 2 })
    expect(await send()).toEqual({ by: 2 })
  })

  test('say in which Region they are, as a text or by a function', async () => {
    const regionOf = (region: unknown) =>
      setUp(0, { client: { config: { region }, send: async () => ({}) } }).sender.region()
    expect(await regionOf('eu-west-1')).toBe('eu-west-1')
    expect(await regionOf(async () => 'us-east-1')).toBe('us-east-1')
    expect(await regionOf(5)).toBeUndefined()
  })
})
