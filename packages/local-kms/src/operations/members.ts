/** Input members that many operations take, and what they mean here. */
import { unsupported } from '../errors.ts'
import { list, type Member, structure, text } from '../shape.ts'

/** Any of the four key references. */
export const keyId = (): Member<string | undefined> => text({ min: 1, max: 2048 })

export const grantTokens = (): Member<string[] | undefined> =>
  list(text({ min: 1, max: 8192 }) as Member<string>, { max: 10 })

export const description = (): Member<string | undefined> => text({ max: 8192 })

export const policy = (): Member<string | undefined> => text({ min: 1, max: 131_072 })

/** The attestation document of a Nitro enclave. */
export const recipient = () => structure({})

/** Without an enclave there is nobody to answer to, and ignoring the member would answer in the clear. */
export const noRecipient = (value: object | undefined): void => {
  if (value !== undefined) throw unsupported('The local KMS does not offer Recipient (Nitro enclaves).')
}
