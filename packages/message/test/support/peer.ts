// The independent implementation: AWS's own JavaScript SDK.
import * as aws from '@aws-crypto/client-node'
import { wrappingKey } from './keys.ts'

/** AWS's raw AES keyring with the wrapping key of `rawKeyring`. */
export const peerKeyring = (letter = 'a') =>
  new aws.RawAesKeyringNode({
    keyNamespace: 'glassine-test',
    keyName: `key-${letter}`,
    unencryptedMasterKey: new Uint8Array(wrappingKey(letter)),
    wrappingSuite: aws.RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
    // Without it the library sorts by locale, not by UTF-8 bytes as the specification says.
    utf8Sorting: true,
  })

/** AWS's client, with its default policy: committing suites only. */
export const peer = aws.buildClient(aws.CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)

/** AWS's client as it wrote before key commitment. */
export const legacyPeer = aws.buildClient(aws.CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT)
