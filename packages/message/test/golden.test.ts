// Messages written by released versions must stay readable for ever, for us and for AWS's own JavaScript SDK.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { defineFields } from '@glassine/core'
import { keyMaterial } from '@glassine/keys'
import { describe, expect, test } from '@jest/globals'
import { decrypt } from '../src/bytes/index.ts'
import { messageEnvelope } from '../src/index.ts'
import { rawKeyring } from './support/keys.ts'
import { peer, peerKeyring } from './support/peer.ts'

const folder = path.join(import.meta.dirname, 'golden')
const versions = readdirSync(folder).filter((name) => name.endsWith('.json'))

test('there is a file for the current version', () => {
  const { version } = JSON.parse(readFileSync(path.join(folder, '../../package.json'), 'utf8'))
  expect(versions).toContain(`${version}.json`)
})

describe.each(versions)('%s', (name) => {
  const { paths, cases } = JSON.parse(readFileSync(path.join(folder, name), 'utf8'))
  const patient = defineFields<any>('patient', paths)
  // Bare values are bound to no authenticated field.
  const { id: _, ...bare } = paths
  const modelOf = ({ bindFields }: any) =>
    bindFields === false ? defineFields<any>('patient', bare) : patient
  // Only one of the wrapping keys: if there are several, any one must work.
  const keys = () => keyMaterial({ keyring: rawKeyring('a') })
  const theirs = peerKeyring('a')

  const envelopes = cases.filter(({ kind }: any) => kind === 'envelope')
  const messages = cases.filter(({ kind }: any) => kind === 'bytes')

  test('has all kinds of messages', () => {
    expect(envelopes.length).toBeGreaterThanOrEqual(10)
    expect(messages.length).toBeGreaterThanOrEqual(8)
  })

  test.each<any>(envelopes)('we decrypt $name', async ({ settings, binding, payload, sealed }) => {
    const services = messageEnvelope({ use: 'store:golden', keys: keys(), ...settings })
    expect(await services.decrypt(sealed, modelOf(settings), { binding })).toEqual(payload)
  })

  test.each<any>(envelopes.filter(({ settings }: any) => !settings.requiredContext))(
    "AWS's SDK decrypts $name",
    async ({ settings, binding, payload, sealed }) => {
      const open = async (text: string) =>
        JSON.parse((await peer.decrypt(theirs, Buffer.from(text, 'base64'))).plaintext.toString('utf8'))
      const { messageHeader } = await peer.decrypt(theirs, Buffer.from(sealed.sealed ?? sealed.ssn, 'base64'))
      expect(messageHeader.encryptionContext).toMatchObject(binding)
      if (settings.bindFields === false) expect(await open(sealed.ssn)).toBe(payload.ssn)
      else if (settings.shape === 'bundle')
        expect(await open(sealed.sealed)).toEqual({
          '/id': payload.id,
          '/ssn': payload.ssn,
          '/address/street': payload.address.street,
          '/visits/0/note': payload.visits[0].note,
          '/visits/1/note': payload.visits[1].note,
          '/tags/0': payload.tags[0],
          '/tags/1': payload.tags[1],
          '/phones/home': payload.phones.home,
          '/phones/a~1b~0c': payload.phones['a/b~c'],
        })
      else {
        expect(await open(sealed.ssn)).toEqual({
          set: [expect.stringMatching(/^[\w-]{22}$/), 8],
          '/id': payload.id,
          '/ssn': payload.ssn,
        })
        expect(await open(sealed.visits[1].note)).toEqual({
          set: [expect.stringMatching(/^[\w-]{22}$/), 8],
          '/id': payload.id,
          '/visits/1/note': payload.visits[1].note,
        })
        expect(await open(sealed.phones['a/b~c'])).toEqual({
          set: [expect.stringMatching(/^[\w-]{22}$/), 8],
          '/id': payload.id,
          '/phones/a~1b~0c': payload.phones['a/b~c'],
        })
      }
    },
  )

  test.each<any>(messages)('$name', async ({ suiteId, encryptionContext, plaintext, message }) => {
    const bytes = Buffer.from(message, 'base64')
    const ours = await decrypt(keys(), bytes, { encryptionContext })
    expect(ours.plaintext.toString('base64')).toBe(plaintext)
    expect(ours.messageHeader.suiteId).toBe(suiteId)
    const other = await peer.decrypt(theirs, bytes)
    expect(other.plaintext.toString('base64')).toBe(plaintext)
    expect(other.messageHeader.encryptionContext).toMatchObject(encryptionContext)
  })
})
