import type { CallBudget } from '@glassine/keys'
import { encodeHeader } from '../jwe/compact.ts'
import type { RecipientJwk } from '../jwk.ts'
import { checkedSignature, type Signer } from './signer.ts'

/**
 * A JWK Set as a JWT (`typ` `jwk-set+jwt`, RFC 7515 compact), signed anew when half of its life is over: it is valid
 * for twice the time that an answer may be kept.
 *
 * @param maxAge - how long an answer may be kept, in seconds
 */
export const signedKeys = (
  signer: Signer,
  maxAge: number,
  now: () => number,
): ((keys: readonly RecipientJwk[], call: CallBudget) => Promise<string>) => {
  let last: { readonly at: number; readonly text: Promise<string> } | undefined

  const sign = async (keys: readonly RecipientJwk[], iat: number, call: CallBudget): Promise<string> => {
    const { kid } = await signer.jwk(call)
    const head = encodeHeader({ alg: 'ES256', typ: 'jwk-set+jwt', kid })
    const input = `${head}.${encodeHeader({ keys, iat, exp: iat + 2 * maxAge })}`
    return `${input}.${checkedSignature(await signer.sign(Buffer.from(input, 'latin1'), call))}`
  }
  return (keys, call) => {
    const at = Math.floor(now() / 1_000)
    if (last && at >= last.at && at - last.at < maxAge) return last.text
    const text = sign(keys, at, call)
    const made = { at, text }
    last = made
    text.catch(() => {
      if (last === made) last = undefined
    })
    return text
  }
}
