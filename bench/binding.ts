// The cost of authenticated members and of the set of a payload, compared to the same without them.
import { defineFields, type EnvelopeOptions } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { localKeyring } from '@glassine/keys/raw-aes'
import { type MessageBundleEnvelope, type MessageEnvelope, messageEnvelope } from '@glassine/message'
import { atMost, type BenchOptions, type Figure, reported } from './figure.ts'
import { compare } from './paired.ts'

const names = Array.from({ length: 10 }, (_, at) => `field${at}`)
const payload: Record<string, string> = {
  id: 'p-1',
  ...Object.fromEntries(names.map((name) => [name, '0123456789abcdef0123456789abcdef'])),
}
const encrypted = Object.fromEntries(names.map((name) => [name, {}]))
const without = defineFields<any>('patient', encrypted)
const withRecord = defineFields<any>('patient', { id: { authenticated: true }, ...encrypted })

const options: EnvelopeOptions = { binding: { tenant: 't-1' }, use: 'store:bench' }

/** Both directions of one envelope, with a payload that it has sealed itself. */
const directions = async (envelope: MessageEnvelope | MessageBundleEnvelope, fields: typeof without) => {
  const sealed: any = await envelope.encrypt<any>(payload, fields, options)
  const decrypt = () => envelope.decrypt<any>(sealed, fields, options)
  if (JSON.stringify(await decrypt()) !== JSON.stringify(payload)) throw new Error('a payload differs')
  return { encrypt: () => envelope.encrypt<any>(payload, fields, options), decrypt }
}

/** `binding-added-vs-before`: the worst of both shapes in both directions, and each of them. */
export const bindingFigures = async ({ rounds, ms }: BenchOptions): Promise<readonly Figure[]> => {
  const keys = keyMaterial({ keyring: localKeyring(), cacheExpiry: 3_600_000, cacheMaxUses: 2 ** 32 })
  const shapes = {
    field: {
      after: await directions(messageEnvelope({ keys, bindFields: 'set' }), withRecord),
      before: await directions(messageEnvelope({ keys, bindFields: 'place' }), without),
    },
    bundle: {
      after: await directions(messageEnvelope({ keys, shape: 'bundle' }), withRecord),
      before: await directions(messageEnvelope({ keys, shape: 'bundle' }), without),
    },
  }
  const what =
    'ten 32-byte fields and an authenticated member, in one set, against the same without both, cached key'
  const figures: Figure[] = []
  for (const [shape, { after, before }] of Object.entries(shapes))
    for (const direction of ['encrypt', 'decrypt'] as const) {
      // The difference is a few hundredths, so there are many short rounds.
      const { ratio } = await compare(after[direction], before[direction], {
        rounds: 4 * rounds,
        ms: ms / 4,
        clock: 'cpu',
      })
      figures.push(reported(`binding-${shape}10-${direction}-vs-before`, ratio, 'times', what))
    }
  const worst = Math.max(...figures.map(({ value }) => value))
  return [atMost('binding-added-vs-before', worst, 1.06, 'times', `the worst of four: ${what}`), ...figures]
}
