import { inRegion, isKeyOf, isMultiRegion, type KeyArn, type KeyReference } from './arn.ts'
import type { Allowed } from './options.ts'

/** A Decrypt call that is allowed: what to send, where to, and which key must have answered. */
export interface Target {
  readonly keyId: string
  /** The Region to call; `undefined`: the client's own. */
  readonly region: string | undefined
  /** The key that must answer; its Region is open where neither option nor client tells ours. */
  readonly expected: Omit<KeyArn, 'arn' | 'region'> & { readonly region: string | undefined }
}

/** What is known of the client's side: its own Region, and where KMS has found an alias before. */
export interface Known {
  readonly region: string | undefined
  readonly aliases: ReadonlyMap<string, KeyArn>
}

/**
 * The Decrypt calls that an encrypted data key may cause, by the key ARN that its message names. The message is an
 * attacker's to write, so an ARN that nothing here allows causes none (no confused deputy), and `KeyId` is always
 * sent, so that KMS itself refuses what the ARN only pretends.
 */
export const targetsOf = (
  key: KeyArn,
  references: readonly KeyReference[],
  allowed: Allowed,
  known: Known,
): readonly Target[] => {
  const targets = [...references, ...allowed.keyArns.map(asReference)].flatMap(
    (reference) => referenceTarget(key, reference, known) ?? [],
  )
  // An ARN that is named exactly needs no guess: aliases may stand for any key.
  const exact = targets.find(({ keyId }) => keyId === key.arn)
  if (exact) return [exact]
  if (targets.length > 0) return targets
  const account = accountTarget(key, references, allowed, known)
  return account ? [account] : []
}

const asReference = (key: KeyArn): KeyReference => ({ ...key, text: key.arn })

/** The target when the key can be where ours is: there itself, or by a replica if it is a multi-Region key. */
const referenceTarget = (key: KeyArn, reference: KeyReference, known: Known): Target | undefined => {
  const { text, region, id } = reference
  // An alias stays in the account and Region where KMS found it, whatever key it is moved to.
  const ours = known.aliases.get(text) ?? (region === undefined ? known : reference)
  const { partition, account, region: place } = ours as Partial<KeyArn>
  const many = isMultiRegion(key)
  if (!isKeyOf(key, { id, partition, account, region: many ? undefined : place })) return undefined
  return { keyId: text, region, expected: { ...key, region: many ? place : key.region } }
}

const accountTarget = (
  key: KeyArn,
  references: readonly KeyReference[],
  { accountIds, partition, regions, keyArns }: Allowed,
  known: Known,
): Target | undefined => {
  if (key.partition !== partition || !accountIds.includes(key.account)) return undefined
  const named = [...references, ...keyArns].flatMap((one) => one.region ?? [])
  const own = named[0] ?? known.region
  const open: readonly (string | undefined)[] = regions ?? (named.length > 0 ? named : [own])
  // A multi-Region key is used in another Region where its own is not open.
  const candidates = isMultiRegion(key) ? [key.region, own, open[0]] : [key.region]
  const region = candidates.find((one) => open.includes(one))
  if (region === undefined) return undefined
  const expected = inRegion(key, region)
  return { keyId: expected.arn, region, expected }
}
