// Every single bit of a message, flipped: all are refused, with the same error.

import { defineFields } from '@glassine/core'
import { rejection } from '@glassine/test-support'
import { expect, test } from '@jest/globals'
import { decrypt } from '../src/bytes/index.ts'
import { messageEnvelope } from '../src/index.ts'
import { suite0x0178, suite0x0378 } from '../src/legacy.ts'
import { facts } from './support/expect.ts'
import { rawKeys } from './support/keys.ts'
import { type OneDto, one } from './support/models.ts'
import { legacyPeer, peerKeyring } from './support/peer.ts'

const binding = { tenant: 't-1' }
const two = defineFields<{ a: string; 'b/c': string }>('two', { a: {}, 'b/c': {} })

/** Decrypts the message with each of its bits flipped; returns the number of different outcomes. */
const outcomes = async (text: string, open: (text: string) => Promise<unknown>): Promise<Set<string>> => {
  const bytes = Buffer.from(text, 'base64')
  const seen = new Set<string>()
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    seen.add(JSON.stringify(facts(await rejection(open(bytes.toString('base64'))))))
    bytes[bit >> 3]! ^= 1 << (bit & 7)
  }
  // Restored, so it is valid.
  await open(bytes.toString('base64'))
  return seen
}

test.each(['0x0478', '0x0578'] as const)('every bit of a field message counts, %s', async (suite) => {
  const services = messageEnvelope({ use: 'store:test', keys: rawKeys(), suite })
  const sealed = await services.encrypt({ ssn: '1' }, one, { binding })
  const seen = await outcomes(sealed.ssn as string, (ssn) =>
    services.decrypt({ ssn } as OneDto as any, one, { binding }),
  )
  expect([...seen]).toEqual([expect.stringContaining('"code":"ERR_DECRYPT_FAILED"')])
})

test('every bit of a bundle counts', async () => {
  const services = messageEnvelope({
    use: 'store:test',
    keys: rawKeys(),
    shape: 'bundle',
    requiredContext: ['tenant'],
  })
  const payload = await services.encrypt({ a: '1', 'b/c': '2' }, two, { binding })
  const seen = await outcomes(payload.sealed as string, (sealed) =>
    services.decrypt({ ...payload, sealed }, two, { binding }),
  )
  expect([...seen]).toEqual([expect.stringContaining('"code":"ERR_DECRYPT_FAILED"')])
})

test.each([
  ['0x0178', suite0x0178],
  ['0x0378', suite0x0378],
])('every bit of an allowed message of version 1 counts, %s', async (name, suite) => {
  const { result } = await legacyPeer.encrypt(peerKeyring(), Buffer.from('text'), {
    suiteId: Number(name) as any,
    encryptionContext: { a: 'b' },
    frameLength: 3,
  })
  const keys = rawKeys()
  const seen = await outcomes(result.toString('base64'), (text) =>
    decrypt(keys, Buffer.from(text, 'base64'), { encryptionContext: { a: 'b' }, legacySuites: [suite] }),
  )
  expect([...seen]).toEqual([expect.stringContaining('"code":"ERR_DECRYPT_FAILED"')])
})
