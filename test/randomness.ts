/** A place that draws randomness, makes an IV or encrypts under one. */
export type Draw = {
  /** The package and the outermost declaration: `message/writeMessageId`. */
  readonly at: string
  /** A piece of the line that draws, enough to tell it from others in the declaration. */
  readonly line: string
} & (
  | {
      /** What must not repeat. */
      readonly what: string
      /** The file and the name of the test that fails when it is constant. */
      readonly test: readonly [file: string, name: string]
    }
  | {
      /** Why nothing is chosen here. */
      readonly reason: string
    }
)

const callers = 'the IV is a parameter; its callers have rows'
const reading = 'reads what was sent'

const client = 'packages/client/test/randomness.test.ts'
const clientRows: readonly Draw[] = [
  {
    at: 'client/createClient',
    line: 'const jti',
    what: 'number of a request',
    test: [client, 'the number of a request is fresh, and all its fields share it'],
  },
  {
    at: 'client/prepareRequest',
    line: 'rid:',
    what: 'number of a request that may be sent twice',
    test: [client, 'the number of a request that may be sent twice is fresh, and both attempts share it'],
  },
  {
    at: 'client/encryptJwe',
    line: 'const iv',
    what: 'IV of a field',
    test: [client, 'is fresh within a request and between requests of one session'],
  },
  { at: 'client/encryptJwe', line: 'const sealed', reason: 'under the IV of the row above' },
  {
    at: 'client/encryptedKey',
    line: 'const bytes',
    what: 'content key of RSA-OAEP',
    test: [client, 'the content key that RSA encrypts is fresh for each session'],
  },
  { at: 'client/encryptedKey', line: 'const encrypted', reason: 'RSA-OAEP of Web Crypto draws its own seed' },
  {
    at: 'client/sessionsOf',
    line: 'const id',
    what: 'id of a session',
    test: [client, 'are fresh, and so are its id and the IV that encrypts them'],
  },
  {
    at: 'client/sessionsOf',
    line: 'const request',
    what: 'request key of a session',
    test: [client, 'are fresh, and so are its id and the IV that encrypts them'],
  },
  {
    at: 'client/sessionsOf',
    line: 'const response',
    what: 'response key of a session',
    test: [client, 'are fresh, and so are its id and the IV that encrypts them'],
  },
  { at: 'client/randomBytes', line: 'export const randomBytes', reason: 'the next row' },
  {
    at: 'client/randomBytes',
    line: 'getRandomValues',
    what: 'all random bytes of a device',
    test: [client, 'are fresh, and so are its id and the IV that encrypts them'],
  },
  {
    at: 'client/ecPair',
    line: 'generateKey',
    what: 'ephemeral key of a device',
    test: [client, 'the ephemeral key that a session is encrypted with is fresh for each session to one key'],
  },
]

const dynamodbRows: readonly Draw[] = [
  {
    at: 'dynamodb/updateItem',
    line: 'Math.random',
    what: 'pause between attempts',
    test: [
      'packages/dynamodb/test/client/update-item.test.ts',
      'the pause between attempts is a random part of the delay',
    ],
  },
  {
    at: 'dynamodb/fieldKeyStream',
    line: 'createCipheriv',
    reason: 'a key stream under the root key of one item, which is new for each',
  },
  {
    at: 'dynamodb/encryptFields',
    line: 'gcmSealInto',
    reason: 'key and nonce of a field are of the key stream above',
  },
  { at: 'dynamodb/iv', line: 'const iv', reason: 'each key that is used with this IV encrypts once' },
  { at: 'dynamodb/wrapDataKey', line: 'gcmSealInto', reason: 'under the IV of the row above' },
  {
    at: 'dynamodb/newSigner',
    line: 'newSigningKey',
    what: 'signing key of an item',
    test: ['packages/dynamodb/test/randomness.test.ts', 'have a signing key of their own each'],
  },
  {
    at: 'dynamodb/systemRandomness',
    line: 'randomFillSync',
    what: 'message id and root key of an item',
    test: [
      'packages/dynamodb/test/randomness.test.ts',
      'have a data key of their own each: no attribute has the same ciphertext in two items',
    ],
  },
]

