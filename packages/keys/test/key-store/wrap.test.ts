// The wrap of the hierarchical keyring, against bytes that AWS's Java and .NET implementations wrote.
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import type { EncryptedDataKey } from '@glassine/keys'
import { serialiseContext } from '@glassine/keys/internal'
import { hierarchicalKeyring } from '@glassine/keys/key-store'
import { branchKeySource, describeShared } from '@glassine/test-support'
import { describe, expect, test } from '@jest/globals'

const context = serialiseContext({ tenant: 't-1', a: 'b' })
const deadline = () => Date.now() + 5_000
const request = { suite: 0x0478, context, deadline, length: 32 }

/** An item header as far as its encrypted data keys, and the stored part of the encryption context. */
const readHeader = (head: Buffer) => {
  let at = 2 + 32
  const take = (length: number) => {
    at += length
    return head.subarray(at - length, at)
  }
  const field = () => take(take(2).readUInt16BE())
  field()
  const stored: Record<string, string> = {}
  for (let pairs = take(2).readUInt16BE(); pairs > 0; pairs--) {
    const name = field().toString()
    stored[name] = field().toString()
  }
  const encryptedDataKeys = Array.from({ length: take(1)[0]! }, () => ({
    providerId: field().toString(),
    providerInfo: field(),
    // An item's data key is wrapped by an intermediate key in the first 48 bytes, and that one by the branch key.
    ciphertext: field().subarray(48),
  }))
  return { stored, encryptedDataKeys }
}

describeShared('known answers', 'vectors/dynamodb-item', ({ json }) => {
  const files = ['decrypt_java_32', 'decrypt_java_33', 'decrypt_dotnet_32', 'decrypt_dotnet_33']

  test.each(files)('%s can be unwrapped', async (name) => {
    const key = json('keys.json').keys['static-branch-key-1']
    const source = branchKeySource()
    source.add(key['key-id'], Buffer.from(key.branchKey, 'base64'), key.branchKeyVersion)
    const keyring = hierarchicalKeyring({ keyStore: source, branchKeyId: key['key-id'] })
    const items = Object.values<any>(json(`${name}.json`).tests).map(({ encrypted }) => encrypted)
    const heads = items.map((item) => [item, Buffer.from(item.aws_dbe_head.B, 'base64')] as const)
    // Version 2 has another encryption context; the items' own package tests those.
    const first = heads.filter(([, head]) => head[0] === 1)
    expect(first).toHaveLength(9)
    for (const [item, head] of first) {
      const { stored, encryptedDataKeys } = readHeader(head)
      const number = Buffer.concat([Buffer.from([0, 2]), Buffer.from(item.RecNum.N)])
      const itemContext = serialiseContext({
        ...stored,
        'aws-crypto-table-name': 'GazelleVectorTable',
        'aws-crypto-partition-name': 'RecNum',
        'aws-crypto-attr.RecNum': number.toString('base64'),
      })
      const intermediateKey = await keyring.unwrap({ ...request, context: itemContext, encryptedDataKeys })
      expect(intermediateKey).toHaveLength(32)
    }
    expect(source.calls).toHaveLength(1)
  })
})

const derivedBy = (branchKey: Buffer, salt: Buffer) =>
  createHmac('sha256', branchKey)
    .update(Buffer.concat([Buffer.from([0, 0, 0, 1]), Buffer.from('aws-kms-hierarchy\0'), salt]))
    .update(Buffer.from([0, 0, 1, 0]))
    .digest()

const setUp = (branchKeyId = 'tenant-ü') => {
  const source = branchKeySource()
  const { key, version } = source.add(branchKeyId)
  const keyring = hierarchicalKeyring({ keyStore: source, branchKeyId })
  const raw = Buffer.from(version.replaceAll('-', ''), 'hex')
  const aad = (bytes: Buffer) =>
    Buffer.concat([Buffer.from('aws-kms-hierarchy'), Buffer.from(branchKeyId), raw, bytes])
  return { source, key, version, keyring, raw, aad, branchKeyId }
}

