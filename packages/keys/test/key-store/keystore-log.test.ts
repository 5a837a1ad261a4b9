// The requests of AWS's own key store and hierarchical keyring, as they were recorded, against ours.
import { serialiseContext } from '@glassine/keys/internal'
import { hierarchicalKeyring } from '@glassine/keys/key-store'
import { describeShared, describeTransactions } from '@glassine/test-support'
import { expect, test } from '@jest/globals'
import { type Sent, startServices } from '../support/local-key-store.ts'

const phases = ['CREATE', 'ENCRYPT', 'VERSION', 'DECRYPT']

/** The requests of AWS: lines of phase, operation, status and input. */
const recordedIn = (log: string): Sent[] =>
  log
    .split('\n')
    .map((line) => /^([A-Z]+) (\w+) 200 (\{.*)$/.exec(line))
    .flatMap((match) =>
      match && phases.includes(match[1]!) ? [[match[2]!, JSON.parse(match[3]!)] as const] : [],
    )

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/

/**
 * Gives ciphertexts, UUIDs and times a name by the order in which they appear, so that two runs are equal when the
 * same things are in the same places. Names of expressions are put in for their placeholders.
 */
const normalised = (sent: readonly Sent[]): unknown[] => {
  const names = new Map<string, string>()
  const nameOf = (kind: string, text: string) => {
    if (!names.has(text)) names.set(text, `${kind} ${names.size}`)
    return names.get(text)!
  }
  const value = (name: string, given: any): unknown => {
    if (given instanceof Uint8Array) return nameOf('blob', Buffer.from(given).toString('base64'))
    if ((name === 'B' || name === 'CiphertextBlob') && typeof given === 'string') return nameOf('blob', given)
    if (typeof given === 'string') {
      if (given.startsWith('arn:aws:kms:')) return 'the key'
      if (time.test(given)) return nameOf('time', given)
      return given.replaceAll(uuid, (one) => nameOf('uuid', one))
    }
    if (Array.isArray(given)) return given.map((one) => value('', one))
    if (typeof given !== 'object' || given === null) return given
    const { ExpressionAttributeNames: placeholders, ...rest } = given
    const expression = (text: string) => text.replaceAll(/#\w+/g, (one) => placeholders[one])
    return Object.fromEntries(
      Object.keys(rest)
        .sort()
        .filter((key) => rest[key] !== undefined)
        .map((key) => [key, key === 'ConditionExpression' ? expression(rest[key]) : value(key, rest[key])]),
    )
  }
  return sent.map(([operation, input]) => [operation, value('', input)])
}

describeTransactions('the requests of AWS', () => {
  describeShared('as recorded', 'vectors/dynamodb-item', ({ text }) => {
    test('equal ours, in the same order', async () => {
      const services = await startServices('dynoxide')
      try {
        const keyStore = services.open({ logicalKeyStoreName: 'LogicalKS' })
        const branchKeyId = 'tenant-1'
        const keyring = hierarchicalKeyring({ keyStore, branchKeyId })
        const request = { suite: 0x6701, context: serialiseContext({}), deadline: () => Date.now() + 5_000 }
        await keyStore.createKey({ branchKeyId, encryptionContext: { department: 'admin' } })
        const { encryptedDataKeys } = await keyring.generate({ ...request, length: 32 })
        await keyStore.versionKey({ branchKeyId })
        keyring.clear()
        await keyring.unwrap({ ...request, length: 32, encryptedDataKeys })

        const theirs = normalised(recordedIn(text('keystore-log.txt'))) as any[]
        expect(theirs).toHaveLength(13)
        // The one difference: like AWS's JavaScript, and unlike the recorded Go, a rotation wants the active record
        // to be the one that it has read.
        const put = theirs[10][1].TransactItems[1].Put
        expect(put.ConditionExpression).toBe('attribute_exists(branch-key-id)')
        const activeRead = theirs[7][1].CiphertextBlob
        put.ConditionExpression += ' AND enc = :enc'
        put.ExpressionAttributeValues = { ':enc': { B: activeRead } }
        expect(normalised(services.log)).toEqual(theirs)
      } finally {
        await services.close()
      }
    })
  })
})
