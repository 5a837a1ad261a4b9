// Uses a local KMS through its `env` alone, and never closes it. Prints what the client was told.
import { GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { startLocalKms } from '../../src/index.ts'

const kms = await startLocalKms({ keys: ['alias/patients'], region: 'eu-central-1' })
Object.assign(process.env, kms.env)
const { KeyId } = await new KMSClient().send(
  new GenerateDataKeyCommand({ KeyId: 'alias/patients', KeySpec: 'AES_256' }),
)
console.log(JSON.stringify({ keyId: KeyId, expected: kms.keys[0]!.arn, calls: kms.callCount() }))