describe('layout', () => {
  test.each([16, 24, 32])('a data key of %i bytes, read by hand', async (length) => {
    const { keyring, key, raw, aad } = setUp()
    const { dataKey, encryptedDataKeys } = await keyring.generate({ ...request, length })
    expect(dataKey).toHaveLength(length)
    expect(encryptedDataKeys).toHaveLength(1)
    const { providerId, providerInfo, ciphertext } = encryptedDataKeys[0]!
    expect(providerId).toBe('aws-kms-hierarchy')
    expect(providerInfo.toString()).toBe('tenant-ü')
    expect(ciphertext).toHaveLength(60 + length)
    expect(ciphertext.subarray(28, 44).equals(raw)).toBe(true)
    const derived = derivedBy(key, ciphertext.subarray(0, 16))
    const gcm = createDecipheriv('aes-256-gcm', derived, ciphertext.subarray(16, 28), { authTagLength: 16 })
    gcm.setAAD(aad(context.bytes)).setAuthTag(ciphertext.subarray(-16))
    const opened = Buffer.concat([gcm.update(ciphertext.subarray(44, -16)), gcm.final()])
    expect(opened.equals(dataKey)).toBe(true)
  })

  test('wrapped by hand, a key can be unwrapped; an empty context is authenticated as no bytes', async () => {
    const { keyring, key, raw, aad, branchKeyId } = setUp()
    const [salt, iv, dataKey] = [randomBytes(16), randomBytes(12), randomBytes(32)]
    const gcm = createCipheriv('aes-256-gcm', derivedBy(key, salt), iv, { authTagLength: 16 })
    gcm.setAAD(aad(Buffer.alloc(0)))
    const wrapped = Buffer.concat([gcm.update(dataKey), gcm.final()])
    const one: EncryptedDataKey = {
      providerId: 'aws-kms-hierarchy',
      providerInfo: Buffer.from(branchKeyId),
      ciphertext: Buffer.concat([salt, iv, raw, wrapped, gcm.getAuthTag()]),
    }
    const opened = await keyring.unwrap({
      ...request,
      context: serialiseContext({}),
      encryptedDataKeys: [one],
    })
    expect(opened?.equals(dataKey)).toBe(true)
  })

  test('every wrap has its own salt and IV', async () => {
    const { keyring } = setUp()
    const dataKey = randomBytes(32)
    const heads = new Set<string>()
    for (let n = 0; n < 100; n++) {
      const [one] = await keyring.wrap({ ...request, dataKey })
      heads.add(one!.ciphertext.subarray(0, 16).toString('hex'))
      heads.add(one!.ciphertext.subarray(16, 28).toString('hex'))
    }
    expect(heads.size).toBe(200)
  })
})

describe('refused:', () => {
  test('a change of any byte of the ciphertext', async () => {
    const { keyring, source } = setUp()
    // A changed version is another branch key's name; the key store has none.
    source.before = async () => {}
    const { encryptedDataKeys } = await keyring.generate(request)
    const good = encryptedDataKeys[0]!
    for (let at = 0; at < good.ciphertext.length; at++) {
      if (at >= 28 && at < 44) continue
      const ciphertext = Buffer.from(good.ciphertext)
      ciphertext[at]! ^= 1
      const forged = [{ ...good, ciphertext }]
      expect(await keyring.unwrap({ ...request, encryptedDataKeys: forged })).toBeUndefined()
    }
  })

  test('another version of the same branch key, another context, another length', async () => {
    const { keyring, source, branchKeyId } = setUp()
    const { encryptedDataKeys } = await keyring.generate(request)
    const other = source.add(branchKeyId)
    const good = encryptedDataKeys[0]!
    const ciphertext = Buffer.from(good.ciphertext)
    Buffer.from(other.version.replaceAll('-', ''), 'hex').copy(ciphertext, 28)
    const unwrap = (changed: object, one = good) =>
      keyring.unwrap({ ...request, encryptedDataKeys: [one], ...changed })
    expect(await unwrap({}, { ...good, ciphertext })).toBeUndefined()
    expect(source.calls).toContain(`version ${branchKeyId} ${other.version}`)
    expect(await unwrap({ context: serialiseContext({ tenant: 't-2', a: 'b' }) })).toBeUndefined()
    expect(await unwrap({ length: 16 })).toBeUndefined()
    for (const cut of [0, 1, 44, 60, 91])
      expect(await unwrap({}, { ...good, ciphertext: good.ciphertext.subarray(0, cut) })).toBeUndefined()
    expect(await unwrap({})).toHaveLength(32)
  })

  test('another branch key or another provider, without a call', async () => {
    const { keyring, source } = setUp()
    const { encryptedDataKeys } = await keyring.generate(request)
    const good = encryptedDataKeys[0]!
    source.calls.length = 0
    keyring.clear()
    const forged = [
      { ...good, providerId: 'aws-kms' },
      { ...good, providerInfo: Buffer.from('tenant-u') },
      { ...good, providerInfo: Buffer.alloc(0) },
    ]
    expect(await keyring.unwrap({ ...request, encryptedDataKeys: forged })).toBeUndefined()
    expect(source.calls).toEqual([])
    expect(await keyring.unwrap({ ...request, encryptedDataKeys: [...forged, good] })).toHaveLength(32)
  })
})
