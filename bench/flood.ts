// What strangers can make a service do and remember.
import { spawnSync } from 'node:child_process'
import { defineFields } from '@glassine/core'
import { keyMaterial, kmsKeyring } from '@glassine/keys'
import { serialiseContext } from '@glassine/keys/internal'
import { messageEnvelope } from '@glassine/message'
import { countedKeyArn, countingKms, forgedMessage } from '../tools/test-support/strangers.ts'
import { atMost, type BenchOptions, type Figure, reported } from './figure.ts'
import { compare } from './paired.ts'

/** What is left of a flood. */
export interface Flood {
  readonly isWarm: boolean
  readonly refused: number
  readonly calls: number
  readonly callsOfOthers: number
  /** MB above the start, after collection. */
  readonly heap: number
  readonly external: number
}

/** Takes a flood in a process that has 256 MB. */
export const flood = (requests: number, megabytes = 5): Flood => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      '--expose-gc',
      '--max-old-space-size=256',
      'tools/ts.mjs',
      'bench/flood-process.ts',
      `${requests}`,
      `${megabytes}`,
    ],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`the flood ended the process (${status})\n${stderr.slice(-2_000)}`)
  return JSON.parse(stdout) as Flood
}

const fields = defineFields<{ notes: string[] }>('patient', { 'notes[*]': {} })
const binding = { tenant: 't-1' }
const context = { 'glassine:model': 'patient', 'glassine:use': 'request', ...binding }

/**
 * KMS calls of one request of 6 MB.
 *
 * @param held - how many genuine messages, each under a key of its own that is not cached, its sender holds
 */
const hostileCalls = async (held: number): Promise<number> => {
  const kms = countingKms()
  const envelope = () =>
    messageEnvelope({
      keys: keyMaterial({ keyring: kmsKeyring({ keyId: countedKeyArn, client: kms.client as never }) }),
      use: 'request',
    })
  const messages: string[] = []
  for (let at = 0; at < held; at++) {
    const { notes } = await envelope().encrypt({ notes: ['x'] }, fields, { binding })
    messages.push(notes[0] as unknown as string)
  }
  while (messages.length < 64) messages.push(forgedMessage(context))
  const length = messages.at(-1)!.length + 3
  const notes = Array.from(
    { length: Math.floor(6_000_000 / length) },
    (_, at) => messages[at % messages.length]!,
  )
  await envelope()
    .decrypt({ notes } as never, fields, { binding })
    .then(
      () => {
        throw new Error('a hostile payload was opened')
      },
      () => {},
    )
  return kms.count.decrypt
}

const suite = 0x0478
const sharedContext = serialiseContext({ tenant: 't-1' })

/** A cache that is full, and a miss in it, which evicts an entry. */
const missOf = async (cacheMaxEntries: number): Promise<() => Promise<void>> => {
  const keys = keyMaterial({
    keyring: {
      id: 'constant',
      generate: () => Promise.reject(new Error('not asked for')),
      wrap: async () => [],
      unwrap: async () => Buffer.alloc(32, 1),
    },
    cacheMaxEntries,
    cacheExpiry: 3_600_000,
  })
  let made = 0
  const miss = async (): Promise<void> => {
    const ciphertext = Buffer.alloc(48)
    ciphertext.writeUInt32BE(made++)
    const encryptedDataKeys = [{ providerId: 'p', providerInfo: Buffer.alloc(0), ciphertext }]
    const context = made % 2 === 0 ? sharedContext : serialiseContext({ tenant: `t-${made % 40}` })
    ;(await keys.decryptionKey({ suite, context, encryptedDataKeys })).release()
  }
  for (let at = 0; at < cacheMaxEntries; at++) await miss()
  return miss
}

export const floodFigures = async (options: BenchOptions): Promise<readonly Figure[]> => {
  const wants = (kind: (typeof options.kinds)[number]) => options.kinds.includes(kind)
  const figures: Figure[] = []
  if (wants('size')) {
    const requests = options.rounds < 20 ? 60 : 2_000
    const { heap, external, callsOfOthers } = flood(requests)
    const what = `${requests} requests of 5 MB with forged headers, under a heap limit of 256 MB`
    figures.push(
      atMost('flood-heap-mb', heap + external, 64, 'MB', `heap and external memory above the start: ${what}`),
      atMost('flood-calls-of-others', callsOfOthers, 0, 'calls', `of 200 warm tenants after ${what}`),
    )
  }
  if (wants('count')) {
    const request = 'one request of 6 MB under one key ARN'
    const most = Math.max(...(await Promise.all([1, 21, 63, 64].map(hostileCalls))))
    figures.push(
      atMost('kms-calls-forged', await hostileCalls(0), 1, 'calls', `${request}, all of it forged`),
      atMost(
        'kms-calls-hostile',
        await hostileCalls(5),
        24,
        'calls',
        `${request}, whose sender holds five genuine messages`,
      ),
      atMost('kms-calls-hostile-most', most, 64, 'calls', `${request}, whatever its sender holds`),
    )
  }
  if (wants('ratio')) {
    const large = await missOf(10_000)
    const small = await missOf(1_000)
    const { ratio, a } = await compare(large, small, { ...options, clock: 'cpu' })
    const what = 'a miss in a full cache of 10,000 keys, against one of 1,000'
    figures.push(
      atMost('cache-miss-10000-vs-1000', ratio, 1.5, 'times', what),
      reported('cache-miss-10000-us', a, 'us', 'a miss in a full cache of 10,000 keys'),
    )
  }
  return figures
}
