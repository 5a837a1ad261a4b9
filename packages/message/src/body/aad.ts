const content = (kind: string): Buffer => Buffer.from(`AWSKMSEncryptionClient ${kind}`, 'latin1')

/** What a piece of a body is: part of what its tag authenticates, so that no piece passes for another kind. */
export const regularFrame = content('Frame')
export const finalFrame = content('Final Frame')
export const singleBlock = content('Single Block')

/** What the tag of one frame authenticates beside its content (specification, "Message Body AAD"). */
export const bodyAad = (messageId: Buffer, kind: Buffer, sequence: number, length: number): Buffer => {
  const aad = Buffer.allocUnsafe(messageId.length + kind.length + 12)
  messageId.copy(aad, 0)
  let at = messageId.length
  at += kind.copy(aad, at)
  at = aad.writeUInt32BE(sequence, at)
  // A u64: a non-framed body may be longer than 4 GiB.
  at = aad.writeUInt32BE(Math.floor(length / 2 ** 32), at)
  aad.writeUInt32BE(length >>> 0, at)
  return aad
}
