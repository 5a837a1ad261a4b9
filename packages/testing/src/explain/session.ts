import type { GlassineError } from '@glassine/core'
import { isGlassineError, isPlainObject, keyUse, sessionMember } from '@glassine/core/internal'
import {
  type CheckedEnvelopeOptions,
  looksLikeJwe,
  openToken,
  readHeader,
  withProof,
} from '@glassine/session/internal'
import { type Comparison, compare } from './comparison.ts'
import { compareContext } from './session-context.ts'
import type { Sent } from './session-parts.ts'
import type { SealedPlace, Subject } from './subject.ts'

/** Compares the tokens of a session's payload with what the service expects of them. */
export const compareTokens = async (
  options: CheckedEnvelopeOptions,
  subject: Subject,
  sent: Sent,
): Promise<Comparison[]> => {
  const { payload, places } = subject.sealed
  const [inHeader, proof] = withProof(subject.options.sessionHeader)
  const inBody = isPlainObject(payload) ? payload[sessionMember] : undefined
  const isAlone = places.length === 1 && places[0]!.record === undefined
  const comparisons: Comparison[] = []
  let opened: Awaited<ReturnType<typeof sessionOf>> | undefined
  if (inBody !== undefined && inHeader !== undefined)
    comparisons.push(compare('session', 'keys in the body and in the header', 'keys in one of them'))
  else if (inBody === undefined && inHeader === undefined) {
    if (!isAlone) comparisons.push(compare('session', null, `keys in ${sessionMember} or in Encryption-Key`))
  } else {
    opened = await sessionOf(inBody ?? inHeader, options, subject)
    comparisons.push(...opened.comparisons)
  }

  if (!isAlone && places.length === 0 && proof === undefined)
    comparisons.push(compare('set', 'neither a value nor a proof', 'a value or a proof'))
  if (places.length > 0 && proof !== undefined)
    comparisons.push(compare('set', 'values and a proof', 'one of them'))
  const tokens: readonly SealedPlace[] =
    proof === undefined ? places : [...places, { pointer: '', text: proof }]
  comparisons.push(...compareHeaders(tokens, opened?.sid, options, subject, sent, isAlone))
  const request = opened?.request
  if (request !== undefined && !comparisons.some(differs))
    comparisons.push(...compareContents(tokens, request))
  return comparisons
}

const differs = ({ inCiphertext, expected }: Comparison): boolean => inCiphertext !== expected

/** Reads the clear header of the session's keys, and opens them where nothing in it differs. */
const sessionOf = async (token: unknown, options: CheckedEnvelopeOptions, { options: call }: Subject) => {
  const header = headerOf(token)
  if (header === undefined)
    return { comparisons: [compare('session', 'no session JWE and no ticket', 'a session JWE or a ticket')] }
  const comparisons = await compareSessionHeader(header, options)
  if (comparisons.some(differs)) return { comparisons }
  try {
    const { keys } = await options.sessions.open(token as string, call)
    return {
      sid: keys.sid,
      request: keys.request,
      comparisons: [...comparisons, compare('session', 'opens', 'opens')],
    }
  } catch (error) {
    return {
      comparisons: [...comparisons, compare('session', `does not open (${reasonOf(error)})`, 'opens')],
    }
  }
}

const reasonOf = (error: unknown): string =>
  isGlassineError(error) ? (error as GlassineError).code : 'the recipient failed'

const compareSessionHeader = async (
  { kid, aud, iat, exp, alg }: Readonly<Record<string, unknown>>,
  { rules, keys }: CheckedEnvelopeOptions,
): Promise<Comparison[]> => {
  const audience = textOf(aud)
  const audiences = rules.audiences.includes(audience ?? '') ? audience : rules.audiences.join(' or ')
  const comparisons = [compare('audience', audience, audiences)]

  const now = rules.now()
  const [from, to] = [Number(iat) * 1_000, Number(exp) * 1_000]
  const times = `${timeOf(from)} to ${timeOf(to)}`
  const isNow = from <= now + rules.clockTolerance && to + rules.clockTolerance > now
  const isShort = to > from && to - from <= rules.maxAge
  comparisons.push(
    compare(
      'time',
      times,
      !isNow ? `now, ${timeOf(now)}` : isShort ? times : `at most ${rules.maxAge} ms long`,
    ),
  )
  // A ticket is under a key of the service itself.
  if (alg === 'dir')
    return [...comparisons, compare('session', 'a ticket', rules.tickets ? 'a ticket' : 'no ticket')]
  const deadline = now + 5_000
  const known = await keys.all({ deadline: () => deadline }).then(
    (jwks) => jwks.map((jwk) => jwk.kid),
    () => ['a key of a recipient, which cannot say its keys at the moment'],
  )
  const own = textOf(kid)
  return [...comparisons, compare('key', own, known.includes(own ?? '') ? own : known.join(' or '))]
}

const headerOf = (token: unknown): Readonly<Record<string, unknown>> | undefined => {
  if (!looksLikeJwe(token)) return undefined
  try {
    return readHeader(token.slice(0, token.indexOf('.')))
  } catch {
    return undefined
  }
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)

const timeOf = (ms: number): string => (Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : 'no time')

const uses: Readonly<Record<string, string>> = {
  [keyUse.request]: 'request',
  [keyUse.response]: 'response',
  [keyUse.device]: 'response',
}

/** Compares the protected headers, which are readable: key, place, payload, and the hash of everything else. */
const compareHeaders = (
  tokens: readonly SealedPlace[],
  sid: string | undefined,
  options: CheckedEnvelopeOptions,
  subject: Subject,
  sent: Sent,
  isAlone: boolean,
): Comparison[] => {
  const comparisons: Comparison[] = []
  const payloads = new Set<unknown>()
  const contexts = new Set<string>()
  for (const { pointer, text } of tokens) {
    const header = headerOf(text)
    const name = pointer === undefined ? {} : { name: pointer }
    if (header === undefined || header.alg !== 'dir') {
      comparisons.push(compare('format', 'no header of an encrypted value', 'a JWE under `dir`', name))
      continue
    }
    const { kid, p, jti, rid, ctx } = header
    const [id = '', use = ''] = /^(.*)(\.[a-z])$/s.exec(textOf(kid) ?? '')?.slice(1) ?? []
    comparisons.push(compare('use', uses[use] ?? null, 'request'))
    if (sid !== undefined)
      comparisons.push(
        compare('session', id === sid ? 'this one' : 'another one', 'this one', { name: 'of the value' }),
      )
    comparisons.push(compare('place', textOf(p), pointer ?? textOf(p), name))
    if (rid !== undefined && options.replay === undefined)
      comparisons.push(compare('session', 'may be sent twice', 'sent once, without a replay store'))
    payloads.add(jti)
    if (use === keyUse.request) contexts.add(textOf(ctx) ?? '')
  }
  if (payloads.size > 1)
    comparisons.push(compare('set', `values of ${payloads.size} payloads`, 'values of one payload'))
  for (const ctx of contexts) comparisons.push(...compareContext(ctx, subject, sent, isAlone))
  return comparisons
}

const compareContents = (
  tokens: readonly SealedPlace[],
  request: Parameters<typeof openToken>[0],
): Comparison[] =>
  tokens.map(({ pointer, text }) => {
    try {
      openToken(request, { text, headerLength: text.indexOf('.') }).fill(0)
      return compare('contents', 'authentic', 'authentic')
    } catch {
      return compare('contents', 'changed, or cut off', 'authentic', { name: pointer ?? '' })
    }
  })
