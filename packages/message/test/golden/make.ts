// Makes one file of golden vectors: messages that this version writes. AWS's SDK opens each before it is written.
//   node tools/ts.mjs packages/message/test/golden/make.ts 0.1.0
// Once a version is published its file is never changed: what it wrote must stay readable for ever.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import * as aws from '@aws-crypto/client-node'
import { defineFields } from '@glassine/core'
import { keyMaterial, multiKeyring } from '@glassine/keys'
import { rawAesKeyring } from '@glassine/keys/raw-aes'
import { messageEnvelope } from '@glassine/message'
import { encrypt } from '@glassine/message/bytes'

const [, script, version] = process.argv
if (!version) throw new Error('name the version')
const file = path.join(path.dirname(script!), `${version}.json`)
if (existsSync(file)) throw new Error(`${file} is there already`)

const keyring = (letter: string) =>
  rawAesKeyring({ namespace: 'glassine-test', name: `key-${letter}`, key: Buffer.alloc(32, letter) })
const theirs = new aws.RawAesKeyringNode({
  keyNamespace: 'glassine-test',
  keyName: 'key-a',
  unencryptedMasterKey: new Uint8Array(Buffer.alloc(32, 'a')),
  wrappingSuite: aws.RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
  utf8Sorting: true,
})
const peer = aws.buildClient(aws.CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)

const single = keyMaterial({ keyring: keyring('a') })
// The key that AWS's keyring here has not got comes first, and so is not the one that opens.
const several = keyMaterial({ keyring: multiKeyring({ generator: keyring('b'), children: [keyring('a')] }) })

const paths = {
  id: { authenticated: true as const },
  ssn: {},
  'address.street': {},
  'visits[*].note': {},
  'tags[*]': {},
  'phones.*': {},
}
const patient = defineFields<any>('patient', paths)
// Bare values are bound to no authenticated field.
const { id: _, ...bare } = paths
const barePatient = defineFields<any>('patient', bare)
const payload = {
  id: 'p-1',
  ssn: '123-45-6789',
  address: { street: ['Main St', 1, null, true], city: 'Bern' },
  visits: [{ note: 'first ü 漢 😀', date: '2026-01-01' }, { note: '' }],
  tags: ['red', { deep: [0.5] }],
  phones: { home: '555-0100', 'a/b~c': '555-0101' },
}
const binding = { tenant: 't-1', Ümlaut: 'ß', 漢: 'Z' }

const cases: object[] = []

const envelopes = {
  'field shape': { keys: single },
  'field shape, signed': { keys: single, suite: '0x0578' },
  'field shape, several keys': { keys: several },
  'field shape, a context for each field': { keys: single, fieldContext: true },
  'field shape, required context': { keys: single, requiredContext: ['tenant'] },
  'field shape, bare values': { keys: single, bindFields: false, use: false, values: 'json' },
  'bundle shape': { keys: single, shape: 'bundle' },
  'bundle shape, signed': { keys: single, shape: 'bundle', suite: '0x0578' },
  'bundle shape, many frames, several keys': { keys: several, shape: 'bundle', frameLength: 10 },
  'bundle shape, required context': { keys: single, shape: 'bundle', requiredContext: ['glassine:model'] },
} as const

for (const [name, options] of Object.entries(envelopes)) {
  const model = 'bindFields' in options ? barePatient : patient
  const sealed = await messageEnvelope({ use: 'store:golden', ...options } as any).encrypt(payload, model, {
    binding,
  })
  const { keys: _keys, ...settings } = options
  const first = String('shape' in options ? (sealed as any).sealed : (sealed as any).ssn)
  // What is required and not stored AWS's JavaScript SDK cannot know.
  if (!('requiredContext' in options)) await peer.decrypt(theirs, Buffer.from(first, 'base64'))
  cases.push({ kind: 'envelope', name, settings, binding, payload, sealed })
}

for (const suiteId of [0x0478, 0x0578])
  for (const [length, frameLength] of [
    [0, 4096],
    [1, 4096],
    [64, 16],
    [1_000, 333],
  ] as const) {
    const plaintext = Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 7) & 0xff))
    const encryptionContext = length === 1 ? {} : binding
    const { result } = await encrypt(several, plaintext, { suiteId, frameLength, encryptionContext })
    const opened = await peer.decrypt(theirs, result)
    if (!opened.plaintext.equals(plaintext)) throw new Error('AWS opens something else')
    cases.push({
      kind: 'bytes',
      name: `0x0${suiteId.toString(16)}, ${length} bytes in frames of ${frameLength}`,
      suiteId,
      encryptionContext,
      plaintext: plaintext.toString('base64'),
      message: result.toString('base64'),
    })
  }

const about =
  'Raw AES keyring, namespace glassine-test, wrapping keys key-a and key-b: 32 times the letter. Made by make.ts.'
const { name } = JSON.parse(readFileSync(path.join(path.dirname(script!), '../../package.json'), 'utf8'))
writeFileSync(file, `${JSON.stringify({ name, version, about, paths, cases }, null, 2)}\n`)
