import { setTimeout as pause } from 'node:timers/promises'
import { defineFields } from '@glassine/core'
import { keyMaterial, kmsKeyring } from '@glassine/keys'
import { startLocalKms } from '@glassine/local-kms'
import { messageEnvelope } from '@glassine/message'
import { atMost, type BenchOptions, type Figure } from './figure.ts'

const names = Array.from({ length: 10 }, (_, n) => `field${n}`)
const fields = defineFields<Record<string, string>>(
  'patient',
  Object.fromEntries(names.map((name) => [name, {}])),
)
const payload = Object.fromEntries(names.map((name) => [name, '078-05-1120']))

const p99 = (times: readonly number[]): number =>
  [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.99)]!

/**
 * What a request takes through the grace of `cacheStaleIfError`, while KMS hangs, against a warm cache. The first
 * request, which finds out, is not counted.
 */
export const graceFigures = async ({ ms }: BenchOptions): Promise<readonly Figure[]> => {
  const kms = await startLocalKms({ keys: ['alias/patients'] })
  try {
    let ahead = 0
    const envelope = messageEnvelope({
      keys: keyMaterial({
        keyring: kmsKeyring({
          keyId: 'alias/patients',
          awsClientOptions: kms.clientOptions,
          insecureEndpoint: kms.endpoint,
        }),
        cacheStaleIfError: 600_000,
        now: () => Date.now() + ahead,
      }),
    })
    const once = () => envelope.encrypt(payload, fields, { use: 'request', binding: { tenant: 't-1' } })
    const measure = async (): Promise<readonly number[]> => {
      const times: number[] = []
      const end = performance.now() + Math.max(1_000, ms)
      while (performance.now() < end) {
        const from = performance.now()
        await once()
        times.push(performance.now() - from)
        // Requests do not come in one go: what runs in the background has its turn between them.
        await pause(0)
      }
      return times
    }
    await once()
    await measure()
    const warm = p99(await measure())
    ahead = 300_001
    kms.faults.set('*', { kind: 'hang' })
    await once()
    const grace = p99(await measure())
    return [
      atMost(
        'grace-p99-vs-warm',
        grace / warm,
        2,
        'times',
        'p99 of a request with 10 fields while KMS hangs and the keys have expired, against a warm cache',
      ),
    ]
  } finally {
    await kms.close()
  }
}
