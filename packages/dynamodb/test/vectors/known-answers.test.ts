import { expect, test } from '@jest/globals'
import { configOfActions } from '../../src/config/encryptor-options.ts'
import type { Item } from '../../src/index.ts'
import { encryptorOf } from '../../src/item-encryptor.ts'
import { randomnessOf, replaying } from '../support/randomness.ts'
import { type ReferenceInput, referenceEncrypt } from '../support/reference.ts'
import { describeVectors, itemOf, optionsOf, readVectors, type VectorConfig } from '../support/vectors.ts'

interface Vector {
  readonly type?: string
  readonly config: VectorConfig
  readonly plaintext: Record<string, unknown>
  readonly encrypted: Record<string, unknown>
}

const files = ['decrypt_java_32', 'decrypt_java_33', 'decrypt_dotnet_32', 'decrypt_dotnet_33', 'oracle-items']

/** Encrypts with the random values of the vector instead of fresh ones. */
const encryptedAgain = (
  input: ReferenceInput,
  options: ReturnType<typeof optionsOf>,
  attributeActions: ReturnType<typeof optionsOf>['attributeActions'],
): Promise<Item> => {
  const suite = input.publicKey === undefined ? '0x6700' : '0x6701'
  const config = configOfActions({ ...options, attributeActions, suite, keys: replaying(input) })
  const encryptor = encryptorOf(config, {
    fill: (bytes) => void Buffer.concat([input.messageId, input.dataKey]).copy(bytes),
    newSigner: () => ({ publicKey: input.publicKey!, sign: () => input.signature! }),
  })
  return encryptor.encryptItem(input.item as Item)
}

describeVectors("AWS's items, encrypted again with the random values that are in them", () => {
  const all = files.flatMap((file) =>
    Object.entries<Vector>(readVectors(`${file}.json`).tests)
      .filter(([, { type }]) => type !== 'negative-decrypt')
      .map(([id, vector]) => [`${file} ${id}`, vector] as const),
  )

  test('there are 137 vectors, some without a signature', () => {
    expect(all).toHaveLength(137)
  })

  test.each(all)('%s', async (_, vector) => {
    const encrypted = itemOf(vector.encrypted)
    const { input, attributeActions } = await randomnessOf(encrypted, itemOf(vector.plaintext), vector.config)

    const reference = referenceEncrypt(input)
    for (const [name, bytes] of Object.entries(reference))
      expect(bytes.toString('hex')).toBe(
        Buffer.from((encrypted[name] as { B: Uint8Array }).B).toString('hex'),
      )

    const ours = await encryptedAgain(input, optionsOf(vector.config), attributeActions)
    expect(Object.keys(ours).toSorted()).toEqual(Object.keys(encrypted).toSorted())
    for (const name of Object.keys(reference)) expect(ours[name]).toEqual(encrypted[name])
  })
})
