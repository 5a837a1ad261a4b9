// `require` of the ESM packages, which the supported Node versions can do.
const assert = require('node:assert/strict')

for (const [name, member] of [
  ['core', 'defineFields'],
  ['client', 'createClient'],
  ['core/describe', 'fieldsOf'],
  ['core/internal', 'checkedOptions'],
  ['keys', 'keyMaterial'],
  ['keys/key-store', 'keyStore'],
  ['keys/raw-aes', 'rawAesKeyring'],
  ['message', 'messageEnvelope'],
  ['message/bytes', 'encrypt'],
  ['session', 'sessionEnvelope'],
  ['dynamodb', 'itemEncryptor'],
  ['middy', 'decryptRequest'],
  ['middy/jwks', 'jwksHandler'],
  ['middy/tables', 'encryptedTables'],
  ['logger', 'redactor'],
  ['testing', 'startLocalKms'],
  ['local-kms', 'startLocalKms'],
  ['local-kms/certificates', 'createCertificates'],
])
  assert.equal(typeof require(`@glassine/${name}`)[member], 'function', `${name} has no ${member}`)
