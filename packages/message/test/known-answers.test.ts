// The official known answers of message format version 2, with their data keys: no keyring or KMS is involved.
import { describeShared } from '@glassine/test-support'
import { expect, test } from '@jest/globals'
import { decrypt } from '../src/bytes/index.ts'
import { fixedKey } from './support/fixed-key.ts'

interface KnownAnswer {
  readonly comment: string
  readonly ciphertext: string
  readonly 'decrypted-dek': string
  readonly 'encryption-context': Record<string, string>
  readonly 'plaintext-frames': readonly string[]
  readonly 'message-id': string
  readonly commitment: string
  readonly status: boolean
}

describeShared('commitment known answers of the AWS Encryption SDK', 'vectors/message', ({ json }) => {
  const tests: readonly KnownAnswer[] = json('commitment-known-answers.json').tests

  const open = (answer: KnownAnswer, key = Buffer.from(answer['decrypted-dek'], 'base64')) => {
    const { 'aws-crypto-public-key': _publicKey, ...encryptionContext } = answer['encryption-context']
    return decrypt(fixedKey(key), Buffer.from(answer.ciphertext, 'base64'), { encryptionContext })
  }

  test('there are 46 of them, 41 valid and 5 invalid', () => {
    expect(tests).toHaveLength(46)
    expect(tests.filter(({ status }) => status)).toHaveLength(41)
  })

  test.each(tests.filter(({ status }) => status).map((answer) => [answer.comment, answer] as const))(
    'we decrypt: %s',
    async (_comment, answer) => {
      const { plaintext, messageHeader } = await open(answer)
      expect(plaintext.toString('utf8')).toBe(answer['plaintext-frames'].join(''))
      expect(messageHeader.messageId.toString('base64')).toBe(answer['message-id'])
      expect(messageHeader.suiteData?.toString('base64')).toBe(answer.commitment)
      expect({ ...messageHeader.encryptionContext }).toEqual(answer['encryption-context'])
    },
  )

  test.each(tests.filter(({ status }) => !status).map((answer) => [answer.comment, answer] as const))(
    'we refuse: %s',
    async (_comment, answer) => {
      await expect(open(answer)).rejects.toMatchObject({ code: 'ERR_DECRYPT_FAILED' })
    },
  )

  test('each is refused under another key', async () => {
    for (const answer of tests)
      await expect(open(answer, Buffer.alloc(32, 0xee))).rejects.toMatchObject({ code: 'ERR_DECRYPT_FAILED' })
  })
})
