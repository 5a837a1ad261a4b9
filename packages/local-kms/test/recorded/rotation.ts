/** Cases about rotation. */
import {
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GetKeyRotationStatusCommand,
  RotateKeyOnDemandCommand,
} from '@aws-sdk/client-kms'
import { expect } from '@jest/globals'
import type { Case, Cases } from './harness.ts'

const Plaintext = Buffer.from('a message of some length 0123456789')
const rotate = (KeyId: string) => new RotateKeyOnDemandCommand({ KeyId })
const status = (KeyId: string) => new GetKeyRotationStatusCommand({ KeyId })

/** Both recordings are of a symmetric key, whatever the parameter says. */
const pendingImport: Case = async ({ createKey, fails }, match, [spec]) => {
  const key = await createKey({
    Origin: 'EXTERNAL',
    KeyUsage: 'ENCRYPT_DECRYPT',
    Description: 'test-key',
  })
  match('create-kms-external-key', key)
  match(`rotate-key-on-demand-error-response-${spec}`, await fails(rotate(key.KeyId)))
}

export const rotationCases: Cases = {
  async test_key_enable_rotation_status({ client, createKey }, match, [period]) {
    const { KeyId } = await createKey()
    await client.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: Number(period) }))
    match('match_response', await client.send(status(KeyId)))
  },

  async test_rotate_key_on_demand_modifies_key_material({ client, createKey }, match) {
    const { KeyId } = await createKey()
    const encrypt = () => client.send(new EncryptCommand({ KeyId, Plaintext }))
    const before = await encrypt()
    match('rotate-on-demand-response', await client.send(rotate(KeyId)))
    const after = await encrypt()
    expect(after.CiphertextBlob).not.toEqual(before.CiphertextBlob)
    const materials = await Promise.all(
      [before, after].map(({ CiphertextBlob }) => client.send(new DecryptCommand({ CiphertextBlob }))),
    )
    expect(new Set(materials.map(({ KeyMaterialId }) => KeyMaterialId)).size).toBe(2)
  },

  async test_rotate_key_on_demand_with_symmetric_key_and_automatic_rotation_disabled(
    { client, createKey },
    match,
  ) {
    const { KeyId } = await createKey()
    match('rotate-on-demand-response', await client.send(rotate(KeyId)))
    match('rotation-status-response-after-rotation', await client.send(status(KeyId)))
  },

  async test_rotate_key_on_demand_with_symmetric_key_and_automatic_rotation_enabled(
    { client, createKey },
    match,
  ) {
    const { KeyId } = await createKey()
    await client.send(new EnableKeyRotationCommand({ KeyId }))
    const before = await client.send(status(KeyId))
    match('rotate-on-demand-response', await client.send(rotate(KeyId)))
    const after = await client.send(status(KeyId))
    expect(after.NextRotationDate).toEqual(before.NextRotationDate)
    match('rotation-status-response-after-rotation', after)
  },

  async test_rotate_key_on_demand_raises_error_given_key_is_disabled({ client, createKey, fails }, match) {
    const { KeyId } = await createKey({ KeySpec: 'RSA_4096', KeyUsage: 'ENCRYPT_DECRYPT' })
    await client.send(new DisableKeyCommand({ KeyId }))
    match('error-response', await fails(rotate(KeyId)))
  },

  async test_rotate_key_on_demand_raises_error_given_key_that_does_not_exist({ fails }, match) {
    match('error-response', await fails(rotate('1234abcd-12ab-34cd-56ef-1234567890ab')))
  },

  async test_rotate_key_on_demand_raises_error_given_non_symmetric_key({ createKey, fails }, match) {
    const { KeyId } = await createKey({ KeySpec: 'RSA_4096', KeyUsage: 'ENCRYPT_DECRYPT' })
    match('error-response', await fails(rotate(KeyId)))
  },

  async test_rotate_on_demand_returns_arn_for_key_id({ client, createKey }, match) {
    const { KeyId, Arn } = await createKey()
    const response = await client.send(rotate(KeyId))
    match('rotate-on-demand-aws-key', response)
    expect(response.KeyId).toBe(Arn)
  },

  async test_key_rotations_encryption_decryption({ client, createKey, fails }, match) {
    const { KeyId } = await createKey()
    const { CiphertextBlob = new Uint8Array() } = await client.send(new EncryptCommand({ KeyId, Plaintext }))
    await client.send(rotate(KeyId))
    const opened = await client.send(new DecryptCommand({ KeyId, CiphertextBlob }))
    expect(Buffer.from(opened.Plaintext ?? [])).toEqual(Plaintext)
    const longer = Buffer.concat([CiphertextBlob, Buffer.from('bad_data')])
    match('bad-ciphertext', await fails(new DecryptCommand({ KeyId, CiphertextBlob: longer })))
  },

  async test_key_rotations_limits({ client, createKey, fails }, match) {
    const { KeyId } = await createKey()
    // AWS raised the limit from 10 to 25 after the recording; the sentence stayed.
    for (let count = 0; count < 25; count++) await client.send(rotate(KeyId))
    match('error-response', await fails(rotate(KeyId)))
  },

  test_rotate_key_on_demand_on_external_key_with_no_key_material: pendingImport,

  async test_key_rotation_updates_current_key_material_id_for_aws_symmetric_keys(
    { client, createKey },
    match,
  ) {
    const { KeyId } = await createKey({ Description: 'test-key' })
    match('describe-key-before-rotation', await client.send(new DescribeKeyCommand({ KeyId })))
    await client.send(rotate(KeyId))
    match('describe-key-after-rotation', await client.send(new DescribeKeyCommand({ KeyId })))
  },
}
