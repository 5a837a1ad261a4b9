import { inRegion, isKeyOf, isMultiRegion, type KeyArn, type KeyReference } from './arn.ts'
import type { Allowed } from './options.ts'

/** An allowed Decrypt call: what to send, where to send it, and which key must answer. */
export interface Target {
  readonly keyId: string
  /** Whether the options name this very key; otherwise an alias, which may be any key's, or an account with many. */
  readonly isNamed: boolean
  /** The Region to call; `undefined`: the client's own. */
  readonly region: string | undefined
  /** The key that must answer. Its Region is open if neither the options nor the client give one. */
  readonly expected: Omit<KeyArn, 'arn' | 'region'> & { readonly region: string | undefined }
}

/** What is known about the KMS client: its own Region, and the keys behind aliases, from earlier responses. */
export interface KmsClientFacts {
  readonly region: string | undefined
  readonly aliases: ReadonlyMap<string, KeyArn>
}

/**
 * The Decrypt calls for an encrypted data key, by the key ARN in its message. An attacker may have written the message,
 * so an ARN that no option allows causes no call (no confused deputy). `KeyId` is always sent, so that KMS refuses a
 * ciphertext of another key.
 */
export const targetsOf = (
  key: KeyArn,
  references: readonly KeyReference[],
  allowed: Allowed,
  facts: KmsClientFacts,
): readonly Target[] => {
  const targets = [...references, ...allowed.keyArns.map(asReference)].flatMap(
    (reference) => referenceTarget(key, reference, facts) ?? [],
  )
  // A key named by its exact ARN needs no guess; an alias may point to any key.
  const exact = targets.find(({ keyId }) => keyId === key.arn)
  if (exact) return [exact]
  if (targets.length > 0) return targets
  const account = accountTarget(key, references, allowed, facts)
  return account ? [account] : []
}

const asReference = (key: KeyArn): KeyReference => ({ ...key, text: key.arn })

/** The target if the key, or a replica of a multi-Region key, can be where the configured key is. */
const referenceTarget = (key: KeyArn, reference: KeyReference, facts: KmsClientFacts): Target | undefined => {
  const { text, region, id } = reference
  // An alias stays in the account and Region where KMS found it, also when it is pointed at another key.
  const ours = facts.aliases.get(text) ?? (region === undefined ? facts : reference)
  const { partition, account, region: place } = ours as Partial<KeyArn>
  const many = isMultiRegion(key)
  if (!isKeyOf(key, { id, partition, account, region: many ? undefined : place })) return undefined
  return {
    keyId: text,
    isNamed: id !== undefined,
    region,
    expected: { ...key, region: many ? place : key.region },
  }
}

const accountTarget = (
  key: KeyArn,
  references: readonly KeyReference[],
  { accountIds, partition, regions, keyArns }: Allowed,
  facts: KmsClientFacts,
): Target | undefined => {
  if (key.partition !== partition || !accountIds.includes(key.account)) return undefined
  const named = [...references, ...keyArns].flatMap((one) => one.region ?? [])
  const own = named[0] ?? facts.region
  const open: readonly (string | undefined)[] = regions ?? (named.length > 0 ? named : [own])
  // A multi-Region key is used in another Region if its own is not allowed.
  const candidates = isMultiRegion(key) ? [key.region, own, open[0]] : [key.region]
  const region = candidates.find((one) => open.includes(one))
  if (region === undefined) return undefined
  const expected = inRegion(key, region)
  return { keyId: expected.arn, isNamed: false, region, expected }
}
