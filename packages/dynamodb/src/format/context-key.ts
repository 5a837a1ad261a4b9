/** A name of the encryption context with the forms that writing needs, each made once. */
export interface ContextKey {
  readonly name: string
  /** The name in UTF-8 with its 16-bit length before it. */
  readonly bytes: Buffer
  /** One character a byte: names compare by their UTF-8 bytes as these do. */
  readonly order: string
}

/** Makes the {@link ContextKey} of a name. */
export const contextKey = (name: string): ContextKey => {
  const utf8 = Buffer.from(name, 'utf8')
  const bytes = Buffer.alloc(2 + utf8.length)
  bytes.writeUInt16BE(utf8.length)
  utf8.copy(bytes, 2)
  return { name, bytes, order: utf8.toString('latin1') }
}

/** Where a signed item keeps its verification key: the only pair that a header stores. */
export const publicKeyName = 'aws-crypto-public-key'
