import { acquireAll } from '@glassine/core/internal'
import type { DataKey, DecryptionKeyRequest, KeyMaterial, UnprovenKey } from '@glassine/keys'
import { isCached, type SenderAccount } from '@glassine/keys/internal'
import { fault, hideRefusal } from './errors.ts'

/** What a payload costs: calls for keys that are not cached, the tries under further key ARNs included. */
export class PayloadCalls {
  readonly #most: number
  readonly #sender: SenderAccount | undefined
  #made = 0

  /**
   * @param most - more calls than this end the payload
   * @param sender - the account that they count against; `undefined` if the sender is unknown
   */
  constructor(most: number, sender: SenderAccount | undefined) {
    this.#most = most
    this.#sender = sender
  }

  /** Counts one call. @throws GlassineError `ERR_TOO_LARGE`, `ERR_BUDGET_EXCEEDED` */
  spend(): void {
    if (this.#made >= this.#most) throw tooManyKeys()
    this.#sender?.spend()
    this.#made++
  }

  /** Counts a refusal if calls were made for it: one that cost nothing is free. */
  refused(): void {
    if (this.#made > 0) this.#sender?.refused()
  }
}

export const tooManyKeys = () =>
  fault('ERR_TOO_LARGE', {
    message: 'The payload is under more data keys than are fetched for one',
    statusCode: 400,
  })

/** A data key that a payload or a single message needs. It is cached only when it has opened something. */
export class WantedKey implements UnprovenKey {
  readonly request: DecryptionKeyRequest
  readonly #calls: PayloadCalls | undefined
  /** Set when the key was fetched for this payload. */
  admit: (() => void) | undefined

  /** @param calls - what its calls count against; `undefined` for single messages, whose senders have no budget */
  constructor(calls: PayloadCalls | undefined, requestOf: (unproven: UnprovenKey) => DecryptionKeyRequest) {
    this.#calls = calls
    this.request = requestOf(this)
  }

  spend(): void {
    this.#calls?.spend()
  }

  fetched(admit: () => void): void {
    this.admit = admit
  }
}

/** How many keys are asked for at once; the last size counts for all that follow. */
const groupSizes = [1, 4, 16, 43]

/**
 * Acquires all keys of a payload: those that are cached at once, the others in groups, the next one only after each key
 * of the group before has opened a message. So a sender who cannot write one genuine message costs one call, and not a
 * thousand; and a key that opens nothing is not cached.
 *
 * @param keys - receives the keys, at the places of what is wanted; the caller releases them, also after an error
 * @param authenticate - opens a message with a key that was fetched
 */
export const acquireKeys = async (
  material: KeyMaterial,
  wanted: readonly WantedKey[],
  keys: DataKey[],
  authenticate: (at: number, key: DataKey) => void,
): Promise<void> => {
  const acquireGroup = async (group: readonly number[], isLast: boolean): Promise<void> => {
    const acquire = (at: number): Promise<DataKey> => {
      const one = wanted[at]!
      return material.decryptionKey(one.request).then((key) => {
        // What is cached has opened a message before.
        if (isLast && one.admit === undefined) return key
        try {
          authenticate(at, key)
        } catch (error) {
          key.release()
          throw error
        }
        one.admit?.()
        return key
      }, hideRefusal)
    }
    const acquired = await acquireAll(group, acquire, (key) => key.release())
    for (const [at, key] of acquired.entries()) keys[group[at]!] = key
  }

  // The usual payload.
  if (wanted.length === 1) return acquireGroup([0], true)
  const cached: number[] = []
  const others: number[] = []
  for (const [at, { request }] of wanted.entries()) (isCached(material, request) ? cached : others).push(at)
  if (cached.length > 0) await acquireGroup(cached, true)
  for (let from = 0, round = 0; from < others.length; round++) {
    const size = groupSizes[Math.min(round, groupSizes.length - 1)]!
    const group = others.slice(from, from + size)
    from += size
    await acquireGroup(group, from >= others.length)
  }
}
