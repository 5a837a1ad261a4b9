import type { GlassineError } from '@glassine/core'
import type { OptionSchema } from '@glassine/core/internal'
import { badOption, checked, isRefusal, notEncrypted, ownError } from './errors.ts'
import { type Keyring, keyringRule, wrapAll } from './keyring.ts'

/** Options of {@link multiKeyring}. At least one keyring is required. */
export interface MultiKeyringOptions {
  /** Generates the data keys. Without it the keyring only decrypts. Default: none. */
  readonly generator?: Keyring
  /** Also wrap the same data key. Default: none. */
  readonly children?: readonly Keyring[]
}

const schema: OptionSchema<MultiKeyringOptions> = {
  generator: keyringRule,
  children: ['must be an array of keyrings', (value) => Array.isArray(value) && value.every(keyringRule[1])],
}

/**
 * A keyring of keyrings (AWS's Multi-Keyring): every child also wraps the generator's data key, and any one of them can
 * unwrap it. Encryption needs all of them, so that no message lacks a wrapped form.
 *
 * @throws GlassineError `ERR_OPTION_INVALID`
 * @example
 * ```ts
 * import { kmsKeyring, multiKeyring } from '@glassine/keys'
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
    // As JSON, so that one id cannot look like two. Whether there is a generator is part of the id.
    id: `multi ${JSON.stringify([generator !== undefined, ...all.map(({ id }) => id)])}`,
    async generate(request) {
      if (!generator) throw notEncrypted('A multi-keyring without a generator only decrypts')
      const { dataKey, encryptedDataKeys } = await generator.generate(request)
      try {
        const { suite, context, tenant, deadline } = request
        const more = await wrapAll(all.slice(1), (child) =>
          child.wrap({ suite, context, tenant, deadline, dataKey }),
        )
        return { dataKey, encryptedDataKeys: [...encryptedDataKeys, ...more] }
      } catch (error) {
        dataKey.fill(0)
        throw error
      }
    },
    wrap: (request) => wrapAll(all, (keyring) => keyring.wrap(request)),
    async unwrap(request) {
      let failure: GlassineError | undefined
      for (const [at, keyring] of all.entries()) {
        const deadline = shareOf(request.deadline, all.length - at)
        try {
          const dataKey = await keyring.unwrap({ ...request, deadline })
          if (dataKey) return dataKey
        } catch (thrown) {
          // A configuration error is reported before an outage, since it does not pass by itself.
          const error = ownError(thrown)
          if (failure === undefined || isRefusal(error)) failure = error
        }
      }
      if (failure) throw failure
      return undefined
    },
  }
}

/** An equal share of the remaining time, so that one hanging keyring leaves time for the others. */
const shareOf = (deadline: () => number, keyrings: number): (() => number) => {
  if (keyrings === 1) return deadline
  const began = Date.now()
  return () => began + (deadline() - began) / keyrings
}
