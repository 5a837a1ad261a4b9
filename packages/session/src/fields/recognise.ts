/*
 * What in a payload or a header is of this format, judged from outside.
 */
import type { FieldPolicy } from '@glassine/core'
import {
  declaresMember,
  isListPolicy,
  keySetType,
  proofMember,
  proofSeparator,
  sessionMember,
} from '@glassine/core/internal'
import { badOption } from '../errors.ts'
import { looksLikeJwe, readHeader } from '../jwe/compact.ts'

/**
 * Splits the value of the header `Encryption-Key` into the keys and the proof of a request without an encrypted value.
 */
export const withProof = (value: unknown): readonly [sessionToken: unknown, proof?: string] => {
  const at = typeof value === 'string' ? value.indexOf(proofSeparator) : -1
  if (at < 0) return [value]
  const text = value as string
  return [text.slice(0, at), text.slice(at + proofSeparator.length)]
}

/**
 * Whether a value is an encrypted field, a session JWE or a ticket, judged from outside: the shape of a compact JWE
 * with A256GCM, and the members that these have in their header. Session keys from a request header may have a proof
 * behind them.
 */
export const recognises = (value: unknown): value is string => {
  const [text, proof] = withProof(value)
  if (!looksLikeJwe(text) || (proof !== undefined && !looksLikeJwe(proof))) return false
  try {
    const { alg, p, ctx, cty } = readHeader(text.slice(0, text.indexOf('.')))
    if (cty === keySetType) return true
    return proof === undefined && alg === 'dir' && typeof p === 'string' && typeof ctx === 'string'
  } catch {
    return false
  }
}

/** Members of a payload's root that the format needs. */
export const ownMembers = [sessionMember, proofMember] as const

/** @throws GlassineError `ERR_OPTION_INVALID` when a model declares a member that the format needs */
export const refuseDeclared = (policy: FieldPolicy): void => {
  // A list at the root has no members.
  if (isListPolicy(policy)) return
  for (const member of ownMembers)
    if (declaresMember(policy, member))
      throw badOption('fields', `must not declare \`${member}\`, which the format needs`)
}
