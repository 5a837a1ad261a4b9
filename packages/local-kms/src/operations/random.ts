/** GenerateRandom. */
import { randomBytes } from 'node:crypto'
import { type Operation, operation, requireOwner } from '../call.ts'
import { invalid, unsupported } from '../errors.ts'
import { integer, text } from '../shape.ts'
import { noRecipient, recipient } from './members.ts'

const generateRandom = operation(
  {
    NumberOfBytes: integer({ min: 1, max: 1024 }),
    CustomKeyStoreId: text({ min: 1, max: 64 }),
    Recipient: recipient(),
  },
  (input, call) => {
    requireOwner(call)
    noRecipient(input.Recipient)
    if (input.CustomKeyStoreId !== undefined)
      throw unsupported('The local KMS does not offer custom key stores.')
    if (input.NumberOfBytes === undefined) throw invalid('NumberOfBytes is required.')
    return { Plaintext: randomBytes(input.NumberOfBytes) }
  },
)

export const randomOperations: Readonly<Record<string, Operation>> = { GenerateRandom: generateRandom }