const keysRows: readonly Draw[] = [
  { at: 'keys/gcmSealInto', line: 'createCipheriv', reason: callers },
  { at: 'keys/gcmSeal', line: 'createCipheriv', reason: callers },
  { at: 'keys/gcmTag', line: 'createCipheriv', reason: callers },
  {
    at: 'keys/newSigningKey',
    line: 'generateKeyPairSync',
    what: 'signing key',
    test: ['packages/keys/test/crypto/p384.test.ts', 'never generates the same signing key twice'],
  },
  { at: 'keys/noSalt', line: 'const noSalt', reason: 'HKDF without a salt, as the formats have it' },
  {
    at: 'keys/newUuid',
    line: 'randomUUID',
    what: 'id and version of a branch key',
    test: [
      'packages/keys/test/randomness.test.ts',
      'gives each branch key an id of its own, and each version',
    ],
  },
  {
    at: 'keys/hierarchicalKeyring',
    line: '++made',
    what: 'id of a keyring, which partitions caches',
    test: [
      'packages/keys/test/key-store/hierarchical.test.ts',
      'two hierarchical keyrings never share an id',
    ],
  },
  {
    at: 'keys/hierarchicalKeyring',
    line: 'const random',
    what: 'data key, salt and IV',
    test: ['packages/keys/test/randomness.test.ts', 'makes a new data key, salt and IV at each call'],
  },
  {
    at: 'keys/hierarchicalKeyring',
    line: 'wrap: async',
    what: 'salt and IV',
    test: ['packages/keys/test/randomness.test.ts', 'wraps one data key with a new salt and IV at each call'],
  },
  {
    at: 'keys/keyStore',
    line: '++made',
    what: 'id of a key store, which partitions caches',
    test: [
      'packages/keys/test/key-store/kms-keys.test.ts',
      'two key stores never share an id, which contains only names',
    ],
  },
  {
    at: 'keys/tableOf',
    line: 'ClientRequestToken',
    what: 'token of a transaction',
    test: [
      'packages/keys/test/randomness.test.ts',
      'gives each transaction a token of its own, and all attempts at it the same',
    ],
  },
  {
    at: 'keys/kmsKeyring',
    line: '++made',
    what: 'id of a keyring, which partitions caches',
    test: ['packages/keys/test/keyrings.test.ts', 'has an id that no other keyring has'],
  },
  {
    at: 'keys/firstResponse',
    line: 'Math.random',
    what: 'pause between attempts',
    test: [
      'packages/keys/test/randomness.test.ts',
      'pauses between attempts are spread over the whole of their bound',
    ],
  },
  {
    at: 'keys/localKeyring',
    line: 'const random',
    what: 'wrapping key of a local keyring',
    test: ['packages/keys/test/randomness.test.ts', 'each local keyring has a wrapping key of its own'],
  },
  {
    at: 'keys/rawAesKeyring',
    line: 'const iv = randomBytes',
    what: 'IV of a wrapped data key',
    test: ['packages/keys/test/raw-aes.test.ts', 'every wrap has its own IV'],
  },
  { at: 'keys/rawAesKeyring', line: 'gcmSeal', reason: 'under the IV of the row above' },
  { at: 'keys/rawAesKeyring', line: 'const iv = providerInfo', reason: reading },
  {
    at: 'keys/rawAesKeyring',
    line: '++made',
    what: 'id of a keyring, which partitions caches',
    test: ['packages/keys/test/raw-aes.test.ts', 'two keyrings of one name never share an id'],
  },
  {
    at: 'keys/rawAesKeyring',
    line: 'const dataKey',
    what: 'data key',
    test: [
      'packages/keys/test/keyrings.test.ts',
      'generates a data key of 32 bytes, new each time, and unwraps all its wrapped forms',
    ],
  },
  {
    at: 'keys/wrapDataKey',
    line: 'const iv',
    reason: 'salt and IV are a parameter; hierarchicalKeyring draws them',
  },
  { at: 'keys/wrapDataKey', line: 'gcmSealInto', reason: 'under the IV of the row above' },
  { at: 'keys/unwrapDataKey', line: 'const iv', reason: reading },
]

const localKms = 'packages/local-kms/test/randomness.test.ts'
const localKmsRows: readonly Draw[] = [
  { at: 'local-kms/decodeBody', line: 'const iv', reason: reading },
  {
    at: 'local-kms/sealBlob',
    line: 'const nonce',
    what: 'nonce of a ciphertext blob',
    test: [localKms, 'the nonce and the IV of a ciphertext blob'],
  },
  {
    at: 'local-kms/sealBlob',
    line: 'const iv',
    what: 'IV of a ciphertext blob',
    test: [localKms, 'the nonce and the IV of a ciphertext blob'],
  },
  { at: 'local-kms/sealBlob', line: 'createCipheriv', reason: 'under the IV of the row above' },
  {
    at: 'local-kms/certificate',
    line: 'randomBytes',
    what: 'serial number',
    test: ['packages/local-kms/test/certificate.test.ts', 'each has its own serial number and key'],
  },
  {
    at: 'local-kms/createCertificates',
    line: 'generateKeyPairSync',
    what: 'keys of CA and server',
    test: ['packages/local-kms/test/certificate.test.ts', 'each has its own serial number and key'],
  },
  {
    at: 'local-kms/createDispatch',
    line: 'randomUUID',
    what: 'id of a request',
    test: [localKms, 'the id of a request'],
  },
  {
    at: 'local-kms/generate',
    line: 'generateKeyPair',
    what: 'asymmetric key',
    test: [localKms, 'an asymmetric key'],
  },
  { at: 'local-kms/curveOf', line: 'createECDH', reason: 'computes with a scalar that is given' },
  {
    at: 'local-kms/signEcdsa',
    line: 'const nonce',
    what: 'nonce of a signature',
    test: [localKms, 'the nonce of an ECDSA signature: two under one nonce give the private key away'],
  },
  {
    at: 'local-kms/encodePss',
    line: 'const salt',
    what: 'salt of a signature',
    test: [localKms, 'the salt of an RSASSA-PSS signature'],
  },
  {
    at: 'local-kms/newMaterial',
    line: 'id:',
    what: 'id of a generation of a key',
    test: [localKms, 'the id and the secret of a generation of a key'],
  },
  {
    at: 'local-kms/newMaterial',
    line: 'secret:',
    what: 'secret of a generation of a key',
    test: [localKms, 'the id and the secret of a generation of a key'],
  },
  {
    at: 'local-kms/newKeyId',
    line: 'randomUUID',
    what: 'id of a key',
    test: [localKms, 'the id of a key, in one Region and in several'],
  },
  {
    at: 'local-kms/generateDataKey',
    line: 'const plaintext',
    what: 'data key',
    test: [localKms, 'a data key'],
  },
  {
    at: 'local-kms/createGrant',
    line: 'id:',
    what: 'id of a grant',
    test: [localKms, 'the id and the token of a grant'],
  },
  {
    at: 'local-kms/createGrant',
    line: 'token:',
    what: 'token of a grant',
    test: [localKms, 'the id and the token of a grant'],
  },
  {
    at: 'local-kms/generateRandom',
    line: 'Plaintext:',
    what: 'what GenerateRandom answers',
    test: [localKms, 'what GenerateRandom answers'],
  },
]

