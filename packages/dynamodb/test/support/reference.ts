/**
 * A second implementation of encrypting an item, from the format document and nothing else: it shares no code with
 * the package, takes no short cuts, and is given every random value. It is compared with the bytes of AWS's own
 * implementations, and the package with it.
 */
import { createCipheriv, createHash, createHmac, hkdfSync } from 'node:crypto'

type Value = Record<string, any>

export interface ReferenceInput {
  readonly table: string
  readonly partitionKey: string
  readonly sortKey?: string
  readonly item: Record<string, Value>
  /** `e`, `s` or `c` of every attribute in scope; the others are not signed. */
  readonly actions: Readonly<Record<string, string>>
  readonly messageId: Buffer
  readonly dataKey: Buffer
  readonly recipients: readonly {
    readonly intermediateKey: Buffer
    readonly providerId: string
    readonly providerInfo: Buffer
    /** The intermediate key as its keyring wrapped it. */
    readonly wrapped: Buffer
  }[]
  /** Of items with a signature: both are taken as given. */
  readonly publicKey?: string
  readonly signature?: Buffer
  /** The names of places that encrypted values are bound to instead of their own: by a writer who has the keys. */
  readonly instead?: Readonly<Record<string, string>>
}

const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8')
const number = (value: number, bytes: number): Buffer =>
  Buffer.from(value.toString(16).padStart(bytes * 2, '0'), 'hex')
