import { keyMaterial } from '@glassine/keys'
import { hierarchicalKeyring, keyStore } from '@glassine/keys/key-store'

/** One branch key for each clinic, in a table that holds them encrypted under one KMS key. */
const branchKeys = keyStore({
  tableName: process.env.BRANCH_KEYS_TABLE ?? 'BranchKeys',
  logicalKeyStoreName: 'BranchKeys',
  // The endpoints are for servers on this machine, which speak plain http; unset, every `http:` one is refused.
  kms: { keyArn: process.env.KEY_ARN ?? '', insecureEndpoint: process.env.LOCAL_KMS_ENDPOINT },
  dynamoDB: { insecureEndpoint: process.env.LOCAL_DYNAMODB_ENDPOINT },
})

/**
 * What requests, rows and responses are encrypted with: KMS is asked for a clinic's branch key, and for nothing else.
 */
export const keys = keyMaterial({
  keyring: hierarchicalKeyring({ keyStore: branchKeys, branchKeyId: ({ tenant }) => tenant }),
})