const messageRows: readonly Draw[] = [
  { at: 'message/openMessage', line: 'const iv', reason: reading },
  {
    at: 'message/writeMessageId',
    line: 'randomFillSync',
    what: 'message id, from which the key of a message is derived',
    test: ['packages/message/test/random.test.ts', 'never repeat, over many refills of the pool'],
  },
  {
    at: 'message/headerIv',
    line: 'const headerIv',
    reason: 'of the tag of a header of format 2, whose key encrypts frames under other IVs',
  },
  {
    at: 'message/signingKeys',
    line: 'newSigningKey',
    what: 'signing key of a payload',
    test: [
      'packages/message/test/random.test.ts',
      'never repeat: each context and each source of keys has its own',
    ],
  },
  { at: 'message/sealMessage', line: 'gcmTag', reason: 'under headerIv' },
  { at: 'message/openAt', line: 'const iv', reason: reading },
  { at: 'message/writeBody', line: 'const iv', reason: 'writeIv makes it of the number of the frame' },
  { at: 'message/writeBody', line: 'gcmSealInto', reason: 'under the IV of the row above' },
  {
    at: 'message/writeIv',
    line: 'out.fill',
    what: 'IV of a frame: zeros in front',
    test: ['packages/message/test/writing.test.ts', 'has the expected bytes with 0x0478'],
  },
  {
    at: 'message/writeIv',
    line: 'out.writeUInt32BE',
    what: 'IV of a frame: its number',
    test: ['packages/message/test/writing.test.ts', 'has the expected bytes with 0x0478'],
  },
]

const session = 'packages/session/test/randomness.test.ts'
const sessionRows: readonly Draw[] = [
  {
    at: 'session/innerLayer',
    line: 'generateKeyPairSync',
    what: 'ephemeral key of an answer',
    test: [
      session,
      'the ephemeral key of a forward-secret response is fresh for each response of one session',
    ],
  },
  {
    at: 'session/prepareSeal',
    line: 'const fresh',
    what: 'number of a response',
    test: [session, 'the number of a response is fresh, even for the same request'],
  },
  {
    at: 'session/sealValues',
    line: 'const nextIv',
    what: 'IVs of a response, each the next piece of its random bytes',
    test: [session, 'is fresh within a response and between responses of one session'],
  },
  {
    at: 'session/freshBytes',
    line: 'randomFillSync',
    what: 'all IVs of a service, and the numbers of its responses',
    test: [session, 'is fresh in both layers of forward-secret responses'],
  },
  {
    at: 'session/ticketsOf',
    line: 'freshBytes',
    what: 'IV of a ticket',
    test: [session, 'the IV of a ticket is fresh, even for the same session and key'],
  },
  { at: 'session/sealCompact', line: 'gcmSeal', reason: callers },
  { at: 'session/defaultIv', line: 'const defaultIv', reason: 'of RFC 3394, to unwrap with' },
  {
    at: 'session/localRecipient',
    line: 'generateKeyPairSync',
    what: 'key of a local recipient',
    test: [session, 'the key of a local recipient is fresh, and stays the same in one recipient'],
  },
  {
    at: 'session/dynamodbReplayStore',
    line: 'const nonce',
    what: 'mark of a write',
    test: [
      session,
      'a replay store writes a fresh number with each payload, and the same one when it retries',
    ],
  },
]

const testingRows: readonly Draw[] = [
  {
    at: 'testing/sampleContext',
    line: 'randomUUID',
    what: 'id of an invocation',
    test: ['packages/testing/test/invoke/invoke.test.ts', 'has a new id each time'],
  },
]

/** Every place in the sources of the packages; `randomness.test.ts` compares the two. */
export const draws: readonly Draw[] = [
  ...clientRows,
  ...dynamodbRows,
  ...keysRows,
  ...localKmsRows,
  ...messageRows,
  ...sessionRows,
  ...testingRows,
]