const sized = (bytes: Buffer, width: number): Buffer => Buffer.concat([number(bytes.length, width), bytes])
const hkdf = (key: Buffer, info: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha512', key, Buffer.alloc(0), info, 32))
const gcm = (key: Buffer, iv: Buffer, aad: Buffer, plaintext: Buffer): Buffer => {
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(aad)
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}
const sortedBy = <T>(list: readonly T[], key: (element: T) => Buffer): T[] =>
  [...list].sort((a, b) => Buffer.compare(key(a), key(b)))

/** By integers of any size: the digits, moved until the exponent is 0. */
const normal = (text: string): string => {
  const [mantissa, exponent = '0'] = text.toLowerCase().split('e')
  const [whole, fraction = ''] = mantissa!.replace('+', '').replace('-', '').split('.')
  let digits = BigInt(`0${whole}${fraction}`)
  let scale = fraction.length - Number(exponent)
  if (digits === 0n) return '0'
  while (scale < 0) {
    digits *= 10n
    scale++
  }
  while (scale > 0 && digits % 10n === 0n) {
    digits /= 10n
    scale--
  }
  const padded = digits.toString().padStart(scale + 1, '0')
  const point = padded.length - scale
  const plain = scale === 0 ? padded : `${padded.slice(0, point)}.${padded.slice(point)}`
  return mantissa!.startsWith('-') ? `-${plain}` : plain
}

const ids: Readonly<Record<string, number>> = {
  NULL: 0,
  S: 1,
  N: 2,
  BOOL: 4,
  SS: 0x101,
  NS: 0x102,
  BS: 0x1ff,
  M: 0x200,
  L: 0x300,
  B: 0xffff,
}
const typeId = (value: Value): Buffer => number(ids[Object.keys(value)[0]!]!, 2)

const serialised = (value: Value): Buffer => {
  const [type, held] = Object.entries(value)[0]!
  const set = (entries: readonly Buffer[]): Buffer =>
    Buffer.concat([number(entries.length, 4), ...entries.map((entry) => sized(entry, 4))])
  const nested = (inner: Value): Buffer => Buffer.concat([typeId(inner), sized(serialised(inner), 4)])
  switch (type) {
    case 'NULL':
      return Buffer.alloc(0)
    case 'S':
      return utf8(held)
    case 'N':
      return utf8(normal(held))
    case 'BOOL':
      return Buffer.from([held ? 1 : 0])
    case 'B':
      return Buffer.from(held)
    case 'SS':
      return set([...held].sort().map(utf8))
    case 'NS':
      return set(held.map(normal).sort().map(utf8))
    case 'BS':
      return set(sortedBy(held.map((bytes: Uint8Array) => Buffer.from(bytes)) as Buffer[], (bytes) => bytes))
    case 'L':
      return Buffer.concat([number(held.length, 4), ...held.map(nested)])
    default: {
      const names = Object.keys(held).sort()
      const entries = names.map((name) =>
        Buffer.concat([number(1, 2), sized(utf8(name), 4), nested(held[name])]),
      )
      return Buffer.concat([number(names.length, 4), ...entries])
    }
  }
}

/** The encryption context as pairs of bytes, in order. */
const contextOf = (input: ReferenceInput): Buffer => {
  const { item, actions, sortKey, partitionKey } = input
  const pairs = new Map<string, string>([
    ['aws-crypto-table-name', input.table],
    ['aws-crypto-partition-name', partitionKey],
  ])
  if (sortKey !== undefined) pairs.set('aws-crypto-sort-name', sortKey)
  if (input.publicKey !== undefined) pairs.set('aws-crypto-public-key', input.publicKey)
  const whole = (name: string): string =>
    Buffer.concat([typeId(item[name]!), serialised(item[name]!)]).toString('base64')
  const included = Object.keys(actions).filter((name) => actions[name] === 'c')
  if (included.length === 0) {
    for (const name of [partitionKey, sortKey])
      if (name !== undefined) pairs.set(`aws-crypto-attr.${name}`, whole(name))
  } else {
    let legend = ''
    for (const name of sortedBy(included, utf8)) {
      const { S, N, NULL, BOOL } = item[name]!
      const [text, letter] =
        S !== undefined
          ? [S, 'S']
          : N !== undefined
            ? [normal(N), 'N']
            : NULL !== undefined
              ? ['null', 'L']
              : BOOL !== undefined
                ? [String(BOOL), 'L']
                : [whole(name), 'B']
      pairs.set(`aws-crypto-attr.${name}`, text)
      legend += letter
    }
    pairs.set('aws-crypto-legend', legend)
  }
  return pairsOf(pairs)
}

const pairsOf = (pairs: ReadonlyMap<string, string>): Buffer =>
  Buffer.concat([
    number(pairs.size, 2),
    ...sortedBy([...pairs], ([name]) => utf8(name)).flatMap((pair) =>
      pair.map((text) => sized(utf8(text), 2)),
    ),
  ])

/** Encrypts an item; the result holds what replaces or joins the item's attributes. */
export const referenceEncrypt = (input: ReferenceInput): Record<string, Buffer> => {
  const { table, item, actions, messageId, dataKey, recipients, publicKey, signature } = input
  const path = (name: string): Buffer =>
    Buffer.concat([utf8(table), number(1, 8), utf8('$'), number(name.length, 8), utf8(name)])
  const names = sortedBy(Object.keys(actions), path)
  const context = contextOf(input)

  const keys = recipients.map(({ intermediateKey }) => ({
    mac: hkdf(intermediateKey, utf8('AWS_MPL_INTERMEDIATE_KEYWRAP_MAC')),
    wrap: hkdf(intermediateKey, utf8('AWS_MPL_INTERMEDIATE_KEYWRAP_ENC')),
  }))
  const encryptedDataKeys = recipients.map(({ providerId, providerInfo, wrapped }, at) =>
    Buffer.concat([
      sized(utf8(providerId), 2),
      sized(providerInfo, 2),
      sized(Buffer.concat([gcm(keys[at]!.wrap, Buffer.alloc(12), context, dataKey), wrapped]), 2),
    ]),
  )
  const header = Buffer.concat([
    Buffer.from([Object.values(actions).includes('c') ? 2 : 1, publicKey === undefined ? 0 : 1]),
    messageId,
    sized(utf8(names.map((name) => actions[name]).join('')), 2),
    pairsOf(new Map(publicKey === undefined ? [] : [['aws-crypto-public-key', publicKey]])),
    number(recipients.length, 1),
    ...encryptedDataKeys,
  ])
  const commitKey = hkdf(dataKey, Buffer.concat([utf8('AWS_DBE_COMMIT_KEY'), messageId]))
  const commitment = createHmac('sha512', commitKey).update(header).digest().subarray(0, 32)
  const head = Buffer.concat([header, commitment])

  const root = hkdf(dataKey, Buffer.concat([utf8('AWS_DBE_DERIVE_KEY'), messageId]))
  const result: Record<string, Buffer> = Object.create(null)
  const encrypted = names.filter((name) => actions[name] === 'e')
  encrypted.forEach((name, at) => {
    const counter = Buffer.concat([utf8('AwsDbeField'), Buffer.from([0x2c]), number(3 * at, 4)])
    const key = createCipheriv('aes-256-ctr', root, counter).update(Buffer.alloc(44))
    const value = item[name]!
    const body = gcm(
      key.subarray(0, 32),
      key.subarray(32),
      path(input.instead?.[name] ?? name),
      serialised(value),
    )
    result[name] = Buffer.concat([typeId(value), body])
  })

  const hash = createHash('sha384')
  hash.update(head)
  hash.update(sized(context, 8))
  for (const name of names) {
    hash.update(path(name))
    const value = item[name]!
    const stored = result[name]
    if (stored) {
      hash
        .update(number(stored.length - 2, 8))
        .update('ENCRYPTED')
        .update(stored)
    } else {
      const bytes = serialised(value)
      hash.update(number(bytes.length, 8)).update('PLAINTEXT').update(typeId(value)).update(bytes)
    }
  }
  const digest = hash.digest()
  result.aws_dbe_head = head
  result.aws_dbe_foot = Buffer.concat([
    ...keys.map(({ mac }) => createHmac('sha384', mac).update(digest).digest()),
    ...(signature === undefined ? [] : [signature]),
  ])
  return result
}
