import type { GlassineError } from '@glassine/core'
import type { OptionSchema } from '@glassine/core/internal'
import { badOption, checked, isRefusal, notEncrypted, ownError } from '../errors.ts'
import { type EncryptedDataKey, type Keyring, keyringRule, type WrapRequest } from '../keyring.ts'

/** Options of {@link multiKeyring}; at least one keyring in all. */
export interface MultiKeyringOptions {
  /** Makes the data keys. Without it the keyring only decrypts. */
  readonly generator?: Keyring
  /** Wrap the same data key too. Default: none. */
  readonly children?: readonly Keyring[]
}

const schema: OptionSchema<MultiKeyringOptions> = {
  generator: keyringRule,
  children: ['must be an array of keyrings', (value) => Array.isArray(value) && value.every(keyringRule[1])],
}

/**
 * A keyring of keyrings: the generator's data key is wrapped by every child too, and any one of them opens it
 * (AWS's Multi-Keyring). Encryption needs all of them, so that no message lacks a wrapped form it should have.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 * @example
 * ```ts
 * import { kmsKeyring } from '@glassine/keys'
 * import { multiKeyring } from '@glassine/keys/multi'
 * import { rawAesKeyring } from '@glassine/keys/raw-aes'
 *
 * const keyring = multiKeyring({
 *   generator: kmsKeyring({ keyId: 'alias/patients' }),
 *   children: [rawAesKeyring({ namespace: 'escrow', name: '2026', key: escrowKey })],
 * })
 * ```
 */
export const multiKeyring = (options: MultiKeyringOptions): Keyring => {
  const { generator, children = [] } = checked(schema, options)
  const all = generator ? [generator, ...children] : [...children]
  if (all.length === 0) throw badOption('generator', 'or `children` must be given')

  return {
    // As JSON, so that no id can pass for two; which of them generates is part of it.
    id: `multi ${JSON.stringify([generator !== undefined, ...all.map(({ id }) => id)])}`,
    async generate(request) {
      if (!generator) throw notEncrypted('A multi-keyring without a generator only decrypts')
      const { dataKey, encryptedDataKeys } = await generator.generate(request)
      try {
        const { suite, context, tenant, deadline } = request
        const more = await wrapAll(all.slice(1), { suite, context, tenant, deadline, dataKey })
        return { dataKey, encryptedDataKeys: [...encryptedDataKeys, ...more] }
      } catch (error) {
        dataKey.fill(0)
        throw error
      }
    },
    wrap: (request) => wrapAll(all, request),
    async unwrap(request) {
      let failure: GlassineError | undefined
      for (const [at, keyring] of all.entries()) {
        const deadline = shareOf(request.deadline, all.length - at)
        try {
          const dataKey = await keyring.unwrap({ ...request, deadline })
          if (dataKey) return dataKey
        } catch (thrown) {
          // A fault in the configuration outweighs a KMS that is down: it will not go away by itself.
          const error = ownError(thrown)
          if (failure === undefined || isRefusal(error)) failure = error
        }
      }
      if (failure) throw failure
      return undefined
    },
  }
}

/** An equal share of the time that is left, so that a keyring which hangs leaves the others theirs. */
const shareOf = (deadline: () => number, keyrings: number): (() => number) => {
  if (keyrings === 1) return deadline
  const began = Date.now()
  return () => began + (deadline() - began) / keyrings
}

/** Waits for all, also after a failure: the data key is zeroed then, and nobody may be at work on it. */
const wrapAll = async (
  keyrings: readonly Keyring[],
  request: WrapRequest,
): Promise<readonly EncryptedDataKey[]> => {
  const answers = await Promise.allSettled(keyrings.map(async (keyring) => keyring.wrap(request)))
  const errors = answers.flatMap((answer) => (answer.status === 'rejected' ? [ownError(answer.reason)] : []))
  if (errors.length > 0) throw errors.find(isRefusal) ?? errors[0]!
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
}
