/* What a response is worth: decrypted if it has sealed values, and proved if it has none. */
import { encodeValue } from '@glassine/core'
import {
  ciphertextsOf,
  isHarmless,
  isPlainObject,
  parseJson,
  plaintextDepth,
  proofHeader,
  proofMember,
  sessionMember,
  ticketType,
} from '@glassine/core/internal'
import { fault, packageName, replaceForeign } from './errors.ts'
import { parseJwe } from './jwe.ts'
import { openItems } from './open.ts'
import type { PreparedRequest } from './request.ts'
import type { Session } from './session.ts'
import type { WebCrypto } from './web-crypto.ts'

/** What responses need of their client. */
export interface ResponseRules {
  readonly crypto: WebCrypto
  readonly bundleMember?: string
  /** Whether a success must have its declared fields. */
  readonly isRequired: boolean
  readonly tickets: boolean
}

/** Response headers that describe the encrypted bytes, not the decrypted ones. */
const stale = 'content-length content-encoding content-md5 content-digest repr-digest digest etag'.split(' ')

/** Marks whether a response was proved to come from the service. */
export const marked = (response: Response, sealed: boolean): Response =>
  Object.defineProperty(response, 'sealed', { value: sealed })

/**
 * Decrypts a response, and keeps the ticket if it brings one.
 *
 * @param answers - the `jti` of the request
 * @throws GlassineError `ERR_BODY_INVALID`, `ERR_FIELD_MISSING`, `ERR_FIELD_NOT_ENCRYPTED`, `ERR_DECRYPT_FAILED`
 */
export const openResponse = async (
  { crypto, bundleMember, isRequired, tickets }: ResponseRules,
  response: Response,
  text: string,
  { responsePolicy, contextOf }: PreparedRequest,
  session: Session,
  answers: string,
): Promise<Response> => {
  if (!responsePolicy) return marked(response, false)
  const { status, headers } = response
  const payload = jsonOf(text)
  const { [sessionMember]: token, [proofMember]: member, ...rest } = isPlainObject(payload) ? payload : {}
  const besideBody = headers.get(proofHeader) ?? undefined
  const isWithin =
    payload &&
    (member !== undefined ||
      !isHarmless(responsePolicy, payload) ||
      (bundleMember !== undefined && bundleMember in payload))
  // Gateways and authorizers answer with errors instead of the service.
  if (!isWithin && !besideBody && status >= 400) return marked(response, false)
  try {
    const partial = status >= 400 || !isRequired
    if (!payload && text && !besideBody && !partial) throw fault('ERR_BODY_INVALID')
    const found =
      payload && (isWithin || !besideBody)
        ? ciphertextsOf(responsePolicy, isPlainObject(payload) ? rest : payload, {
            packageName,
            bundleMember,
            partial,
          })
        : undefined
    const { items = [], members = [] } = found ?? {}
    const proof = member ?? (items.length > 0 ? undefined : besideBody)
    const all = proof === undefined ? items : [...items, { pointer: '', path: '', value: proof, record: [] }]
    if (all.length === 0)
      throw fault('ERR_DECRYPT_FAILED', {
        reason: `neither a sealed value nor a proof; does CORS expose the header ${proofHeader}?`,
      })
    const ctx = await contextOf({
      direction: 'response',
      answers,
      status,
      count: items.length,
      model: responsePolicy.model,
      members,
    })
    // A bundle is an object around the values.
    const levels = plaintextDepth(bundleMember)
    const values = await openItems(crypto, all, session, ctx, levels)
    if (!found) return marked(response, true)
    const opened = new Response(encodeValue(found.put(values), '', packageName), response)
    for (const name of stale) opened.headers.delete(name)
    const { typ, exp } = (tickets && parseJwe(token)?.[1]) || {}
    if (typ === ticketType) session.ticket = [token as string, (exp as number) * 1000]
    return marked(opened, true)
  } catch (error) {
    const { code, cause } = replaceForeign(error, 'ERR_DECRYPT_FAILED')
    throw fault(code, {
      path: cause.path,
      reason: cause.reason,
      message: 'The encrypted fields of the response could not be decrypted',
    })
  }
}

/** The object or list in a text; `undefined` for any other text. */
export const jsonOf = (text: string): Record<string, unknown> | unknown[] | undefined => {
  try {
    const value = parseJson(text)
    return isPlainObject(value) || Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
