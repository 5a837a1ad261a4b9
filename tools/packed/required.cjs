// `require` of the ESM packages, which the supported Node versions can do.
const assert = require('node:assert/strict')

for (const [name, member] of [
  ['core', 'defineFields'],
  ['keys', 'keyMaterial'],
  ['keys/key-store', 'keyStore'],
  ['message', 'messageEnvelope'],
  ['dynamodb', 'itemEncryptor'],
  ['middy', 'decryptRequest'],
  ['middy/tables', 'encryptedTables'],
  ['logger', 'redactor'],
  ['testing', 'startLocalKms'],
])
  assert.equal(typeof require(`@glassine/${name}`)[member], 'function', `${name} has no ${member}`)
